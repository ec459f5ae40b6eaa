"""Say what a HumanML3D directory got from each source, and what was left out and why: for `about.json` and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from kinmo_core.data.pack import Pack
from kinmo_core.data.pieces import Pieces
from kinmo_core.features import FPS


def summary(pack: Pack, pieces: Pieces) -> dict[str, Any]:
    """Return the entry of a source in `about.json`: numbers without mirrored copies, hours, and the credit line."""
    clips = [piece for found in pieces.clips.values() for piece in found]
    return {
        "name": pack.source.name,
        "credit": pack.source.credit,
        "licence": pack.source.licence,
        "recordings": len(pack.trials),
        "recording_hours": _hours(trial.frames for trial in pack.trials.values()),
        "clips": {split: len(found) for split, found in pieces.clips.items()},
        "clip_hours": _hours(map(len, clips)),
        "captions": sum(len(piece.captions) for piece in clips),
        "stretches": len(pieces.stretches),
        "stretch_hours": _hours(map(len, pieces.stretches)),
        "captioned_stretches_of_recordings_without_clip": len(pieces.extra),
        "left_out": asdict(pieces.clips_left_out) | asdict(pieces.frames_left_out),
    }


def table(sources: Sequence[Mapping[str, Any]]) -> Table:
    """Draw the entries of all sources as a table with a column for each.

    Args:
        sources: what `summary` returned for them.
    """
    drawn = Table("without mirrored copies", *(source["name"] for source in sources), box=None, pad_edge=False)
    for column in drawn.columns[1:]:
        column.justify = "right"
    for name, *cells in zip(*(_rows(source) for source in sources), strict=True):
        drawn.add_row(name[0], name[1], *(cell[1] for cell in cells))
    return drawn


def _rows(source: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (name, value) of every row."""
    out = source["left_out"]
    return [
        ("recordings", _count(source["recordings"], source["recording_hours"])),
        ("clips of train / val / test", " / ".join(f"{count:,}" for count in source["clips"].values())),
        ("clips in all", _count(sum(source["clips"].values()), source["clip_hours"])),
        ("captions", f"{source['captions']:,}"),
        ("stretches (list tokenizer)", _count(source["stretches"], source["stretch_hours"])),
        ("captioned ones (list extra)", f"{source['captioned_stretches_of_recordings_without_clip']:,}"),
        ("left out: flagged train clips", f"{len(out['flagged_train_clips']):,}"),
        ("left out: clips with nothing left", f"{len(out['clips_with_nothing_left']):,}"),
        ("trimmed clips", f"{out['trimmed_clips']:,}"),
        ("not in stretches: flagged recordings", f"{out['flagged_recordings']:,}"),
        ("not in stretches: too short recordings", f"{out['short_recordings']:,}"),
        ("not in stretches: held-out frames", f"{out['held_out_frames']:,}"),
        ("not in stretches: extrapolated frames", f"{out['extrapolated_frames']:,}"),
        ("not in stretches: frames of too short runs", f"{out['short_stretch_frames']:,}"),
    ]


def _count(number: int, hours: float) -> str:
    return f"{number:,} ({hours:.2f} h)"


def _hours(frames: Iterable[int]) -> float:
    return round(sum(frames) / FPS / 3600, 4)
