"""Data module with the motions of a job, each read when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader

from kinmo_annotate.reading import read_motion
from kinmo_annotate.records import Skipped
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode
from kinmo_core.io import motion_files
from kinmo_core.motion import Motion


@dataclass(frozen=True)
class Clip:
    """A motion to describe."""

    id: str
    motion: Motion  # at any frame rate
    captions: tuple[str, ...]  # of the whole motion, by people


@dataclass(frozen=True)
class Item:
    """A motion that is not read yet."""

    id: str
    read: Callable[[], Clip]  # raises ValueError or OSError if that fails


class MotionData(L.LightningDataModule):
    """All samples of a HumanML3D directory, or all motion files of a folder; each process of the job gets its share.

    Args:
        root: HumanML3D directory, or without `splits` a folder of motion files, searched with its subfolders.
        splits: names of split lists in the HumanML3D directory.
        mirror: whether a mirrored copy (id "M" + id of the original) gets the mirrored description of its original, if
            both are in the job; other copies are described like any motion.
        batch_size: motions that the writer of a process gets at a time.
        workers: processes that read motions; 0 reads in the main process.

    Raises:
        InputError: batch_size or workers is out of range.
    """

    # After a killed run there may be fewer motions left than processes.
    allow_zero_length_dataloader_with_multiple_devices = True

    def __init__(
        self,
        root: str = "data/humanml3d",
        splits: list[str] | None = None,
        *,
        mirror: bool = True,
        batch_size: int = 32,
        workers: int = 0,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {batch_size}")
        if workers < 0:
            raise InputError(f"workers must be at least 0, got {workers}")
        self.root = root
        self.splits = splits
        self.mirror = mirror
        self.batch_size = batch_size
        self.workers = workers
        self.order: list[str] = []  # ids of the job, mirrored copies included
        self.mirrored: dict[str, str] = {}  # id of a mirrored copy to the id of its original
        self.items: list[Item] = []  # motions to describe

    def setup(self, stage: str) -> None:
        """List the motions."""
        items = _files(Path(self.root)) if self.splits is None else _samples(HumanML3DFolder(self.root), self.splits)
        self.order = [item.id for item in items]
        originals = set(self.order) if self.mirror and self.splits is not None else set()
        self.mirrored = {id: id[1:] for id in self.order if id.startswith("M") and id[1:] in originals}
        self.items = [item for item in items if item.id not in self.mirrored]

    def skip(self, ids: Collection[str]) -> None:
        """Remove motions from `items`."""
        self.items = [item for item in self.items if item.id not in ids]

    def predict_dataloader(self) -> DataLoader[Item]:
        """Return the loader of this process's share; unlike a distributed sampler, it repeats no motion to fill up."""
        if self.trainer is None:
            raise RuntimeError("the data module must be attached to a Trainer first")
        share = self.items[self.trainer.global_rank :: self.trainer.world_size]
        return DataLoader(share, batch_size=self.batch_size, num_workers=self.workers, collate_fn=_read)  # pyright: ignore[reportArgumentType]

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Return the batch unchanged: motions are measured on the CPU, and models move their own input."""
        return batch


def _read(items: Sequence[Item]) -> list[Clip | Skipped]:
    """Read a batch, with `Skipped` for a motion that cannot be read, so that a bad file does not stop the job."""
    clips: list[Clip | Skipped] = []
    for item in items:
        try:
            clips.append(item.read())
        except (OSError, ValueError) as error:
            clips.append(Skipped(item.id, str(error)))
    return clips


def _samples(folder: HumanML3DFolder, splits: Sequence[str]) -> list[Item]:
    """Return each whole clip and each captioned span once, of any length."""
    items: dict[str, Item] = {}
    for id in dict.fromkeys(id for split in splits for id in folder.ids(split)):
        try:
            samples = folder.samples_of(id, captions="optional")
        except InputError as error:
            items[id] = Item(id, partial(_refuse, str(error)))
            continue
        for sample in samples:
            items[sample.key] = Item(sample.key, partial(_read_sample, sample))
    if not items:
        raise InputError(f"{folder.root} has no motion in {', '.join(splits)}")
    return list(items.values())


def _read_sample(sample: Sample) -> Clip:
    features = sample.features()
    if not len(features):
        raise InputError(f"{sample.path} has no frame from {sample.start} to {sample.end}")
    captions = tuple(caption.text for caption in sample.captions)
    return Clip(sample.key, Motion(decode(features), fps=FPS), captions)


def _files(folder: Path) -> list[Item]:
    """Return the motion files sorted by path. The path in the folder is the id, suffix included: a.bvh is not a.npz."""
    paths = motion_files(folder)
    ids = [path.relative_to(folder).as_posix() for path in paths]
    return [Item(id, partial(_read_file, id, path)) for id, path in zip(ids, paths, strict=True)]


def _read_file(id: str, path: Path) -> Clip:
    motion = read_motion(path)
    return Clip(id, motion, (motion.text,) if motion.text else ())


def _refuse(reason: str) -> Clip:
    raise InputError(reason)
