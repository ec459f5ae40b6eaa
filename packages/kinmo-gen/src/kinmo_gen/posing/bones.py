"""Bones of a motion turned, joint by joint, in the axes of the body: what poses are made with."""

from __future__ import annotations

from functools import cache
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_annotate.measures.body import OUTWARD, smooth_heading
from kinmo_core.rotations import rotate_yaw, shortest_rotation
from kinmo_core.skeleton import HUMANML3D

_AXES: Final = {"left": (1.0, 0.0, 0.0), "up": (0.0, 1.0, 0.0), "forward": (0.0, 0.0, 1.0)}  # of the body
FEET: Final = HUMANML3D.index("left_ankle", "right_ankle", "left_foot", "right_foot")
_SPINE: Final = (("pelvis", 0.5), ("spine1", 0.3), ("spine2", 0.2))  # where a trunk bends, and its shares


def aim(joints: Tensor, limb: str, directions: Tensor, *, leans: bool = False) -> Tensor:
    """Turn the two bones of an arm or leg to directions of the body's frame, (2, 3): outward, up, forward.

    Args:
        joints: (T, 22, 3).
        limb: left_arm, right_arm, left_leg or right_leg.
        directions: of any length.
        leans: whether the frame leans forward and back with the trunk.
    """
    side, _, kind = limb.partition("_")
    chain = ("shoulder", "elbow", "wrist") if kind == "arm" else ("hip", "knee", "ankle")
    first, middle, last = (f"{side}_{name}" for name in chain)
    yaw = smooth_heading(joints)
    lean = about(joints, "left", tilt(joints, "left")) if leans else torch.eye(3).expand(len(joints), 3, 3)
    for start, end, direction in ((first, middle, directions[0]), (middle, last, directions[1])):
        a, b = HUMANML3D.index(start, end)
        goal = rotate_yaw((direction * torch.tensor([OUTWARD[side], 1.0, 1.0])).expand(len(joints), 3), yaw)
        goal = (lean @ goal[..., None])[..., 0]
        bone = F.normalize(joints[:, b] - joints[:, a], dim=-1)
        joints = turn(joints, start, shortest_rotation(bone, F.normalize(goal, dim=-1)))
    return joints


def turn(joints: Tensor, joint: str, rotation: Tensor) -> Tensor:
    """Turn what hangs on a joint, (T, 22, 3), about it by rotations (T, 3, 3); on the pelvis, the spine alone."""
    pivot = HUMANML3D.names.index(joint)
    moved = [i for i in _below(pivot) if i != pivot]
    if joint == "pelvis":
        moved = _below(HUMANML3D.names.index("spine1"))
    out = joints.clone()
    centre = joints[:, pivot, None]
    out[:, moved] = centre + (joints[:, moved] - centre) @ rotation.mT
    return out


@cache
def _below(pivot: int) -> list[int]:
    found = [pivot]
    for joint, parent in enumerate(HUMANML3D.parents):
        if parent in found:
            found.append(joint)
    return found


def bend(joints: Tensor, axis: str, degrees: Tensor) -> Tensor:
    """Bend the spine (T, 22, 3) about an axis of the body by degrees (T,); neck and arms go along, hips and legs stay."""
    for joint, share in _SPINE:
        joints = turn(joints, joint, about(joints, axis, share * degrees))
    return joints


def tilt(joints: Tensor, axis: str) -> Tensor:
    """Return how far the trunk (T, 22, 3) is bent about an axis of the body, degrees (T,), as `bend` counts them."""
    pelvis, neck = HUMANML3D.index("pelvis", "neck")
    x, y, z = rotate_yaw(joints[:, neck] - joints[:, pelvis], -smooth_heading(joints)).unbind(-1)
    return torch.atan2(z if axis == "left" else -x, y).rad2deg()


def bend_elbow(joints: Tensor, side: str, degrees: float) -> Tensor:
    """Bend an elbow (T, 22, 3) to an angle from straight, degrees, the forearm forward of the upper arm."""
    shoulder, elbow, wrist = HUMANML3D.index(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
    upper = F.normalize(joints[:, elbow] - joints[:, shoulder], dim=-1)
    goal = (about(joints, "left", torch.full((len(joints),), -degrees)) * upper[:, None]).sum(-1)
    fore = F.normalize(joints[:, wrist] - joints[:, elbow], dim=-1)
    return turn(joints, f"{side}_elbow", shortest_rotation(fore, goal))


def axis_of(joints: Tensor, axis: str) -> Tensor:
    """Return an axis of the body, left, up or forward, as unit vectors (T, 3)."""
    return rotate_yaw(torch.tensor(_AXES[axis]).expand(len(joints), 3), smooth_heading(joints))


def about(joints: Tensor, axis: str, degrees: Tensor) -> Tensor:
    """Return rotations (T, 3, 3) by degrees (T,) about an axis of the body, counter-clockwise seen against it."""
    x, y, z = axis_of(joints, axis).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).view(-1, 3, 3)
    return torch.linalg.matrix_exp(cross * degrees.deg2rad()[:, None, None])
