"""Command `kinmo-annotate predict`, a LightningCLI."""

from __future__ import annotations

from collections.abc import Sequence

from lightning.pytorch.cli import LightningArgumentParser

from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_annotate.train.output import AnnotationFile
from kinmo_core.train.cli import KinmoCLI, run_cli


class AnnotateCLI(KinmoCLI):
    """Command line for `AnnotationModule`, `MotionData` and `AnnotationFile`, with the subcommand `predict` alone."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the section `output` and defaults of the Trainer."""
        super().add_arguments_to_parser(parser)
        parser.add_lightning_class_args(AnnotationFile, "output")
        parser.set_defaults(
            {
                "trainer.accelerator": "cpu",  # measuring and waiting for answers gain from processes, not from a GPU
                "trainer.devices": 1,
                "trainer.logger": False,
                "trainer.enable_checkpointing": False,
            }
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Return `predict` with the arguments to hide: the method `predict` sets them, or they load weights."""
        return {"predict": {"model", "dataloaders", "datamodule", "return_predictions", "ckpt_path", "weights_only"}}

    def predict(self, model: AnnotationModule, datamodule: MotionData) -> None:
        """Describe the data set; predictions are written to disk and not kept in memory."""
        self.trainer.predict(model, datamodule=datamodule, return_predictions=False)


def main(arguments: Sequence[str]) -> None:
    """Run the command with the given arguments."""
    run_cli(
        AnnotateCLI,
        arguments,
        AnnotationModule,
        MotionData,
        save_config_callback=None,
        seed_everything_default=False,  # no random numbers are drawn
        auto_configure_optimizers=False,
    )
