"""Amounts, places, directions and speeds in words, the same for left and right."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, HAND_LEVELS, Signals
from kinmo_annotate.statements.changes import Swing, swings
from kinmo_annotate.vocabulary import Amount
from kinmo_core.text.statement import SLOT, TURNS_FROM, Real

# Smaller amounts are within what markers and joint estimates miss.
_MIN_DEGREES: Final = 10.0
_MIN_METRES: Final = 0.1

# Places of a hand: metres on a body of HumanML3D's size; the shares are of both hands in CMU's training frames.
_HEIGHTS: Final = ("floor", "knee", "hip", "chest", "shoulder", "head", "above")  # between the edges of `HAND_LEVELS`
_FRONT_OF: Final = {"hip": "hips", "chest": "chest", "shoulder": "shoulder", "head": "face"}
_ACROSS: Final = 0.05  # m past the middle of the body
_TO_THE_SIDE: Final = 0.3  # m outward from the shoulder; 94 % of all hands are closer
_IN_FRONT: Final = 0.22  # m ahead of the shoulder; 77 % of all hands are closer
_BEHIND: Final = -0.16  # m
_BESIDE: Final = 0.42  # m from the trunk; a bent or twisted trunk can be far from a hand that hangs below its shoulder
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


def hand_height(signals: Signals, side: str, frame: int) -> str:
    """Return the part of the body that a hand is level with: one of `_HEIGHTS`."""
    return _HEIGHTS[int(np.searchsorted(HAND_LEVELS, float(signals[f"{side}_hand_level"][frame]), side="right"))]


def hand_place(signals: Signals, side: str, frame: int) -> str:
    """Return where a hand is, seen from the body: "beside the hip", "in front of the chest", "above the head"."""
    height = hand_height(signals, side, frame)
    fixed = {"above": "above the head", "floor": "near the floor", "knee": "at knee height"}
    if height in fixed:
        return fixed[height]
    front, out, past = (float(signals[f"{side}_hand_{name}"][frame]) for name in ("front", "out", "past_middle"))
    if past > _ACROSS:
        return f"across the body at {height} height"
    if out > _TO_THE_SIDE and out > front:
        return f"out to the side at {height} height"
    if front > _IN_FRONT:
        return f"in front of the {_FRONT_OF[height]}"
    if front < _BEHIND:
        return f"behind the {'hips' if height == 'hip' else 'back'}"
    return f"beside the {height}" if signals[f"{side}_hand_trunk"][frame] < _BESIDE else f"at {height} height"


def way(forward: float, left: float) -> str:
    """Return the direction of a displacement as the body sees it: "forward", "backward and to the left", "to the right"."""
    along = "forward" if forward > 0 else "backward"
    across = "to the left" if left > 0 else "to the right"
    if abs(left) < _STRAIGHT * abs(forward):
        return along
    return across if abs(forward) < _STRAIGHT * abs(left) else f"{along} and {across}"
