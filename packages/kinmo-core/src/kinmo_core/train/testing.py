"""A training of a few steps on a CPU, to test that modules and their data learn, resume and repeat themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint

from kinmo_core.train.callbacks import StepSeed
from kinmo_core.train.data import StepDataModule


class _Losses(L.Callback):
    """Records the loss of every step."""

    def __init__(self) -> None:
        self.values: dict[int, float] = {}

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        del pl_module, batch, batch_idx
        self.values[trainer.global_step] = float(outputs["loss"])


def short_fit(
    model: L.LightningModule,
    source: StepDataModule,
    folder: Path,
    *,
    steps: int,
    resume: Path | None = None,
    callbacks: Sequence[L.Callback] = (),
    precision: Any = "32-true",
    processes: int = 1,
) -> dict[int, float]:
    """Train to `steps`, validating every fourth step and saving `last.ckpt` every third.

    Args:
        model: module to train.
        source: its data.
        folder: directory of the checkpoint.
        steps: last step of the run, resumed or not.
        resume: checkpoint to resume from.
        callbacks: added to those that seed each step and save.
        precision: see `lightning.Trainer`.
        processes: number of processes, started as torchrun starts them; this is one of them.

    Returns:
        The loss of each step, by its number, counted from 1.
    """
    for name in ("statistics", "text_settings"):  # as KinmoCLI links them
        if getattr(model, name, "") is None and hasattr(source, name):
            setattr(model, name, getattr(source, name))
    losses = _Losses()
    checkpoint = ModelCheckpoint(folder, "last", every_n_train_steps=3, save_top_k=1, enable_version_counter=False)
    trainer = L.Trainer(
        max_steps=steps,
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        precision=precision,
        callbacks=[losses, StepSeed(0), checkpoint, *callbacks],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=4,
    )
    trainer.fit(model, source, ckpt_path=resume, weights_only=True)
    return losses.values
