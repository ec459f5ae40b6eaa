"""Knees and elbows are hinges: the plane in which a limb bends tells the twist of its thigh or upper arm.

Positions of joints do not show how a bone turns about itself. Where a knee or elbow is bent they do: its axis is square to
both bones. Where it is straight, the twist of the frames around is taken.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.skeleton import HUMANML3D

_AXES: Final[dict[str, tuple[float, float, float]]] = {
    "left_hip": (1.0, 0.0, 0.0),  # shins swing back
    "right_hip": (1.0, 0.0, 0.0),
    "left_shoulder": (0.0, -1.0, 0.0),  # forearms swing forward
    "right_shoulder": (0.0, 1.0, 0.0),
}
HINGES: Final = {HUMANML3D.names.index(name): axis for name, axis in _AXES.items()}
"""Axis in the T-pose, by hip or shoulder, about which the knee or elbow below it bends by a positive angle."""

_WINDOW: Final = 10  # frames, deviation of the Gaussian with which straight limbs take the twist of bent ones
_REACH: Final = 4  # deviations on each side
_STRAIGHT: Final = 1e-3  # squared sine of 2 degrees: a limb that bends less takes its twist from the frames around
_UNKNOWN: Final = 1e-9  # so that a limb that never bends is not twisted


def twist_to_hinge(
    world: Tensor, rest: Tensor, axis: tuple[float, float, float], lower: Float[Tensor, "frames 3"]
) -> Tensor:
    """Twist a thigh or upper arm about itself so that its hinge lies square to the plane of the limb.

    Args:
        world: (T, 3, 3) rotations that take the bone to its direction.
        rest: (3,) the bone in the T-pose.
        axis: of the hinge in the T-pose.
        lower: direction of shin or forearm, of any length.

    Returns:
        (T, 3, 3)
    """
    along = F.normalize(rest, dim=-1)
    across = torch.tensor(axis, dtype=rest.dtype)
    across = F.normalize(across - (across @ along) * along, dim=-1)
    bone, now = world @ along, world @ across
    normal = torch.linalg.cross(bone, F.normalize(lower, dim=-1))  # as long as the sine of the bend
    side = torch.linalg.cross(bone, now)
    found = torch.complex((normal * now).sum(-1), (normal * side).sum(-1)) * normal.norm(dim=-1)
    around = _smooth(found) + _UNKNOWN
    turn = torch.angle(found + _STRAIGHT * around / around.abs().clamp_min(_UNKNOWN / 2))
    import roma  # loads torch._dynamo, which takes a second

    return world @ roma.rotvec_to_rotmat(turn[:, None] * along)


def _smooth(values: Tensor) -> Tensor:
    """Average complex values (T,) over the frames around with Gaussian weights."""
    offsets = torch.arange(-_REACH * _WINDOW, _REACH * _WINDOW + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (offsets / _WINDOW).square())
    parts = torch.stack([values.real, values.imag])[:, None]
    real, imaginary = F.conv1d(parts, (kernel / kernel.sum())[None, None], padding=len(kernel) // 2)[:, 0]
    return torch.complex(real, imaginary)
