"""Read a pack: recordings of one source as joints, with the clips, captions and splits that HumanML3D has of them.

joints.npz       `joints` (frames, 22, 3) int16, 1/4096 m, 20 fps: all recordings in sequence
trials.jsonl     one recording a line: its rows in `joints`, extrapolated frames at its ends, flags, a short text
clips.jsonl      one HumanML3D clip a line: its frames in a recording, split, captions
duplicates.json  pairs of recordings that show the same motion; val and test ids without a copy in train
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.captions import Caption
from kinmo_core.data.sources import Source, source_of
from kinmo_core.errors import InputError
from kinmo_core.files import check_name, read_text
from kinmo_core.parsing import parse_json

SPLITS: Final = ("train", "val", "test")
_FILES: Final = ("joints.npz", "trials.jsonl", "clips.jsonl", "duplicates.json")
_METRES_PER_UNIT: Final = 1 / 4096


@dataclass(frozen=True)
class Trial:
    """A recording.

    Args:
        name: unique in the pack.
        row: its first row in the joints of the pack.
        frames: its length.
        usable: span [start, end) of frames that are not extrapolated.
        flagged: whether it was repaired so much that it should not be trained on.
        text: short text of its source; empty if there is none.
        in_humanml3d: whether HumanML3D has a clip of it.
    """

    name: str
    row: int
    frames: int
    usable: tuple[int, int]
    flagged: bool
    text: str
    in_humanml3d: bool


@dataclass(frozen=True)
class Clip:
    """Frames [start, end) of a trial that are a clip of HumanML3D."""

    id: str
    trial: str
    start: int
    end: int
    split: str
    captions: tuple[Caption, ...]


class Pack:
    """A pack on disk, checked on construction.

    Args:
        folder: the pack.

    Raises:
        InputError: a file is missing or cannot be read, or a clip names an unknown trial or split.
    """

    def __init__(self, folder: Path) -> None:
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise InputError(f"{folder} has no {missing[0]}; a pack has {', '.join(_FILES)}")
        self.folder = folder
        self.twins: dict[str, list[tuple[str, int]]] = {}  # trial -> twins, each with the shift of its frames
        try:
            self.trials = {row["trial"]: _trial(row) for row in _json_lines(folder / "trials.jsonl")}
            self.clips = [_clip(row) for row in _json_lines(folder / "clips.jsonl")]
            duplicates = parse_json(read_text(folder / "duplicates.json"), source="duplicates.json")
            for pair in duplicates["pairs"]:
                self.twins.setdefault(pair["a"], []).append((pair["b"], pair["offset_frames"]))
                self.twins.setdefault(pair["b"], []).append((pair["a"], -pair["offset_frames"]))
            self.clean = {split: frozenset(duplicates[f"clean_{split}_ids"]) for split in ("val", "test")}
            with (folder / "joints.npz").open("rb") as file:
                self._joints: np.ndarray = np.load(file, allow_pickle=False)["joints"]
        except KeyError as error:
            raise InputError(f"{folder} is not a readable pack: no {error}") from None
        except (ValueError, TypeError, OSError, BadZipFile) as error:
            raise InputError(f"{folder} is not a readable pack: {error}") from None
        for clip in self.clips:
            if clip.trial not in self.trials or clip.split not in SPLITS:
                raise InputError(
                    f"{folder / 'clips.jsonl'}: clip {clip.id} must be of a trial of the pack and in one of "
                    f"{', '.join(SPLITS)}, got {clip.trial} and {clip.split}"
                )

    @cached_property
    def source(self) -> Source:
        """Where the recordings come from."""
        return source_of(self.trials, folder=self.folder.resolve().name)

    def joints(self, trial: str, start: int, end: int) -> Tensor:
        """Return the joints (end - start, 22, 3) of some frames of a trial, metres."""
        row = self.trials[trial].row
        return torch.from_numpy(self._joints[row + start : row + end].astype(np.float32) * _METRES_PER_UNIT)

    def held_out(self) -> dict[str, list[tuple[int, int]]]:
        """Return the spans [start, end) of val and test clips in each trial, those in its twins included."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for clip in self.clips:
            if clip.split != "train":
                for trial, shift in [(clip.trial, 0), *self.twins.get(clip.trial, [])]:
                    spans.setdefault(trial, []).append((max(clip.start + shift, 0), max(clip.end + shift, 0)))
        return spans


def _trial(row: Mapping[str, Any]) -> Trial:
    return Trial(
        name=check_name(row["trial"], what="trial"),
        row=row["start"],
        frames=row["frames"],
        usable=(row["extrapolated_start"], row["frames"] - row["extrapolated_end"]),
        flagged=bool(row["flags"]),
        text=row["cmu_text"] or "",  # the name of the field in packs of every source
        in_humanml3d=row["humanml3d"],
    )


def _clip(row: Mapping[str, Any]) -> Clip:
    captions = tuple(Caption(c["text"], c["tokens"], c["start"], c["end"]) for c in row["captions"])
    return Clip(check_name(row["id"], what="id"), row["trial"], row["start"], row["end"], row["split"], captions)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (parse_json(line, source=path.name) for line in lines)
