"""`kinmo-htma fit | validate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lightning import LightningDataModule, LightningModule

from kinmo_core.train.cli import KinmoCLI


def main(arguments: Sequence[str]) -> None:
    """Train or validate; the YAML names the module and the data module by class_path."""
    sys.argv[1:] = arguments  # LightningCLI warns when it is given arguments of its own
    KinmoCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
    )
