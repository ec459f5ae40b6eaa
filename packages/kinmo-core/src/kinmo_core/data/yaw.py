"""Find and repair the yaw kinks of published features (the fourth oddity of `kinmo_core.features`).

Where the heading passes 180 degrees from +z, published files turn the wrong way in one frame, and with it all that follows.
The other features of the frame tell the true way: its positions moved by its velocities are the positions of the next one.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.features import LAYOUT
from kinmo_core.rotations import rotate_yaw

_CLOSER: Final = 0.5  # a step counts as a kink where its opposite leaves at most this part of the distance
_LEAST_STEP: Final = 1e-4  # rad of half the yaw; below, the wrong sign turns a clip by less than 0.02 degrees


def yaw_kinks(features: Tensor) -> Tensor:
    """Return where (..., T) the yaw step of features (..., T, 263) has the wrong sign; never in the last frame."""
    step = features[..., :-1, LAYOUT["yaw_rate"]]
    positions = features[..., LAYOUT["positions"]].unflatten(-1, (-1, 3))
    velocities = features[..., :-1, LAYOUT["velocities"]].unflatten(-1, (-1, 3))
    moved = positions[..., :-1, :, :] + velocities[..., 1:, :] - velocities[..., :1, :]

    def off(half_yaw: Tensor) -> Tensor:
        turned = rotate_yaw(moved, 2 * half_yaw) - positions[..., 1:, :, :]
        return turned[..., [0, 2]].square().sum((-1, -2)).sqrt()

    kinks = (off(-step) < _CLOSER * off(step)) & (step[..., 0].abs() > _LEAST_STEP)
    return F.pad(kinks, (0, 1))


def repair_yaw(features: Tensor) -> Tensor:
    """Return features (..., T, 263) without yaw kinks; those without any are returned bit by bit."""
    sign = torch.where(yaw_kinks(features), -1.0, 1.0).to(features)[..., None]
    return torch.cat([features[..., :1] * sign, features[..., 1:]], dim=-1)
