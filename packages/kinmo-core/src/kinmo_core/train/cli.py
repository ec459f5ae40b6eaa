"""LightningCLI of all packages: resumes by default, loads checkpoints safely, and links what modules and data share."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal

from lightning import LightningDataModule, LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from kinmo_core.errors import InputError
from kinmo_core.files import read_text
from kinmo_core.model_folder import load_training_checkpoint
from kinmo_core.parsing import parse_yaml
from kinmo_core.train.callbacks import Curves, FiniteLoss, StepSeed
from kinmo_core.train.checkpoints import AtomicCheckpoints
from kinmo_core.train.progress import StepProgress
from kinmo_core.train.reasons import reason

# What Lightning and the libraries below it say of themselves, of which a user can change nothing.
_NOISE = (
    "The .* does not have many workers",
    "Checkpoint directory .* exists and is not empty",
    "The number of training batches .* is smaller than the logging interval",
    ".*LeafSpec.*deprecated",
    ".*treespec",
    "(?s).*deprecat",
)


class KinmoCLI(LightningCLI):
    """`fit`, `validate` and `test` of a LightningModule and its data module, configured by YAML.

    Every run keeps `last.ckpt`, of the last validation, and `best.ckpt`, with the best value of `checkpoint.monitor`; `fit`
    resumes from `last.ckpt` in the run's folder where it exists. None of this applies to a subclass without `fit`.

    Modules and data do not reach into each other: `LINKS` carry what one must know of the other, where both have it.

    Raises:
        InputError: an option or a value of the configuration is wrong; names it in one line.
    """

    # (source, target, when): "parse" copies a value of the configuration, "instantiate" an attribute of the data module.
    LINKS: ClassVar[tuple[tuple[str, str, Literal["parse", "instantiate"]], ...]] = (
        ("data.text_dim", "model.init_args.network.text_dim", "instantiate"),
        ("data.parts", "model.init_args.network.parts", "instantiate"),
        ("data.codes", "model.init_args.network.codes", "instantiate"),
        ("data.layers", "model.init_args.network.layers", "instantiate"),
        ("data.statistics", "model.init_args.statistics", "instantiate"),
        ("data.text_settings", "model.init_args.text_settings", "instantiate"),
        ("model.init_args.network.levels", "data.init_args.levels", "parse"),
    )

    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:
        """Make a parser that raises errors, which `parse_arguments` shortens, in place of printing its usage."""
        return super().init_parser(exit_on_error=False, **kwargs)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and say in one line what is wrong."""
        try:
            super().parse_arguments(parser, args)
        except Exception as error:  # of a value or a file, since nothing else has been done yet
            raise InputError(reason(str(error) or type(error).__name__)) from None

    def instantiate_classes(self) -> None:
        """Make module, data and Trainer; their constructors check the values."""
        try:
            super().instantiate_classes()
        except InputError:
            raise
        except (ValueError, TypeError, RuntimeError, ImportError, MisconfigurationException) as error:
            raise InputError(reason(str(error))) from error

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Make a Trainer whose checkpoints are there whole or not at all."""
        given = self._get(self.config_init, "trainer", default={}).get("plugins") or []
        plugins = [AtomicCheckpoints(), *(given if isinstance(given, list) else [given])]
        return super().instantiate_trainer(plugins=plugins, **kwargs)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add checkpoints, step seeds, curves, progress and links."""
        # The data modules distribute the data over the processes themselves.
        parser.set_defaults({"trainer.use_distributed_sampler": False})
        # `StepProgress` says how far a run is, in steps, and how large the network is.
        parser.set_defaults({"trainer.enable_progress_bar": False, "trainer.enable_model_summary": False})
        parser.add_lightning_class_args(StepProgress, "progress")
        if self._trains:
            self._add_training(parser)
            for source, target, when in self.LINKS:
                parser.link_arguments(source, target, apply_on=when)

    def _add_training(self, parser: LightningArgumentParser) -> None:
        # Two callbacks, since a single one writes its `save_last` file only when its best value improves.
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.add_lightning_class_args(ModelCheckpoint, "last")
        parser.set_defaults(
            {
                "trainer.check_val_every_n_epoch": None,  # val_check_interval counts steps
                "trainer.num_sanity_val_steps": 0,
                "trainer.log_every_n_steps": 20,
                "checkpoint.monitor": "val/loss",
                "checkpoint.filename": "best",
                "checkpoint.enable_version_counter": False,
                "last.filename": "last",
                "last.enable_version_counter": False,
            }
        )
        parser.add_lightning_class_args(StepSeed, "step_seed")
        parser.add_lightning_class_args(Curves, "curves")
        parser.add_lightning_class_args(FiniteLoss, "finite_loss")

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Return Lightning's subcommands without `predict`."""
        return {name: known for name, known in LightningCLI.subcommands().items() if name != "predict"}

    def before_instantiate_classes(self) -> None:
        """Put the checkpoints into the run's folder and find the one to resume from."""
        if self._trains:
            self._place_checkpoints(self.config[self.subcommand] if self.subcommand else self.config)

    def _set_seed(self) -> None:
        try:
            super()._set_seed()
        except (ValueError, TypeError) as error:
            raise InputError(f"seed_everything: {error}") from None

    def _run_subcommand(self, subcommand: str) -> None:
        try:
            super()._run_subcommand(subcommand)
        except MisconfigurationException as error:
            raise InputError(reason(str(error))) from None
        except RuntimeError as error:
            if "loading state_dict" not in str(error):
                raise
            raise InputError(f"{self.config[subcommand]['ckpt_path']} is a checkpoint of another network") from None
        except SystemExit:
            if self.trainer.interrupted:  # Lightning ends with 1 after Ctrl-C
                raise KeyboardInterrupt from None
            raise

    def _parse_ckpt_path(self) -> None:
        """Leave the configuration as given: it, not the checkpoint, says which module to make, and of which sizes.

        Lightning would read a checkpoint's hyper-parameters as arguments of the module's base class, which takes none.
        """

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
            if last.is_file():
                config["ckpt_path"] = str(last)
                print(f"going on from {last}", file=sys.stderr)
        if self.subcommand:
            config["weights_only"] = True  # keeps Lightning from unpickling
            if config["ckpt_path"]:
                load_training_checkpoint(Path(config["ckpt_path"]))  # fails early and in one line


def run_cli(cli: Callable[..., KinmoCLI], arguments: Sequence[str], *classes: type, **settings: Any) -> None:
    """Run the command line of a package without the remarks that Lightning makes about itself.

    Args:
        cli: the class of the command line.
        arguments: its subcommand and options.
        classes: module and data module.
        settings: further arguments of `cli`.
    """
    sys.argv[1:] = arguments  # LightningCLI warns when it is given arguments of its own
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _NOISE:
        warnings.filterwarnings("ignore", message)
    for path in _config_files(arguments):
        parse_yaml(read_text(path), source=str(path))  # jsonargparse crashes at some YAML, and hangs at other
    cli(*classes, **settings)


def _config_files(arguments: Sequence[str]) -> list[Path]:
    """Return the files that are named as configurations; jsonargparse names those that do not exist."""
    given = [right for left, right in pairwise(arguments) if left in ("--config", "-c")]
    given += [argument.partition("=")[2] for argument in arguments if argument.startswith("--config=")]
    return [Path(name) for name in given if Path(name).is_file()]


def main(arguments: Sequence[str]) -> None:
    """Run `fit`, `validate` or `test`; the YAML names the module and the data module by class_path."""
    run_cli(
        KinmoCLI,
        arguments,
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
    )
