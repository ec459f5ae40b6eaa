"""Joint positions to groups and back, and the interactions of the groups."""

from __future__ import annotations

from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.grouping import SIX_GROUPS, Grouping
from kinmo_core.groups.values import GroupMotion, InteractionMotion
from kinmo_core.rotations import compose, matrix_to_6d, rotate_yaw, shortest_rotation, sixd_to_matrix, yaw_matrix
from kinmo_core.skeleton import Skeleton, heading


def to_groups(
    joints: Float[Tensor, "*batch frames joints 3"], *, grouping: Grouping = SIX_GROUPS, fps: float = 20.0
) -> GroupMotion:
    """Convert joint positions to groups (KinMo section 3.1).

    Args:
        joints: (..., T, J, 3) metres, y up.
        grouping: a partition of the J joints.
        fps: frames per second.

    Raises:
        InputError: joints of another shape.
    """
    skeleton = grouping.skeleton
    if joints.ndim < 3 or joints.shape[-2:] != (len(skeleton), 3) or joints.shape[-3] == 0:
        raise InputError(f"joints must have shape (..., frames, {len(skeleton)}, 3), got {tuple(joints.shape)}")
    bones = skeleton.bone_vectors(joints)
    lengths = torch.cat([torch.zeros_like(bones[..., :1, 0]), bones[..., 1:, :].norm(dim=-1)], dim=-1)
    front = heading(joints, skeleton=skeleton)
    return GroupMotion(
        position=group_means(joints, grouping),
        limb_angles=_limb_angles(rotate_yaw(bones, -front[..., None]), lengths, front, skeleton),
        velocity=group_means(velocity_of(joints, fps), grouping),
        bone_lengths=lengths,
        fps=fps,
        grouping=grouping,
    )


def from_groups(groups: GroupMotion) -> Float[Tensor, "*batch frames joints 3"]:
    """Convert groups to joint positions: the exact inverse of `to_groups`.

    The bones are chained from the root, then each group is moved so that its mean lies at its position. So changing the
    position of one group moves its own joints only.

    Returns:
        (..., T, J, 3) metres; exact to rounding for any partition.
    """
    joints = place_bones(groups.limb_angles, groups.bone_lengths, groups.grouping.skeleton)
    shift = groups.position - group_means(joints, groups.grouping)
    return joints + shift[..., _group_of_joint(groups.grouping), :]


def interactions(groups: GroupMotion) -> InteractionMotion:
    """Return the interactions of every pair of groups (KinMo Eq. 3): P_h - P_g, V_h - V_g, and the connection of both."""
    grouping = groups.grouping
    first, second = zip(*combinations(range(len(grouping.names)), 2), strict=True)
    start, end = (list(joints) for joints in zip(*grouping.attachments, strict=True))
    orientation = _orientations(groups.limb_angles, grouping.skeleton)
    velocity = velocity_of(from_groups(groups), groups.fps)
    difference = groups.velocity[..., second, :] - groups.velocity[..., first, :]
    connection = (velocity[..., start, :] + velocity[..., end, :]) / 2
    turn = compose(orientation[..., start, :, :].transpose(-1, -2), orientation[..., end, :, :])
    return InteractionMotion(
        position=groups.position[..., second, :] - groups.position[..., first, :],
        angles=matrix_to_6d(turn),
        velocity=torch.cat([difference, connection], dim=-1),
        grouping=grouping,
    )


def place_bones(limb_angles: Tensor, lengths: Tensor, skeleton: Skeleton) -> Tensor:
    """Return joint positions (..., T, J, 3), m, with the root at the origin, from angles (..., T, J, 6) and lengths."""
    rest = skeleton.rest_direction_tensor().to(limb_angles)
    bones = (_orientations(limb_angles, skeleton) * rest[:, None, :]).sum(-1) * lengths[..., None]
    return skeleton.place(torch.cat([torch.zeros_like(bones[..., :1, :]), bones[..., 1:, :]], dim=-2))


def group_means(values: Tensor, grouping: Grouping) -> Tensor:
    """Return means (..., G, 3) of joints (..., J, 3), taken around the root so that far positions keep their digits."""
    root = values[..., :1, :]
    local = values - root
    return root + torch.stack([local[..., joints, :].mean(-2) for joints in grouping.joints], dim=-2)


def velocity_of(positions: Tensor, fps: float) -> Tensor:
    """Return the step to the next frame (..., T, K, 3), m/s: the last frame repeats the one before, a lone frame has 0."""
    if positions.shape[-3] == 1:
        return torch.zeros_like(positions)
    step = positions.diff(dim=-3) * fps
    return torch.cat([step, step[..., -1:, :, :]], dim=-3)


def _limb_angles(bones: Tensor, lengths: Tensor, front: Tensor, skeleton: Skeleton) -> Tensor:
    """Return rotations (..., T, J, 6) of bone vectors (..., T, J, 3) seen from the heading `front` (..., T)."""
    rest = skeleton.rest_direction_tensor().to(bones)
    # A bone of zero length has no direction; it takes the rest direction, and its length restores the zero.
    directions = torch.where((lengths > 1e-8)[..., None], bones / lengths.clamp_min(1e-8)[..., None], rest)
    orientation = _rotation_between(rest[1:], directions[..., 1:, :])
    identity = torch.eye(3).to(bones).expand_as(orientation[..., :1, :, :])
    parents = torch.cat([identity, orientation], dim=-3)[..., skeleton.parents[1:], :, :]
    local = compose(parents.transpose(-1, -2), orientation)
    return matrix_to_6d(torch.cat([yaw_matrix(front)[..., None, :, :], local], dim=-3))


def _rotation_between(source: Tensor, target: Tensor) -> Tensor:
    """Return the shortest rotation (..., 3, 3) that takes unit `source` to `target`, exact to the last digit.

    Near half a turn the axis loses its digits in float32, and an arm that points straight up is half a turn from rest.
    A second, small rotation corrects the rest.
    """
    rough = sixd_to_matrix(matrix_to_6d(shortest_rotation(source, target)))
    return compose(shortest_rotation((rough * source[..., None, :]).sum(-1), target), rough)


def _orientations(limb_angles: Tensor, skeleton: Skeleton) -> Tensor:
    """Return the world orientation (..., T, J, 3, 3) of every joint: rotations chained from the root."""
    local = sixd_to_matrix(limb_angles)
    world = [local[..., 0, :, :]]
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        world.append(compose(world[parent], local[..., joint, :, :]))
    return torch.stack(world, dim=-3)


def _group_of_joint(grouping: Grouping) -> list[int]:
    return [
        next(group for group, joints in enumerate(grouping.joints) if joint in joints)
        for joint in range(len(grouping.skeleton))
    ]
