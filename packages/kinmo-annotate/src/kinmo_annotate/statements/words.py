"""Numbers and places in words, the same for left and right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.statements.changes import Swing, swings

FPS: Final = 20.0  # frames per second of everything that is measured
Signals = Mapping[str, NDArray[np.floating]]  # name, as in `measures.measure`, to (T,)

_WORD: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HEIGHTS: Final = ("floor", "knee", "hip", "chest", "shoulder", "head")
_HEIGHT_EDGES: Final = (0.4, 1.4, 2.25, 2.75, 3.4, 4.4)  # those of the posecode `hand_level`
_FRONT_OF: Final = {"hip": "hips", "chest": "chest", "shoulder": "shoulder", "head": "face"}


def count(number: int) -> str:
    """7 to "seven"; above twelve the digits."""
    return _WORD[number] if number < len(_WORD) else str(number)


def times(number: int) -> str:
    """ "once", "twice", "five times"."""
    return {1: "once", 2: "twice"}.get(number, f"{count(number)} times")


def often(values: NDArray[np.floating], least: float, number: int) -> str:
    """How many times a number goes there and back, unless swings of half the size would make another number of it."""
    halves = len(swings(values, least / 2)) / 2
    return times(number) if halves <= number + 1 else "again and again"


def degrees(angle: float) -> str:
    """To ten degrees; from 300 on to half turns."""
    if abs(angle) < 300:
        return f"about {max(10, round(abs(angle) / 10) * 10)} degrees"
    whole, half = divmod(round(abs(angle) / 180), 2)
    if not half:
        return "a full turn" if whole == 1 else f"{count(whole)} full turns"
    return f"{count(whole)} and a half turns"


def metres(length: float) -> str:
    """To a tenth of a metre, from ten on to a metre."""
    return f"about {abs(length):.0f} m" if abs(length) >= 9.95 else f"about {max(abs(length), 0.1):.1f} m"


def seconds(frames: int) -> str:
    """A duration to full seconds."""
    number = max(1, round(frames / FPS))
    return "a second" if number == 1 else f"{count(number)} seconds"


def bare(place: str) -> str:
    """A place after "to" or "from": without its own "at"."""
    return place.removeprefix("at ")


def pace(swing: Swing, *, slow: float, fast: float) -> str:
    """ " slowly", " quickly" or nothing, by the mean speed of a swing, in its unit a second."""
    speed = abs(swing.size) * FPS / max(swing.frames, 1)
    return " slowly" if speed < slow else " quickly" if speed > fast else ""


def side(number: float) -> str:
    """ "left" for what is above zero: everything that has a side counts to the left."""
    return "left" if number > 0 else "right"


def hand_place(signals: Signals, side: str, frame: int) -> str:
    """Where a hand is, seen from the body: "beside the hip", "in front of the chest", "above the head"."""
    level, front, out, past = (
        float(signals[f"{side}_{name}"][frame]) for name in ("hand_level", "hand_front", "hand_out", "hand_past_middle")
    )
    rung = int(np.searchsorted(_HEIGHT_EDGES, level, side="right"))
    if rung == len(_HEIGHTS):
        return "above the head"
    height = _HEIGHTS[rung]
    if height == "floor":
        return "near the floor"
    if height == "knee":
        return "at knee height"
    if past > 0.05:
        return f"across the body at {height} height"
    if out > 0.3 and out > front:
        return f"out to the side at {height} height"
    if front > 0.22:
        return f"in front of the {_FRONT_OF[height]}"
    if front < -0.16:
        return f"behind the {'hips' if height == 'hip' else 'back'}"
    # A bent or twisted trunk can be far from a hand that hangs right below its shoulder.
    return f"beside the {height}" if signals[f"{side}_hand_trunk"][frame] < 0.42 else f"at {height} height"


def way(forward: float, left: float) -> str:
    """Direction of a displacement as the body sees it: "forward", "backward and to the left", "to the right"."""
    along = "forward" if forward > 0 else "backward"
    across = "to the left" if left > 0 else "to the right"
    if abs(left) < 0.45 * abs(forward):
        return along
    return across if abs(forward) < 0.45 * abs(left) else f"{along} and {across}"
