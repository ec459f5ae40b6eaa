"""LightningCLI of all packages: one line and exit code 2 on bad input, resume by default, safe loading of checkpoints."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from kinmo_core.train.callbacks import Curves, StepSeed


class KinmoCLI(LightningCLI):
    """`fit`, `validate` and `test` of a LightningModule and its data module, configured by YAML.

    Every run keeps `last.ckpt` and the checkpoint with the best value of `monitor`, and `fit` resumes from `last.ckpt` in
    the run's folder where there is one.
    """

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.set_defaults(
            {
                "checkpoint.monitor": "val/loss",
                "checkpoint.filename": "best",
                "checkpoint.save_last": True,
                "checkpoint.enable_version_counter": False,
            }
        )
        parser.add_lightning_class_args(StepSeed, "step_seed")
        parser.add_lightning_class_args(Curves, "curves")

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        return {name: known for name, known in LightningCLI.subcommands().items() if name != "predict"}

    def before_instantiate_classes(self) -> None:
        config: Any = self.config.get(self.subcommand, self.config)
        root = config["trainer"]["default_root_dir"]
        if root and config["checkpoint"]["dirpath"] is None:
            config["checkpoint"]["dirpath"] = root
