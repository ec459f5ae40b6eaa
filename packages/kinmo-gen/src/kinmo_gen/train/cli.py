"""`kinmo-gen fit | validate | test`."""

from __future__ import annotations

from collections.abc import Sequence

from lightning import LightningDataModule, LightningModule

from kinmo_core.train.cli import KinmoCLI


def main(arguments: Sequence[str]) -> None:
    """Run one stage's training or evaluation; the YAML names its module and data module by class_path."""
    KinmoCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
        args=list(arguments),
    )
