"""Motions in words: the sentences of people about them, and their timelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinmo_core.data.humanml3d import Sample
from kinmo_core.features import FPS
from kinmo_core.text import Timeline, read_records


@dataclass(frozen=True)
class Described:
    """A motion, or a part of it with captions of its own, in words.

    Args:
        id: of the clip.
        sentences: of people.
        timeline: what every limb does.
    """

    id: str
    sentences: tuple[str, ...]
    timeline: Timeline


def read_timelines(path: Path | str) -> dict[str, Timeline]:
    """Read the timelines of an annotation file by id.

    Raises:
        InputError: the file cannot be read, or a line has no timeline.
    """
    return {id: Timeline.from_json(record.get("timeline")) for id, record in read_records(path)}


def described(samples: Sequence[Sample], timelines: Mapping[str, Timeline]) -> list[Described]:
    """Return samples with the timelines of their spans; clips without a timeline are left out."""
    return [
        Described(s.id, tuple(c.text for c in s.captions), _span(s, timelines[s.id]))
        for s in samples
        if s.id in timelines
    ]


def _span(sample: Sample, timeline: Timeline) -> Timeline:
    if sample.whole:
        return timeline
    return timeline.window(sample.start / FPS, min(sample.end / FPS, timeline.seconds))
