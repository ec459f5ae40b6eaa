"""Motion as kinematic groups and their interactions (KinMo, ICCV 2025, section 3.1), and its exact inverse.

Each **group** of joints has a position (mean of its joints), limb angles (rotations of its joints) and a velocity (mean
of its joints). Each unordered pair of groups has an **interaction**: the differences of position and velocity, and the
rotation and velocity where the two are connected.

What the paper leaves open, and what is done here:

* **Exactness.** Means alone do not determine the joints. The rotations carry the shape of a group, and the length of
  every bone in every frame is kept beside them, so that bones which vary (rounding, markers) come back as they were.
* **Rotations.** Twist-free rotation of the bone that ends at a joint, relative to the bone before it, seen from the
  body's heading; the root's rotation is the heading. Turning the whole motion changes the root's rotation only.
* **Connection.** Groups g and h attach at the joints a of g and b of h that are closest in the tree. The connecting
  angle is the rotation from a to b, which composes the joint rotations along the tree path; for neighbours it is the
  rotation of the one joint that connects them. The connecting velocity is the mean of the velocities of a and b.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.grouping import SIX_GROUPS, TWO_PARTS, Grouping
from kinmo_core.rotations import matrix_to_6d, rotate_yaw, shortest_rotation, sixd_to_matrix, yaw_matrix
from kinmo_core.skeleton import Skeleton

__all__ = [
    "SIX_GROUPS",
    "TWO_PARTS",
    "GroupMotion",
    "Grouping",
    "Interaction",
    "InteractionMotion",
    "KinematicGroup",
    "from_groups",
    "interactions",
    "to_groups",
]


@dataclass(frozen=True, eq=False)
class KinematicGroup:
    """One group of a motion.

    Args:
        position: (..., T, 3) mean of the group's joints, m.
        limb_angles: (..., T, joints of the group, 6) rotations of its joints.
        velocity: (..., T, 3) mean of its joints, m/s.
    """

    position: Float[Tensor, "*batch frames 3"]
    limb_angles: Float[Tensor, "*batch frames members 6"]
    velocity: Float[Tensor, "*batch frames 3"]


@dataclass(frozen=True, eq=False)
class GroupMotion:
    """A motion as G groups of a skeleton with J joints; `motion["left_arm"]` is one of them.

    Args:
        position: (..., T, G, 3) mean position of every group, m.
        limb_angles: (..., T, J, 6) rotation of every joint relative to its parent; the root's is the heading.
        velocity: (..., T, G, 3) mean velocity of every group, m/s: the step to the next frame; the last frame repeats
            the step before it.
        bone_lengths: (..., T, J) length of the bone that ends at every joint, m; 0 for the root.
        fps: frames per second.
        grouping: which joints make which group.
    """

    position: Float[Tensor, "*batch frames groups 3"]
    limb_angles: Float[Tensor, "*batch frames joints 6"]
    velocity: Float[Tensor, "*batch frames groups 3"]
    bone_lengths: Float[Tensor, "*batch frames joints"]
    fps: float = 20.0
    grouping: Grouping = SIX_GROUPS

    def __getitem__(self, name: str) -> KinematicGroup:
        group = self.grouping.index(name)
        return KinematicGroup(
            position=self.position[..., group, :],
            limb_angles=self.limb_angles[..., self.grouping.joints[group], :],
            velocity=self.velocity[..., group, :],
        )

    @property
    def heading(self) -> Float[Tensor, "*batch frames"]:
        """Angle about +y from +z to the body's front, (..., T) rad."""
        return torch.atan2(-self.limb_angles[..., 0, 2], self.limb_angles[..., 0, 0])


@dataclass(frozen=True, eq=False)
class Interaction:
    """How group h moves against group g, for one pair (g, h).

    Args:
        position: (..., T, 3) from g to h, m.
        angles: (..., T, 6) rotation from the joint by which g attaches to the joint by which h attaches.
        velocity: (..., T, 6) velocity of h minus that of g, then velocity where they attach, m/s.
    """

    position: Float[Tensor, "*batch frames 3"]
    angles: Float[Tensor, "*batch frames 6"]
    velocity: Float[Tensor, "*batch frames 6"]

    def reverse(self) -> Interaction:
        """The same interaction seen from h."""
        inverse = matrix_to_6d(sixd_to_matrix(self.angles).transpose(-1, -2))
        difference, where_attached = self.velocity.split(3, dim=-1)
        return Interaction(-self.position, inverse, torch.cat([-difference, where_attached], dim=-1))


@dataclass(frozen=True, eq=False)
class InteractionMotion:
    """The interactions of all P pairs; `motion["torso", "left_arm"]` is one of them, in either order.

    Args:
        position: (..., T, P, 3), angles: (..., T, P, 6), velocity: (..., T, P, 6), as in `Interaction`.
        grouping: its `pairs` are the P pairs.
    """

    position: Float[Tensor, "*batch frames pairs 3"]
    angles: Float[Tensor, "*batch frames pairs 6"]
    velocity: Float[Tensor, "*batch frames pairs 6"]
    grouping: Grouping = SIX_GROUPS

    def __getitem__(self, pair: tuple[str, str]) -> Interaction:
        first, second = pair
        if self.grouping.index(first) > self.grouping.index(second):
            return self[second, first].reverse()
        if first == second:
            raise KeyError(f"a group has no interaction with itself, got {first!r} twice")
        at = self.grouping.pairs.index((first, second))
        return Interaction(self.position[..., at, :], self.angles[..., at, :], self.velocity[..., at, :])


def to_groups(
    joints: Float[Tensor, "*batch frames joints 3"], *, grouping: Grouping = SIX_GROUPS, fps: float = 20.0
) -> GroupMotion:
    """Joint positions to groups (KinMo section 3.1).

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
    heading = _heading(joints, skeleton)
    return GroupMotion(
        position=_group_means(joints, grouping),
        limb_angles=_limb_angles(rotate_yaw(bones, -heading[..., None]), lengths, heading, skeleton),
        velocity=_group_means(_velocity(joints, fps), grouping),
        bone_lengths=lengths,
        fps=fps,
        grouping=grouping,
    )


def from_groups(groups: GroupMotion) -> Float[Tensor, "*batch frames joints 3"]:
    """Inverse of `to_groups`: bones chained inside every group, then the group's mean moved to its position.

    Returns:
        (..., T, J, 3) metres. Exact to rounding for any partition. Changing one group's position moves its joints and
        no other.
    """
    skeleton = groups.grouping.skeleton
    rest = skeleton.rest_direction_tensor().to(groups.limb_angles)
    bones = (_orientations(groups) * rest[:, None, :]).sum(-1) * groups.bone_lengths[..., None]
    bones = torch.cat([torch.zeros_like(bones[..., :1, :]), bones[..., 1:, :]], dim=-2)
    joints = skeleton.place(bones)
    shift = groups.position - _group_means(joints, groups.grouping)
    return joints + shift[..., _group_of_joint(groups.grouping), :]


def interactions(groups: GroupMotion) -> InteractionMotion:
    """The interactions of every pair of groups (KinMo Eq. 3): dP = P_h - P_g, connecting angle, dV and its velocity."""
    grouping = groups.grouping
    first, second = zip(*combinations(range(len(grouping.names)), 2), strict=True)
    start, end = (list(joints) for joints in zip(*grouping.attachments, strict=True))
    orientation, velocity = _orientations(groups), _velocity(from_groups(groups), groups.fps)
    difference = groups.velocity[..., second, :] - groups.velocity[..., first, :]
    where_attached = (velocity[..., start, :] + velocity[..., end, :]) / 2
    turn = _compose(orientation[..., start, :, :].transpose(-1, -2), orientation[..., end, :, :])
    return InteractionMotion(
        position=groups.position[..., second, :] - groups.position[..., first, :],
        angles=matrix_to_6d(turn),
        velocity=torch.cat([difference, where_attached], dim=-1),
        grouping=grouping,
    )


def _heading(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Angle (..., T) about +y from +z to the front, which is across x up; across runs from right to left."""
    left_hip, right_hip, left_shoulder, right_shoulder = skeleton.index(
        "left_hip", "right_hip", "left_shoulder", "right_shoulder"
    )
    across = (joints[..., left_hip, :] - joints[..., right_hip, :]) + (
        joints[..., left_shoulder, :] - joints[..., right_shoulder, :]
    )
    return torch.atan2(-across[..., 2], across[..., 0])


def _limb_angles(bones: Tensor, lengths: Tensor, heading: Tensor, skeleton: Skeleton) -> Tensor:
    """Rotations (..., T, J, 6) from bone vectors (..., T, J, 3) seen from the heading (..., T)."""
    rest = skeleton.rest_direction_tensor().to(bones)
    # A bone of zero length has no direction; it takes the rest direction, and its length brings back the zero.
    directions = torch.where((lengths > 1e-8)[..., None], bones / lengths.clamp_min(1e-8)[..., None], rest)
    orientation = _rotation_between(rest[1:], directions[..., 1:, :])
    identity = torch.eye(3).to(bones).expand_as(orientation[..., :1, :, :])
    parents = torch.cat([identity, orientation], dim=-3)[..., skeleton.parents[1:], :, :]
    local = _compose(parents.transpose(-1, -2), orientation)
    return matrix_to_6d(torch.cat([yaw_matrix(heading)[..., None, :, :], local], dim=-3))


def _rotation_between(source: Tensor, target: Tensor) -> Tensor:
    """Shortest rotation (..., 3, 3) that takes unit `source` to `target` to the last digit.

    Near half a turn the axis loses its digits in float32, and an arm that points straight up is a half turn from rest.
    A second, small rotation takes up what is left.
    """
    rough = sixd_to_matrix(matrix_to_6d(shortest_rotation(source, target)))
    return _compose(shortest_rotation((rough * source[..., None, :]).sum(-1), target), rough)


def _orientations(groups: GroupMotion) -> Tensor:
    """World orientation (..., T, J, 3, 3) of every joint: its rotations chained from the root."""
    local = sixd_to_matrix(groups.limb_angles)
    world = [local[..., 0, :, :]]
    for joint, parent in enumerate(groups.grouping.skeleton.parents[1:], start=1):
        world.append(_compose(world[parent], local[..., joint, :, :]))
    return torch.stack(world, dim=-3)


def _compose(first: Tensor, second: Tensor) -> Tensor:
    """Product of (..., 3, 3) matrices, element by element: a matmul may run in TF32, which keeps three digits only."""
    return (first[..., None] * second[..., None, :, :]).sum(-2)


def _group_means(values: Tensor, grouping: Grouping) -> Tensor:
    """Means (..., G, 3) of the joints (..., J, 3), taken around the root so that far positions keep their digits."""
    root = values[..., :1, :]
    local = values - root
    return root + torch.stack([local[..., joints, :].mean(-2) for joints in grouping.joints], dim=-2)


def _group_of_joint(grouping: Grouping) -> list[int]:
    return [
        next(group for group, joints in enumerate(grouping.joints) if joint in joints)
        for joint in range(len(grouping.skeleton))
    ]


def _velocity(positions: Tensor, fps: float) -> Tensor:
    """Step to the next frame (..., T, K, 3), m/s; the last frame repeats the one before, a lone frame stands still."""
    if positions.shape[-3] == 1:
        return torch.zeros_like(positions)
    step = positions.diff(dim=-3) * fps
    return torch.cat([step, step[..., -1:, :, :]], dim=-3)
