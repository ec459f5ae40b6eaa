"""Rules about feet and legs: kicks, knees, standing on one leg, single steps, lunges."""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_core.features import FPS
from kinmo_gen.follow.body import FORWARD, LEFT, OTHER, OUTWARD, UP, Array, Body, Mask
from kinmo_gen.follow.spans import Rule, Span, runs
from kinmo_gen.follow.travel import UPRIGHT, flights, on_the_way, upright

_STANDS: Final = 0.2  # m, largest height of the ankle of the standing leg
_KICK_REACH: Final = 0.4  # m from pelvis to ankle, level
_KICK_SPEED: Final = 3.0  # m/s of the ankle, seen from the body; walkers come to 2.5 with the foot low
_KICK_STAND: Final = 0.8  # m/s of the other ankle
_KICK_TILT: Final = 75.0  # degrees between trunk and vertical; who kicks high leans away
_KICK_KNEE: Final = 75.0  # degrees, largest bend at the end of a kick
_KICK_SECONDS: Final = 0.5
_KNEE_BELOW_HIP: Final = 0.15  # m: the thigh is within 23 degrees of level
_KNEE_AHEAD: Final = 0.15  # m from hip forward to the knee
_LIFTED: Final = 0.2  # m, least height of the ankle of a lifted leg
_ONE_LEG: Final = 0.12  # m from the standing ankle up to the lifted one
_LEG_OUT: Final = 0.35  # m from hip to ankle, level
_HEEL_BACK: Final = 85.0  # degrees, least bend of a knee that brings the heel up behind
_LUNGE: Final = 0.6  # m between the ankles, fore and aft
_LUNGE_KNEE: Final = 60.0  # degrees, least bend of the front knee
_LUNGE_PELVIS: Final = 0.8  # m, largest height of the pelvis


def _ankle(body: Body, side: str) -> Array:
    """Return the vector (T, 3) from the pelvis forward, from the floor up and from the hip outward to an ankle."""
    place, hip = body.at(f"{side}_ankle"), body.at(f"{side}_hip")
    return np.stack([place[:, FORWARD], place[:, UP], (place - hip)[:, LEFT] * OUTWARD[side]], axis=-1)


def _other_stands(body: Body, side: str) -> Mask:
    return upright(body) & (body.height(f"{OTHER[side]}_ankle") < _STANDS)


def _sides(side: str) -> list[str]:
    return ["left", "right"] if side == "any" else [side]


def kicks(side: str, direction: str = "forward") -> Rule:
    """Throw a foot up and away from the body, and stand on the other.

    Args:
        side: left, right or any.
        direction: forward, backward or outward.
    """
    axis, sign = {"forward": (FORWARD, 1.0), "backward": (FORWARD, -1.0), "outward": (LEFT, 1.0)}[direction]

    def follow(body: Body) -> list[Span]:
        found = []
        for each in _sides(side):
            ankle, other = _ankle(body, each), _ankle(body, OTHER[each])
            speed = np.linalg.norm(np.gradient(ankle, axis=0), axis=-1) * FPS if len(body) > 1 else np.zeros(1)
            out = (ankle[:, axis] * sign > _KICK_REACH) & (other[:, axis] * sign < _KICK_REACH / 2)
            out &= (
                (ankle[:, UP] > _LIFTED) & (other[:, UP] < _STANDS) & (body.speed(f"{OTHER[each]}_ankle") < _KICK_STAND)
            )
            for start, end in runs(out & (body.knee(each) < _KICK_KNEE) & (body.tilt < _KICK_TILT), hold=0.05):
                first = max(0, start - round(_KICK_SECONDS * FPS))
                if speed[first : end + 1].max() > _KICK_SPEED:
                    found.append((first, end))
        return sorted(found)

    return follow


def lifts_knee(side: str, seconds: float = 0.1) -> Rule:
    """Lift a knee in front to about the height of the hip, standing on the other leg."""

    def follow(body: Body) -> list[Span]:
        found = []
        for each in _sides(side):
            thigh = body.at(f"{each}_knee") - body.at(f"{each}_hip")
            high = (thigh[:, UP] > -_KNEE_BELOW_HIP) & (thigh[:, FORWARD] > _KNEE_AHEAD)
            lifted = _ankle(body, each)[:, UP] > _LIFTED
            found += runs(high & lifted & _other_stands(body, each), hold=seconds)
        return sorted(found)

    return follow


def stands_on(side: str, seconds: float) -> Rule:
    """Stand on one leg, the other foot off the floor."""

    def follow(body: Body) -> list[Span]:
        found = []
        for each in _sides(side):
            own, other = body.height(f"{each}_ankle"), body.height(f"{OTHER[each]}_ankle")
            rests = body.speed(f"{each}_ankle") < 0.35
            found += runs((other - own > _ONE_LEG) & (own < _STANDS) & rests & upright(body), hold=seconds)
        return sorted(found)

    return follow


def leg_out(side: str, direction: str, seconds: float = 0.2) -> Rule:
    """Hold a leg off the floor forward, backward or outward."""
    axis, sign = {"forward": (FORWARD, 1.0), "backward": (FORWARD, -1.0), "outward": (LEFT, 1.0)}[direction]

    def follow(body: Body) -> list[Span]:
        ankle = _ankle(body, side)
        out = (ankle[:, axis] * sign > _LEG_OUT) & (ankle[:, UP] > _LIFTED) & _other_stands(body, side)
        return runs(out & (body.knee(side) < 60), hold=seconds)

    return follow


def heel_back(side: str, seconds: float = 0.3) -> Rule:
    """Bring a heel up behind the body by bending the knee, and stand on the other leg."""

    def follow(body: Body) -> list[Span]:
        ankle = _ankle(body, side)
        back = (body.knee(side) > _HEEL_BACK) & (ankle[:, FORWARD] < -0.1) & (ankle[:, UP] > _LIFTED + 0.1)
        return runs(back & _other_stands(body, side), hold=seconds)

    return follow


def hops(side: str, count: int) -> Rule:
    """Jump on one leg at least `count` times while the other foot stays off the floor."""

    def follow(body: Body) -> list[Span]:
        own, other = body.height(f"{side}_ankle"), body.height(f"{OTHER[side]}_ankle")
        lifted = runs(other - own > _ONE_LEG / 2, hold=0.6, bridge=0.1)
        leaps = flights(body, (f"{side}_ankle", f"{side}_foot"))
        counted = [[a for a in leaps if start < (a[0] + a[1]) / 2 < end] for start, end in lifted]
        return [(found[0][0], found[-1][1]) for found in counted if len(found) >= count]

    return follow


def steps_with(side: str, direction: str, metres: float) -> Rule:
    """Move a foot over the floor, seen from the body: forward, backward, left or right."""
    axis, sign = {"forward": (0, 1), "backward": (0, -1), "left": (1, 1), "right": (1, -1)}[direction]

    def follow(body: Body) -> list[Span]:
        found = []
        for start, end in on_the_way(body, side):
            joint = body.joints[:, {"left": 7, "right": 8}[side]]
            way = np.repeat((joint[end - 1] - joint[start])[None], len(body), 0)
            towards = sign * body.along(way)[axis][(start + end) // 2]
            if towards >= metres and towards > 0.7 * np.linalg.norm(way[0][[0, 2]]):
                found.append((start, end))
        return found

    return follow


def lunges(side: str) -> Rule:
    """Step far out with one leg and bend its knee."""

    def follow(body: Body) -> list[Span]:
        found = []
        for each in _sides(side):
            apart = _ankle(body, each)[:, FORWARD] - _ankle(body, OTHER[each])[:, FORWARD]
            deep = (body.knee(each) > _LUNGE_KNEE) & (body.height("pelvis") < _LUNGE_PELVIS)
            feet = np.maximum(body.height("left_ankle"), body.height("right_ankle")) < 0.35
            found += runs((apart > _LUNGE) & deep & feet & (body.tilt < UPRIGHT), hold=0.2)
        return sorted(found)

    return follow


def feet_apart(metres: float, seconds: float = 0.3) -> Rule:
    """Have both feet on the floor, one to the left of the other by at least `metres`."""

    def follow(body: Body) -> list[Span]:
        left, right = body.at("left_ankle"), body.at("right_ankle")
        down = np.maximum(left[:, UP], right[:, UP]) < _STANDS
        return runs((left[:, LEFT] - right[:, LEFT] > metres) & down & upright(body), hold=seconds)

    return follow
