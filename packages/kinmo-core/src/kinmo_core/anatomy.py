"""What joint positions tell about a body: how long its legs are, where its head is, which side is its left.

Files say little about units and axes, and labels of sides get lost, but a person's anatomy stays: knees bend and toes point
to the front, and the left is where up x front points.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.skeleton import HUMANML3D, side_axes

# Of the 6,761 clips of the merged CMU and ACCAD pack none counts as swapped or upside down; of their mirror images 98 %
# count as swapped, and of those turned upside down 98 % as that.
_TOES_BACKWARD: Final = -0.1  # mean cosine between toes and front; the lowest of all true clips is -0.31, cartwheels
_KNEES_BACKWARD: Final = -0.01  # leg lengths, mean distance of the knees before the line from hip to ankle
_LEG: Final = ("hip", "knee", "ankle", "foot")
_HANDS_BELOW: Final = 0.1  # m: the wrists of a person on the hands are lower than the head by more; by 0.35 in the pack


def leg_length(joints: Tensor) -> Tensor:
    """Return the length of thigh and shin, the mean of both legs, (...,) of joints (..., 22, 3), in their unit."""
    ends = HUMANML3D.index("left_knee", "right_knee", "left_ankle", "right_ankle")
    return HUMANML3D.bone_vectors(joints)[..., ends, :].norm(dim=-1).sum(-1) / 2


def head_from_feet(joints: Tensor) -> Tensor:
    """Return the vectors (..., 3) from between the ankles to the head of joints (..., 22, 3)."""
    left, right, head = HUMANML3D.index("left_ankle", "right_ankle", "head")
    return joints[..., head, :] - (joints[..., left, :] + joints[..., right, :]) / 2


def front(joints: Tensor) -> Tensor:
    """Return the unit vector (..., 3) to the front that left and right hips and shoulders of joints (..., 22, 3) tell."""
    hips, shoulders = side_axes(joints)
    pelvis, neck = HUMANML3D.index("pelvis", "neck")
    return F.normalize(torch.linalg.cross(hips + shoulders, joints[..., neck, :] - joints[..., pelvis, :]), dim=-1)


def sides_swapped(joints: Tensor) -> bool:
    """Tell whether left and right of a clip (T, 22, 3) are swapped, or the clip is a mirror image with the old labels.

    Both toes and knees must be behind the hips in the mean of the clip. Which of the two happened cannot be told from it.
    """
    ahead = front(joints)[:, None]
    hip, knee, ankle, foot = (joints[:, HUMANML3D.index(f"left_{end}", f"right_{end}")] for end in _LEG)
    toes = F.normalize((foot - ankle).sum(1, keepdim=True), dim=-1)
    thigh, axis = knee - hip, F.normalize(ankle - hip, dim=-1)
    knees = (thigh - (thigh * axis).sum(-1, keepdim=True) * axis) / leg_length(joints)[:, None, None]
    backward = (toes * ahead).sum(-1).mean() < _TOES_BACKWARD, (knees * ahead).sum(-1).mean() < _KNEES_BACKWARD
    return all(map(bool, backward))


def upside_down(joints: Tensor) -> bool:
    """Tell whether the person of a clip (T, 22, 3), metres, y up, stands on the ceiling rather than on the hands."""
    left, right, head = HUMANML3D.index("left_wrist", "right_wrist", "head")
    hands = (joints[:, left, 1] + joints[:, right, 1]) / 2 - joints[:, head, 1]
    height = head_from_feet(joints)[:, 1]
    return bool(height.median() < -leg_length(joints).median()) and bool(hands.median() > -_HANDS_BELOW)
