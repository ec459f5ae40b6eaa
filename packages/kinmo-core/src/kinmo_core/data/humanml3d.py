"""Read a directory in HumanML3D's layout: the official one, or one that `kinmo data` wrote.

new_joint_vecs/ID.npy  (T, 263) features          Mean.npy, Std.npy
texts/ID.txt           captions                   train.txt, val.txt, ...     one id a line

A mirrored copy has the id M<id>. The official directory stores its features and captions; where they are missing they are
made from those of <id> in the same way. `new_joints`, which the official directory has too, is not read, since it is
`decode(features)`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.captions import Caption, parse_captions
from kinmo_core.data.mirroring import mirror_clip
from kinmo_core.data.yaw import repair_yaw
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import DIM, FPS
from kinmo_core.files import check_name, read_text
from kinmo_core.progress import with_progress
from kinmo_core.stats import Statistics

MIN_FRAMES = 40  # HumanML3D trains on 40 <= frames < 200
MAX_FRAMES = 199
Captions = Literal["required", "optional", "ignored"]


@dataclass(frozen=True)
class Sample:
    """A clip, or the span of a clip that has captions of its own.

    Args:
        id: the clip's id in the split list.
        path: its feature file.
        start, end: frames of the span.
        captions: sentences about exactly this span.
        whole: whether the span is the whole clip.
        mirrored: whether the clip is the mirror image of what the file holds.
        repair: whether `features` repairs yaw kinks.
    """

    id: str
    path: Path
    start: int
    end: int
    captions: tuple[Caption, ...]
    whole: bool = True
    mirrored: bool = False
    repair: bool = False

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def key(self) -> str:
        """Name of the sample in files: the id of the clip, followed by the frames of a span."""
        return self.id if self.whole else f"{self.id}:{self.start}-{self.end}"

    def features(self) -> Tensor:
        """Read the features (end - start, 263) from disk.

        Raises:
            InputError: a value is not a finite number; names file and frame.
        """
        mapped = np.load(self.path, mmap_mode="r", allow_pickle=False)
        span = slice(0, len(mapped)) if self.mirrored or self.repair else slice(self.start, self.end)
        features = torch.from_numpy(np.array(mapped[span], dtype=np.float32))
        finite = features.isfinite().all(-1)
        if not bool(finite.all()):
            frame = span.start + int((~finite).nonzero()[0])
            raise InputError(f"{self.path} must hold finite numbers, got NaN or infinity first in frame {frame}")
        features = repair_yaw(features) if self.repair else features
        features = mirror_clip(features) if self.mirrored else features
        return features[self.start - span.start : self.end - span.start]


class HumanML3DFolder:
    """A data directory, checked on construction.

    Args:
        root: the directory.
        repair_yaw: repair the yaw kinks of published features when they are read; files without any are unchanged.
    """

    def __init__(self, root: Path | str, *, repair_yaw: bool = False) -> None:
        self.root = Path(root)
        self.repair_yaw = repair_yaw
        if not self.root.is_dir():
            raise InputError(f"no data directory {self.root}; make one with `kinmo data pack --source PACK --out DIR`")
        for name in ("new_joint_vecs", "texts"):
            if not (self.root / name).is_dir():
                raise InputError(f"{self.root} has no {name}/; it must have the layout of HumanML3D")
        self.statistics = Statistics.load(self.root)

    def ids(self, split: str) -> list[str]:
        """Return the ids of a split list, in its order."""
        path = self.root / f"{check_name(split, what='split')}.txt"
        if not path.is_file():
            known = sorted(p.stem for p in self.root.glob("*.txt"))
            raise InputError(f"{self.root} has no split {split!r}; it has {', '.join(known) or 'none'}")
        return read_text(path).split()

    def captions(self, id: str) -> tuple[Caption, ...]:
        """Return all captions of a clip; none if neither it nor the original of a mirrored copy has a text file."""
        path, mirrored = clip_file(self.root, "texts", id, ".txt")
        if not path.is_file():
            return ()
        captions = parse_captions(read_text(path), source=str(path))
        return tuple(caption.mirror() for caption in captions) if mirrored else captions

    def samples(
        self,
        splits: Sequence[str],
        *,
        min_frames: int = MIN_FRAMES,
        max_frames: int = MAX_FRAMES,
        captions: Captions = "required",
    ) -> list[Sample]:
        """Return the samples of some splits: whole clips and captioned spans.

        Args:
            splits: names of split lists.
            min_frames, max_frames: shorter and longer samples are left out, as in HumanML3D.
            captions: "required" leaves out clips without a caption, "optional" returns those whole, and "ignored" returns
                every clip whole, without its spans.

        A clip that cannot be read is left out with a `DataWarning`.

        Raises:
            InputError: no such split, or no sample in it.
        """
        found: list[Sample] = []
        for split in splits:
            for id in self.ids(split):
                try:
                    found += self.samples_of(id, captions=captions)
                except InputError as error:
                    warnings.warn(f"left out {error}", DataWarning, stacklevel=2)
        kept = [sample for sample in found if min_frames <= len(sample) <= max_frames]
        if not kept:
            raise InputError(
                f"{self.root} has no sample of {min_frames} to {max_frames} frames in {', '.join(splits)} "
                f"({len(found)} of other lengths)"
            )
        return kept

    def samples_of(self, id: str, *, captions: Captions = "required") -> list[Sample]:
        """Return the samples of one clip, of any length; none if the set lacks the clip.

        Raises:
            InputError: its features or captions cannot be read.
        """
        path, mirrored = clip_file(self.root, "new_joint_vecs", id, ".npy")
        if not path.is_file():  # the official lists name a few clips that the set lacks
            return []
        frames = _frame_count(path)
        known = () if captions == "ignored" else self.captions(id)
        if not known and captions != "required":
            return [Sample(id, path, 0, frames, (), mirrored=mirrored, repair=self.repair_yaw)]
        spans: dict[tuple[int, int], list[Caption]] = {}
        for caption in known:
            if not caption.whole and caption.start * FPS >= frames:
                late = (
                    f"{self.root}, clip {id}: a caption left out, which starts at {caption.start:g} s, after the clip"
                )
                warnings.warn(late, DataWarning, stacklevel=2)
                continue
            span = (0, frames) if caption.whole else (int(caption.start * FPS), min(int(caption.end * FPS), frames))
            spans.setdefault(span, []).append(caption)
        return [
            Sample(id, path, start, end, tuple(said), (start, end) == (0, frames), mirrored, self.repair_yaw)
            for (start, end), said in spans.items()
        ]


def clip_file(root: Path, folder: str, id: str, suffix: str) -> tuple[Path, bool]:
    """Return the file of a clip and whether its content must be mirrored, since only the original has a file.

    Raises:
        InputError: an id that leads out of the folder.
    """
    check_name(id, what="id", folders=True)
    path, original = (root / folder / f"{name}{suffix}" for name in (id, id.removeprefix("M")))
    return (original, True) if not path.is_file() and original.is_file() else (path, False)


def readable(samples: Sequence[Sample]) -> list[Sample]:
    """Leave out samples with features that cannot be read or are not finite, each with a `DataWarning`.

    Raises:
        InputError: none is left.
    """
    kept = []
    for sample in with_progress(samples, "reading motions"):
        try:
            sample.features()
            kept.append(sample)
        except (InputError, OSError) as error:
            warnings.warn(f"left out {sample.key}: {error}", DataWarning, stacklevel=2)
    if samples and not kept:
        raise InputError(f"at least one of {len(samples)} motions must be readable, got none")
    return kept


def clip_of(key: str) -> str:
    """Return the id of the clip behind a sample's key, without the span of frames and the M of a mirrored copy."""
    return key.partition(":")[0].removeprefix("M")


def _frame_count(path: Path) -> int:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        shape, kind = array.shape, array.dtype.kind
    except Exception:  # NumPy lets through whatever its parsers raise on damaged content
        raise InputError(f"{path} is not a readable .npy file") from None
    if len(shape) != 2 or shape[1] != DIM:
        raise InputError(f"{path} must hold (frames, {DIM}) features, got shape {shape}")
    if kind not in "fiu":
        raise InputError(f"{path} must hold real numbers, got {array.dtype}")
    return shape[0]
