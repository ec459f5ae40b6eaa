"""A motion seen from the body itself (`Body`), and the angles that are measured in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from kinmo_core.groups import GroupMotion, to_groups
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D, heading

SIDES: Final = ("left", "right")
OUTWARD: Final = {"left": 1.0, "right": -1.0}  # sign of x that leads away from the body on a side
_LEG: Final = 0.82  # m, hip to ankle of HumanML3D's skeleton, which all thresholds are for
_HEADING_SIGMA: Final = 2.0  # frames; hips and shoulders sway within a step, the heading does not
TINY: Final = 1e-6  # m, keeps a division by a length of zero finite


@dataclass(frozen=True, eq=False)
class Body:
    """A motion on a body of HumanML3D's size, in the frame of the body.

    Args:
        joints: (..., T, 22, 3) metres; y up from the lowest point of the feet, z to where hips and shoulders face, x to the
            person's left, the pelvis above the origin.
        room: (..., T, 22, 3) metres; the same joints at their place in the room.
        heading: (..., T) rad about +y from +z.
        groups: the motion as groups, at its own size.
    """

    joints: Float[Tensor, "*batch frames 22 3"]
    room: Float[Tensor, "*batch frames 22 3"]
    heading: Float[Tensor, "*batch frames"]
    groups: GroupMotion

    @staticmethod
    def of(joints: Float[Tensor, "*batch frames 22 3"]) -> Body:
        """Scale, turn and shift joints (..., T, 22, 3) of any place, heading and size, metres, y up."""
        groups = to_groups(joints)
        room = joints * (_LEG / leg_length(groups))[..., None, None, None]
        yaw = smooth_heading(room)
        seen = rotate_yaw(room - room[..., :1, :] * room.new_tensor([1.0, 0.0, 1.0]), -yaw[..., None])
        # The floor is where the feet come lowest; a motion whose feet never touch it has none of its own.
        floor = feet_height(seen).amin(-1)[..., None, None]
        x, y, z = seen.unbind(-1)
        return Body(torch.stack([x, y - floor, z], dim=-1), room, yaw, groups)

    def __getitem__(self, joint: str) -> Float[Tensor, "*batch frames 3"]:
        return self.joints[..., at(joint)[0], :]

    @property
    def shoulders(self) -> Float[Tensor, "*batch frames 3"]:
        """Middle between the shoulders."""
        return self.joints[..., at("left_shoulder", "right_shoulder"), :].mean(-2)

    def distance(self, first: str, second: str) -> Float[Tensor, "*batch frames"]:
        """Return the distance of two joints, m."""
        return (self[first] - self[second]).norm(dim=-1)

    def bend(self, end: str) -> Float[Tensor, "*batch frames"]:
        """Return the angle from the bone before to the bone that ends at a joint of arm or leg, degrees: 0 = straight.

        The bones of arms and legs point along -y at rest, so the second column of the rotation tells where the bone points.
        """
        x, y, z = self.groups.limb_angles[..., at(end)[0], 3:].unbind(-1)
        return torch.atan2(torch.hypot(x, z), y).rad2deg()

    def slope(self, start: str, end: str) -> Float[Tensor, "*batch frames"]:
        """Return the angle of a bone to the vertical, degrees: 0 = hangs, 90 = level, 180 = points up."""
        bone = self[end] - self[start]
        return torch.atan2(bone[..., [0, 2]].norm(dim=-1), -bone[..., 1]).rad2deg()


def at(*names: str) -> list[int]:
    """Return the indices of HumanML3D's joints of these names."""
    return HUMANML3D.index(*names)


def other_side(side: str) -> str:
    """Return "right" for "left", and the reverse."""
    return SIDES[1 - SIDES.index(side)]


def leg_length(groups: GroupMotion) -> Float[Tensor, "*batch"]:
    """Return the length from hip to ankle along the bones, m: mean over frames and legs, in each motion."""
    left, right = (groups.bone_lengths[..., at(f"{side}_knee", f"{side}_ankle")].sum(-1) for side in SIDES)
    return ((left + right) / 2).mean(-1).clamp_min(TINY)  # left + right: the same to the last digit in the mirror


def smooth_heading(joints: Float[Tensor, "*batch frames 22 3"]) -> Float[Tensor, "*batch frames"]:
    """Return the heading of a motion whose joints are smoothed over time, rad about +y from +z."""
    local = joints - joints[..., :1, :]  # far from the origin float32 has few digits
    return heading(smooth(local.movedim(-3, -1), sigma=_HEADING_SIGMA).movedim(-1, -3))


def smooth(values: Float[Tensor, "*batch frames"], *, sigma: float) -> Float[Tensor, "*batch frames"]:
    """Smooth over the last dimension with a Gaussian of `sigma` frames; the ends are repeated."""
    return torch.from_numpy(gaussian_filter1d(values.numpy(), sigma, mode="nearest", truncate=3.0))


def feet_height(joints: Float[Tensor, "*batch frames 22 3"]) -> Float[Tensor, "*batch frames"]:
    """Return the height of the lowest joint of both feet, m."""
    return joints[..., at("left_foot", "right_foot", "left_ankle", "right_ankle"), 1].amin(-1)


def trunk_axes(
    trunk: Float[Tensor, "*batch 3"], across: Float[Tensor, "*batch 3"]
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]]:
    """Return the unit axes up, left and front of a trunk along `trunk`, whose left side lies towards `across`."""
    up = F.normalize(trunk, dim=-1)
    left = F.normalize(across - (across * up).sum(-1, keepdim=True) * up, dim=-1)
    return up, left, torch.linalg.cross(left, up)


def yaw_of(across: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """Return the heading of a line that runs from right to left, rad."""
    return torch.atan2(-across[..., 2], across[..., 0])


def sine_angle(part: Float[Tensor, "*batch"], vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """Return the angle of a vector towards an axis, of which `part` is its component, -90 to 90 degrees."""
    return torch.asin((part / vector.norm(dim=-1).clamp_min(TINY)).clamp(-1, 1)).rad2deg()


def wrapped(angle: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Return the same angles between -pi and pi, rad; that of `-angle` is the negative to the last digit."""
    return torch.atan2(angle.sin(), angle.cos())
