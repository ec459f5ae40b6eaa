"""A puppet that is posed by the directions of its limbs and moved from pose to pose, for the rules of kinmo_gen.follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from kinmo_core.motion import Motion
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D

FPS = 20
Direction = tuple[float, float, float]  # outward, up, forward for limbs; left, up, forward for trunk and head


@dataclass(frozen=True)
class Pose:
    """Directions of limbs (any length), and where the body is.

    Args:
        trunk, head: left, up, forward.
        left_arm, right_arm, left_forearm, ..., left_thigh, left_shin, ...: outward, up, forward.
        twist: of the shoulders to the left, degrees.
        at: place of the pelvis to the left and forward, m.
        yaw: of the whole body to the left, degrees.
        pitch: of the whole body head over heels forward, degrees.
        roll: of the whole body to the left, as in a cartwheel, degrees.
        lift: of the lowest joint over the floor, m.
    """

    trunk: Direction = (0, 1, 0)
    head: Direction = (0, 1, 0.78)
    left_arm: Direction = (0.15, -1, 0)
    right_arm: Direction = (0.15, -1, 0)
    left_forearm: Direction = (0.1, -1, 0.2)
    right_forearm: Direction = (0.1, -1, 0.2)
    left_thigh: Direction = (0, -1, 0)
    right_thigh: Direction = (0, -1, 0)
    left_shin: Direction = (0, -1, 0)
    right_shin: Direction = (0, -1, 0)
    twist: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    lift: float = 0.0


def play(*keys: tuple[float, Pose]) -> Motion:
    """Move from pose to pose; each key is the seconds since the one before and its pose."""
    times = np.cumsum([seconds for seconds, _ in keys])
    frames = np.arange(round(times[-1] * FPS) + 1) / FPS
    return Motion(_joints({name: _between(frames, times, keys, name) for name in Pose.__dataclass_fields__}))


def _between(frames: np.ndarray, times: np.ndarray, keys: Sequence[tuple[float, Pose]], name: str) -> torch.Tensor:
    """Interpolate one value of the poses, (T,) or (T, n)."""
    values = np.array([getattr(pose, name) for _, pose in keys], dtype=float)
    columns = values.reshape(len(keys), -1).T
    found = np.stack([np.interp(frames, times, column) for column in columns], axis=-1)
    return torch.from_numpy(found.reshape(len(frames), *values.shape[1:])).float()


def _joints(pose: dict[str, torch.Tensor]) -> torch.Tensor:
    """Joints (T, 22, 3) of the values of poses, m."""
    bones = HUMANML3D.rest_direction_tensor().repeat(len(pose["yaw"]), 1, 1)
    for name in ("spine1", "spine2", "spine3", "neck"):
        bones[:, HUMANML3D.index(name)[0]] = pose["trunk"]
    bones[:, HUMANML3D.index("head")[0]] = pose["head"]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mirrored = torch.tensor([sign, 1.0, 1.0])
        for joint, across in (("collar", (sign, 0.4, 0.0)), ("shoulder", (sign, 0.0, 0.0))):
            turned = rotate_yaw(torch.tensor(across), pose["twist"].deg2rad())
            bones[:, HUMANML3D.index(f"{side}_{joint}")[0]] = turned
        for joint, part in {"elbow": "arm", "wrist": "forearm", "knee": "thigh", "ankle": "shin"}.items():
            bones[:, HUMANML3D.index(f"{side}_{joint}")[0]] = pose[f"{side}_{part}"] * mirrored
        outward, up, forward = pose[f"{side}_shin"].unbind(-1)
        foot = torch.stack([outward, up - 0.2 + 0.9 * forward, forward - 0.9 * up], dim=-1)
        bones[:, HUMANML3D.index(f"{side}_foot")[0]] = foot * mirrored
    body = HUMANML3D.place(F.normalize(bones, dim=-1) * HUMANML3D.bone_length_tensor()[:, None])
    body = _rotate(_rotate(body, (1, 2), pose["pitch"]), (1, 0), pose["roll"])
    body = rotate_yaw(body, pose["yaw"].deg2rad()[:, None])
    left, forward = pose["at"].unbind(-1)
    shift = torch.stack([left, pose["lift"] - body[..., 1].amin(-1), forward], dim=-1)
    return body + shift[:, None]


def _rotate(points: torch.Tensor, plane: tuple[int, int], degrees: torch.Tensor) -> torch.Tensor:
    """Turn points (T, J, 3) by (T,) degrees, the first axis of a plane towards the second."""
    first, second = plane
    sine, cosine = degrees.deg2rad().sin()[:, None], degrees.deg2rad().cos()[:, None]
    out = points.clone()
    out[..., first] = points[..., first] * cosine - points[..., second] * sine
    out[..., second] = points[..., first] * sine + points[..., second] * cosine
    return out


def held(pose: Pose, *, seconds: float = 2.0, after: Pose | None = None) -> Motion:
    """Go from standing, or from another pose, into a pose and hold it."""
    start = Pose() if after is None else after
    return play((0, start), (0.6, start), (0.8, pose), (seconds, pose))


def repeat(first: Pose, second: Pose, *, count: int = 4, seconds: float = 0.4) -> Motion:
    """Move between two poses `count` times."""
    return play((0, Pose()), (0.6, first), *[(seconds, pose) for _ in range(count) for pose in (second, first)])


def march(left: float, forward: float, *, steps: int = 8, pose: Pose | None = None, yaw: float = 0.0) -> Motion:
    """Go by lifting the feet in turn; the whole way in m and the whole turn in degrees."""
    pose = pose or Pose()
    keys = [(0.0, pose)]
    for step in range(1, steps + 1):
        share = step / steps
        side = "left" if step % 2 else "right"
        up: dict[str, Any] = {f"{side}_thigh": (0, -1, 0.9), f"{side}_shin": (0, -1, -0.9)}
        middle = share - 0.5 / steps
        keys.append((0.3, replace(pose, at=(left * middle, forward * middle), yaw=yaw * middle, **up)))
        keys.append((0.3, replace(pose, at=(left * share, forward * share), yaw=yaw * share)))
    return play(*keys)


def joined(*motions: Motion) -> Motion:
    """Play motions one after the other, each where the last one ended."""
    parts = [motions[0].joints]
    for motion in motions[1:]:
        shift = (parts[-1][-1, 0] - motion.joints[0, 0]) * torch.tensor([1.0, 0.0, 1.0])
        parts.append(motion.joints + shift)
    return Motion(torch.cat(parts))
