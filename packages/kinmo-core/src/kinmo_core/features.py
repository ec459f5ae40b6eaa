"""The 263 numbers a frame of HumanML3D (Guo et al., CVPR 2022) from joint positions, and back.

`encode` and `decode` follow the published features to rounding; `encode_raw` first brings a recording into their frame
(uniform skeleton, floor, origin, heading). All functions work over any leading batch dimensions.

Four oddities of the published features, kept because data and weights of the whole field rest on them:

* **Hip axis.** The yaw is read from a hip axis with the sign opposite to the one used to face a clip to +z (`_heading`).
* **Half angles.** Number 0 is *half* the yaw change between two frames: it is the y part of a quaternion.
* **Chain starts.** The first rotation of each chain (hips, spine1, collars) is relative to the rotation from the world to
  the body's heading instead of its inverse, so these five turn with the heading twice instead of not at all.
* **Yaw sign.** Published files have the wrong sign in number 0 at the one frame where the heading passes 180 degrees from
  +z. This last one is *not* kept by default, since decoding such a file turns the rest of the clip by twice the step; pass
  `published_yaw_sign=True` for parity with the files.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.rotations import matrix_to_6d, rotate_yaw, shortest_rotation, yaw_matrix
from kinmo_core.skeleton import HUMANML3D, Skeleton

FPS: Final = 20.0
DIM: Final = 263

LAYOUT: Final[dict[str, slice]] = {
    "yaw_rate": slice(0, 1),  # half the yaw change to the next frame, rad
    "root_velocity": slice(1, 3),  # root x, z step to the next frame in the body's heading, m/frame
    "root_height": slice(3, 4),  # m
    "positions": slice(4, 67),  # joints 1..21; x, z relative to the root, in the body's heading, m
    "rotations": slice(67, 193),  # joints 1..21; 6-D rotation of the bone ending there, relative to its parent bone
    "velocities": slice(193, 259),  # joints 0..21; step to the next frame in the body's heading, m/frame
    "contacts": slice(259, 263),  # left ankle, left foot, right ankle, right foot; 1 = on the floor
}

CONTACT_JOINTS: Final = ("left_ankle", "left_foot", "right_ankle", "right_foot")
CONTACT_SQUARED_STEP: Final = 0.002  # m^2 a frame: a joint that moves less counts as standing
_HEADING_SIGMA: Final = 20.0  # frames

_SKELETON: Final = HUMANML3D
_PELVIS = 0
_LEFT_HIP, _RIGHT_HIP, _LEFT_SHOULDER, _RIGHT_SHOULDER = _SKELETON.index(
    "left_hip", "right_hip", "left_shoulder", "right_shoulder"
)


def encode(joints: Tensor, *, published_yaw_sign: bool = False) -> Tensor:
    """Joint positions to features.

    Args:
        joints: (..., T, 22, 3) metres, y up, T >= 2, on HumanML3D's skeleton, floor at y = 0, first frame facing +z at the
            xz origin (`canonicalize` does all that).
        published_yaw_sign: repeat the sign error of the published files (see the module's text).

    Returns:
        (..., T - 1, 263), laid out as `LAYOUT`.
    """
    _check_joints(joints, least_frames=2)
    half_yaw = _half_yaw(joints)
    now, yaw = joints[..., :-1, :, :], 2 * half_yaw
    step = joints[..., 1:, :, :] - now
    squared_step = step[..., _SKELETON.index(*CONTACT_JOINTS), :].square().sum(-1)
    root_xz = now[..., :1, :] * now.new_tensor([1.0, 0.0, 1.0])

    sine, cosine = (half_yaw.diff(dim=-1)).sin(), (half_yaw.diff(dim=-1)).cos()
    if not published_yaw_sign:  # q and -q are the same rotation: take the one with positive real part
        sine = torch.where(cosine < 0, -sine, sine)
    out = joints.new_empty(*joints.shape[:-3], joints.shape[-3] - 1, DIM)
    out[..., LAYOUT["yaw_rate"]] = sine.clamp(-1, 1).asin()[..., None]
    out[..., LAYOUT["root_velocity"]] = rotate_yaw(step[..., _PELVIS, :], yaw[..., 1:])[..., [0, 2]]
    out[..., LAYOUT["root_height"]] = now[..., _PELVIS, 1:2]
    out[..., LAYOUT["positions"]] = rotate_yaw(now[..., 1:, :] - root_xz, yaw[..., :-1, None]).flatten(-2)
    out[..., LAYOUT["rotations"]] = _bone_rotations_6d(now, yaw[..., :-1]).flatten(-2)
    out[..., LAYOUT["velocities"]] = rotate_yaw(step, yaw[..., :-1, None]).flatten(-2)
    out[..., LAYOUT["contacts"]] = (squared_step < CONTACT_SQUARED_STEP).to(out)
    return out


def decode(features: Tensor) -> Tensor:
    """Features (..., T, 263) to joint positions (..., T, 22, 3): the first 67 numbers hold all that is needed."""
    if features.ndim < 2 or features.shape[-1] != DIM:
        raise InputError(f"features must have shape (..., frames, {DIM}), got {tuple(features.shape)}")
    half_yaw = F.pad(features[..., :-1, 0].cumsum(-1), (1, 0))
    yaw = -2 * half_yaw
    step_x, step_z = features[..., LAYOUT["root_velocity"]].unbind(-1)
    step = torch.stack([step_x, torch.zeros_like(step_x), step_z], dim=-1)
    step = F.pad(rotate_yaw(step[..., :-1, :], yaw[..., 1:]), (0, 0, 1, 0))
    root_xz = step.cumsum(-2)
    local = features[..., LAYOUT["positions"]].unflatten(-1, (-1, 3))
    others = rotate_yaw(local, yaw[..., None]) + root_xz[..., None, :]
    root = root_xz + F.pad(features[..., LAYOUT["root_height"]], (1, 1))
    return torch.cat([root[..., None, :], others], dim=-2)


def encode_raw(joints: Tensor, *, skeleton: Skeleton = HUMANML3D) -> Tensor:
    """`encode(canonicalize(joints))`: (..., T, 22, 3) of any recording at 20 fps to (..., T - 1, 263)."""
    return encode(canonicalize(joints, skeleton=skeleton))


def canonicalize(joints: Tensor, *, skeleton: Skeleton = HUMANML3D) -> Tensor:
    """Bring a recording into the frame of the features, as HumanML3D does.

    Bones get the lengths of `skeleton` and the root path is scaled with the legs; the lowest joint of the clip lies at
    y = 0; the first frame stands at the xz origin and faces +z.

    Args:
        joints: (..., T, 22, 3) metres, y up, 20 fps.
        skeleton: the skeleton whose bone lengths every clip gets.

    Returns:
        (..., T, 22, 3)
    """
    _check_joints(joints, least_frames=1)
    joints = _uniform_skeleton(joints, skeleton)
    floor = joints[..., 1].amin(dim=(-2, -1))[..., None, None]
    origin = joints[..., 0, _PELVIS, :]
    shift = torch.stack([origin[..., 0], torch.zeros_like(origin[..., 0]), origin[..., 2]], dim=-1)
    joints = joints - shift[..., None, None, :]
    joints = torch.stack([joints[..., 0], joints[..., 1] - floor, joints[..., 2]], dim=-1)
    first = joints[..., 0, :, :]
    across = (first[..., _RIGHT_HIP, :] - first[..., _LEFT_HIP, :]) + (
        first[..., _RIGHT_SHOULDER, :] - first[..., _LEFT_SHOULDER, :]
    )
    yaw_to_front = -torch.atan2(across[..., 2], -across[..., 0])
    return rotate_yaw(joints, yaw_to_front[..., None, None])


def mirror(features: Tensor) -> Tensor:
    """Features (..., T, 263) of the mirrored motion: twins swapped, signs flipped; exact and its own inverse."""
    order, sign = _mirror_map()
    return features[..., order.to(features.device)] * sign.to(features)


@cache
def _mirror_map() -> tuple[Tensor, Tensor]:
    """Per feature, the feature it comes from in the mirrored motion, and its sign, both (263,)."""
    twin = torch.tensor(_SKELETON.mirror_permutation)
    vector, matrix = torch.tensor([-1.0, 1.0, 1.0]), torch.tensor([1.0, -1.0, -1.0, -1.0, 1.0, 1.0])
    order, sign = torch.arange(DIM), torch.ones(DIM)
    sign[LAYOUT["yaw_rate"]] = -1
    sign[LAYOUT["root_velocity"]] = vector[[0, 2]]
    for name, joints, signs in (
        ("positions", twin[1:] - 1, vector),
        ("rotations", twin[1:] - 1, matrix),  # M R M with M = diag(-1, 1, 1), read column by column
        ("velocities", twin, vector),
        ("contacts", torch.tensor([2, 3, 0, 1]), torch.ones(1)),
    ):
        block = LAYOUT[name]
        order[block] = block.start + (joints[:, None] * len(signs) + torch.arange(len(signs))).flatten()
        sign[block] = signs.repeat(len(joints))
    return order, sign


def _uniform_skeleton(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Keep every bone's direction, give it the skeleton's length; scale the root path by the ratio of the right legs."""
    vectors = _SKELETON.bone_vectors(joints)
    first_lengths = vectors[..., 0, :, :].norm(dim=-1)
    leg = _SKELETON.index("right_knee", "right_ankle")
    target_lengths = skeleton.bone_length_tensor().to(joints)
    scale = target_lengths[leg].sum() / first_lengths[..., leg].sum(-1)
    lengths = vectors.norm(dim=-1, keepdim=True)
    # A bone of zero length (two joints in one place) has no direction; it takes the rest direction.
    directions = torch.where(
        lengths > 1e-8, vectors / lengths.clamp_min(1e-8), skeleton.rest_direction_tensor().to(joints)
    )
    directions = directions * target_lengths[:, None]
    directions[..., 0, :] = joints[..., _PELVIS, :] * scale[..., None, None]
    return skeleton.place(directions)


def _half_yaw(joints: Tensor) -> Tensor:
    """Half the angle (..., T) that turns the smoothed heading of each frame to +z; zero in the first frame."""
    heading = _heading(joints)
    half = torch.atan2(-heading[..., 0], 1 + heading[..., 1])
    return torch.cat([torch.zeros_like(half[..., :1]), half[..., 1:]], dim=-1)


def _heading(joints: Tensor) -> Tensor:
    """Unit x and z of the body's heading, smoothed over time, (..., T, 2).

    The hip part has the sign opposite to the shoulder part. That is the oddity of the published features: the difference
    hips - shoulders leans on the shoulders, which are wider.
    """
    across = (joints[..., _LEFT_HIP, :] - joints[..., _RIGHT_HIP, :]) + (
        joints[..., _RIGHT_SHOULDER, :] - joints[..., _LEFT_SHOULDER, :]
    )
    across = F.normalize(across, dim=-1)
    heading = torch.stack([across[..., 2], -across[..., 0]], dim=-1)  # up x across
    frames = heading.transpose(-1, -2).reshape(-1, 1, joints.shape[-3])
    kernel = _gaussian(_HEADING_SIGMA).to(frames)
    padded = F.pad(frames, (len(kernel) // 2,) * 2, mode="replicate")
    smooth = F.conv1d(padded, kernel[None, None]).reshape(*joints.shape[:-3], 2, -1)
    return F.normalize(smooth.transpose(-1, -2), dim=-1)


@cache
def _gaussian(sigma: float) -> Tensor:
    """Sampled Gaussian cut at four sigmas, sum 1."""
    radius = math.floor(4 * sigma + 0.5)
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=torch.float64) / sigma) ** 2)
    return (weights / weights.sum()).float()


def _chain_parents() -> list[int]:
    """Per joint, the joint whose bone rotation it is relative to; 0 = the body's yaw. Arms start anew at the yaw."""
    starts = set(_SKELETON.index("left_hip", "right_hip", "spine1", "left_collar", "right_collar"))
    return [0 if joint in starts else parent for joint, parent in enumerate(_SKELETON.parents)]


_CHAIN_PARENTS: Final = _chain_parents()


def _bone_rotations_6d(joints: Tensor, yaw: Tensor) -> Tensor:
    """6-D rotation (..., T, 21, 6) of the bone that ends at each joint, relative to the bone before it in its chain.

    Each bone's world rotation is the shortest one from its rest direction, so it carries no twist; it is not an SMPL pose.
    """
    bones = F.normalize(_SKELETON.bone_vectors(joints)[..., 1:, :], dim=-1)
    world = shortest_rotation(_SKELETON.rest_direction_tensor()[1:].to(joints), bones)
    parents = torch.cat([yaw_matrix(yaw)[..., None, :, :], world], dim=-3)[..., _CHAIN_PARENTS[1:], :, :]
    return matrix_to_6d(parents.transpose(-1, -2) @ world[..., :2])


def _check_joints(joints: Tensor, least_frames: int) -> None:
    if joints.ndim < 3 or joints.shape[-2:] != (len(_SKELETON), 3):
        raise InputError(f"joints must have shape (..., frames, {len(_SKELETON)}, 3), got {tuple(joints.shape)}")
    if joints.shape[-3] < least_frames:
        raise InputError(f"joints must have at least {least_frames} frames, got {joints.shape[-3]}")
