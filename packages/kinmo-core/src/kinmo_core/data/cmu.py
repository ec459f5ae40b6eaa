"""Write the CMU-HumanML3D pack as a HumanML3D directory, so that any tool of the field can train on it.

Besides HumanML3D's own lists (train, val, test, train_val, all) it writes

    clean_val, clean_test  val and test ids that share no frame with a train clip, not even through a duplicate recording
    tokenizer              stretches of *all* recordings that touch no val or test frame (nor a duplicate of one): ids
                           S<trial>_<first frame>; for models that need no captions
    extra                  those of them that HumanML3D does not use and that have CMU's short description as a caption

Extrapolated frames at the ends of a recording are trimmed everywhere. Recordings that the pack flags as repaired are left
out of the training lists, and kept in val and test so that figures stay comparable. `about.json` records the choices.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch

from kinmo_core.data.captions import Caption
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode, encode_raw
from kinmo_core.motion import mirror_joints
from kinmo_core.stats import Statistics

SEGMENT_FRAMES = 200  # HumanML3D's longest clip
MIN_CLIP_FRAMES = 2  # one feature frame
MIN_SEGMENT_FRAMES = 65  # 64 feature frames: one training window of the tokenizer
_PACK_FILES = ("joints.npz", "trials.jsonl", "clips.jsonl", "duplicates.json")
_METRES_PER_UNIT = 1 / 4096


@dataclass(frozen=True)
class Piece:
    """Frames [start, end) of a trial that become one clip."""

    id: str
    trial: str
    start: int
    end: int
    captions: tuple[Caption, ...]


class Pack:
    """The pack on disk; `joints` holds the frames of all trials in sequence, int16."""

    def __init__(self, source: Path) -> None:
        missing = [name for name in _PACK_FILES if not (source / name).is_file()]
        if missing:
            raise InputError(f"{source} has no {missing[0]}; want the CMU-HumanML3D pack ({', '.join(_PACK_FILES)})")
        try:
            self.trials = {row["trial"]: row for row in _json_lines(source / "trials.jsonl")}
            self.clips = list(_json_lines(source / "clips.jsonl"))
            self.duplicates: dict[str, Any] = json.loads((source / "duplicates.json").read_text(encoding="utf-8"))
            with (source / "joints.npz").open("rb") as file:
                self.joints = np.load(file, allow_pickle=False)["joints"]
        except (ValueError, KeyError, OSError, BadZipFile) as error:
            raise InputError(f"{source} is not a readable CMU-HumanML3D pack: {error}") from None

    def crop(self, trial: str, start: int, end: int) -> torch.Tensor:
        """Return joints (end - start, 22, 3) in metres."""
        first = self.trials[trial]["start"]
        return torch.from_numpy(self.joints[first + start : first + end].astype(np.float32) * _METRES_PER_UNIT)

    def usable(self, trial: str) -> tuple[int, int]:
        """Return the span [start, end) of a trial that is not extrapolated."""
        row = self.trials[trial]
        return row["extrapolated_start"], row["frames"] - row["extrapolated_end"]


def write_dataset(
    source: Path,
    out: Path,
    *,
    keep_flagged: bool = False,
    keep_extrapolated: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Write the directory; it gets its name when it is complete.

    Args:
        source: folder of the pack.
        out: folder to write; must not exist or be empty.
        keep_flagged: train on repaired recordings too.
        keep_extrapolated: do not trim extrapolated frames.
        progress: show a progress bar.

    Returns:
        Content of `about.json`: counts and the clips that were left out.

    Raises:
        InputError: `out` is in use, or `source` is not a pack.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out must be a new or empty folder, got {out}")
    pack = Pack(source)
    flagged = set() if keep_flagged else {name for name, row in pack.trials.items() if row["flags"]}
    trimmed = [_clip_piece(pack, row, keep_extrapolated) for row in pack.clips]
    clips = [clip for clip in trimmed if clip.end - clip.start >= MIN_CLIP_FRAMES]
    segments = list(_segments(pack, flagged, keep_extrapolated))
    lists = _split_lists(pack, clips, segments, flagged)

    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _write_pieces(pack, [*clips, *segments], work, progress)
        for name, ids in lists.items():
            (work / f"{name}.txt").write_text("".join(f"{id}\n" for id in ids))
        train = (torch.from_numpy(np.load(work / "new_joint_vecs" / f"{id}.npy")) for id in lists["train"])
        Statistics.of(train).save(work)
        about = _about(pack, clips, lists, flagged)
        (work / "about.json").write_text(json.dumps(about, indent=1) + "\n")
        work.chmod((work / "texts").stat().st_mode)  # mkdtemp makes private folders
        if out.exists():
            out.rmdir()
        work.rename(out)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return about


def _clip_piece(pack: Pack, row: dict[str, Any], keep_extrapolated: bool) -> Piece:
    """Trim the extrapolated frames of a HumanML3D clip and move the spans of its captions along."""
    first, last = (0, row["end"]) if keep_extrapolated else pack.usable(row["trial"])
    start, end = max(row["start"], first), min(row["end"], last)
    shift = (start - row["start"]) / FPS
    captions = (Caption(c["text"], c["tokens"], c["start"], c["end"]) for c in row["captions"])
    moved = (c if c.whole else replace(c, start=max(c.start - shift, 0.0), end=c.end - shift) for c in captions)
    return Piece(row["id"], row["trial"], start, end, tuple(moved))


def _segments(pack: Pack, flagged: set[str], keep_extrapolated: bool) -> Iterator[Piece]:
    """Cut every trial into segments of at most SEGMENT_FRAMES that touch no val or test frame."""
    held_out = _held_out_frames(pack)
    for trial, row in pack.trials.items():
        if trial in flagged:
            continue
        first, last = (0, row["frames"]) if keep_extrapolated else pack.usable(trial)
        free = np.ones(row["frames"], dtype=bool)
        free[:first] = free[last:] = False
        for start, end in held_out.get(trial, ()):
            free[max(start, 0) : max(end, 0)] = False
        text = row["cmu_text"]
        captions = (Caption(text, " ".join(f"{word}/OTHER" for word in text.split())),) if text else ()
        for start, end in _runs(free):
            parts = math.ceil((end - start) / SEGMENT_FRAMES)
            edges = np.linspace(start, end, parts + 1).astype(int).tolist()
            for a, b in pairwise(edges):
                if b - a >= MIN_SEGMENT_FRAMES:
                    yield Piece(f"S{trial}_{a:05d}", trial, a, b, captions)


def _held_out_frames(pack: Pack) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of val and test clips in each trial, those in duplicate recordings included."""
    twins: dict[str, list[tuple[str, int]]] = {}
    for pair in pack.duplicates["pairs"]:
        offset = pair["offset_frames"]
        twins.setdefault(pair["a"], []).append((pair["b"], offset))
        twins.setdefault(pair["b"], []).append((pair["a"], -offset))
    held_out: dict[str, list[tuple[int, int]]] = {}
    for clip in pack.clips:
        if clip["split"] != "train":
            for trial, offset in [(clip["trial"], 0), *twins.get(clip["trial"], [])]:
                held_out.setdefault(trial, []).append((clip["start"] + offset, clip["end"] + offset))
    return held_out


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _split_lists(pack: Pack, clips: list[Piece], segments: list[Piece], flagged: set[str]) -> dict[str, list[str]]:
    """Return every list with mirrored ids, as in HumanML3D."""
    split_of = {row["id"]: row["split"] for row in pack.clips}
    base: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for clip in clips:
        if split_of[clip.id] != "train" or clip.trial not in flagged:
            base[split_of[clip.id]].append(clip.id)
    base["train_val"] = base["train"] + base["val"]
    base["all"] = base["train_val"] + base["test"]
    for name in ("val", "test"):
        clean = set(pack.duplicates[f"clean_{name}_ids"])
        base[f"clean_{name}"] = [id for id in base[name] if id in clean]
    base["tokenizer"] = [segment.id for segment in segments]
    base["extra"] = [s.id for s in segments if s.captions and not pack.trials[s.trial]["humanml3d"]]
    return {name: [id for base_id in ids for id in (base_id, f"M{base_id}")] for name, ids in base.items()}


def _write_pieces(pack: Pack, pieces: list[Piece], folder: Path, progress: bool) -> None:
    from rich.progress import track

    for name in ("new_joints", "new_joint_vecs", "texts"):
        (folder / name).mkdir()
    for piece in track(pieces, description="writing clips", disable=not progress):
        joints = pack.crop(piece.trial, piece.start, piece.end)
        mirrored = tuple(caption.mirror() for caption in piece.captions)
        versions = (("", joints, piece.captions), ("M", mirror_joints(joints), mirrored))
        for prefix, version, captions in versions:
            features = encode_raw(version)
            np.save(folder / "new_joint_vecs" / f"{prefix}{piece.id}.npy", features.numpy())
            np.save(folder / "new_joints" / f"{prefix}{piece.id}.npy", decode(features).numpy())
            text = "".join(f"{caption.line()}\n" for caption in captions)
            (folder / "texts" / f"{prefix}{piece.id}.txt").write_text(text, encoding="utf-8")


def _about(pack: Pack, clips: list[Piece], lists: dict[str, list[str]], flagged: set[str]) -> dict[str, Any]:
    rows = {row["id"]: row for row in pack.clips}
    trimmed = [clip for clip in clips if clip.end - clip.start < rows[clip.id]["end"] - rows[clip.id]["start"]]
    written = {clip.id for clip in clips}
    left_out = [clip.id for clip in clips if rows[clip.id]["split"] == "train" and clip.trial in flagged]
    return {
        "source": "CMU Graphics Lab Motion Capture Database; captions, ids and splits of HumanML3D (MIT)",
        "fps": FPS,
        "clips_per_list_with_mirrored": {name: len(ids) for name, ids in lists.items()},
        "flagged_train_clips_left_out": left_out,
        "clips_with_extrapolated_frames_trimmed": len(trimmed),
        "clips_left_out_since_nothing_remains_after_trimming": [id for id in rows if id not in written],
        "statistics": "over the train list, mirrored clips included",
    }


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)
