"""HumanML3D's 263 features a frame (Guo et al., CVPR 2022) from joint positions, and back.

`encode` and `decode` follow the published features to rounding; `encode_raw` first brings a recording into their frame
(uniform skeleton, floor, origin, heading). All functions work over any leading batch dimensions.

The published features have four oddities, kept because data and weights of the whole field depend on them:

* **Hip axis.** The yaw of a frame is measured with the hip axis negated (`_published_heading`). Turning a clip to +z uses
  the axis with its true sign (`skeleton.heading`).
* **Half angles.** Feature 0 is *half* the yaw change between two frames: it is the y part of a quaternion.
* **Chain starts.** The first rotation of each chain (hips, spine1, collars) is relative to the rotation from the world to
  the body's heading instead of its inverse, so these five turn with the heading twice instead of not at all.
* **Yaw sign.** Published files have the wrong sign in feature 0 at the one frame where the heading passes 180 degrees from
  +z. Decoding such a file turns the rest of the clip by twice the step, so this error is repeated only with
  `published_yaw_sign=True`, for parity with the files.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.rotations import matrix_to_6d, rotate_yaw, shortest_rotation, yaw_matrix
from kinmo_core.skeleton import HUMANML3D, Skeleton, heading, side_axes

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
CONTACT_SQUARED_STEP: Final = 0.002  # m^2 per frame: a joint that moves less is in contact
_HEADING_SIGMA: Final = 20  # frames

_SKELETON: Final = HUMANML3D
_PELVIS: Final = 0


def encode(joints: Tensor, *, published_yaw_sign: bool = False) -> Tensor:
    """Convert joint positions to features.

    Args:
        joints: (..., T, 22, 3) metres, y up, T >= 2, with HumanML3D's bone lengths, floor at y = 0, first frame at the xz
            origin and facing +z, as `canonicalize` returns them.
        published_yaw_sign: repeat the sign error of the published files (see the docstring of the module).

    Returns:
        (..., T - 1, 263), laid out as `LAYOUT`.

    Raises:
        InputError: joints of another shape, or fewer than 2 frames.
    """
    _check_joints(joints, min_frames=2)
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
    """Convert features (..., T, 263) to joint positions (..., T, 22, 3), m; only the first 67 features are read."""
    if features.ndim < 2 or features.shape[-1] != DIM:
        raise InputError(f"features must have shape (..., frames, {DIM}), got {tuple(features.shape)}")
    return recover_joints(features, joints=len(_SKELETON))


def recover_joints(features: Tensor, *, joints: int) -> Tensor:
    """Recover positions (..., T, J, 3) from features (..., T, >= 4 + 3 (J - 1)) that begin as `LAYOUT`, for J joints."""
    half_yaw = F.pad(features[..., :-1, 0].cumsum(-1), (1, 0))
    yaw = -2 * half_yaw
    step_x, step_z = features[..., LAYOUT["root_velocity"]].unbind(-1)
    step = torch.stack([step_x, torch.zeros_like(step_x), step_z], dim=-1)
    step = F.pad(rotate_yaw(step[..., :-1, :], yaw[..., 1:]), (0, 0, 1, 0))
    root_xz = step.cumsum(-2)
    first = LAYOUT["positions"].start
    local = features[..., first : first + 3 * (joints - 1)].unflatten(-1, (-1, 3))
    others = rotate_yaw(local, yaw[..., None]) + root_xz[..., None, :]
    root = root_xz + F.pad(features[..., LAYOUT["root_height"]], (1, 1))
    return torch.cat([root[..., None, :], others], dim=-2)


def encode_raw(joints: Tensor, *, skeleton: Skeleton = HUMANML3D) -> Tensor:
    """Convert joints (..., T, 22, 3) of any recording at 20 fps to features (..., T - 1, 263): canonicalize, then encode."""
    return encode(canonicalize(joints, skeleton=skeleton))


def canonicalize(joints: Tensor, *, skeleton: Skeleton = HUMANML3D) -> Tensor:
    """Bring a recording into the frame of the features, as HumanML3D does.

    Bones get the lengths of `skeleton` and the root path is scaled with the legs; the lowest joint of the clip lies at
    y = 0; the first frame stands at the xz origin and faces +z.

    Args:
        joints: (..., T, 22, 3) metres, y up, 20 fps.
        skeleton: gives the bone lengths.

    Returns:
        (..., T, 22, 3)

    Raises:
        InputError: joints of another shape, or no frame.
    """
    _check_joints(joints, min_frames=1)
    joints = _uniform_skeleton(joints, skeleton)
    floor = joints[..., 1].amin(dim=(-2, -1))[..., None, None]
    origin = joints[..., 0, _PELVIS, :]
    shift = torch.stack([origin[..., 0], torch.zeros_like(origin[..., 0]), origin[..., 2]], dim=-1)
    joints = joints - shift[..., None, None, :]
    joints = torch.stack([joints[..., 0], joints[..., 1] - floor, joints[..., 2]], dim=-1)
    return rotate_yaw(joints, -heading(joints[..., 0, :, :])[..., None, None])


def mirror(features: Tensor) -> Tensor:
    """Mirror features (..., T, 263): swap left and right joints, flip signs. Exact, and its own inverse."""
    order, sign = _mirror_map()
    return features[..., order.to(features.device)] * sign.to(features)


@cache
def _mirror_map() -> tuple[Tensor, Tensor]:
    """Return the source of each feature in the mirrored motion and its sign, both (263,)."""
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
    """Give every bone the skeleton's length in its own direction; scale the root path by the ratio of the right legs."""
    leg = _SKELETON.index("right_knee", "right_ankle")
    first_lengths = _SKELETON.bone_vectors(joints[..., 0, :, :])[..., leg, :].norm(dim=-1).sum(-1)
    scale = skeleton.bone_length_tensor().to(joints)[leg].sum() / first_lengths
    root = joints[..., :1, :]
    return skeleton.resize(joints - root) + root * scale[..., None, None, None]


def _half_yaw(joints: Tensor) -> Tensor:
    """Return half the angle (..., T) that turns the smoothed heading of each frame to +z; zero in the first frame."""
    x, z = _published_heading(joints).unbind(-1)
    half = torch.atan2(-x, 1 + z)
    return torch.cat([torch.zeros_like(half[..., :1]), half[..., 1:]], dim=-1)


def _published_heading(joints: Tensor) -> Tensor:
    """Return x and z of the heading (..., T, 2), a unit vector, smoothed over time, with the hip axis negated.

    HumanML3D's code negates the hip axis by mistake. The difference of shoulders and hips still points to the side, since
    shoulders are wider than hips.
    """
    hips, shoulders = side_axes(joints)
    across = F.normalize(hips - shoulders, dim=-1)
    heading = torch.stack([across[..., 2], -across[..., 0]], dim=-1)  # up x across
    frames = heading.transpose(-1, -2).reshape(-1, 1, joints.shape[-3])
    kernel = _smoothing_kernel().to(frames)
    padded = F.pad(frames, (len(kernel) // 2,) * 2, mode="replicate")
    smooth = F.conv1d(padded, kernel[None, None]).reshape(*joints.shape[:-3], 2, -1)
    return F.normalize(smooth.transpose(-1, -2), dim=-1)


@cache
def _smoothing_kernel() -> Tensor:
    """Return the weights (161,) of SciPy's Gaussian filter, as gradients cannot pass the filter itself."""
    from scipy.ndimage import gaussian_filter1d

    impulse = torch.zeros(8 * _HEADING_SIGMA + 1, dtype=torch.float64)
    impulse[4 * _HEADING_SIGMA] = 1
    return torch.from_numpy(gaussian_filter1d(impulse.numpy(), _HEADING_SIGMA, truncate=4, mode="constant")).float()


def _chain_parents() -> list[int]:
    """Return for each joint the joint that its rotation is relative to; 0 is the body's yaw, where the arms start too."""
    starts = set(_SKELETON.index("left_hip", "right_hip", "spine1", "left_collar", "right_collar"))
    return [0 if joint in starts else parent for joint, parent in enumerate(_SKELETON.parents)]


_CHAIN_PARENTS: Final = _chain_parents()


def _bone_rotations_6d(joints: Tensor, yaw: Tensor) -> Tensor:
    """Return the 6-D rotation (..., T, 21, 6) of the bone that ends at each joint, relative to its parent in the chain.

    Each bone's world rotation is the shortest one from its rest direction, so it carries no twist; it is not an SMPL pose.
    """
    bones = F.normalize(_SKELETON.bone_vectors(joints)[..., 1:, :], dim=-1)
    world = shortest_rotation(_SKELETON.rest_direction_tensor()[1:].to(joints), bones)
    parents = torch.cat([yaw_matrix(yaw)[..., None, :, :], world], dim=-3)[..., _CHAIN_PARENTS[1:], :, :]
    return matrix_to_6d(parents.transpose(-1, -2) @ world[..., :2])


def _check_joints(joints: Tensor, min_frames: int) -> None:
    if joints.ndim < 3 or joints.shape[-2:] != (len(_SKELETON), 3):
        raise InputError(f"joints must have shape (..., frames, {len(_SKELETON)}, 3), got {tuple(joints.shape)}")
    if joints.shape[-3] < min_frames:
        raise InputError(f"joints must have at least {min_frames} frames, got {joints.shape[-3]}")
