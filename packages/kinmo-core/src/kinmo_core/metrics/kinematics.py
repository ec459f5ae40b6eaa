"""Errors and artefacts of joint positions, one number per clip."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.rig import fit_rotations
from kinmo_core.rotations import rotation_angle
from kinmo_core.skeleton import HUMANML3D

FOOT_HEIGHT: Final = 0.05  # m: a foot joint below this height is on the floor
SKATING_SPEED: Final = 0.5  # m/s: a foot on the floor that moves faster skates
BONE_TOLERANCE: Final = 0.1  # share of its length by which a bone may be off
ROTATION_STEP: Final = 60.0  # degrees at 20 fps: a joint that turns more in one step jumps
_WINDOW: Final = 5  # steps over which the speed is averaged
_FEET: Final = HUMANML3D.index("left_foot", "right_foot")


def mpjpe(
    predicted: Tensor,
    target: Tensor,
    *,
    lengths: Tensor | None = None,
    align_root: bool = False,
) -> Float[Tensor, "*batch"]:
    """Return the mean distance of joints in millimetres (MPJPE), over the frames and joints of each clip.

    Args:
        predicted: (..., T, J, 3) metres.
        target: (..., T, J, 3) metres.
        lengths: (...,) number of frames of each clip; the rest is padding. All frames by default.
        align_root: move the root of every frame to the origin first, as motion tokenizers report the metric.

    Returns:
        (...,) float64.

    Raises:
        InputError: shapes that differ, or lengths outside 1 to T.
    """
    if predicted.shape != target.shape:
        raise InputError(f"predicted and target must have the same shape, got {_shape(predicted)} and {_shape(target)}")
    predicted, valid = _clips("predicted", predicted, lengths, min_frames=1)
    target = target.double()
    if align_root:
        predicted, target = predicted - predicted[..., :1, :], target - target[..., :1, :]
    error = (predicted - target).norm(dim=-1).mean(-1)
    return 1000 * _mean_of(error, valid)


def foot_skating(joints: Tensor, *, fps: float = 20.0, lengths: Tensor | None = None) -> Float[Tensor, "*batch"]:
    """Return the share of steps between frames in which a foot slides over the floor (Karunratanakul et al., ICCV 2023).

    A foot slides if it is lower than 5 cm before and after the step and faster than 0.5 m/s along the floor, both in this
    step and in the mean of the five steps around it (steps outside the clip count as standing still).

    Args:
        joints: (..., T, 22, 3) metres, y up, floor at y = 0, T >= 2.
        fps: frames per second.
        lengths: (...,) number of frames of each clip; the rest is padding. All frames by default.

    Returns:
        (...,) float64 between 0 and 1.
    """
    joints, valid = _clips("joints", joints, lengths, min_frames=2, joint_count=len(HUMANML3D))
    feet, valid = joints[..., _FEET, :], valid[..., 1:, None]
    speed = (feet[..., [0, 2]].diff(dim=-3).norm(dim=-1) * fps).masked_fill(~valid, 0)
    padded = F.pad(speed, (0, 0, _WINDOW // 2, _WINDOW // 2))
    fast = torch.minimum(speed, padded.unfold(-2, _WINDOW, 1).mean(-1)) > SKATING_SPEED
    low = feet[..., 1] < FOOT_HEIGHT
    skates = fast & low[..., 1:, :] & low[..., :-1, :] & valid
    return _mean_of(skates.any(-1).double(), valid[..., 0])


def jerk(joints: Tensor, *, fps: float = 20.0, lengths: Tensor | None = None) -> Float[Tensor, "*batch"]:
    """Return the mean norm of the third derivative of the joint positions, m/s^3; it is large in a jittery motion.

    Args:
        joints: (..., T, J, 3) metres, T >= 4.
        fps: frames per second.
        lengths: (...,) number of frames of each clip; the rest is padding. All frames by default.

    Returns:
        (...,) float64.
    """
    joints, valid = _clips("joints", joints, lengths, min_frames=4)
    third = joints.diff(n=3, dim=-3).norm(dim=-1).mean(-1) * fps**3
    return _mean_of(third, valid[..., 3:])


def bones_off(joints: Tensor, *, lengths: Tensor | None = None) -> Float[Tensor, "*batch"]:
    """Return the share of frames in which some bone is more than 10 % longer or shorter than `HUMANML3D`'s.

    Args:
        joints: (..., T, 22, 3) metres, on HumanML3D's uniform skeleton.
        lengths: (...,) number of frames of each clip; the rest is padding. All frames by default.

    Returns:
        (...,) float64 between 0 and 1.
    """
    joints, valid = _clips("joints", joints, lengths, min_frames=1, joint_count=len(HUMANML3D))
    measured = HUMANML3D.bone_vectors(joints)[..., 1:, :].norm(dim=-1)
    off = (measured / HUMANML3D.bone_length_tensor().to(measured)[1:] - 1).abs() > BONE_TOLERANCE
    return _mean_of(off.any(-1).double(), valid)


def rotation_jumps(joints: Tensor, *, fps: float = 20.0, lengths: Tensor | None = None) -> Float[Tensor, "*batch"]:
    """Return the share of steps in which some joint of the fitted rig turns faster than 60 degrees in 1/20 s.

    The rotations are those of `rig.fit_rotations`, relative to the parent joint, as BVH and GLB hold them.

    Args:
        joints: (..., T, 22, 3) metres, T >= 2.
        fps: frames per second.
        lengths: (...,) number of frames of each clip; the rest is padding. All frames by default.

    Returns:
        (...,) float64 between 0 and 1.
    """
    joints, valid = _clips("joints", joints, lengths, min_frames=2, joint_count=len(HUMANML3D))
    joints = joints.masked_fill(~valid[..., None, None], 0)
    _, rotations = fit_rotations(joints.flatten(0, -3))
    rotations = rotations.reshape(*joints.shape[:-1], 3, 3).to(joints.device)
    step = rotation_angle(rotations[..., :-1, :, :, :].mT @ rotations[..., 1:, :, :, :]).rad2deg()
    jumps = (step > ROTATION_STEP * 20 / fps).any(-1)
    return _mean_of(jumps.double(), valid[..., 1:])


def _clips(
    name: str, joints: Tensor, lengths: Tensor | None, *, min_frames: int, joint_count: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return float64 positions (..., T, J, 3) and a mask (..., T) that is True for frames that are not padding."""
    if joints.ndim < 3 or joints.shape[-1] != 3 or joint_count not in (None, joints.shape[-2]):
        raise InputError(f"{name} must have shape (..., frames, {joint_count or 'joints'}, 3), got {_shape(joints)}")
    batch, frames = joints.shape[:-3], joints.shape[-3]
    if lengths is None:
        lengths = torch.full(batch, frames, device=joints.device)
    if lengths.shape != batch:
        raise InputError(f"lengths must have shape {tuple(batch)} like the clips, got {_shape(lengths)}")
    if lengths.numel() and int(lengths.min()) < min_frames:
        raise InputError(f"clips must have at least {min_frames} frames, got {int(lengths.min())}")
    if lengths.numel() and int(lengths.max()) > frames:
        raise InputError(f"lengths must be at most the {frames} frames of {name}, got {int(lengths.max())}")
    return joints.double(), torch.arange(frames, device=joints.device) < lengths[..., None].to(joints.device)


def _mean_of(values: Tensor, valid: Tensor) -> Tensor:
    """Return the mean over the last axis where `valid` is True; padding may hold anything, NaN included."""
    return values.masked_fill(~valid, 0).sum(-1) / valid.sum(-1)


def _shape(values: Tensor) -> tuple[int, ...]:
    return tuple(values.shape)
