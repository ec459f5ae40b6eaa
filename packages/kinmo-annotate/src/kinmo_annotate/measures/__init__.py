"""Poses as numbers: joint angles, heights, places along the body's axes, distances between limbs.

Everything is measured in the frame of the body: y up, z to where hips and shoulders face, x to the person's left, the pelvis
above the origin; and on a body of HumanML3D's size, so that one set of thresholds fits children and giants. Left and right
are measured alike: mirroring the motion swaps their numbers and changes nothing else.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D

SIDES: Final = ("left", "right")
_LEG: Final = 0.82  # m, hip to ankle of HumanML3D's skeleton, which all thresholds are for


def measure(joints: Float[Tensor, "*batch frames 22 3"]) -> dict[str, Float[Tensor, "*batch frames"]]:
    """All numbers of every frame.

    Args:
        joints: (..., T, 22, 3) metres, y up, HumanML3D's joints; any place, heading and size.

    Returns:
        Name to (..., T). Angles in degrees, lengths in metres on a body of HumanML3D's size, to the person's left and to the
        front positive; for limbs `out` is positive away from the body on either side. `heading` (degrees, unwrapped),
        `travel_x`, `travel_z` of the pelvis and the places of the feet are seen from the first frame.
    """
    scale = _LEG / leg_length(joints)
    joints = joints * scale
    heading = _heading(joints)
    body = rotate_yaw(joints - joints[..., :1, :] * joints.new_tensor([1.0, 0.0, 1.0]), -heading[..., None])
    # The floor is where the feet come lowest; a motion whose feet never touch it has none of its own.
    floor = body[..., _at("left_foot", "right_foot", "left_ankle", "right_ankle"), 1].amin((-1, -2), keepdim=True)[
        ..., 0
    ]
    body = torch.cat([body[..., :1], body[..., 1:2] - floor[..., None, None], body[..., 2:]], dim=-1)
    numbers = _torso(body) | _neck(body) | _travel(joints, heading)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        limbs = _arm(body, side, sign) | _leg(body, side, sign)
        numbers |= {f"{side}_{name}": value for name, value in limbs.items()}
    return numbers | _pairs(body)


def other_side(side: str) -> str:
    """ "right" for "left", and the reverse."""
    return SIDES[1 - SIDES.index(side)]


def leg_length(joints: Float[Tensor, "*batch frames 22 3"]) -> Float[Tensor, "*batch 1 1 1"]:
    """Hip to ankle along the bones, m: mean over frames and legs, in each motion."""
    hip, knee, ankle = (joints[..., _at(f"left_{name}", f"right_{name}"), :] for name in ("hip", "knee", "ankle"))
    lengths = (knee - hip).norm(dim=-1) + (ankle - knee).norm(dim=-1)
    return lengths.mean((-1, -2))[..., None, None, None].clamp_min(1e-6)


def _at(*names: str) -> list[int]:
    return HUMANML3D.index(*names)


def _joint(body: Tensor, name: str) -> Tensor:
    return body[..., _at(name)[0], :]


def _heading(joints: Tensor) -> Tensor:
    """Angle (..., T) rad about +y from +z to where hips and shoulders face, smoothed with a deviation of two frames."""
    left, right = (joints[..., _at(f"{side}_hip", f"{side}_shoulder"), :].sum(-2) for side in SIDES)
    across = smooth((left - right).transpose(-1, -2), sigma=2.0).transpose(-1, -2)
    return torch.atan2(-across[..., 2], across[..., 0])


def smooth(values: Float[Tensor, "*batch frames"], *, sigma: float) -> Float[Tensor, "*batch frames"]:
    """Gaussian mean over the last dimension, `sigma` in frames; the ends are repeated."""
    reach = int(3 * sigma + 0.5)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=values.dtype) / sigma) ** 2)
    padded = torch.nn.functional.pad(values.reshape(-1, 1, values.shape[-1]), (reach, reach), mode="replicate")
    return torch.nn.functional.conv1d(padded, (kernel / kernel.sum())[None, None]).reshape(values.shape)


def _bend(body: Tensor, start: str, middle: str, end: str) -> Tensor:
    """How far a joint is bent, degrees: 0 = straight."""
    first, second = _joint(body, middle) - _joint(body, start), _joint(body, end) - _joint(body, middle)
    return _angle_between(first, second)


def _angle_between(first: Tensor, second: Tensor) -> Tensor:
    """Degrees; by the tangent, which keeps its digits for straight limbs."""
    cross, dot = torch.linalg.cross(first, second).norm(dim=-1), (first * second).sum(-1)
    return torch.atan2(cross, dot).rad2deg()


def _slope(body: Tensor, start: str, end: str) -> Tensor:
    """Angle of a bone to the vertical, degrees: 0 = hangs, 90 = level, 180 = points up."""
    bone = _joint(body, end) - _joint(body, start)
    return torch.atan2(bone[..., [0, 2]].norm(dim=-1), -bone[..., 1]).rad2deg()


def _apart(body: Tensor, first: str, second: str) -> Tensor:
    return (_joint(body, first) - _joint(body, second)).norm(dim=-1)


def _shoulders(body: Tensor) -> Tensor:
    return body[..., _at("left_shoulder", "right_shoulder"), :].mean(-2)


def _torso(body: Tensor) -> dict[str, Tensor]:
    pelvis = _joint(body, "pelvis")
    trunk = _shoulders(body) - pelvis
    shoulders = _joint(body, "left_shoulder") - _joint(body, "right_shoulder")
    hips = _joint(body, "left_hip") - _joint(body, "right_hip")
    return {
        "height": pelvis[..., 1],
        # By the sine, which has no seam to jump over: an upside-down trunk leans as one that is upright.
        "pitch": _sine_angle(trunk[..., 2], trunk),
        "lean": _sine_angle(trunk[..., 0], trunk),
        "trunk_up": trunk[..., 1],
        "twist": (_yaw_of(shoulders) - _yaw_of(hips)).rad2deg().add(180).remainder(360).sub(180),
        "lowest": body[..., _at("left_foot", "right_foot", "left_ankle", "right_ankle"), 1].amin(-1),
    }


def _sine_angle(part: Tensor, vector: Tensor) -> Tensor:
    """Angle, -90 to 90 degrees, of a vector towards one axis, of which `part` is its component."""
    return torch.asin((part / vector.norm(dim=-1).clamp_min(1e-6)).clamp(-1, 1)).rad2deg()


def _yaw_of(across: Tensor) -> Tensor:
    """Heading of a line that runs from right to left, rad."""
    return torch.atan2(-across[..., 2], across[..., 0])


def _neck(body: Tensor) -> dict[str, Tensor]:
    shoulders = _joint(body, "left_shoulder") - _joint(body, "right_shoulder")
    skull = rotate_yaw(_joint(body, "head") - _joint(body, "neck"), -_yaw_of(shoulders))
    skull = skull / skull.norm(dim=-1, keepdim=True).clamp_min(1e-6)
    trunk = _shoulders(body) - _joint(body, "pelvis")
    tilt = torch.atan2(skull[..., 2], skull[..., 1]) - torch.atan2(trunk[..., 2], trunk[..., 1])
    return {
        # The bone ends between the eyes, so where it points is where the face looks. It is steep in most poses; a floor
        # under its forward part keeps a small sway of a steep bone from reading as a turn.
        "head_turn": torch.atan2(skull[..., 0], skull[..., 2].clamp_min(0.4)).rad2deg(),
        "nod": tilt.rad2deg().add(180).remainder(360).sub(180),
        "head_ahead": _joint(body, "head")[..., 2] - _joint(body, "pelvis")[..., 2],
        "head_height": _joint(body, "head")[..., 1],
    }


def _travel(joints: Tensor, heading: Tensor) -> dict[str, Tensor]:
    start = heading[..., :1]
    seen, *feet = (
        rotate_yaw(_joint(joints, name) - joints[..., :1, 0, :], -start)
        for name in ("pelvis", "left_foot", "right_foot")
    )
    turn = heading.diff(dim=-1).add(torch.pi).remainder(2 * torch.pi).sub(torch.pi)
    unwrapped = torch.cat([torch.zeros_like(start), turn.cumsum(-1)], dim=-1)
    return {
        "travel_x": seen[..., 0],
        "travel_z": seen[..., 2],
        "heading": unwrapped.rad2deg(),
        **{f"{side}_foot_x": foot[..., 0] for side, foot in zip(SIDES, feet, strict=True)},
        **{f"{side}_foot_z": foot[..., 2] for side, foot in zip(SIDES, feet, strict=True)},
    }


def _arm(body: Tensor, side: str, sign: float) -> dict[str, Tensor]:
    shoulder, hand = _joint(body, f"{side}_shoulder"), _joint(body, f"{side}_wrist")
    elbow, reach = _joint(body, f"{side}_elbow"), _joint(body, f"{side}_wrist") - shoulder
    return {
        "elbow": _bend(body, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"),
        "hand_level": _level(body, hand[..., 1]),
        "hand_up": hand[..., 1] - _joint(body, "pelvis")[..., 1],
        "hand_front": reach[..., 2],
        "hand_out": sign * reach[..., 0],
        "hand_past_middle": -sign * (hand - _joint(body, "spine2"))[..., 0],
        "elbow_up": elbow[..., 1] - shoulder[..., 1],
        "upper_arm": _slope(body, f"{side}_shoulder", f"{side}_elbow"),
        "forearm": _slope(body, f"{side}_elbow", f"{side}_wrist"),
    }


def _level(body: Tensor, height: Tensor) -> Tensor:
    """Height on the body's own ladder: 0 floor, 1 knees, 2 hips, 3 shoulders, 4 head, and one rung a 0.2 m above it.

    Rungs that change their order, as those of a person bent double do, are pushed up to the one below them.
    """
    head = _joint(body, "head")[..., 1]
    knees = body[..., _at("left_knee", "right_knee"), 1].amin(-1)
    rungs = [torch.zeros_like(head), knees, _joint(body, "pelvis")[..., 1], _shoulders(body)[..., 1], head, head + 0.2]
    level = torch.zeros_like(height)
    for lower, upper in pairwise(rungs):
        lower = torch.maximum(lower, rungs[0])
        level = level + ((height - lower) / (upper - lower).clamp_min(0.05)).clamp(0, 1)
    return level


def _leg(body: Tensor, side: str, sign: float) -> dict[str, Tensor]:
    hip, knee, foot = (_joint(body, f"{side}_{name}") for name in ("hip", "knee", "foot"))
    ankle = _joint(body, f"{side}_ankle")
    thigh = knee - hip
    return {
        "knee": _bend(body, f"{side}_hip", f"{side}_knee", f"{side}_ankle"),
        "thigh_front": torch.atan2(thigh[..., 2], thigh[..., [0, 1]].norm(dim=-1)).rad2deg(),
        "thigh_out": torch.atan2(sign * thigh[..., 0], thigh[..., [1, 2]].norm(dim=-1)).rad2deg(),
        "knee_up": knee[..., 1] - hip[..., 1],
        "foot_lift": torch.minimum(foot[..., 1], ankle[..., 1] - 0.05),
        "foot_front": ankle[..., 2] - hip[..., 2],
        "foot_out": sign * (ankle - hip)[..., 0],
        "thigh": _slope(body, f"{side}_hip", f"{side}_knee"),
        "shin": _slope(body, f"{side}_knee", f"{side}_ankle"),
        "hip_to_foot": (ankle - hip).norm(dim=-1),
    }


def _pairs(body: Tensor) -> dict[str, Tensor]:
    """Distances between limbs, and who is above or in front of whom."""
    numbers = {
        "hands": _apart(body, "left_wrist", "right_wrist"),
        "hands_height": (_joint(body, "left_wrist") - _joint(body, "right_wrist"))[..., 1],
        "hands_front": (_joint(body, "left_wrist") - _joint(body, "right_wrist"))[..., 2],
        "feet": (_joint(body, "left_ankle") - _joint(body, "right_ankle"))[..., [0, 2]].norm(dim=-1),
        "feet_apart": (_joint(body, "left_ankle") - _joint(body, "right_ankle"))[..., 0],
        "feet_front": (_joint(body, "left_ankle") - _joint(body, "right_ankle"))[..., 2],
    }
    trunk = body[..., _at("pelvis", "spine1", "spine2", "spine3", "neck"), :]
    pelvis = _joint(body, "pelvis")
    for side in SIDES:
        hand = _joint(body, f"{side}_wrist")
        numbers[f"{side}_foot_off"] = (_joint(body, f"{side}_ankle") - pelvis)[..., [0, 2]].norm(dim=-1)
        numbers[f"{side}_hand_head"] = _apart(body, f"{side}_wrist", "head")
        numbers[f"{side}_hand_trunk"] = (hand[..., None, :] - trunk).norm(dim=-1).amin(-1)
        numbers[f"{side}_knee_head"] = _apart(body, f"{side}_knee", "head")
        numbers[f"{side}_hand_other_elbow"] = _apart(body, f"{side}_wrist", f"{other_side(side)}_elbow")
        for other in SIDES:
            numbers[f"{side}_hand_{other}_knee"] = _apart(body, f"{side}_wrist", f"{other}_knee")
            numbers[f"{side}_hand_{other}_foot"] = _apart(body, f"{side}_wrist", f"{other}_ankle")
    return numbers
