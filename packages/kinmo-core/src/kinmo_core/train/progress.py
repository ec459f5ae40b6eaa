"""How far a run is: a bar on a terminal, and a line for every validation everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_WORDS: Final = {"fit": "training", "validate": "validating", "test": "testing", "predict": "working"}


class StepProgress(L.Callback):
    """Count steps, as all options do. What Lightning counts are epochs, passes over the data that mean nothing here."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._shown = False  # of all processes, by the first

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Show the bar."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._shown = trainer.is_global_zero
        bar = self._shown and sys.stderr.isatty()
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not bar)
        self._bar.start()
        self._task = self._bar.add_task(_WORDS[stage], total=None)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Say what is trained, and show where a resumed run goes on."""
        size = sum(weight.numel() for weight in pl_module.parameters() if weight.requires_grad)
        self._say(f"training {size:,} parameters, steps {trainer.global_step:,} to {trainer.max_steps:,}")
        self._show(_WORDS["fit"], trainer.global_step, trainer.max_steps)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a step."""
        self._show(f"training, loss {float(outputs['loss']):.4g}", trainer.global_step, trainer.max_steps)

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch."""
        self._show(_WORDS["validate"], batch_idx + 1, sum(trainer.num_val_batches))

    def on_test_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch."""
        self._show(_WORDS["test"], batch_idx + 1, sum(trainer.num_test_batches))

    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch."""
        self._show(_WORDS["predict"], batch_idx + 1, sum(trainer.num_predict_batches))

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the figures of a validation during a training."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            figures = (f"{name} {float(value):.4g}" for name, value in sorted(trainer.callback_metrics.items()))
            self._say(f"step {trainer.global_step:,}: {', '.join(figures)}")

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Say what the run has written."""
        checkpoints = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]
        if written := [path for callback in checkpoints if (path := callback.best_model_path)]:
            self._say(f"{trainer.default_root_dir}: {', '.join(dict.fromkeys(Path(path).name for path in written))}")

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Take the bar away."""
        self._end()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Take the bar away before the error is printed."""
        self._end()

    def _say(self, line: str) -> None:
        if self._bar is not None and self._shown:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _show(self, what: str, done: int, total: int | float) -> None:
        if self._bar is not None:
            self._bar.update(
                self._task, description=what, completed=done, total=total if 0 < total < float("inf") else None
            )

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
