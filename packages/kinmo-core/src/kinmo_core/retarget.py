"""Move a motion onto HumanML3D's body: feet stay planted, bones keep their length, hands their place at the body.

Other skeletons put hips, spine and collars elsewhere, so the trunk is HumanML3D's own, turned as the trunk of the source
turns, and set on the hip joints of the source. Legs reach for the source's toes, arms for its wrists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.rig import OFFSETS, bend_limb, constant_body, fit_turns
from kinmo_core.skeleton import HUMANML3D

TRUNK: Final = ("pelvis", "spine1", "spine2", "spine3", "neck")
"""Joints whose turns tell the pose of the trunk; each carries the bones that start at it."""

_SIDES: Final = ("left", "right")
# share of the arm's length over which the hand goes from its place at the body to the reach of the arm
_BENT: Final = (0.6, 0.85)
_FLAT: Final = (-0.9, 0.35)  # rad above the horizontal of a foot that can stand flat at rest; others hang or are folded
_UP: Final = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
_LOWEST: Final = 0.01  # share of the frames that may lie below the floor
_ROOT, _LEFT_HIP, _RIGHT_HIP, _SPINE3 = HUMANML3D.index("pelvis", "left_hip", "right_hip", "spine3")


@dataclass(frozen=True)
class Rest:
    """What a source knows of itself beyond its joints, if it has a rest pose in which the person stands.

    Args:
        joints: (22, 3) of the rest pose, metres, y up, facing +z.
        turns: (T, 3, 3) from the rest pose to each frame, of the joints of `TRUNK` and the ankles.
    """

    joints: Float[Tensor, "22 3"]
    turns: Mapping[str, Float[Tensor, "frames 3 3"]]


def retarget(joints: Float[Tensor, "frames 22 3"], rest: Rest | None = None) -> Float[Tensor, "frames 22 3"]:
    """Move a clip onto HumanML3D's body, with the floor at y = 0.

    Args:
        joints: (T, 22, 3) metres, y up, of a body with any proportions; the path is scaled with the legs.
        rest: the rest pose of the source; without it, the trunk is fitted to the joints of each frame.

    Returns:
        (T, 22, 3) metres, in the type of `joints`; every bone has the length of `HUMANML3D`.

    Raises:
        InputError: legs without length.
    """
    own = _leg(joints.double())
    if not own > 0:
        raise InputError("joints must have thighs and shins with a length, got 0")
    scale = _leg(HUMANML3D.rest_pose().double()[None]) / own
    source = joints.detach().double() * scale
    still = None if rest is None else rest.joints.double() * scale
    turns = fit_turns(source) if rest is None else {name: turn.double() for name, turn in rest.turns.items()}
    target = _trunk(source, turns)
    for side in _SIDES:
        _add_leg(target, source, side, still, turns)
        _add_shoulder(target, source, side, still, turns["spine3"])
    for side in _SIDES:
        _add_arm(target, source, side)
    body = constant_body(target)
    lowest = body[:, HUMANML3D.index("left_foot", "right_foot"), 1].amin(-1).quantile(_LOWEST)
    return (body - _UP * lowest).to(joints)


def _leg(joints: Tensor) -> float:
    """Return the mean length of thigh and shin of (T, 22, 3)."""
    lengths = HUMANML3D.bone_vectors(joints).norm(dim=-1)
    return float(lengths[:, HUMANML3D.index("left_knee", "right_knee", "left_ankle", "right_ankle")].sum(-1).mean()) / 2


def _trunk(source: Tensor, turns: Mapping[str, Tensor]) -> Tensor:
    """Return (T, 22, 3) with HumanML3D's trunk: its hips lie around those of the source."""
    target = source.clone()
    hips = OFFSETS[[_LEFT_HIP, _RIGHT_HIP]].mean(0)
    target[:, _ROOT] = source[:, [_LEFT_HIP, _RIGHT_HIP]].mean(1) - turns["pelvis"] @ hips
    for joint, parent in enumerate(HUMANML3D.parents):
        if parent >= 0 and HUMANML3D.names[parent] in TRUNK:
            target[:, joint] = target[:, parent] + turns[HUMANML3D.names[parent]] @ OFFSETS[joint]
    return target


def _add_leg(target: Tensor, source: Tensor, side: str, still: Tensor | None, turns: Mapping[str, Tensor]) -> None:
    """Place knee, ankle and toe of one leg in `target`.

    A foot that is steeper at rest than HumanML3D's is laid as flat as that, and the toe raised by the difference, so that
    the ankle keeps its height over the floor. The toe keeps its path along the floor: planted, it stays planted.
    """
    hip, knee, ankle, foot = HUMANML3D.index(*(f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot")))
    bone = source[:, foot] - source[:, ankle]
    toe = source[:, foot]
    if still is not None and _FLAT[0] < _pitch(still[foot] - still[ankle]) < _FLAT[1]:
        turn, flat = turns[f"{side}_ankle"], still[foot] - still[ankle]
        pitch = _pitch(OFFSETS[foot]) - _pitch(flat)
        bone = (turn @ _about_x(-pitch) @ turn.mT @ bone[..., None])[..., 0]
        toe = toe + _UP * (OFFSETS[foot][1] - flat[1])
    target[:, foot] = toe
    target[:, ankle] = toe - F.normalize(bone, dim=-1) * OFFSETS[foot].norm()
    target[:, knee] = target[:, hip] + source[:, knee] - source[:, hip]


def _add_shoulder(target: Tensor, source: Tensor, side: str, still: Tensor | None, chest: Tensor) -> None:
    """Place a shoulder: where HumanML3D's rests, moved by what the source's moved against its chest."""
    collar, shoulder = HUMANML3D.index(f"{side}_collar", f"{side}_shoulder")
    if still is None:
        bone = source[:, shoulder] - source[:, collar]
    else:
        moved = source[:, shoulder] - source[:, _SPINE3] - chest @ (still[shoulder] - still[_SPINE3])
        bone = chest @ OFFSETS[shoulder] + moved
    target[:, shoulder] = target[:, collar] + F.normalize(bone, dim=-1) * OFFSETS[shoulder].norm()


def _add_arm(target: Tensor, source: Tensor, side: str) -> None:
    """Place elbow and wrist: a bent arm keeps the hand's place at the body, a straight one its own reach."""
    shoulder, elbow, wrist = HUMANML3D.index(*(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist")))
    shoulders = HUMANML3D.index("left_shoulder", "right_shoulder")
    upper, lower = (float(OFFSETS[joint].norm()) for joint in (elbow, wrist))
    parts = HUMANML3D.bone_vectors(source)[:, [elbow, wrist]].norm(dim=-1).sum(-1, keepdim=True)
    reach = source[:, wrist] - source[:, shoulder]
    own = target[:, shoulder] + reach * (upper + lower) / parts
    body = target[:, shoulders].mean(1) + source[:, wrist] - source[:, shoulders].mean(1)
    straight = ((reach.norm(dim=-1, keepdim=True) / parts - _BENT[0]) / (_BENT[1] - _BENT[0])).clamp(0, 1)
    share = straight.square() * (3 - 2 * straight)  # without a corner, so that hands do not jerk
    target[:, wrist] = torch.lerp(body, own, share)
    goal = target[:, shoulder] + source[:, elbow] - source[:, shoulder]
    target[:, elbow] = bend_limb(target[:, shoulder], goal, target[:, wrist], upper, lower)


def _pitch(bone: Tensor) -> Tensor:
    """Return the angle of a foot (3,) above the horizontal, radians."""
    return torch.atan2(bone[1], bone[[0, 2]].norm())


def _about_x(angle: Tensor) -> Tensor:
    """Return the rotation (3, 3) about +x, which takes +z to -y for a positive angle."""
    cos, sin, one, zero = angle.cos(), angle.sin(), torch.ones_like(angle), torch.zeros_like(angle)
    return torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos]).reshape(3, 3)
