"""What the trunk does to the sides: it leans, twists, and carries the weight from foot to foot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, SIDES, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Swing, moves, spans
from kinmo_annotate.vocabulary import observed

# Degrees: smallest swing that counts, and within which a swing has come back to the middle. The lean of a
# walk stays within 12 in half of the train and val clips, 6 to each side.
_LEAN: Final = (14.0, 12.0)
_LEAN_WALKING: Final = (16.0, 14.0)
_TWIST: Final = (28.0, 18.0)
_BOTH: Final = 0.2  # share of a swing, least, that goes to either side of the middle
_WALKING: Final = 0.3  # m/s of the pelvis, as for travel

# The weight of a person whose feet both stand: said in .13 of the train clips.
_SHIFT: Final = 0.07  # m that the pelvis moves along the line between the ankles
_SWAY: Final = 0.05  # m, again and again
_OVER: Final = 0.5  # share of the way from the middle to the ankle, at which the weight is over one foot
_STANDS: Final = (0.3, 0.12)  # m/s and m over the floor of a foot, most
_TURNING: Final = 20.0  # degrees of the heading; the feet of a body that turns more go round under it
_UPRIGHT: Final = 40.0  # degrees of the spine over the horizon, least
_STANCE_FRAMES, _STANCE_JOIN = 16, 2

_NOTABLE: Final = {
    "rocks": 20.0,
    "tip": 25.0,
    "twists": 40.0,
    "twist": 45.0,
    "weight": 0.3,
}  # swings of size 1, degrees and m


def sideways_statements(signals: Signals) -> Iterator[Observed]:
    """State leans and twists to a side, or from side to side, and shifts of the weight."""
    speed = np.hypot(np.gradient(signals["travel_x"]), np.gradient(signals["travel_z"])) * FPS
    for swing in moves(signals["lean"], _LEAN[0]):
        during = speed[swing.start : swing.end + 1]
        least, middle = _LEAN_WALKING if float(during.mean()) > _WALKING else _LEAN
        if abs(swing.size) >= least:
            yield from _swing(signals["lean"], swing, (least, middle), "rocks", "tip")
    for swing in moves(signals["twist"], _TWIST[0]):
        if signals["trunk_rise"][swing.start : swing.end + 1].min() > _UPRIGHT:
            yield from _swing(signals["twist"], swing, _TWIST, "twists", "twist")
    yield from _weight(signals)


def _swing(
    values: NDArray[np.floating], swing: Swing | Repeat, limits: tuple[float, float], repeated: str, single: str
) -> Iterator[Observed]:
    least, middle = limits
    if isinstance(swing, Repeat):
        if min(-swing.low, swing.high) < _BOTH * swing.size:
            return  # to one side and back
        often = words.often(values, least, swing)
        yield observed("torso", repeated, *swing.span, size=swing.size / _NOTABLE[repeated], times=often)
    elif abs(swing.last) >= middle:
        size, angle = abs(swing.size) / _NOTABLE[single], words.degrees(swing.last)
        yield observed("torso", single, *swing.span, size=size, side=words.side(swing.last), angle=angle)


def _weight(signals: Signals) -> Iterator[Observed]:
    """State how the weight goes to one foot, or from foot to foot, while both stand."""
    stands = signals["trunk_rise"] > _UPRIGHT
    fastest, highest = _STANDS
    for side in SIDES:
        speed = np.hypot(*(np.gradient(signals[f"{side}_foot_{axis}"]) for axis in "xz")) * FPS
        stands &= (speed < fastest) & (signals[f"{side}_foot_lift"] < highest)
    for start, end in spans(stands, min_frames=_STANCE_FRAMES, join=_STANCE_JOIN):
        weight, reach = signals["weight"][start:end], signals["stance"][start:end] / 2
        for swing in moves(weight, _SWAY):
            span = (start + swing.start, start + swing.end)
            if np.ptp(signals["heading"][span[0] : span[1] + 1]) > _TURNING:
                continue
            if isinstance(swing, Repeat):
                yield observed("torso", "sways", *span, times=words.times(swing.count))
            elif abs(swing.size) > _SHIFT and swing.last * np.sign(swing.size) > _OVER * reach[swing.end]:
                size, distance = abs(swing.size) / _NOTABLE["weight"], words.metres(swing.size)
                yield observed("torso", "weight", *span, size=size, side=words.side(swing.last), distance=distance)
