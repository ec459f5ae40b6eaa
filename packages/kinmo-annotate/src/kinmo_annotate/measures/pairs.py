"""Numbers of pairs of groups: distances between limbs, and which is above, outward or in front."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from kinmo_annotate.measures.body import OUTWARD, SIDES, TINY, Body, at, other_side

# Wrist of a hand that rests on the hip: m outward from and above the joint of the hip, on a body of HumanML3D's size;
# medians of the train clips of the CMU pack whose captions say "hands on hips".
HAND_ON_HIP: Final = (0.15, 0.14)


def pairs(body: Body) -> dict[str, Tensor]:
    """Measure all pairs; differences without a side are left minus right."""
    hands, feet = (body[f"left_{name}"] - body[f"right_{name}"] for name in ("wrist", "ankle"))
    numbers = {
        "hands": hands.norm(dim=-1),
        "hands_height": hands[..., 1],
        "feet": feet[..., [0, 2]].norm(dim=-1),
        "feet_apart": feet[..., 0],
        "feet_front": feet[..., 2],
    }
    for side in SIDES:
        numbers |= {f"{side}_{name}": value for name, value in _of_side(body, side).items()}
        numbers[f"{side}_hand_higher"] = OUTWARD[side] * numbers["hands_height"]
        numbers[f"{side}_foot_ahead"] = OUTWARD[side] * numbers["feet_front"]
    return numbers


def _of_side(body: Body, side: str) -> dict[str, Tensor]:
    hand = f"{side}_wrist"
    out, up = HAND_ON_HIP
    rest = body.joints.new_tensor([OUTWARD[side] * out, up, 0.0])
    trunk = body.joints[..., at("pelvis", "spine1", "spine2", "spine3", "neck"), :]
    numbers = {
        "foot_off": (body[f"{side}_ankle"] - body["pelvis"])[..., [0, 2]].norm(dim=-1),
        "hand_head": body.distance(hand, "head"),
        "hand_trunk": (body[hand][..., None, :] - trunk).norm(dim=-1).amin(-1),
        "knee_head": body.distance(f"{side}_knee", "head"),
        "hand_other_elbow": body.distance(hand, f"{other_side(side)}_elbow"),
        "hand_other_arm": _from_upper_arm(body, hand, other_side(side)),
        "hand_hip": (body[hand] - body[f"{side}_hip"] - rest).norm(dim=-1),
        "elbow_out": OUTWARD[side] * (body[f"{side}_elbow"] - body[hand])[..., 0],
    }
    for other in SIDES:
        for part, joint in (("knee", "knee"), ("foot", "ankle")):
            numbers[f"hand_{other}_{part}"] = body.distance(hand, f"{other}_{joint}")
    return numbers


def _from_upper_arm(body: Body, hand: str, side: str) -> Tensor:
    """Return the distance of a hand from the line of an upper arm, m."""
    shoulder, elbow = body[f"{side}_shoulder"], body[f"{side}_elbow"]
    bone, reach = elbow - shoulder, body[hand] - shoulder
    along = (reach * bone).sum(-1) / bone.square().sum(-1).clamp_min(TINY)
    return torch.linalg.vector_norm(reach - along.clamp(0, 1)[..., None] * bone, dim=-1)
