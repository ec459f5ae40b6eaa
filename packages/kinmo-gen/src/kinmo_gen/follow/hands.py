"""Rules about the place of the hands: above the head, out to the side, at the hip, on the floor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from kinmo_core.features import FPS
from kinmo_gen.follow.body import FORWARD, LEFT, OTHER, OUTWARD, UP, Array, Body
from kinmo_gen.follow.spans import Rule, Span, runs

_ABOVE_HEAD: Final = 0.05  # m from the head joint, which lies between the ears, up to the wrist
LOW: Final = 0.25  # m from the wrist up to the shoulder
_REACH: Final = 0.42  # m from shoulder to wrist forward or outward; an arm is 0.52 long
_LEVEL: Final = 0.22  # m, largest difference in height of shoulder and wrist
_AT_FACE: Final = 0.24  # m between wrist and head joint; a hand is about 0.18 long
_AT_BODY: Final = 0.22  # m between wrist and hip, shoulder, elbow or knee
_AT_FOOT: Final = 0.25  # m between wrist and ankle or toes
_BEHIND: Final = 0.12  # m from pelvis back to the wrist
_NEAR_FLOOR: Final = 0.35  # m, height of the wrist
CLOSE_HANDS: Final = 0.2  # m between the wrists when palms touch
_ELBOW_OUT: Final = 60.0  # degrees, least bend of the elbow with a hand on the hip
_ELBOW_ASIDE: Final = 0.03  # m, that this elbow is further out than the wrist
_IDLE: Final = 0.12  # m, that the other hand stays away from the place
_BROUGHT: Final = 0.25  # m, way of a hand that is brought somewhere
BROUGHT_SECONDS: Final = 2.0  # s, in which it is brought


def wrist(body: Body, side: str) -> Array:
    """Return the place (T, 3) of a wrist in the axes of the body."""
    return body.at(f"{side}_wrist")


def from_shoulder(body: Body, side: str) -> Array:
    """Return the vector (T, 3) from shoulder to wrist: forward, up and outward."""
    return (wrist(body, side) - body.at(f"{side}_shoulder")) * [1.0, 1.0, OUTWARD[side]]


def distance(body: Body, first: str, second: str) -> Array:
    """Return the distance (T,) of two joints, m."""
    return np.linalg.norm(body.at(first) - body.at(second), axis=-1)


def _near(part: str, reach: float = _AT_BODY, *, other: bool = False) -> Callable[[Body, str], Array]:
    return lambda body, side: reach - distance(body, f"{side}_wrist", f"{OTHER[side] if other else side}_{part}")


def _beside(axis: int) -> Callable[[Body, str], Array]:
    def margin(body: Body, side: str) -> Array:
        vector = from_shoulder(body, side)
        return np.minimum(vector[:, axis] - _REACH, _LEVEL - np.abs(vector[:, UP]))

    return margin


def _on_hip(body: Body, side: str) -> Array:
    outward = (body.at(f"{side}_elbow") - wrist(body, side))[:, LEFT] * OUTWARD[side]
    bent = (body.elbow(side) - _ELBOW_OUT) / 200  # degrees to metres: a forearm of 0.27 m turns 50 degrees in 0.25 m
    return np.minimum.reduce([_AT_BODY - distance(body, f"{side}_wrist", f"{side}_hip"), bent, outward - _ELBOW_ASIDE])


def _behind_back(body: Body, side: str) -> Array:
    place = wrist(body, side)
    low = body.height("neck") - place[:, UP] - LOW
    return np.minimum.reduce([-place[:, FORWARD] - _BEHIND, 0.2 - place[:, LEFT] * OUTWARD[side], low])


def _at_foot(body: Body, side: str) -> Array:
    ends = [f"{foot}_{part}" for foot in ("left", "right") for part in ("ankle", "foot")]
    return _AT_FOOT - np.min([distance(body, f"{side}_wrist", end) for end in ends], axis=0)


# How far inside a place the hand of a side is, m; negative outside.
PLACES: Final[dict[str, Callable[[Body, str], Array]]] = {
    "above_head": lambda body, side: wrist(body, side)[:, UP] - body.height("head") - _ABOVE_HEAD,
    "above_shoulder": lambda body, side: from_shoulder(body, side)[:, UP] - 0.05,
    "low": lambda body, side: -from_shoulder(body, side)[:, UP] - LOW,
    "front": _beside(FORWARD),
    "side": _beside(LEFT),
    "face": lambda body, side: _AT_FACE - distance(body, f"{side}_wrist", "head"),
    "hip": _on_hip,
    "knee": _near("knee"),
    "other_knee": _near("knee", other=True),
    "other_shoulder": _near("shoulder", other=True),
    "other_elbow": _near("elbow", other=True),
    "foot": _at_foot,
    "floor": lambda body, side: _NEAR_FLOOR - wrist(body, side)[:, UP],
    "behind_back": _behind_back,
    "other_hand": lambda body, _: CLOSE_HANDS - distance(body, "left_wrist", "right_wrist"),
}


_SHARED: Final = frozenset({"low"})  # where hands rest: the other one may be there too


def hand(side: str, place: str, seconds: float = 0.2) -> Rule:
    """Have a hand at a place.

    Args:
        side: left or right, and the other hand is not there; both; or any.
        place: one of `PLACES`.
        seconds: least time.
    """
    margin, idle = PLACES[place], place in _SHARED

    def follow(body: Body) -> list[Span]:
        left, right = margin(body, "left"), margin(body, "right")
        inside = {
            "left": (left >= 0) & (idle | (right < -_IDLE)),
            "right": (right >= 0) & (idle | (left < -_IDLE)),
            "both": (left >= 0) & (right >= 0),
            "any": (left >= 0) | (right >= 0),
        }
        return runs(inside[side], hold=seconds)

    return follow


def brings(side: str, place: str, seconds: float = 0.2) -> Rule:
    """Bring a hand to a place: as `hand`, after a way of at least 25 cm in the last two seconds."""
    at_place = hand(side, place, seconds)

    def follow(body: Body) -> list[Span]:
        moving = {"left": ["left"], "right": ["right"]}.get(side, ["left", "right"])
        found = []
        for start, end in at_place(body):
            since = max(0, start - round(BROUGHT_SECONDS * FPS))
            ways = [_way(wrist(body, each) - body.at("pelvis"), since, start) for each in moving]
            if (max(ways) if side == "any" else min(ways)) >= _BROUGHT:
                found.append((since, end))
        return found

    return follow


def _way(place: Array, since: int, frame: int) -> float:
    return float(np.linalg.norm(place[since : frame + 1] - place[frame], axis=-1).max())
