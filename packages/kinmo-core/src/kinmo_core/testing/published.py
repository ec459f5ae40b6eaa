"""HumanML3D's features by the published steps, in NumPy with quaternions wxyz, written apart from `kinmo_core.features`.

It is the oracle of the tests, and what the speed of `encode_raw` is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from kinmo_core.skeleton import HUMANML3D

Array = NDArray[np.floating]
_CHAINS: Final = ((0, 2, 5, 8, 11), (0, 1, 4, 7, 10), (0, 3, 6, 9, 12, 15), (9, 14, 17, 19, 21), (9, 13, 16, 18, 20))
_REST: Final = np.array(HUMANML3D.rest_directions)
_LENGTHS: Final = np.array(HUMANML3D.bone_lengths)
_FRONT: Final = np.array([[0.0, 0.0, 1.0]])
_SIGMA: Final = 20  # frames of the Gaussian that smooths the heading
_STILL: Final = 0.002  # m^2 a frame, below which a foot is in contact


def published_features(joints: Array) -> Array:
    """Convert joints (T, 22, 3) of a recording, metres at 20 fps, to features (T - 1, 263), yaw sign as published."""
    return features_of(in_common_frame(joints))


def in_common_frame(joints: Array) -> Array:
    """Give joints (T, 22, 3) HumanML3D's bones by inverse and forward kinematics; put them on the floor, facing +z."""
    legs = np.linalg.norm(joints[0, [5, 8]] - joints[0, [2, 5]], axis=-1).sum()
    root, local = _rotations(joints, _facing(joints, hips=1.0))
    out = _placed(joints[:, 0] * (_LENGTHS[[5, 8]].sum() / legs), root, local)
    out[..., 1] -= out[..., 1].min()
    out -= out[0, 0] * [1, 0, 1]
    return _turned(_between(_facing(out[:1], hips=1.0), _FRONT), out)


def features_of(joints: Array) -> Array:
    """Convert joints (T, 22, 3) in the common frame to features (T - 1, 263)."""
    facing = gaussian_filter1d(_facing(joints, hips=-1.0), _SIGMA, axis=0, mode="nearest")
    root, local = _rotations(joints, facing, first=np.array([1.0, 0.0, 0.0, 0.0]))
    now, step, heading = joints[:-1], np.diff(joints, axis=0), root[:-1]
    yaw_rate = np.arcsin(_times(root[1:], _inverse(heading))[:, 2:3])
    velocity = _turned(root[1:], step[:, 0])[:, [0, 2]]
    places = _turned(heading[:, None], now[:, 1:] - now[:, :1] * [1, 0, 1])
    columns = [_turned(local[joint][:-1, None], np.eye(3)[:2]) for joint in range(1, 22)]
    velocities = _turned(heading[:, None], step)
    contacts = (step[:, [7, 10, 8, 11]] ** 2).sum(-1) < _STILL
    blocks = (yaw_rate, velocity, now[:, 0, 1:2], places, np.stack(columns, axis=1), velocities, contacts)
    return np.concatenate([block.reshape(len(now), -1) for block in blocks], axis=-1)


def _facing(joints: Array, *, hips: float) -> Array:
    """Return the heading (T, 3), of length 1; features take the hip axis with the wrong sign, `hips` = -1."""
    across = hips * (joints[:, 2] - joints[:, 1]) + joints[:, 17] - joints[:, 16]
    return np.cross([[0.0, 1.0, 0.0]], across / np.linalg.norm(across, axis=-1, keepdims=True))


def _rotations(joints: Array, facing: Array, first: Array | None = None) -> tuple[Array, Mapping[int, Array]]:
    """Return the turn (T, 4) from `facing` to +z, and the rotation (T, 4) of each joint's bone against the one before it.

    As published, each chain begins with the turn from the world to the heading, and not with the turn back.
    """
    root = _between(facing, _FRONT)
    if first is not None:
        root[0] = first
    local: dict[int, Array] = {}
    for chain in _CHAINS:
        before = root
        for parent, joint in pairwise(chain):
            world = _between(_REST[joint], joints[:, joint] - joints[:, parent])
            local[joint] = _times(_inverse(before), world)
            before = world
    return root, local


def _placed(pelvis: Array, root: Array, local: Mapping[int, Array]) -> Array:
    """Place HumanML3D's bones with the rotations that `_rotations` returns."""
    out = np.repeat(pelvis[:, None], 22, axis=1)
    for chain in _CHAINS:
        world = root
        for parent, joint in pairwise(chain):
            world = _times(world, local[joint])
            out[:, joint] = out[:, parent] + _turned(world, _LENGTHS[joint] * _REST[joint])
    return out


def _between(source: Array, target: Array) -> Array:
    """Return the shortest rotation (..., 4) of one direction to another."""
    real = np.linalg.norm(source, axis=-1) * np.linalg.norm(target, axis=-1) + (source * target).sum(-1)
    quaternion = np.concatenate([real[..., None], np.cross(source, target)], axis=-1)
    return quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True)


def _times(first: Array, second: Array) -> Array:
    """Return the Hamilton product (..., 4)."""
    real = first[..., :1] * second[..., :1] - (first[..., 1:] * second[..., 1:]).sum(-1, keepdims=True)
    vector = first[..., :1] * second[..., 1:] + second[..., :1] * first[..., 1:]
    return np.concatenate([real, vector + np.cross(first[..., 1:], second[..., 1:])], axis=-1)


def _inverse(quaternion: Array) -> Array:
    return quaternion * np.array([1.0, -1.0, -1.0, -1.0])


def _turned(quaternion: Array, vector: Array) -> Array:
    """Return a vector (..., 3) rotated by a quaternion (..., 4)."""
    axis = np.broadcast_to(quaternion[..., 1:], np.broadcast_shapes(quaternion[..., 1:].shape, vector.shape))
    half = np.cross(axis, vector)
    return vector + 2 * (quaternion[..., :1] * half + np.cross(axis, half))
