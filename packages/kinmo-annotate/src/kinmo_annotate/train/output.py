"""The callback that puts what a job wrote on disk, and leaves out what an earlier run of the job wrote."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import BasePredictionWriter

from kinmo_annotate.observation import Annotation
from kinmo_annotate.records import Records, Skipped
from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_core.errors import InputError


class AnnotationFile(BasePredictionWriter):
    """A JSONL file, one annotation a line, that a killed job goes on with; see `kinmo_annotate.records`.

    Args:
        path: the file; its folder is made.
        redo_problems: ask the writer again about motions whose annotation it marked with a problem.
    """

    def __init__(self, path: str, *, redo_problems: bool = False) -> None:
        super().__init__("batch")
        self.path = path
        self.redo_problems = redo_problems
        self._records: Records | None = None
        self._parent = 0

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Find out what is there already; a job that another one is doing ends here."""
        module, data = _ours(trainer, pl_module)
        self._parent = os.getppid()
        self._records = Records(self.path, writer=module.writer.name)
        _on_first_process(trainer, self._records.prepare)
        if not trainer.is_global_zero:
            self._records.join()
        wanted = 2 if self.redo_problems else 1
        done = {id for id, line in self._records.lines().items() if line.rank >= wanted}
        before = len(data.items)
        data.leave_out(done)
        if trainer.is_global_zero and len(data.items) < before:
            print(f"{self.path}: {before - len(data.items)} of {before} motions are there already", file=sys.stderr)
        if not data.items:
            trainer.limit_predict_batches = 0  # Lightning warns of an empty loader, as if that were a mistake

    def write_on_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        prediction: Sequence[Annotation | Skipped],
        batch_indices: Sequence[int] | None,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        """One line a motion."""
        self._open.append(trainer.global_rank, (record.to_json() for record in prediction))
        if trainer.received_sigterm:  # Lightning notes it and goes on
            raise SystemExit(128 + signal.SIGTERM)
        if trainer.global_rank and os.getppid() != self._parent:
            raise InputError("the process that started this one is gone; start the same command again")

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Make one file of all parts. Runs after all went well, even in a process that had nothing to do."""
        self._open.close_part()
        trainer.strategy.barrier()
        module, data = _ours(trainer, pl_module)
        try:
            if trainer.is_global_zero:
                self._finish(data)
            if (spending := getattr(module.writer, "spending", None)) is not None:  # of a language model
                print(f"process {trainer.global_rank} took {spending}")
        finally:
            trainer.strategy.barrier()
            self._open.close()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Let the next job begin, should this process live on."""
        if self._records is not None:
            self._records.close()

    def _finish(self, data: MotionData) -> None:
        lines = self._open.lines()
        measured = [id for id in data.order if id not in data.mirrored]
        missing = sum(id not in lines for id in measured)
        if missing:  # limit_predict_batches, or use_distributed_sampler, which shares out what is shared out already
            print(
                f"{self.path}: {missing} of {len(measured)} motions are still to be done; start the same command again"
            )
            return
        written = self._open.merge(data.order, data.mirrored)
        skipped = {id: lines[id].skipped for id in measured if lines[id].skipped}
        problems = sum(lines[id].problem for id in measured)
        print(f"{self.path}: {written} motions described, {problems} with a problem, {len(skipped)} skipped")
        for id, reason in skipped.items():
            print(f"skipped {id}: {' '.join(reason.split())}", file=sys.stderr)

    @property
    def _open(self) -> Records:
        if self._records is None:
            raise RuntimeError("setup has not run")
        return self._records


def _ours(trainer: L.Trainer, module: L.LightningModule) -> tuple[AnnotationModule, MotionData]:
    data = trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]  # Lightning sets it
    if not isinstance(module, AnnotationModule) or not isinstance(data, MotionData):
        raise TypeError(f"want an AnnotationModule and MotionData, got {type(module).__name__}, {type(data).__name__}")
    return module, data


def _on_first_process(trainer: L.Trainer, action: Any) -> None:
    """Do it in one process and fail in all, so that none waits for ever for another."""
    failure = None
    if trainer.is_global_zero:
        try:
            action()
        except InputError as error:
            failure = str(error)
    failure = trainer.strategy.broadcast(failure)
    if failure is not None:
        raise InputError(failure)
