"""Check a directory in HumanML3D's layout: what is missing, damaged, in two splits, or not the motion that it should be."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from kinmo_core.data.captions import parse_captions
from kinmo_core.data.clip_check import Finding, check_clip, lies
from kinmo_core.data.humanml3d import MIN_FRAMES, clip_file
from kinmo_core.data.pack import SPLITS
from kinmo_core.data.shared_frames import SharedFrames
from kinmo_core.errors import InputError
from kinmo_core.features import DIM, FPS, LAYOUT, mirror
from kinmo_core.files import read_text
from kinmo_core.io.archive import open_arrays
from kinmo_core.progress import with_progress
from kinmo_core.stats import Statistics

UNIONS: Final = ("all", "train_val")  # lists that repeat others
_LYING_SHARE: Final = 0.5  # of the clips: sets of people on the floor are rare, sets with z up are not
_STD_FACTOR: Final = 2.0  # between Std.npy and the train list; T2M's feature bias of 5 or 25 is above

_LEAST_STD: Final = 0.003  # below, a feature hardly changes; HumanML3D has 0.01 at least


@dataclass(frozen=True)
class Report:
    """What a check found.

    Args:
        findings: in the order of the lists.
        clips: feature files that were read.
        frames: of these.
        lists: names of the lists that were read.
    """

    findings: tuple[Finding, ...]
    clips: int
    frames: int
    lists: tuple[str, ...]


def check_dataset(root: Path | str, *, lists: Sequence[str] | None = None, min_frames: int = MIN_FRAMES) -> Report:
    """Check the clips that some lists name, with their captions, the lists themselves and the statistics.

    Args:
        root: the directory.
        lists: names of split lists; by default all that the directory has.
        min_frames: shorter clips are findings; HumanML3D trains on 40 frames and more.

    Raises:
        InputError: no such directory, no `new_joint_vecs` in it, or no such list.
    """
    root = Path(root)
    if not (root / "new_joint_vecs").is_dir():
        raise InputError(f"{root} must be a directory in HumanML3D's layout, but it has no new_joint_vecs/")
    ids, findings = _read_lists(root, lists)
    places = {id: clip_file(root, "new_joint_vecs", id, ".npy")[0] for named in ids.values() for id in named}
    owners: dict[Path, str] = {}  # the first id of each file, since a mirrored copy may have none of its own
    for id, path in places.items():
        owners.setdefault(path, id)
    captioned = {id for named in ids.values() if any(_caption_file(root, id).is_file() for id in named) for id in named}
    trained = {places[id] for id in ids.get("train", ())}
    clips = _Clips(min_frames)
    for path, id in with_progress(owners.items(), "checking clips"):
        findings += _check_captions(root, id, wanted=id in captioned)
        findings += clips.check(path, id, trained=path in trained)
    findings += clips.check_axis()
    findings += _check_splits(ids, {id: str(path) for id, path in places.items()}, clips.shared)
    findings += clips.totals.check(root)
    return Report(tuple(findings), clips.read, clips.frames, tuple(ids))


class _Clips:
    """The feature files, checked one by one, and what they tell together."""

    def __init__(self, min_frames: int) -> None:
        self.min_frames = min_frames
        self.shared, self.totals = SharedFrames(), _Totals()
        self.read = self.frames = self.lying = 0

    def check(self, path: Path, id: str, *, trained: bool) -> Iterator[Finding]:
        """Check the file of a clip."""
        if not path.is_file():
            yield Finding("missing", id, f"no {path.parent.name}/{path.name}")
            return
        try:
            features = _features(path)
        except InputError as error:
            yield Finding("unreadable", id, str(error))
            return
        self.read += 1
        self.frames += len(features)
        yield from check_clip(id, features, min_frames=self.min_frames)
        if bool(features.isfinite().all()):
            self.shared.add(str(path), features)
            self.lying += lies(features)
            self.totals.add(features, wanted=trained)

    def check_axis(self) -> Iterator[Finding]:
        """Find that the whole set lies on its side."""
        if self.lying > _LYING_SHARE * max(self.read, 1):
            yield Finding("upside down", "all", f"{self.lying} of {self.read} clips show a person who lies: is y up?")


def _read_lists(root: Path, wanted: Sequence[str] | None) -> tuple[dict[str, list[str]], list[Finding]]:
    """Return the ids of each list, and what is wrong with the lists."""
    known = sorted(path.stem for path in root.glob("*.txt"))
    if unknown := [name for name in wanted or () if name not in known]:
        raise InputError(f"{root} has no list {unknown[0]!r}; it has {', '.join(known) or 'none'}")
    if wanted is None and "train" not in known:
        raise InputError(f"{root} has no train.txt; it has {', '.join(known) or 'no lists'}")
    ids, findings = {}, []
    for name in known if wanted is None else wanted:
        ids[name] = read_text(root / f"{name}.txt").split()
        if not ids[name] and name in SPLITS:
            findings.append(Finding("missing", f"{name}.txt", "the list is empty"))
        if twice := len(ids[name]) - len(set(ids[name])):
            findings.append(Finding("in two splits", f"{name}.txt", f"{twice} ids are in the list twice"))
    return ids, findings


def _features(path: Path) -> Tensor:
    arrays = open_arrays(path)
    array = arrays.load(arrays.names[0] if arrays.names else "")
    if array.ndim != 2 or array.shape[1] != DIM or array.dtype.kind != "f" or len(array) == 0:
        raise InputError(f"{path} must hold (frames, {DIM}) features, got {array.dtype} {array.shape}")
    return torch.from_numpy(array.astype("float32"))


def _caption_file(root: Path, id: str) -> Path:
    return clip_file(root, "texts", id, ".txt")[0]


def _check_captions(root: Path, id: str, *, wanted: bool) -> Iterator[Finding]:
    """Check the captions of a clip; a list in which no clip has any does not want them."""
    path = _caption_file(root, id)
    if not path.is_file():
        yield from [Finding("missing", id, f"no {path.relative_to(root)}")] if wanted else []
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            parse_captions(read_text(path), source=str(path))
        except InputError as error:
            yield Finding("unreadable", id, str(error))
    for warning in caught:
        yield Finding("unreadable", id, str(warning.message))


def _check_splits(
    ids: Mapping[str, Sequence[str]], places: Mapping[str, str], shared: SharedFrames
) -> Iterator[Finding]:
    """Find the clips of held-out lists that show frames of a training list, and those that val and test share."""
    held = [name for name in ids if name.endswith(("val", "test")) and name not in UNIONS]
    training = [name for name in ids if name not in (*held, *UNIONS)]
    pairs = [(one, other) for one in held for other in training]
    pairs += [(one, other) for one in held for other in held if one.endswith("test") and other.endswith("val")]
    for one, other in pairs:
        owners = {places[id]: id for id in reversed(ids[other])}
        for path, id in {places[id]: id for id in reversed(ids[one])}.items():
            if path in owners:
                yield Finding("in two splits", id, f"the clip is in {one} and in {other}")
            elif (found := shared.most(path, owners)) is not None:
                theirs, count = found
                seconds = count / FPS
                yield Finding("in two splits", id, f"{one}: {seconds:.1f} s are in {owners[theirs]} of {other} too")


class _Totals:
    """Sums over the clips of the train list and their mirror images, to hold the statistics against."""

    def __init__(self) -> None:
        self.count = 0
        self.total, self.squares = (torch.zeros(DIM, dtype=torch.float64) for _ in range(2))

    def add(self, features: Tensor, *, wanted: bool) -> None:
        if wanted:
            for clip in (features.double(), mirror(features.double())):
                self.count += len(clip)
                self.total += clip.sum(0)
                self.squares += clip.square().sum(0)

    def check(self, root: Path) -> Iterator[Finding]:
        try:
            statistics = Statistics.load(root)
        except InputError as error:
            yield Finding("missing", "Mean.npy, Std.npy", str(error))
            return
        if self.count == 0:
            return
        std = (self.squares / self.count - (self.total / self.count).square()).clamp_min(0).sqrt()
        for name, block in LAYOUT.items():
            ratio = float(
                statistics.std[block].double().mean().clamp_min(_LEAST_STD) / std[block].mean().clamp_min(_LEAST_STD)
            )
            if not 1 / _STD_FACTOR < ratio < _STD_FACTOR:
                yield Finding("wrong encoding", "Std.npy", f"{name} is {ratio:.3g} times that of the train list")
