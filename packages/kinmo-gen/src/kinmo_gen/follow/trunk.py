"""Rules about trunk and head: leans, bows, twists, nods."""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_gen.follow.body import FORWARD, LEFT, UP, Array, Body
from kinmo_gen.follow.spans import Rule, Span, runs, series, swings

_SIDES: Final = {"left": 1.0, "right": -1.0}
_KNEES_UP: Final = 0.3  # m, least height of the knees
_ASKEW: Final = 35.0  # degrees that a lean forward may go to the side, and the other way round
_OVER: Final = 150.0  # degrees, largest lean
_FEET_DOWN: Final = 0.25  # m, largest height of an ankle in a bow
_STRAIGHT_LEGS: Final = 0.75  # m, least height of the pelvis in a bow
_SWAY_SECONDS: Final = 1.5  # longest time of a swing to one side
_SWAY_TILT: Final = 40.0  # degrees between trunk and vertical
_SWAY_PLACE: Final = 0.5  # m, in which the pelvis stays
_NOD_SECONDS: Final = 1.0  # longest time of a nod in a series
_NOD_PLACE: Final = 0.1  # m, in which the pelvis stays
_LOOKS: Final = {
    "down": 62.0,
    "up": 15.0,
}  # degrees between neck and head; 41 when looking ahead, 26 to 55 in 90 % of frames


def lean(body: Body, direction: str) -> Array:
    """Return the angle (T,) of the trunk from vertical towards forward, backward, left or right, degrees."""
    axis, sign = {"forward": (FORWARD, 1), "backward": (FORWARD, -1), "left": (LEFT, 1), "right": (LEFT, -1)}[direction]
    return np.degrees(np.arctan2(sign * body.trunk[:, axis], body.trunk[:, UP]))


def leans(direction: str, degrees: float, seconds: float = 0.2) -> Rule:
    """Lean the trunk forward, backward, left or right on feet that stand."""

    across = ("forward", "backward") if direction in _SIDES else ("left", "right")

    def follow(body: Body) -> list[Span]:
        on_feet = np.minimum(body.height("left_knee"), body.height("right_knee")) > _KNEES_UP
        angle, aside = lean(body, direction), np.max([lean(body, each) for each in across], axis=0)
        straight = (aside < _ASKEW) | (np.abs(angle) > 90 - _ASKEW)  # near level, the other angle says nothing
        return runs((angle > degrees) & (angle < _OVER) & on_feet & straight, hold=seconds)

    return follow


def bows(degrees: float, count: int = 1) -> Rule:
    """Lean forward by at least `degrees` and come up again, `count` times, on legs that stay nearly straight."""

    def follow(body: Body) -> list[Span]:
        angle = lean(body, "forward")
        legs = np.maximum(body.height("left_ankle"), body.height("right_ankle")) < _FEET_DOWN
        legs &= body.height("pelvis") > _STRAIGHT_LEGS
        deep = [f for f in swings(angle, degrees) if degrees < angle[f] < _OVER and legs[max(0, f - 8) : f + 8].all()]
        return [(max(0, deep[0] - 8), deep[-1] + 8)] if len(deep) >= count else []

    return follow


def twist(body: Body) -> Array:
    """Return the angle (T,) by which the shoulders are turned to the left of the hips, degrees."""
    hips, shoulders = (body.at(f"left_{part}") - body.at(f"right_{part}") for part in ("hip", "shoulder"))
    angle = [np.arctan2(line[:, FORWARD], line[:, LEFT]) for line in (hips, shoulders)]
    return -np.degrees((angle[1] - angle[0] + np.pi) % (2 * np.pi) - np.pi)


def twists(side: str, degrees: float) -> Rule:
    """Turn the shoulders against the hips, upright."""

    def follow(body: Body) -> list[Span]:
        return runs((_SIDES[side] * twist(body) > degrees) & (body.tilt < 60), hold=0.15)

    return follow


def twists_to_and_fro(degrees: float, count: int) -> Rule:
    """Turn the shoulders against the hips to one side and the other, `count` times in all."""
    return lambda body: series(twist(body), degrees, count, _SWAY_SECONDS * count)


def sways(degrees: float, count: int) -> Rule:
    """Lean the trunk from side to side on the spot, `count` times in all."""

    def follow(body: Body) -> list[Span]:
        found = series(lean(body, "left"), degrees, count, _SWAY_SECONDS * count)
        return [span for span in found if _calm(body, span, _SWAY_PLACE) and body.tilt[slice(*span)].max() < _SWAY_TILT]

    return follow


def _calm(body: Body, span: Span, metres: float) -> bool:
    """Tell whether the pelvis stays inside a cube."""
    return bool(np.ptp(body.joints[slice(*span), 0], axis=0).max() < metres)


def nod(body: Body) -> Array:
    """Return the angle (T,) between neck and head as the head goes down, degrees; about 40 when looking ahead."""
    neck, head = body.at("neck") - body.at("spine3"), body.at("head") - body.at("neck")
    return np.degrees(np.arctan2(head[:, FORWARD], head[:, UP]) - np.arctan2(neck[:, FORWARD], neck[:, UP]))


def head_tilt(body: Body) -> Array:
    """Return the angle (T,) of the head towards the left shoulder, seen from the trunk, degrees."""
    head = body.at("head") - body.at("neck")
    return np.degrees(np.arcsin((head[:, LEFT] / np.linalg.norm(head, axis=-1)).clip(-1, 1))) - lean(body, "left")


def looks(direction: str, seconds: float = 0.3) -> Rule:
    """Bend the head down or up against the neck."""

    def follow(body: Body) -> list[Span]:
        angle = nod(body)
        bent = angle > _LOOKS["down"] if direction == "down" else angle < _LOOKS["up"]
        return runs(bent & (body.tilt < 60), hold=seconds)

    return follow


def nods(count: int, degrees: float) -> Rule:
    """Bend the head down and up at least `count` times while the body is quiet."""

    def follow(body: Body) -> list[Span]:
        head, leaning = body.at("head") - body.at("neck"), lean(body, "forward")
        found = series(
            np.degrees(np.arctan2(head[:, FORWARD], head[:, UP])), degrees, 2 * count - 1, _NOD_SECONDS * count
        )
        return [s for s in found if _calm(body, s, _NOD_PLACE) and np.ptp(leaning[slice(*s)]) < degrees / 2]

    return follow


def tilts_head(side: str, degrees: float) -> Rule:
    """Bend the head towards a shoulder."""
    return lambda body: runs((_SIDES[side] * head_tilt(body) > degrees) & (body.tilt < 60), hold=0.3)
