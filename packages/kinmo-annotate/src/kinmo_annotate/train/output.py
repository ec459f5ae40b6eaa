"""The callback that writes annotations to disk and skips motions that an earlier run of the job has described."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import BasePredictionWriter

from kinmo_annotate.observation import Annotation
from kinmo_annotate.records import Records, Skipped
from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_core.errors import DataWarning, InputError


class AnnotationFile(BasePredictionWriter):
    """A JSONL file with one annotation a line, which a killed job can continue; see `kinmo_annotate.records`.

    Args:
        path: the file; its folder is created.
        redo_problems: whether to describe again the motions whose annotation has a problem.
    """

    def __init__(self, path: str, *, redo_problems: bool = False) -> None:
        super().__init__("batch")
        self.path = path
        self.redo_problems = redo_problems
        self._records: Records | None = None
        self._parent = 0
        self._named: set[str] = set()  # ids of motions that were left out with a warning

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Take the lock of the file and skip the motions that it describes already.

        Raises:
            InputError: another job writes to the file, or it is by another writer.
        """
        module, data = _ours(trainer, pl_module)
        self._parent = os.getppid()
        self._records = Records(self.path, writer=module.writer.name)
        _on_first_process(trainer, self._records.prepare)
        if not trainer.is_global_zero:
            self._records.join()
        min_quality = 2 if self.redo_problems else 1
        done = {id for id, line in self._records.lines().items() if line.quality >= min_quality}
        before = len(data.items)
        data.skip(done)
        if trainer.is_global_zero and len(data.items) < before:
            print(f"{self.path}: {before - len(data.items)} of {before} motions are described already", file=sys.stderr)
        if not data.items:
            trainer.limit_predict_batches = 0  # Lightning warns of an empty loader

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
        """Append a line for each motion of the batch; end on SIGTERM and after the death of the main process."""
        for record in prediction:
            if isinstance(record, Skipped):
                self._warn(record.id, record.reason)
        self._open.append(trainer.global_rank, (record.to_json() for record in prediction))
        if trainer.received_sigterm:  # Lightning sets this flag and continues
            raise SystemExit(128 + signal.SIGTERM)
        if trainer.global_rank and os.getppid() != self._parent:
            raise InputError("the main process has ended; start the same command again")

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Merge the parts. Lightning calls this after success, also in a process without motions."""
        self._open.close_part()
        trainer.strategy.barrier()
        module, data = _ours(trainer, pl_module)
        try:
            if trainer.is_global_zero:
                self._finish(data)
            if (spending := getattr(module.writer, "spending", None)) is not None:  # only an LLMWriter has it
                print(f"process {trainer.global_rank}: {spending}")
        finally:
            trainer.strategy.barrier()
            self._open.close()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Release the lock, since this process may live on."""
        if self._records is not None:
            self._records.close()

    def _finish(self, data: MotionData) -> None:
        lines = self._open.lines()
        measured = [id for id in data.order if id not in data.mirrored]
        missing = sum(id not in lines for id in measured)
        if missing:  # because of limit_predict_batches, or of use_distributed_sampler, which splits a process's share
            print(f"{self.path}: {missing} of {len(measured)} motions are missing; start the same command again")
            return
        written = self._open.merge(data.order, data.mirrored)
        skipped = {id: lines[id].skipped for id in measured if lines[id].skipped}
        problems = sum(lines[id].problem for id in measured)
        print(f"{self.path}: {written} motions described, {problems} with a problem, {len(skipped)} skipped")
        for id, reason in skipped.items():
            if id not in self._named:  # by an earlier run, or another process
                self._warn(id, reason)

    def _warn(self, id: str, reason: str) -> None:
        self._named.add(id)
        warnings.warn(f"left out {id}: {' '.join(reason.split())}", DataWarning, stacklevel=2)

    @property
    def _open(self) -> Records:
        if self._records is None:
            raise RuntimeError("setup must run first")
        return self._records


def _ours(trainer: L.Trainer, module: L.LightningModule) -> tuple[AnnotationModule, MotionData]:
    """Return module and data module with their types checked."""
    data = trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]  # Lightning sets it
    if not isinstance(module, AnnotationModule) or not isinstance(data, MotionData):
        got = f"{type(module).__name__} and {type(data).__name__}"
        raise TypeError(f"module and data must be AnnotationModule and MotionData, got {got}")
    return module, data


def _on_first_process(trainer: L.Trainer, action: Any) -> None:
    """Call `action` in the first process and raise its InputError in all, so that none waits forever for another."""
    failure = None
    if trainer.is_global_zero:
        try:
            action()
        except InputError as error:
            failure = str(error)
    failure = trainer.strategy.broadcast(failure)
    if failure is not None:
        raise InputError(failure)
