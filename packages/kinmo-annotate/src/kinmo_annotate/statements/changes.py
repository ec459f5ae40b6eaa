"""How a number changes over time: swings from one turning point to the next, and swings that repeat.

A swing counts only if it is large enough, so that noise and sway leave no trace, and where it starts and ends does not
depend on where the recording is cut. All on one number of one motion, (T,), in its own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

_CYCLES: Final = 2  # times there and back that make a repetition
_GAP: Final = 20  # frames, 1 s: longest pause between two swings of a repetition, or within one
_EVEN: Final = 0.45  # smallest ratio of two consecutive swings of a repetition
_TOGETHER: Final = 0.6  # correlation from which two numbers change together, or below minus which against each other
_DRIFT: Final = 0.05  # share of a swing that its slow beginning and its slow end each make
_DIRECT: Final = 0.6  # smallest ratio of a swing to all that the number goes in it, to and fro
_PARTS: Final = 0.5  # of the smallest swing; what splits one that goes to and fro
_MOST: Final = 0.75  # share of a swing, least, that is told alone where the rest is slow:
_TIMES: Final = 2.5  # where all of it takes so many times as long,
_LONGER: Final = 10  # and so many frames longer
_CREEP: Final = 0.2  # of the mean speed of that part; what goes on faster belongs to it


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
        """Return the frames that both share; negative where they lie apart."""
        return min(self.end, other.end) - max(self.start, other.start)


@dataclass(frozen=True)
class Swing(Stretch):
    """A number goes from one turning point to the next; nine tenths of it happen between `start` and `end`."""

    first: float  # its value at the turning point before
    last: float  # and at the one after

    @property
    def size(self) -> float:
        """Signed."""
        return self.last - self.first


@dataclass(frozen=True)
class Repeat(Stretch):
    """A number goes back and forth."""

    count: int  # times there and back
    size: float  # mean of its swings
    low: float  # mean of the lower turning points
    high: float  # mean of the upper ones


def moves(values: NDArray[np.floating], min_size: float) -> list[Swing | Repeat]:
    """Find all swings of at least `min_size`, those that repeat taken together.

    A number that goes to and fro on its way, as that of an arm which sways with the steps while it comes forward, does not
    look like one move: of such a swing those parts are returned that go straight.
    """
    out: list[Swing | Repeat] = []
    for one in repeats(swings(values, min_size)):
        out += [one] if isinstance(one, Repeat) or _is_direct(values, one) else _straight_parts(values, one, min_size)
    return [one if isinstance(one, Repeat) else _without_creep(values, one, min_size) for one in out]


def _without_creep(values: NDArray[np.floating], swing: Swing, min_size: float) -> Swing:
    """Return the quick part of a swing that creeps before or after it, as of an elbow that bends and then goes on a little.

    A swing without such a part, or whose quick part is smaller than `min_size`, is returned as it is.
    """
    rising = values * np.sign(swing.size)
    first, frames = _quickest(rising[swing.start : swing.end + 1], _MOST * abs(swing.size))
    if swing.frames < max(_TIMES * frames, frames + _LONGER):
        return swing
    start, end = swing.start + first, swing.start + first + frames
    least = _CREEP * _MOST * abs(swing.size) / frames
    while start > swing.start and rising[start] - rising[start - 1] > least:
        start -= 1
    while end < swing.end and rising[end + 1] - rising[end] > least:
        end += 1
    part = Swing(start, end, float(values[start]), float(values[end]))
    return part if abs(part.size) >= min_size else swing


def _quickest(values: NDArray[np.floating], size: float) -> tuple[int, int]:
    """Return the first frame and the length of the shortest part in which a number rises by `size`; all where none does."""
    frames = np.arange(len(values))
    ends = np.searchsorted(np.maximum.accumulate(values), values + size)
    lengths = np.where(ends < len(values), ends - frames, len(values) - 1)
    first = int(lengths.argmin())
    return first, int(lengths[first])


def _is_direct(values: NDArray[np.floating], swing: Swing) -> bool:
    """Tell whether a number goes from one end of a swing to the other without much to and fro."""
    during = values[swing.start : swing.end + 1]
    return abs(float(during[-1] - during[0])) >= _DIRECT * float(np.abs(np.diff(during)).sum())


def _straight_parts(values: NDArray[np.floating], swing: Swing, min_size: float) -> list[Swing]:
    parts = swings(values[swing.start : swing.end + 1], _PARTS * min_size)
    found = [Swing(swing.start + one.start, swing.start + one.end, one.first, one.last) for one in parts]
    return [one for one in found if abs(one.size) >= min_size and _is_direct(values, one)]


def swings(values: NDArray[np.floating], min_size: float) -> list[Swing]:
    """Find all swings of at least `min_size`, in order; consecutive ones go in opposite directions."""
    points = turning_points(values, min_size)
    return [_swing(values, *pair) for pair in pairwise(points)]


def turning_points(values: NDArray[np.floating], min_size: float) -> list[int]:
    """Find the extremes between which the values move by at least `min_size`: their frames, none if they never do."""
    points: list[int] = []
    series = values.tolist()
    low = high = 0  # frames of the extremes since the last turning point
    rising = 0
    for frame, value in enumerate(series):
        if value > series[high]:
            high = frame
        if value < series[low]:
            low = frame
        if rising >= 0 and series[high] - value >= min_size:
            points.append(high)
            rising, low, high = -1, frame, frame
        elif rising <= 0 and value - series[low] >= min_size:
            points.append(low)
            rising, low, high = 1, frame, frame
    if points:
        points.append(high if rising > 0 else low)
    return points


def repeats(found: Sequence[Swing], *, gap: int = _GAP) -> list[Swing | Repeat]:
    """Take swings that repeat together.

    Args:
        found: consecutive swings.
        gap: longest pause between two swings of one repetition, or within one, frames.
    """
    out: list[Swing | Repeat] = []
    run: list[Swing] = []
    for swing in found:
        if run and not _goes_on(run[-1], swing, gap):
            out += _close(run)
            run = []
        run.append(swing)
    return out + _close(run)


def _goes_on(before: Swing, swing: Swing, gap: int) -> bool:
    """Tell whether a swing continues a repetition: about as large as the one before, without a pause between or within."""
    short, long = sorted((before.frames, swing.frames))
    pause = max(swing.start - before.end, long - 2 * short)
    return pause <= gap and _EVEN <= abs(swing.size / before.size) <= 1 / _EVEN


def _close(run: Sequence[Swing]) -> list[Swing | Repeat]:
    if len(run) < 2 * _CYCLES:
        return list(run)
    ends = sorted([run[0].first, *(swing.last for swing in run)])
    half = len(ends) // 2
    size = float(np.mean([abs(swing.size) for swing in run]))
    low, high = float(np.mean(ends[:half])), float(np.mean(ends[-half:]))
    return [Repeat(run[0].start, run[-1].end, round(len(run) / 2), size, low, high)]


def _swing(values: NDArray[np.floating], start: int, end: int) -> Swing:
    """Cut off the slow beginning and end, where a limb only drifts."""
    first, last = float(values[start]), float(values[end])
    done = (values[start : end + 1] - first) / (last - first)
    begin = int(np.flatnonzero(done <= _DRIFT)[-1])  # the last time: what came before went back again
    return Swing(start + begin, start + begin + int(np.argmax(done[begin:] >= 1 - _DRIFT)), first, last)


def goes_along(values: NDArray[np.floating], swing: Swing | Repeat) -> float:
    """Return how far another number goes in a swing, positive in its direction; in a repetition, how far it ranges."""
    during = values[swing.start : swing.end + 1]
    return float(np.ptp(during) if isinstance(swing, Repeat) else (during[-1] - during[0]) * np.sign(swing.size))


def spans(flags: NDArray[np.bool_], *, min_frames: int = 1, join: int = 0) -> list[tuple[int, int]]:
    """Find the stretches in which a flag is up: (start, end) each, end not included.

    Args:
        flags: (T,).
        min_frames: shorter stretches are left out.
        join: stretches with at most this many frames between them are one.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    joined: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and start - joined[-1][1] <= join:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= min_frames]


def bond_of(first: NDArray[np.floating], second: NDArray[np.floating], *, min_range: float) -> float:
    """Return the correlation of the changes of two numbers; 0 where one moves less than `min_range`, or it is weak.

    Of the changes, since two numbers that drift the same way need not swing together.
    """
    if min(np.ptp(first), np.ptp(second)) < min_range:
        return 0.0
    correlation = float(np.corrcoef(np.gradient(first), np.gradient(second))[0, 1])
    return correlation if abs(correlation) > _TOGETHER else 0.0
