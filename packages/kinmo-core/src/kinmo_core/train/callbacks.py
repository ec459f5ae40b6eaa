"""Callbacks that every training uses."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import lightning as L
import torch

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path


class StepSeed(L.Callback):
    """Seed torch before every step with (seed, step, process), so that dropout is the same after a resume.

    Args:
        seed: any number.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Seed torch."""
        del pl_module, batch
        step = trainer.global_step * trainer.accumulate_grad_batches + batch_idx % trainer.accumulate_grad_batches
        torch.manual_seed(hash((self.seed, step, trainer.global_rank)) % 2**63)


class FiniteLoss(L.Callback):
    """Stop a training whose loss is NaN or infinite, before a checkpoint keeps such weights."""

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check the loss of the step.

        Raises:
            InputError: names the step.
        """
        del pl_module, batch, batch_idx
        loss = float(outputs["loss"])
        if not math.isfinite(loss):
            raise InputError(
                f"the loss must be a finite number, got {loss} in step {trainer.global_step}; "
                "try a lower learning_rate or a trainer.gradient_clip_val"
            )


class Curves(L.Callback):
    """Write the validation figures beside the checkpoints, as `curves.csv` and `curves.png`.

    Args:
        folder: directory of the files; the trainer's `default_root_dir` where None.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Append a row and draw the curves again."""
        del pl_module
        if trainer.sanity_checking or trainer.state.fn != "fit" or not trainer.is_global_zero:
            return  # `validate` is not part of the run and must not change its curves
        folder = Path(self.folder or trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        row = {"step": trainer.global_step} | {k: float(v) for k, v in sorted(trainer.callback_metrics.items())}
        rows = [*_read(folder / "curves.csv", before=trainer.global_step), row]
        names = list(dict.fromkeys(name for r in rows for name in r))
        with atomic_path(folder / "curves.csv") as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        _plot(rows, names[1:], folder / "curves.png")


def _read(path: Path, *, before: int) -> list[dict[str, Any]]:
    """Read the rows of an earlier part of the run, without those that a resumed run repeats."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
    return [row | {"step": int(row["step"])} for row in rows if row["step"] < before]


def _plot(rows: list[dict[str, Any]], names: list[str], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * min(len(names), 4), 3 * -(-len(names) // 4)), layout="constrained")
    for number, name in enumerate(names, start=1):
        axes = figure.add_subplot(-(-len(names) // 4), min(len(names), 4), number)
        points = [(row["step"], row[name]) for row in rows if name in row]
        axes.plot(*zip(*points, strict=True), marker=".")
        axes.set_title(name)
        axes.set_xlabel("step")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100)
