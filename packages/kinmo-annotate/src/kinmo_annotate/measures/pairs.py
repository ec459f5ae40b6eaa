"""Numbers of pairs of groups: distances between limbs, and which is above, outward or in front."""

from __future__ import annotations

from torch import Tensor

from kinmo_annotate.measures.body import OUTWARD, SIDES, Body, at, other_side


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
    trunk = body.joints[..., at("pelvis", "spine1", "spine2", "spine3", "neck"), :]
    numbers = {
        "foot_off": (body[f"{side}_ankle"] - body["pelvis"])[..., [0, 2]].norm(dim=-1),
        "hand_head": body.distance(hand, "head"),
        "hand_trunk": (body[hand][..., None, :] - trunk).norm(dim=-1).amin(-1),
        "knee_head": body.distance(f"{side}_knee", "head"),
        "hand_other_elbow": body.distance(hand, f"{other_side(side)}_elbow"),
    }
    for other in SIDES:
        for part, joint in (("knee", "knee"), ("foot", "ankle")):
            numbers[f"hand_{other}_{part}"] = body.distance(hand, f"{other}_{joint}")
    return numbers
