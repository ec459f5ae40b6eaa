"""Check the features of one clip: are they whole, of a person of HumanML3D's size, the right way round, and consistent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from kinmo_core.anatomy import head_from_feet, leg_length, sides_swapped, upside_down
from kinmo_core.data.yaw import repair_yaw, yaw_kinks
from kinmo_core.features import CONTACT_JOINTS, CONTACT_SQUARED_STEP, LAYOUT, decode, encode
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D, side_axes

KINDS: Final = (
    "missing", "unreadable", "not finite", "too short", "in two splits", "wrong scale", "upside down",
    "left and right swapped", "wrong encoding", "yaw kink",
)  # fmt: skip
"""Kinds of findings, in the order of the table."""

_SCALE: Final = 0.02  # share by which legs may differ from the uniform skeleton, which all clips have
_OFF: Final = 0.01  # m: steps may differ by rounding only
_ROTATIONS_OFF: Final = 0.05  # mean difference of numbers of the order of 1; rounding and half turns leave 0.001
_CONTACTS_OFF: Final = 0.05  # share of contacts that do not follow from the steps
_LYING: Final = 0.6  # leg lengths between feet and head in height; 1.75 where a person stands
_CHAIN_STARTS: Final = ("left_hip", "right_hip", "spine1", "left_collar", "right_collar")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        kind: one of `KINDS`.
        where: id of a clip, or a file.
        detail: what was found.
    """

    kind: str
    where: str
    detail: str


def check_clip(id: str, features: Tensor, *, min_frames: int) -> Iterator[Finding]:
    """Check features (T, 263) of the clip `id`.

    Args:
        id: names the clip in the findings.
        features: as the file holds them.
        min_frames: fewer frames are a finding.
    """
    finite = features.isfinite().all(-1)
    if not bool(finite.all()):
        first = int((~finite).nonzero()[0])
        yield Finding("not finite", id, f"NaN or infinity in {int((~finite).sum())} frames, first in {first}")
        return
    if len(features) < min_frames:
        yield Finding("too short", id, f"{len(features)} of at least {min_frames} frames")
    if kinks := int(yaw_kinks(features).sum()):
        yield Finding("yaw kink", id, f"{kinks} yaw steps with the wrong sign, which repair_yaw=True repairs")
    features = repair_yaw(features)
    joints = decode(features)
    yield from _check_body(id, joints)
    yield from (Finding("wrong encoding", id, detail) for detail in _encoding_errors(features, joints))


def lies(features: Tensor) -> bool:
    """Tell whether the person of features (T, 263) lies in most frames."""
    joints = decode(features)
    return bool(head_from_feet(joints)[:, 1].abs().median() < _LYING * leg_length(joints).median())


def _check_body(id: str, joints: Tensor) -> Iterator[Finding]:
    ratio = float(leg_length(joints).median() / leg_length(HUMANML3D.rest_pose()))
    if not abs(ratio - 1) <= _SCALE:
        yield Finding("wrong scale", id, f"legs are {ratio:.4g} times as long as those of the uniform skeleton")
    joints = joints / max(ratio, torch.finfo(torch.float32).tiny)
    if upside_down(joints):
        yield Finding("upside down", id, "the head is below the feet and the hands do not carry the person")
    if sides_swapped(joints):
        yield Finding("left and right swapped", id, "toes and knees point to the back")
    hips, shoulders = side_axes(joints)
    if bool((hips * shoulders).sum(-1).median() < 0):
        yield Finding("left and right swapped", id, "hips and shoulders have their left on opposite sides")


def _encoding_errors(features: Tensor, joints: Tensor) -> Iterator[str]:
    """Say where the parts of the features contradict each other; the first 67 are taken as true."""
    contacts = features[:, LAYOUT["contacts"]]
    if not bool(((contacts == 0) | (contacts == 1)).all()):
        yield f"contacts must be 0 or 1, got {float(contacts.min()):.3g} to {float(contacts.max()):.3g}"
        return
    if len(features) < 2:
        return
    velocities = features[:, LAYOUT["velocities"]].unflatten(-1, (-1, 3))
    yaw = 2 * torch.cat([features.new_zeros(1), features[:-1, 0].cumsum(0)])
    steps = rotate_yaw(joints.diff(dim=0), yaw[:-1, None])
    if (off := float((steps - velocities[:-1]).norm(dim=-1).max())) > _OFF:
        yield f"velocities are off by up to {off:.3g} m from the steps of the positions"
    feet = velocities[:, HUMANML3D.index(*CONTACT_JOINTS)].square().sum(-1) < CONTACT_SQUARED_STEP
    if (share := float((feet != contacts.bool()).float().mean())) > _CONTACTS_OFF:
        yield f"{100 * share:.0f} % of the contacts do not follow from the velocities"
    inner = [joint - 1 for joint in range(1, 22) if HUMANML3D.names[joint] not in _CHAIN_STARTS]
    rotations, again = (
        f[:, LAYOUT["rotations"]].unflatten(-1, (-1, 6))[:, inner] for f in (features[:-1], encode(joints))
    )
    if (off := float((rotations - again).abs().mean())) > _ROTATIONS_OFF:
        yield f"6-D rotations differ by {off:.2g} from those of the positions; first and second column?"
