"""`kinmo-annotate predict`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from lightning.pytorch.cli import LightningArgumentParser

from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_annotate.train.output import AnnotationFile
from kinmo_core.train.cli import KinmoCLI


class AnnotateCLI(KinmoCLI):
    """`predict` of an `AnnotationModule` on `MotionData` into an `AnnotationFile`, configured by YAML."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        super().add_arguments_to_parser(parser)
        parser.add_lightning_class_args(AnnotationFile, "output")
        parser.set_defaults(
            {
                "trainer.accelerator": "cpu",  # geometry and waiting for answers: more processes help, a GPU does not
                "trainer.devices": 1,
                "trainer.logger": False,
                "trainer.enable_checkpointing": False,
                "trainer.enable_model_summary": False,
            }
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """There are no weights that a checkpoint could hold."""
        ours = {"model", "dataloaders", "datamodule", "return_predictions", "ckpt_path", "weights_only"}
        return {"predict": ours}

    def predict(self, model: AnnotationModule, datamodule: MotionData) -> None:
        """Run, without keeping in memory what is on disk."""
        self.trainer.predict(model, datamodule=datamodule, return_predictions=False)


def main(arguments: Sequence[str]) -> None:
    """Describe a data set."""
    sys.argv[1:] = arguments  # LightningCLI warns when it is given arguments of its own
    warnings.filterwarnings("ignore", "The .* does not have many workers")  # reading takes a thousandth of the time
    AnnotateCLI(
        AnnotationModule,
        MotionData,
        save_config_callback=None,
        seed_everything_default=False,  # nothing here is random
        auto_configure_optimizers=False,
    )
