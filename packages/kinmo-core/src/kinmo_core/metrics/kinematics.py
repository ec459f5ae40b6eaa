"""Errors and faults of joint positions, one number a clip."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.skeleton import HUMANML3D

FOOT_HEIGHT: Final = 0.05  # m: a foot joint below is on the floor
SKATING_SPEED: Final = 0.5  # m/s: a foot on the floor that moves faster skates
_WINDOW: Final = 5  # steps over which the speed is averaged
_FEET: Final = HUMANML3D.index("left_foot", "right_foot")


def mpjpe(
    predicted: Tensor,
    target: Tensor,
    *,
    lengths: Tensor | None = None,
    align_root: bool = False,
) -> Float[Tensor, "*batch"]:
    """Mean distance of joints in millimetres, over the frames and joints of each clip.

    Args:
        predicted: (..., T, J, 3) metres.
        target: (..., T, J, 3) metres.
        lengths: (...,) frames that count; all if not given.
        align_root: compare poses with the root at the origin in every frame, as the tokenizers of the field report it.

    Returns:
        (...,) float64.
    """
    if predicted.shape != target.shape:
        raise InputError(f"predicted and target must have one shape, got {_shape(predicted)} and {_shape(target)}")
    predicted, valid = _clips("predicted", predicted, lengths, least=1)
    target = target.double()
    if align_root:
        predicted, target = predicted - predicted[..., :1, :], target - target[..., :1, :]
    error = (predicted - target).norm(dim=-1).mean(-1)
    return 1000 * _mean_of(error, valid)


def foot_skating(joints: Tensor, *, fps: float = 20.0, lengths: Tensor | None = None) -> Float[Tensor, "*batch"]:
    """Share of the steps between frames in which a foot slides over the floor (Karunratanakul et al., ICCV 2023).

    A foot slides if it is lower than 5 cm before and after the step and faster than 0.5 m/s along the floor, both in this
    step and in the mean of the five steps around it (steps outside the clip count as standing still).

    Args:
        joints: (..., T, 22, 3) metres, y up, floor at y = 0, T >= 2.
        fps: frames per second.
        lengths: (...,) frames that count; all if not given.

    Returns:
        (...,) float64 between 0 and 1.
    """
    joints, valid = _clips("joints", joints, lengths, least=2)
    if joints.shape[-2] != len(HUMANML3D):
        raise InputError(f"joints must have shape (..., frames, {len(HUMANML3D)}, 3), got {_shape(joints)}")
    feet, valid = joints[..., _FEET, :], valid[..., 1:, None]
    speed = (feet[..., [0, 2]].diff(dim=-3).norm(dim=-1) * fps).masked_fill(~valid, 0)
    padded = F.pad(speed, (0, 0, _WINDOW // 2, _WINDOW // 2))
    fast = torch.minimum(speed, padded.unfold(-2, _WINDOW, 1).mean(-1)) > SKATING_SPEED
    low = feet[..., 1] < FOOT_HEIGHT
    skates = fast & low[..., 1:, :] & low[..., :-1, :] & valid
    return _mean_of(skates.any(-1).double(), valid[..., 0])


def jerk(joints: Tensor, *, fps: float = 20.0, lengths: Tensor | None = None) -> Float[Tensor, "*batch"]:
    """Mean size of the third derivative of the joint positions in m/s^3; a jittery motion has much of it.

    Args:
        joints: (..., T, J, 3) metres, T >= 4.
        fps: frames per second.
        lengths: (...,) frames that count; all if not given.

    Returns:
        (...,) float64.
    """
    joints, valid = _clips("joints", joints, lengths, least=4)
    third = joints.diff(n=3, dim=-3).norm(dim=-1).mean(-1) * fps**3
    return _mean_of(third, valid[..., 3:])


def _clips(name: str, joints: Tensor, lengths: Tensor | None, *, least: int) -> tuple[Tensor, Tensor]:
    """Float64 positions (..., T, J, 3) and which frames count (..., T)."""
    if joints.ndim < 3 or joints.shape[-1] != 3:
        raise InputError(f"{name} must have shape (..., frames, joints, 3), got {_shape(joints)}")
    batch, frames = joints.shape[:-3], joints.shape[-3]
    if lengths is None:
        lengths = torch.full(batch, frames, device=joints.device)
    if lengths.shape != batch:
        raise InputError(f"lengths must have shape {tuple(batch)} like the clips, got {_shape(lengths)}")
    if lengths.numel() and not least <= int(lengths.min()) <= int(lengths.max()) <= frames:
        span = f"{int(lengths.min())} to {int(lengths.max())}"
        raise InputError(f"clips must have {least} to {frames} frames, got {span}")
    return joints.double(), torch.arange(frames, device=joints.device) < lengths[..., None].to(joints.device)


def _mean_of(values: Tensor, valid: Tensor) -> Tensor:
    """Mean over the last axis of the values that count; padding may hold anything, NaN included."""
    return values.masked_fill(~valid, 0).sum(-1) / valid.sum(-1)


def _shape(values: Tensor) -> tuple[int, ...]:
    return tuple(values.shape)
