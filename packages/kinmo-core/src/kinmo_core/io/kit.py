"""KIT-ML as T2M prepared it (Guo et al., CVPR 2022): 21 joints of the MMM model, 251 features a frame, mm, 12.5 fps.

The figure has no collars and one joint less in the back than HumanML3D's. Hips, knees, ankles, feet, shoulders, elbows,
wrists, neck and head are KIT's own joints; three spine joints and the collars are placed between them.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from kinmo_core.anatomy import sides_swapped
from kinmo_core.features import recover_joints
from kinmo_core.skeleton import HUMANML3D

JOINTS: Final = 21
DIM: Final = 4 + 9 * (JOINTS - 1) + 3 * JOINTS + 4  # root; positions and rotations; velocities; contacts
FPS: Final = 12.5
MILLIMETRE: Final = 0.001

_SPINE: Final = (0, 1, 2, 3)  # root, belly (BP), thorax (BT), lower neck (BLN)
_OWN: Final = {
    "pelvis": 0, "neck": 3, "head": 4,
    "right_shoulder": 5, "right_elbow": 6, "right_wrist": 7, "left_shoulder": 8, "left_elbow": 9, "left_wrist": 10,
    "right_hip": 11, "right_knee": 12, "right_ankle": 13, "right_foot": 15,  # 14 and 19 are midfeet
    "left_hip": 16, "left_knee": 17, "left_ankle": 18, "left_foot": 20,
}  # fmt: skip
_COLLAR_SHARE: Final = 0.45  # of the way from neck to shoulder


def decode(features: Tensor) -> Tensor:
    """Convert features (..., T, 251) to KIT's joints (..., T, 21, 3), metres."""
    return recover_joints(features, joints=JOINTS) * MILLIMETRE


def to_humanml3d(joints: Tensor) -> Tensor:
    """Convert a clip of KIT's joints (T, 21, 3) to HumanML3D's 22 joints (T, 22, 3), in the unit of `joints`.

    T2M's code calls the joints 5-7 and 11-15 right; where toes and knees show that they are left, they are taken as left.
    """
    places = {name: joints[:, joint] for name, joint in _OWN.items()}
    places |= dict(zip(("spine1", "spine2", "spine3"), _along(joints[:, list(_SPINE)]), strict=True))
    for side in ("left", "right"):
        places[f"{side}_collar"] = torch.lerp(places["neck"], places[f"{side}_shoulder"], _COLLAR_SHARE)
    clip = torch.stack([places[name] for name in HUMANML3D.names], dim=1)
    return clip[:, list(HUMANML3D.mirror_permutation)] if sides_swapped(clip) else clip


def _along(line: Tensor) -> list[Tensor]:
    """Return where HumanML3D's spine joints (T, 3) lie on the line (T, n, 3) from pelvis to neck, by their share of it."""
    ends = HUMANML3D.bone_length_tensor()[HUMANML3D.index("spine1", "spine2", "spine3", "neck")].cumsum(0)
    lengths = line.diff(dim=1).norm(dim=-1)
    reached = torch.cat([torch.zeros_like(lengths[:, :1]), lengths.cumsum(1)], dim=1)
    found = []
    for share in (ends[:-1] / ends[-1]).tolist():
        goal = share * reached[:, -1:]
        bone = (goal > reached[:, 1:-1]).sum(1, keepdim=True)
        rest = (goal - reached.gather(1, bone)) / lengths.gather(1, bone).clamp_min(torch.finfo(line.dtype).tiny)
        start, end = (line.gather(1, (bone + k)[..., None].expand(-1, 1, 3))[:, 0] for k in (0, 1))
        found.append(torch.lerp(start, end, rest))
    return found
