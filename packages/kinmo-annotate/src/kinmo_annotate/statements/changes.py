"""How a number changes over time: swings from one turning point to the next, and swings that repeat.

A swing counts only if it is large enough, so that noise and sway leave no trace, and where it starts and ends does not
depend on where the recording is cut. All on one number of one motion, (T,), in its own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stretch:
    """From frame `start` to frame `end`."""

    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        """Start and end."""
        return self.start, self.end

    @property
    def frames(self) -> int:
        """Duration."""
        return self.end - self.start

    def overlap(self, other: Stretch) -> int:
        """Frames that both share; negative where they lie apart."""
        return min(self.end, other.end) - max(self.start, other.start)


@dataclass(frozen=True)
class Swing(Stretch):
    """A number goes from one turning point to the next; nine tenths of it happen between `start` and `end`.

    Args:
        first, last: its value at either turning point.
    """

    first: float
    last: float

    @property
    def size(self) -> float:
        """Signed."""
        return self.last - self.first


@dataclass(frozen=True)
class Repeat(Stretch):
    """A number goes back and forth.

    Args:
        count: times there and back.
        size: mean size of a swing.
        low, high: mean of the lower and of the upper turning points.
    """

    count: int
    size: float
    low: float
    high: float


def swings(values: NDArray[np.floating], least: float) -> list[Swing]:
    """All swings of at least `least`, in order; consecutive ones go in opposite directions."""
    points = turning_points(values, least)
    return [_swing(values, *pair) for pair in pairwise(points)]


def turning_points(values: NDArray[np.floating], least: float) -> list[int]:
    """Frames of the extremes between which the values move by at least `least`; empty where they never do."""
    points: list[int] = []
    series = values.tolist()
    low = high = 0  # frames of the extremes since the last turning point
    rising = 0
    for frame, value in enumerate(series):
        if value > series[high]:
            high = frame
        if value < series[low]:
            low = frame
        if rising >= 0 and series[high] - value >= least:
            points.append(high)
            rising, low, high = -1, frame, frame
        elif rising <= 0 and value - series[low] >= least:
            points.append(low)
            rising, low, high = 1, frame, frame
    if points:
        points.append(high if rising > 0 else low)
    return points


def repeats(found: Sequence[Swing], *, cycles: int = 2, gap: int = 20, even: float = 0.45) -> list[Swing | Repeat]:
    """The swings with those that repeat taken together.

    Args:
        found: consecutive swings.
        cycles: so many times there and back make a repetition.
        gap: largest pause between two swings of one, or within one, frames.
        even: smallest ratio of two consecutive swings of one.
    """
    out: list[Swing | Repeat] = []
    run: list[Swing] = []
    for swing in found:
        if run and not _goes_on(run[-1], swing, gap, even):
            out += _close(run, cycles)
            run = []
        run.append(swing)
    return out + _close(run, cycles)


def _goes_on(before: Swing, swing: Swing, gap: int, even: float) -> bool:
    """Whether a swing continues a repetition: about as large as the one before, without a pause between or within."""
    short, long = sorted((before.frames, swing.frames))
    pause = max(swing.start - before.end, long - 2 * short)
    return pause <= gap and even <= abs(swing.size / before.size) <= 1 / even


def _close(run: Sequence[Swing], cycles: int) -> list[Swing | Repeat]:
    if len(run) < 2 * cycles:
        return list(run)
    ends = sorted([run[0].first, *(swing.last for swing in run)])
    half = len(ends) // 2
    size = float(np.mean([abs(swing.size) for swing in run]))
    low, high = float(np.mean(ends[:half])), float(np.mean(ends[-half:]))
    return [Repeat(run[0].start, run[-1].end, round(len(run) / 2), size, low, high)]


def _swing(values: NDArray[np.floating], start: int, end: int) -> Swing:
    """Without the slow beginning and end, where a limb only drifts."""
    first, last = float(values[start]), float(values[end])
    done = (values[start : end + 1] - first) / (last - first)
    begin = start + max(int(np.argmax(done > 0.05)) - 1, 0)
    return Swing(begin, start + int(np.argmax(done >= 0.95)), first, last)


def spans(flags: NDArray[np.bool_], *, least: int = 1, join: int = 0) -> list[tuple[int, int]]:
    """(start, end) of the stretches in which a flag is up, end not included.

    Args:
        flags: (T,).
        least: shorter stretches are left out, frames.
        join: stretches with at most so many frames between them are one.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    joined: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and start - joined[-1][1] <= join:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= least]
