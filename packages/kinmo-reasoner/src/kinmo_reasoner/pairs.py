"""Motions in words: the sentences of people about them, and their timelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kinmo_core.data.humanml3d import Sample
from kinmo_core.features import FPS
from kinmo_core.text import Timeline


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
