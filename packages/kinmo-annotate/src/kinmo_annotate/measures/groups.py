"""Numbers of each group: torso, neck, arms and legs, and the way of the whole body."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from kinmo_annotate.measures.body import OUTWARD, SIDES, Body, at, feet_height, sine_angle, trunk_axes, wrapped, yaw_of
from kinmo_core.rotations import rotate_yaw

_ABOVE_HEAD: Final = 0.2  # m from the rung of the head to the one above it
_MIN_RUNG: Final = 0.05  # m between two rungs
_ANKLE: Final = 0.05  # m by which the ankle of a standing foot is above its ball


def torso(body: Body) -> dict[str, Tensor]:
    """Measure height, lean and twist of the trunk; `hips_turn` is that of the hips against the heading.

    `lowest` is the lowest point of the feet.
    """
    trunk = body.shoulders - body["pelvis"]
    shoulders, hips = (body[f"left_{name}"] - body[f"right_{name}"] for name in ("shoulder", "hip"))
    return {
        "height": body["pelvis"][..., 1],
        # By the sine, which has no seam to jump over: an upside-down trunk leans as one that is upright.
        "pitch": sine_angle(trunk[..., 2], trunk),
        "lean": sine_angle(trunk[..., 0], trunk),
        "trunk_up": trunk[..., 1],
        "twist": wrapped(yaw_of(shoulders) - yaw_of(hips)).rad2deg(),
        "hips_turn": yaw_of(hips).rad2deg(),
        "lowest": feet_height(body.joints),
    }


def neck(body: Body) -> dict[str, Tensor]:
    """Measure nod and tilt of the head against the chest, and where it is.

    Nod and tilt are in the axes of the chest, so that a trunk that is level or upside down leaves the angles as they are.
    The bone of the head ends between the eyes and leans forward at rest. Where the face looks is not in 22 joints: a turned
    head has the joints of one that is tilted a little.
    """
    trunk, shoulders = body.shoulders - body["pelvis"], body["left_shoulder"] - body["right_shoulder"]
    up, left, front = trunk_axes(trunk, shoulders)
    skull = body["head"] - body["neck"]
    return {
        "head_pitch": torch.atan2(skull[..., 2], skull[..., 1]).rad2deg(),  # in the room, as is the next
        "head_roll": sine_angle(skull[..., 0], skull),
        "head_tilt": sine_angle((skull * left).sum(-1), skull),
        "nod": torch.atan2((skull * front).sum(-1), (skull * up).sum(-1)).rad2deg(),
        "head_ahead": body["head"][..., 2] - body["pelvis"][..., 2],
    }


def travel(body: Body) -> dict[str, Tensor]:
    """Measure heading and place of pelvis and feet as the body saw them in the first frame."""
    room, start = body.room, body.heading[..., :1]
    names = {"travel": "pelvis", **{f"{side}_foot": f"{side}_foot" for side in SIDES}}
    seen = {name: rotate_yaw(room[..., at(joint)[0], :] - room[..., :1, 0, :], -start) for name, joint in names.items()}
    turn = wrapped(body.heading.diff(dim=-1))
    unwrapped = torch.cat([torch.zeros_like(start), turn.cumsum(-1)], dim=-1)
    places = {f"{name}_{axis}": seen[name][..., i] for name in names for axis, i in (("x", 0), ("z", 2))}
    return {"heading": unwrapped.rad2deg(), **places}


def arm(body: Body, side: str) -> dict[str, Tensor]:
    """Measure the bends of an arm, and where its hand is."""
    shoulder, elbow, hand = (body[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))
    reach = hand - shoulder
    return {
        "elbow": body.bend(f"{side}_wrist"),
        "hand_level": _level(body, hand[..., 1]),
        "hand_up": hand[..., 1] - body["pelvis"][..., 1],
        "hand_front": reach[..., 2],
        "hand_out": OUTWARD[side] * reach[..., 0],
        "hand_hips_front": hand[..., 2],
        "hand_hips_out": OUTWARD[side] * hand[..., 0],
        "elbow_up": elbow[..., 1] - shoulder[..., 1],
        "upper_arm": body.slope(f"{side}_shoulder", f"{side}_elbow"),
        "forearm": body.slope(f"{side}_elbow", f"{side}_wrist"),
    }


def _level(body: Body, height: Tensor) -> Tensor:
    """Return a height on the body's own ladder: 0 floor, 1 knees, 2 hips, 3 shoulders, 4 head, 5 `_ABOVE_HEAD` above it.

    Rungs that change their order, as those of a person bent double do, are pushed up to the one below them.
    """
    head = body["head"][..., 1]
    knees = body.joints[..., at("left_knee", "right_knee"), 1].amin(-1)
    floor = torch.zeros_like(head)
    rungs = [floor, knees, body["pelvis"][..., 1], body.shoulders[..., 1], head, head + _ABOVE_HEAD]
    level = torch.zeros_like(height)
    for lower, upper in pairwise(rungs):
        lower = torch.maximum(lower, floor)
        level = level + ((height - lower) / (upper - lower).clamp_min(_MIN_RUNG)).clamp(0, 1)
    return level


def leg(body: Body, side: str) -> dict[str, Tensor]:
    """Measure the bends of a leg, and where its knee and foot are."""
    hip, knee, foot, ankle = (body[f"{side}_{name}"] for name in ("hip", "knee", "foot", "ankle"))
    thigh = knee - hip
    return {
        "knee": body.bend(f"{side}_ankle"),
        "thigh_front": torch.atan2(thigh[..., 2], thigh[..., [0, 1]].norm(dim=-1)).rad2deg(),
        "thigh_out": torch.atan2(OUTWARD[side] * thigh[..., 0], thigh[..., [1, 2]].norm(dim=-1)).rad2deg(),
        "knee_up": knee[..., 1] - hip[..., 1],
        "foot_lift": torch.minimum(foot[..., 1], ankle[..., 1] - _ANKLE),
        "foot_front": ankle[..., 2] - hip[..., 2],
        "foot_out": OUTWARD[side] * (ankle - hip)[..., 0],
        "thigh": body.slope(f"{side}_hip", f"{side}_knee"),
        "shin": body.slope(f"{side}_knee", f"{side}_ankle"),
        "hip_to_foot": (ankle - hip).norm(dim=-1),
    }
