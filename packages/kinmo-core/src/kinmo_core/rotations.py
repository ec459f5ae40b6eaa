"""Rotations as 3 x 3 matrices and in the 6-D form of HumanML3D.

The 6-D form is the first **column** of the matrix, then the second; other libraries flatten the two columns row by row.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def shortest_rotation(source: Tensor, target: Tensor) -> Tensor:
    """Return the rotation without twist that takes unit `source` to unit `target`.

    Args:
        source: (..., 3) unit vectors.
        target: (..., 3) unit vectors; broadcasts against `source`.

    Returns:
        (..., 3, 3). Opposite vectors do not determine the axis; one perpendicular to `source` is taken.
    """
    source, target = torch.broadcast_tensors(source, target)
    axis = torch.linalg.cross(source, target)
    cosine = (source * target).sum(-1)
    opposite = cosine < -1 + 1e-6
    scale = 1 / (1 + cosine).masked_fill(opposite, 1.0)
    x, y, z = axis.unbind(-1)
    sx, sy, sz = scale * x, scale * y, scale * z
    # Rodrigues with sin and cos taken from the vectors: R = cos I + [axis]x + axis axis^T / (1 + cos).
    rows = [
        cosine + sx * x, sx * y - z, sx * z + y,
        sx * y + z, cosine + sy * y, sy * z - x,
        sx * z - y, sy * z + x, cosine + sz * z,
    ]  # fmt: skip
    matrix = torch.stack(rows, dim=-1).unflatten(-1, (3, 3))
    if opposite.any():
        matrix = torch.where(opposite[..., None, None], _half_turn(source), matrix)
    return matrix


def _half_turn(vector: Tensor) -> Tensor:
    """Return half a turn about an axis a perpendicular to unit `vector` (..., 3): 2 a a^T - I."""
    smallest = F.one_hot(vector.abs().argmin(-1), 3).to(vector)
    axis = F.normalize(torch.linalg.cross(vector, smallest), dim=-1)
    return 2 * axis[..., :, None] * axis[..., None, :] - torch.eye(3, dtype=vector.dtype, device=vector.device)


def yaw_matrix(angle: Tensor) -> Tensor:
    """Return the rotation (..., 3, 3) about +y by `angle` (...,) radians; a positive angle takes +z towards +x."""
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    one = torch.ones_like(angle)
    return torch.stack([cos, zero, sin, zero, one, zero, -sin, zero, cos], dim=-1).unflatten(-1, (3, 3))


def rotate_yaw(vectors: Tensor, angle: Tensor) -> Tensor:
    """Rotate (..., 3) vectors about +y by `angle` (...,) radians; broadcasts. Faster than `yaw_matrix`."""
    cos, sin = angle.cos(), angle.sin()
    x, y, z = vectors.unbind(-1)
    return torch.stack([cos * x + sin * z, y.expand_as(cos * x), cos * z - sin * x], dim=-1)


def rotation_angle(matrix: Tensor) -> Tensor:
    """Return the angle (...,) by which rotations (..., 3, 3) turn, 0 to pi radians."""
    a, b, c = matrix.mT.sub(matrix).flatten(-2)[..., [1, 2, 5]].unbind(-1)
    sine = torch.sqrt(a.square() + b.square() + c.square())
    return torch.atan2(sine, matrix.diagonal(dim1=-2, dim2=-1).sum(-1) - 1)


def compose(first: Tensor, second: Tensor) -> Tensor:
    """Multiply (..., 3, 3) matrices element by element, since a matmul in TF32 keeps three digits only."""
    return (first[..., None] * second[..., None, :, :]).sum(-2)


def interpolate(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Return the rotation at a share of the shortest way from `start` to `end` (slerp).

    Args:
        start: (..., 3, 3)
        end: (..., 3, 3); half a turn away from `start` either way round may be taken.
        share: (...,) 0 at `start`, 1 at `end`; broadcasts.

    Returns:
        (..., 3, 3)
    """
    import roma  # loads torch._dynamo, which takes a second

    turn = roma.rotmat_to_rotvec(compose(start.transpose(-1, -2), end))
    return compose(start, roma.rotvec_to_rotmat(share[..., None] * turn))


def matrix_to_6d(matrix: Tensor) -> Tensor:
    """Convert (..., 3, 3) to (..., 6): first column, then second."""
    return matrix[..., :2].transpose(-1, -2).flatten(-2)


def sixd_to_matrix(sixd: Tensor) -> Tensor:
    """Convert (..., 6) to (..., 3, 3) by Gram-Schmidt on the two columns; any six numbers become a rotation."""
    first = F.normalize(sixd[..., :3], dim=-1)
    second = sixd[..., 3:]
    second = F.normalize(second - (first * second).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)
