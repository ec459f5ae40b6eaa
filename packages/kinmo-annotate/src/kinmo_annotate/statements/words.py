"""Amounts, places, directions and speeds in words, the same for left and right."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, PLACES, SIDES, Signals
from kinmo_annotate.statements.changes import Repeat, Swing, swings
from kinmo_annotate.vocabulary import Amount
from kinmo_core.text.statement import SLOT, TURNS_FROM, Real

# Smaller amounts are within what markers and joint estimates miss.
_MIN_DEGREES: Final = 10.0
_MIN_METRES: Final = 0.1

CLEAR: Final = 1.25  # most swings of half the size for one of the whole, of a number of times that is clear
_MOST: Final = 0.5  # share of the frames in which a hand is in the place that is told of it
_TOP: Final = 2.5  # times the mean speed of a slow swing that it is fast at most
_STRAIGHT: Final = 0.45  # of the larger part of a displacement: a smaller part is not named; 24 degrees


def degrees(angle: Real, before: str = "") -> Amount:
    """Return "about {}" of an angle in degrees, without "about" where full or half turns are counted."""
    size = max(abs(float(angle)), _MIN_DEGREES)
    return Amount(size, "degrees", f"{before}{SLOT if size >= TURNS_FROM else f'about {SLOT}'}")


def metres(length: Real) -> Amount:
    """Return "about {}" of a length in metres."""
    return Amount(max(abs(float(length)), _MIN_METRES), "metres", f"about {SLOT}")


def times(number: int, before: str = "") -> Amount:
    """Return how often, with words before it."""
    return Amount(number, "times", f"{before}{SLOT}")


def often(values: NDArray[np.floating], min_size: float, repeat: Repeat) -> Amount | str:
    """Return how many times a number goes there and back, or "again and again" where half the size gives another count.

    All of the motion counts, since a description tells how often without telling when.
    """
    halves = len(swings(values, min_size / 2)) / 2
    return times(repeat.count) if halves <= CLEAR * repeat.count else "again and again"


def pace(values: NDArray[np.floating], swing: Swing, *, slow: float, fast: float) -> str:
    """Return " slowly", " quickly" or nothing, by the mean speed of a swing of `values`, in its unit a second.

    A swing that is quick for a part of its way is not slow.
    """
    speed, steps = abs(swing.size) * FPS / max(swing.frames, 1), np.diff(values[swing.start : swing.end + 1])
    slowly = speed < slow and float(np.abs(steps).max(initial=0.0)) * FPS < _TOP * slow
    return " slowly" if slowly else " quickly" if speed > fast else ""


def side(number: float) -> str:
    """Return "left" for a positive number: everything that has a side counts to the left."""
    return "left" if number > 0 else "right"


def hand_place(signals: Signals, side: str, frame: int) -> str:
    """Return where a hand is, one of `PLACES`: "beside the hip", "in front of the chest", "above the head"."""
    return PLACES[int(signals[f"{side}_hand_place"][frame])]


def most_of(signals: Signals, side: str, start: int, end: int) -> str:
    """Return " in front of the chest", the place of a hand in most frames from start to end; nothing where there is none."""
    places, counts = np.unique(signals[f"{side}_hand_place"][start : end + 1].astype(int), return_counts=True)
    most = int(counts.argmax())
    return f" {PLACES[places[most]]}" if counts[most] > _MOST * counts.sum() else ""


def both_hands(signals: Signals, frame: int) -> str:
    """Return " in front of the chest" where both hands are in the same place, else nothing."""
    left, right = (hand_place(signals, side, frame) for side in SIDES)
    alike = left == right and not left.startswith(("beside", "out", "across", "at the shoulder", "at the other"))
    return f" {left}" if alike else ""


def way(forward: float, left: float) -> str:
    """Return the direction of a displacement as the body sees it: "forward", "backward and to the left", "to the right"."""
    along = "forward" if forward > 0 else "backward"
    across = "to the left" if left > 0 else "to the right"
    if abs(left) < _STRAIGHT * abs(forward):
        return along
    return across if abs(forward) < _STRAIGHT * abs(left) else f"{along} and {across}"
