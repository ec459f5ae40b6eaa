"""Numbers that tell how a body is held over the floor: sits, kneels, lies, crawls, goes head over heels.

The axes of the trunk are followed in the room, since a trunk that is upside down has no heading.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_annotate.measures.body import SIDES, Body, at, sine_angle, trunk_axes

_MIN_STANCE: Final = 0.15  # m; between feet that are closer there is no way for the weight to go


def floor(body: Body) -> dict[str, Tensor]:
    """Measure the attitude of the trunk, and the heights of shoulders, hands, knees and ankles over the floor.

    `trunk_rise`, `chest_up` and `across_rise` are the angles over the horizon of spine, breast bone and left side, degrees;
    `tumble` and `wheel` tell how far the trunk has turned over so far, forward and to the left, degrees. `weight` is how far
    the pelvis is from the middle between the ankles toward the left one, and `stance` how far these are apart, m.
    """
    trunk = body.room[..., at("left_shoulder", "right_shoulder"), :].mean(-2) - body.room[..., 0, :]
    across = (
        body.room[..., at("left_shoulder", "left_hip"), :] - body.room[..., at("right_shoulder", "right_hip"), :]
    ).sum(-2)
    up, left, front = trunk_axes(trunk, across)
    turn = torch.linalg.cross(up[..., :-1, :], up[..., 1:, :])
    numbers = {
        "trunk_rise": sine_angle(up[..., 1], up),
        "chest_up": sine_angle(front[..., 1], front),
        "across_rise": sine_angle(left[..., 1], left),
        "tumble": _sum((turn * left[..., :-1, :]).sum(-1)),
        "wheel": _sum(-(turn * front[..., :-1, :]).sum(-1)),
        "shoulders_floor": body.shoulders[..., 1],
    } | _balance(body)
    for side in SIDES:
        joints = {"hand": "wrist", "knee": "knee", "ankle": "ankle"}
        numbers |= {f"{side}_{name}_floor": body[f"{side}_{joint}"][..., 1] for name, joint in joints.items()}
    return numbers


def _balance(body: Body) -> dict[str, Tensor]:
    left, right, pelvis = (body[name][..., [0, 2]] for name in ("left_ankle", "right_ankle", "pelvis"))
    apart, off = left - right, pelvis - (left + right) / 2
    stance = apart.norm(dim=-1)
    return {"weight": (off * apart).sum(-1) / stance.clamp_min(_MIN_STANCE), "stance": stance}


def _sum(sines: Float[Tensor, "*batch steps"]) -> Float[Tensor, "*batch frames"]:
    """Sum the steps of an angle, whose sines are given, from 0 in the first frame on, degrees."""
    return F.pad(sines.clamp(-1, 1).asin().cumsum(-1), (1, 0)).rad2deg()
