"""Spans of frames in which something holds, and how rules are joined: then, together, without, throughout, times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from kinmo_core.features import FPS
from kinmo_gen.follow.body import Array, Body, Mask

Span: TypeAlias = tuple[int, int]  # first frame, frame after the last
Rule: TypeAlias = Callable[[Body], list[Span]]  # where a motion does something; an empty list where it does not

_OVERLAP: Final = 0.5  # s, that two things have to last together
_SPLIT_STEP: Final = 0.2  # s, between the moments at which `then` tries to divide a motion
_THROUGHOUT: Final = 0.8  # share of the frames


def runs(mask: Mask, *, hold: float = 0.1, bridge: float = 0.15) -> list[Span]:
    """Return the spans in which a mask (T,) is true.

    Args:
        mask: one value a frame.
        hold: shortest span, s.
        bridge: longest gap between two spans that count as one, s.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    joined: list[Span] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if joined and start - joined[-1][1] <= bridge * FPS:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= hold * FPS]


def swings(values: Array, size: float) -> list[int]:
    """Return the frames in which values (T,) turn round after having moved by at least `size` in one direction."""
    turns: list[int] = []
    low = high = 0  # frames of the extremes since the last turn
    for frame in range(len(values)):
        low = frame if values[frame] < values[low] else low
        high = frame if values[frame] > values[high] else high
        if values[frame] - values[low] >= size and high == frame and low < frame:
            if not turns or values[turns[-1]] > values[low]:
                turns.append(low)
            low = frame
        elif values[high] - values[frame] >= size and low == frame and high < frame:
            if not turns or values[turns[-1]] < values[high]:
                turns.append(high)
            high = frame
    return turns


def series(values: Array, size: float, count: int, seconds: float) -> list[Span]:
    """Return where values (T,) swing to and fro: turn round `count` times in `seconds`, after ways of at least `size`."""
    frames = swings(values, size)
    ends = zip(frames, frames[count - 1 :], strict=False)
    return [(first, last + 1) for first, last in ends if last - first <= seconds * FPS]


def then(*rules: Rule) -> Rule:
    """Do one thing after the other: the first holds in a beginning of the motion, the next in what is left."""
    first, *others = rules
    if not others:
        return first
    rest = then(*others)

    def follow(body: Body) -> list[Span]:
        started = first(body)
        if not started or any(not rule(body) for rule in others):
            return []
        step = round(_SPLIT_STEP * FPS)
        for split in range(step, len(body), step):
            if done := first(body.part(0, split)):
                following = rest(body.part(split, len(body)))
                return [(done[0][0], split + following[0][1])] if following else []
        return []

    return follow


def together(*rules: Rule) -> Rule:
    """Do two or more things at the same time."""
    first, *others = rules
    if not others:
        return first
    rest = together(*others)

    def follow(body: Body) -> list[Span]:
        found = first(body)
        return [common for a in found for b in rest(body) if (common := _common(a, b))] if found else []

    return follow


def _common(a: Span, b: Span) -> Span | None:
    """Return what two spans share if it is long enough."""
    start, end = max(a[0], b[0]), min(a[1], b[1])
    shortest = min(a[1] - a[0], b[1] - b[0], round(_OVERLAP * FPS))
    return (start, end) if end - start >= shortest else None


def without(rule: Rule, other: Rule) -> Rule:
    """Do one thing, and not another during it."""

    def follow(body: Body) -> list[Span]:
        kept = rule(body)
        against = other(body) if kept else []
        return [a for a in kept if not any(b[0] < a[1] and a[0] < b[1] for b in against)]

    return follow


def never(rule: Rule) -> Rule:
    """Not do a thing anywhere in the motion."""
    return lambda body: [] if rule(body) else [(0, len(body))]


def either(*rules: Rule) -> Rule:
    """Do at least one of several things."""
    return lambda body: sorted(span for rule in rules for span in rule(body))


def throughout(rule: Rule) -> Rule:
    """Do a thing nearly all the time."""

    def follow(body: Body) -> list[Span]:
        frames = {frame for start, end in rule(body) for frame in range(start, end)}
        return [(0, len(body))] if len(frames) >= _THROUGHOUT * len(body) else []

    return follow


def times(rule: Rule, count: int) -> Rule:
    """Do a thing at least `count` times."""

    def follow(body: Body) -> list[Span]:
        found = rule(body)
        return [(found[0][0], found[-1][1])] if len(found) >= count else []

    return follow
