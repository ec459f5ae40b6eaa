"""Limbs of one motion on the body of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.groups.conversion import group_means, place_bones, velocity_of
from kinmo_core.groups.values import GroupMotion
from kinmo_core.rotations import interpolate, matrix_to_6d, sixd_to_matrix


def combine(
    base: GroupMotion,
    other: GroupMotion,
    *,
    groups: Sequence[str],
    weights: Float[Tensor, "*batch frames"] | None = None,
) -> GroupMotion:
    """Put the chosen groups of one motion on the body of another.

    The joints of the chosen groups take the limb angles of `other`, which are relative to the parent joint and seen from
    the body's heading; every other joint keeps the angles of `base` exactly. The bones keep the lengths of `base` and are
    chained from its pelvis, so a group moves along with those that carry it: neck and arms follow the torso.

    The pelvis always keeps the path and heading of `base`, with "torso" among the groups too: that takes the spine only.
    So legs bend below a pelvis at the height of `base`, and feet may leave the floor or sink into it.

    The hips and shoulders of the result may face another way than its pelvis. `to_groups` measures the heading from them,
    so from the joints of the result it computes angles that differ in number but describe the same pose.

    Args:
        base: the motion that is edited.
        other: the motion that gives the limbs; same batch, frames, fps and grouping as `base`.
        groups: names of the groups to take from `other`.
        weights: (..., T) share of `other` from 0 to 1, of the shape of the batch or of its last dimensions; 1 everywhere
            by default. Each joint turns along the shortest way between its two rotations. 0 gives `base` exactly.

    Returns:
        The combined motion, which `from_groups` converts to joints. Differentiable in `base`, `other`, and `weights`
        strictly between 0 and 1.

    Raises:
        InputError: the motions do not match, or weights of another shape or outside 0 to 1.
        KeyError: no such group.
    """
    _check_match(base, other)
    skeleton = base.grouping.skeleton
    members = [joint for name in groups for joint in base.grouping.joints[base.grouping.index(name)]]
    chosen = [joint for joint in members if skeleton.parents[joint] >= 0]
    angles = base.limb_angles.clone()
    angles[..., chosen, :] = _blend(angles[..., chosen, :], other.limb_angles[..., chosen, :], weights)
    before, after = (
        group_means(place_bones(a, base.bone_lengths, skeleton), base.grouping) for a in (base.limb_angles, angles)
    )
    shift = after - before
    return replace(
        base,
        position=base.position + shift,
        limb_angles=angles,
        velocity=base.velocity + velocity_of(shift, base.fps),
    )


def _blend(base: Tensor, other: Tensor, weights: Tensor | None) -> Tensor:
    """Interpolate 6-D rotations (..., T, K, 6) on the shortest way; both ends are returned bit by bit."""
    if weights is None:
        return other
    _check_weights(weights, base.shape[:-2])
    share = weights.to(base)[..., None]
    between = matrix_to_6d(interpolate(sixd_to_matrix(base), sixd_to_matrix(other), share))
    return torch.where(share[..., None] == 0, base, torch.where(share[..., None] == 1, other, between))


def _check_match(base: GroupMotion, other: GroupMotion) -> None:
    shapes = [tuple(motion.limb_angles.shape[:-2]) for motion in (base, other)]
    if shapes[0] != shapes[1]:
        raise InputError(f"other must have the (batch, frames) of base, {shapes[0]}, got {shapes[1]}")
    if base.fps != other.fps:
        raise InputError(f"other must have the frame rate of base, {base.fps:g} fps, got {other.fps:g} fps")
    if base.grouping != other.grouping:
        raise InputError(f"other must have the groups of base, {base.grouping.names}, got {other.grouping.names}")


def _check_weights(weights: Tensor, shape: torch.Size) -> None:
    if weights.ndim == 0 or weights.shape != shape[-weights.ndim :]:
        raise InputError(f"weights must have shape {tuple(shape)} or its last dimensions, got {tuple(weights.shape)}")
    if not bool(((weights >= 0) & (weights <= 1)).all()):
        raise InputError(f"weights must be between 0 and 1, got {float(weights.min()):g} to {float(weights.max()):g}")
