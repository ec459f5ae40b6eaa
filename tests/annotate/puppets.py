"""Motions with one known thing in them: a standing body of which one limb is moved."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_annotate.observation import Observation, Observed
from kinmo_annotate.observe import observe
from kinmo_core.motion import Motion, mirror_joints
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action

__all__ = ["eased", "kinds", "mirror_joints", "move_arm", "observed", "seen", "standing"]


def standing(frames: int = 60) -> Tensor:
    """Return (T, 22, 3) a body that stands with hanging arms and looks ahead."""
    joints = Action().joints(frames)
    neck, head = HUMANML3D.index("neck", "head")
    joints[:, head] = joints[:, neck] + 0.1 * torch.tensor([0.0, 0.77, 0.64])  # the bone ends between the eyes
    return joints


def eased(start: float, end: float, frames: int, first: float, last: float) -> Tensor:
    """Return (T,) from `start` to `end`, smoothly between two times (shares of the clip), else constant."""
    time = ((torch.linspace(0, 1, frames) - first) / (last - first)).clamp(0, 1)
    return start + (end - start) * (1 - torch.cos(torch.pi * time)) / 2


def move_arm(joints: Tensor, side: str, angle: Tensor, *, out: bool = False) -> Tensor:
    """Return the same motion with a straight arm at `angle` (T,) degrees: 0 hangs, 90 points forward, or outward, 180 up."""
    shoulder, elbow, wrist = HUMANML3D.index(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
    aside, none = torch.deg2rad(angle).sin(), torch.zeros_like(angle)
    sign = 1.0 if side == "left" else -1.0
    arm = torch.stack([sign * aside if out else none, -torch.deg2rad(angle).cos(), none if out else aside], dim=-1)
    moved = joints.clone()
    moved[:, elbow] = moved[:, shoulder] + 0.26 * arm
    moved[:, wrist] = moved[:, shoulder] + 0.53 * arm
    return moved


def seen(joints: Tensor, fps: float = 20.0) -> Observation:
    """Observe joints (T, 22, 3)."""
    return observe(Motion(joints, fps), id="puppet")


def observed(joints: Tensor, who: str) -> list[Observed]:
    """Return what is observed of one group or pair."""
    return [one for one in seen(joints).observed if one.statement.who == who]


def kinds(joints: Tensor, who: str) -> list[str]:
    """Return the kinds of what is observed of one group or pair, by time."""
    return [one.kind for one in observed(joints, who)]
