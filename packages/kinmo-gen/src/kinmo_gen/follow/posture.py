"""Rules about postures: standing, squatting, sitting, kneeling, lying, on all fours, upside down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from kinmo_core.features import FPS
from kinmo_core.skeleton import HUMANML3D
from kinmo_gen.follow.body import FORWARD, OTHER, UP, Array, Body, Mask
from kinmo_gen.follow.spans import Rule, runs
from kinmo_gen.follow.travel import UPRIGHT, upright

_STANDING: Final = 0.82  # m, least height of the pelvis when standing; 0.95 on straight legs
_FOOT_DOWN: Final = 0.22  # m, largest height of an ankle that stands; 0.08 on the flat foot
_SQUAT: Final = 0.68  # m, largest height of the pelvis
_SQUAT_KNEES: Final = 75.0  # degrees, least bend
_IN_FRONT: Final = 0.2  # m from the pelvis forward to the ankles: less in a squat, more on a chair
_SEAT: Final = (0.35, 0.75)  # m, height of the pelvis on a chair
_THIGH_LEVEL: Final = 0.22  # m between the heights of hip and knee
_SHIN_UP: Final = 0.3  # m, least height of the knees when sitting on a chair
ON_FLOOR: Final = 0.33  # m, largest height of a pelvis that sits or lies on the floor
_KNEE_ON_FLOOR: Final = 0.17  # m
_KNEE_OFF_FLOOR: Final = 0.3  # m
_CRAWLING_KNEE: Final = 0.35  # m, largest height of a knee on the way
_KNEELING: Final = 0.28  # m, least height of the pelvis
_HAND_ON_FLOOR: Final = 0.22  # m, of the wrist
_LYING: Final = 60.0  # degrees between trunk and vertical
_FACING: Final = 0.5  # vertical part of the chest's direction
_STILL: Final = 0.25  # m/s, of the fastest of hands, feet and head
_UPSIDE_DOWN: Final = 0.2  # m from neck up to pelvis
_LEGS_UP: Final = 0.3  # m from pelvis up to the higher ankle
_BENT_KNEES: Final = 50.0  # degrees, least bend
_CROUCH: Final = 0.75  # m, largest height of the pelvis
_CROUCH_KNEES: Final = 45.0  # degrees, least bend
_TOGETHER: Final = 0.25  # m between the ankles

_STILL_JOINTS: Final = ("left_wrist", "right_wrist", "left_ankle", "right_ankle", "head")


def _heights(body: Body, part: str) -> tuple[Array, Array]:
    return body.height(f"left_{part}"), body.height(f"right_{part}")


def _standing(body: Body) -> Mask:
    return upright(body) & (body.height("pelvis") > _STANDING) & (np.minimum(*_heights(body, "ankle")) < _FOOT_DOWN)


def _still(body: Body) -> Mask:
    places = body.joints[:, HUMANML3D.index(*_STILL_JOINTS)]
    if len(body) < 2:
        return np.zeros(len(body), dtype=bool)
    speed = np.linalg.norm(np.gradient(places, axis=0), axis=-1).max(-1) * FPS
    return (speed < _STILL) & _standing(body)


def _low(body: Body) -> Mask:
    """Return where both knees are well bent above feet that stand, with the trunk not lying."""
    bent = np.minimum(body.knee("left"), body.knee("right")) > _SQUAT_KNEES
    feet = np.maximum(*_heights(body, "ankle")) < _FOOT_DOWN
    return bent & feet & (np.minimum(*_heights(body, "knee")) > _KNEE_OFF_FLOOR) & (body.tilt < _LYING + 15)


def _feet_ahead(body: Body) -> Array:
    return body.at("left_ankle", "right_ankle")[:, FORWARD]


def _squatting(body: Body) -> Mask:
    return _low(body) & (body.height("pelvis") < _SQUAT) & (_feet_ahead(body) < _IN_FRONT)


def _sitting(body: Body) -> Mask:
    pelvis, knees, hips = body.height("pelvis"), np.stack(_heights(body, "knee")), np.stack(_heights(body, "hip"))
    seat = (pelvis > _SEAT[0]) & (pelvis < _SEAT[1]) & (_feet_ahead(body) > _IN_FRONT) & (body.tilt < UPRIGHT)
    return seat & (np.abs(knees - hips).max(0) < _THIGH_LEVEL) & (knees.min(0) > _SHIN_UP)


def _on_floor(body: Body) -> Mask:
    return (body.height("pelvis") < ON_FLOOR) & (body.tilt < UPRIGHT)


def _kneeling(side: str) -> Callable[[Body], Mask]:
    def kneeling(body: Body) -> Mask:
        own, other = body.height(f"{side}_knee"), body.height(f"{OTHER[side]}_knee")
        return _knee_stand(body) & (own < _KNEE_ON_FLOOR) & (other > _KNEE_OFF_FLOOR)

    return kneeling


def _knee_stand(body: Body) -> Mask:
    return (body.tilt < UPRIGHT) & (body.height("pelvis") > _KNEELING)


def _on_both_knees(body: Body) -> Mask:
    return _knee_stand(body) & (np.maximum(*_heights(body, "knee")) < _KNEE_ON_FLOOR)


def _lying(body: Body) -> Mask:
    low = np.maximum(body.height("pelvis"), body.height("neck")) < ON_FLOOR + 0.1
    return low & (np.abs(90 - body.tilt) < 90 - _LYING)


def _hands_down(body: Body) -> Mask:
    return np.maximum(*_heights(body, "wrist")) < _HAND_ON_FLOOR


def _face_down(body: Body) -> Mask:
    """Return where the person goes on hands and knees or on the belly: chest down, knees and a hand on the floor."""
    hand = np.minimum(*_heights(body, "wrist")) < _HAND_ON_FLOOR
    knees = np.maximum(*_heights(body, "knee")) < _CRAWLING_KNEE
    return hand & knees & (body.tilt > UPRIGHT) & (body.chest[:, UP] < -_FACING)


def _plank(body: Body) -> Mask:
    down = (np.maximum(*_heights(body, "ankle")) < _FOOT_DOWN) & _hands_down(body)
    return down & (body.tilt > UPRIGHT) & (body.tilt < 180 - UPRIGHT) & (body.chest[:, UP] < -_FACING)


def _upside_down(body: Body) -> Mask:
    over = body.height("pelvis") - body.height("neck") > _UPSIDE_DOWN
    return over & (np.maximum(*_heights(body, "ankle")) - body.height("pelvis") > _LEGS_UP)


def _knees_bent(body: Body) -> Mask:
    bent = np.minimum(body.knee("left"), body.knee("right")) > _BENT_KNEES
    return bent & (body.height("pelvis") < _STANDING) & (np.maximum(*_heights(body, "ankle")) < _FOOT_DOWN)


def _crouching(body: Body) -> Mask:
    pelvis, bent = body.height("pelvis"), np.minimum(body.knee("left"), body.knee("right"))
    return (pelvis < _CROUCH) & (pelvis > _KNEELING) & (bent > _CROUCH_KNEES) & (body.tilt < _LYING)


def _feet_together(body: Body) -> Mask:
    return _standing(body) & (np.linalg.norm(body.at("left_ankle") - body.at("right_ankle"), axis=-1) < _TOGETHER)


POSTURES: Final[dict[str, Callable[[Body], Mask]]] = {
    "standing": _standing,
    "still": _still,
    "squatting": _squatting,
    "low": _low,
    "sitting": _sitting,
    "on_floor": _on_floor,
    "near_floor": lambda body: body.height("pelvis") < ON_FLOOR,
    "knees_bent": _knees_bent,
    "crouching": _crouching,
    "feet_together": _feet_together,
    "kneeling": lambda body: _knee_stand(body) & (np.minimum(*_heights(body, "knee")) < _KNEE_ON_FLOOR),
    "left_knee_down": _kneeling("left"),
    "right_knee_down": _kneeling("right"),
    "on_both_knees": _on_both_knees,
    "lying": _lying,
    "lying_on_back": lambda body: _lying(body) & (body.chest[:, UP] > _FACING),
    "lying_on_belly": lambda body: _lying(body) & (body.chest[:, UP] < -_FACING),
    "lying_on_side": lambda body: _lying(body) & (np.abs(body.chest[:, UP]) < _FACING),
    "face_down": _face_down,
    "on_all_fours": lambda body: _face_down(body) & (body.height("pelvis") > _KNEELING),
    "plank": _plank,
    "upside_down": _upside_down,
}


def posture(name: str, seconds: float = 0.2) -> Rule:
    """Be in a posture of `POSTURES` for at least `seconds`."""
    mask_of = POSTURES[name]
    return lambda body: runs(mask_of(body), hold=seconds)
