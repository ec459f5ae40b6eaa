"""Make a data set in HumanML3D's layout of any folder of motions, with the captions of a `captions.csv` or `.jsonl`.

Clips are called 000000, 000001, ... in the order of their paths; `index.csv` tells which is which. The lists train, val,
test, train_val and all have the clips with a caption; tokenizer has those of train and all without a caption, for models
that need none. Mirrored copies are listed and, unless `full`, not stored, as `kinmo_core.data.merge` does.
"""

from __future__ import annotations

import csv
import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from torch import Tensor

from kinmo_core.data.caption_file import Row, read_caption_file
from kinmo_core.data.humanml3d import MAX_FRAMES, MIN_FRAMES
from kinmo_core.data.pack import SPLITS
from kinmo_core.data.writer import (
    check_new_folder,
    new_dataset,
    statistics_of,
    warn_of,
    with_mirrored,
    write_clip,
    write_lists,
)
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, encode_raw
from kinmo_core.io import load_motion, motion_files
from kinmo_core.motion import mirror_joints
from kinmo_core.progress import with_progress

CAPTION_FILES: Final = ("captions.csv", "captions.jsonl")


@dataclass(frozen=True)
class Shares:
    """Shares of the clips with a caption that go to val and test; the rest is train. HumanML3D has 5 and 15 %."""

    val: float = 0.05
    test: float = 0.15

    def __post_init__(self) -> None:
        if not (self.val >= 0 and self.test >= 0 and self.val + self.test < 1):
            raise InputError(
                f"shares of val and test must be 0 or more and below 1 together, got {self.val}, {self.test}"
            )


@dataclass(frozen=True)
class Made:
    """What was written.

    Args:
        clips: number of clips in each list, without mirrored copies.
        captions: number of captions.
        seconds: of all clips.
        too_short: motions left out, since training needs 40 frames at 20 fps.
        too_long: clips of more than 199 frames, of which training reads only captioned parts.
        unreadable: what is wrong with each motion that could not be read.
    """

    clips: Mapping[str, int]
    captions: int
    seconds: float
    too_short: int
    too_long: int
    unreadable: tuple[str, ...]


def write_folder(
    source: Path,
    out: Path,
    *,
    captions: Path | None = None,
    shares: Shares | None = None,
    full: bool = False,
) -> Made:
    """Write the data set; it gets its name when it is complete.

    Args:
        source: folder of motions in any format that `load_motion` reads, with subfolders.
        out: folder to write; must not exist or be empty.
        captions: the file of captions; by default `captions.csv` or `captions.jsonl` in `source`.
        shares: of val and test, for clips whose split the file does not tell.
        full: write mirrored copies and `new_joints` as well, for other tools.

    Raises:
        InputError: `out` is in use, no motion or captions, a caption of a motion that is not there, or no clip to train on.
    """
    check_new_folder(out)
    paths = [path for path in motion_files(source) if out not in path.parents]
    rows = _rows_by_motion(paths, source, read_caption_file(captions or _caption_file(source)))
    splits = _splits(paths, rows, source, shares or Shares())
    notes, clips = _Notes(), dict[str, tuple[Path, int]]()
    with new_dataset(out, full=full) as work:
        for path in with_progress(paths, "writing clips"):
            joints = _read(path, notes)
            if joints is not None:
                id = f"{len(clips):06d}"
                clips[id] = path, len(joints) - 1
                said = [row.caption for row in rows.get(path, ())]
                write_clip(work, id, encode_raw(joints), said, full=full)
                if full:
                    mirrored = [caption.mirror() for caption in said]
                    write_clip(work, f"M{id}", encode_raw(mirror_joints(joints)), mirrored, full=full)
        lists = _lists({id: splits.get(path, "") for id, (path, _) in clips.items()})
        if not lists["train"]:
            reason = (*notes.unreadable, "no motion of the train split has a caption and 41 frames at 20 fps")[0]
            raise InputError(f"{source} must have at least one clip to train on, got none: {reason}")
        write_lists(work, {name: with_mirrored(ids) for name, ids in lists.items()})
        rows_of_index = (
            (id, path.relative_to(source).as_posix(), splits.get(path, ""), n) for id, (path, n) in clips.items()
        )
        _write_index(work / "index.csv", rows_of_index)
        statistics_of(work, lists["train"]).save(work)
    warn_of(source, "motions left out", notes.unreadable)
    warn_of(source, "remarks on how motions were read", notes.remarks)
    lengths = [length for _, length in clips.values()]
    return Made(
        clips={name: len(ids) for name, ids in lists.items()},
        captions=sum(len(rows.get(path, ())) for path, _ in clips.values()),
        seconds=sum(lengths) / FPS,
        too_short=notes.too_short,
        too_long=sum(length > MAX_FRAMES for length in lengths),
        unreadable=tuple(notes.unreadable),
    )


@dataclass
class _Notes:
    """What is noticed while motions are read."""

    unreadable: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    too_short: int = 0


def _read(path: Path, notes: _Notes) -> Tensor | None:
    """Return the joints (T, 22, 3) of a motion at 20 fps, or None and a note if it cannot be a clip."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            joints = load_motion(path).resample(FPS).joints
    except InputError as error:
        notes.unreadable.append(str(error))
        return None
    notes.remarks += [str(warning.message) for warning in caught]
    if len(joints) <= MIN_FRAMES:
        notes.too_short += 1
        return None
    return joints


def _caption_file(source: Path) -> Path:
    found = [source / name for name in CAPTION_FILES if (source / name).is_file()]
    if len(found) != 1:
        raise InputError(f"{source} must have one of {' and '.join(CAPTION_FILES)}, got {'both' if found else 'none'}")
    return found[0]


def _rows_by_motion(paths: Sequence[Path], source: Path, rows: Iterable[Row]) -> dict[Path, list[Row]]:
    """Return the captions of each motion, which a row names by its path with or without suffix."""
    names: dict[str, list[Path]] = {}
    for path in paths:
        relative = path.relative_to(source)
        for name in {relative.as_posix(), relative.with_suffix("").as_posix()}:
            names.setdefault(name, []).append(path)
    found: dict[Path, list[Row]] = {}
    for row in rows:
        wanted = names.get(PurePosixPath(row.file.replace("\\", "/")).as_posix(), [])
        if len(wanted) != 1:
            what = "there is no such motion" if not wanted else f"these are {len(wanted)} motions; give the suffix"
            raise InputError(f"{row.place}: file must name a motion in {source}, got {row.file!r}: {what}")
        found.setdefault(wanted[0], []).append(row)
    return found


def _splits(paths: Sequence[Path], rows: Mapping[Path, Sequence[Row]], source: Path, shares: Shares) -> dict[Path, str]:
    """Return the split of every captioned motion: the one that its rows name, or one by a hash of its path."""
    given = {}
    for path, said in rows.items():
        named = {row.split for row in said} - {""}
        if len(named) > 1:
            raise InputError(
                f"{said[0].place}: {said[0].file!r} must be in one split, got {' and '.join(sorted(named))}"
            )
        given |= dict.fromkeys([path], *named) if named else {}
    free = [path for path in paths if path in rows and path not in given]
    free.sort(key=lambda path: hashlib.sha256(path.relative_to(source).as_posix().encode()).digest())
    test, val = (round(share * len(free)) for share in (shares.test, shares.val))
    parts = {"test": free[:test], "val": free[test : test + val], "train": free[test + val :]}
    return given | {path: split for split, part in parts.items() for path in part}


def _lists(splits: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the ids of every list by the split of each id, which is "" for a clip without a caption."""
    lists = {name: [id for id, split in splits.items() if split == name] for name in SPLITS}
    lists["train_val"] = lists["train"] + lists["val"]
    lists["all"] = lists["train_val"] + lists["test"]
    lists["tokenizer"] = [id for id, split in splits.items() if split in ("train", "")]
    return lists


def _write_index(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "file", "split", "frames"), *rows])
