"""Amounts, places, directions and speeds in words, the same for left and right."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, PLACES, SIDES, Signals
from kinmo_annotate.statements.changes import Swing, swings
from kinmo_annotate.vocabulary import Amount
from kinmo_core.text.statement import SLOT, TURNS_FROM, Real

# Smaller amounts are within what markers and joint estimates miss.
_MIN_DEGREES: Final = 10.0
_MIN_METRES: Final = 0.1

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


def often(values: NDArray[np.floating], min_size: float, number: int) -> Amount | str:
    """Return how many times a number goes there and back, or "again and again" where half the size gives another count."""
    halves = len(swings(values, min_size / 2)) / 2
    return times(number) if halves <= number + 1 else "again and again"


def pace(swing: Swing, *, slow: float, fast: float) -> str:
    """Return " slowly", " quickly" or nothing, by the mean speed of a swing, in its unit a second."""
    speed = abs(swing.size) * FPS / max(swing.frames, 1)
    return " slowly" if speed < slow else " quickly" if speed > fast else ""


def side(number: float) -> str:
    """Return "left" for a positive number: everything that has a side counts to the left."""
    return "left" if number > 0 else "right"


def hand_place(signals: Signals, side: str, frame: int) -> str:
    """Return where a hand is, one of `PLACES`: "beside the hip", "in front of the chest", "above the head"."""
    return PLACES[int(signals[f"{side}_hand_place"][frame])]


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
