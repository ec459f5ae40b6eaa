"""LightningCLI of all packages: one line and exit code 2 on bad input, resume by default, safe loading of checkpoints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from kinmo_core.checkpoint import load_training_checkpoint
from kinmo_core.train.callbacks import Curves, StepSeed


class KinmoCLI(LightningCLI):
    """`fit`, `validate` and `test` of a LightningModule and its data module, configured by YAML.

    Every run keeps `last.ckpt`, of the last validation, and `best.ckpt`, with the best value of `checkpoint.monitor`; `fit`
    resumes from `last.ckpt` in the run's folder where there is one. A subclass whose `subcommands` have no `fit` gets
    nothing of that.
    """

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        # Our data modules share out the data themselves.
        parser.set_defaults({"trainer.use_distributed_sampler": False})
        if self._trains:
            self._add_training(parser)

    def _add_training(self, parser: LightningArgumentParser) -> None:
        # Two of them, since one alone writes its `save_last` file only when its best value improves.
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.add_lightning_class_args(ModelCheckpoint, "last")
        parser.set_defaults(
            {
                "checkpoint.monitor": "val/loss",
                "checkpoint.filename": "best",
                "checkpoint.enable_version_counter": False,
                "last.filename": "last",
                "last.enable_version_counter": False,
            }
        )
        parser.add_lightning_class_args(StepSeed, "step_seed")
        parser.add_lightning_class_args(Curves, "curves")

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        return {name: known for name, known in LightningCLI.subcommands().items() if name != "predict"}

    def before_instantiate_classes(self) -> None:
        if self._trains:
            self._place_checkpoints(self.config[self.subcommand] if self.subcommand else self.config)

    @property
    def _trains(self) -> bool:
        return "fit" in self.subcommands()

    def _place_checkpoints(self, config: Any) -> None:
        root = config["trainer"]["default_root_dir"]
        for name in ("checkpoint", "last"):
            config[name]["dirpath"] = config[name]["dirpath"] or root
        folder = config["last"]["dirpath"]
        if self.subcommand == "fit" and folder and config["ckpt_path"] is None:
            last = Path(folder) / "last.ckpt"
            config["ckpt_path"] = str(last) if last.is_file() else None
        if self.subcommand:
            config["weights_only"] = True  # Lightning too must not unpickle
            if config["ckpt_path"]:
                load_training_checkpoint(Path(config["ckpt_path"]))  # a bad one is one clear line, before anything runs


def train(arguments: Sequence[str]) -> None:
    """Train or measure a stage; its YAML names the module and the data module by class_path."""
    sys.argv[1:] = arguments  # LightningCLI warns when it is given arguments of its own
    KinmoCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
    )
