"""The values: one group or all groups of a motion, one interaction or all interactions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.grouping import SIX_GROUPS, Grouping
from kinmo_core.rotations import matrix_to_6d, sixd_to_matrix


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
        grouping: assigns the joints to groups.
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
    """Motion of group h relative to group g, for one pair (g, h).

    Args:
        position: (..., T, 3) from g to h, m.
        angles: (..., T, 6) rotation from the joint at which g attaches to the joint at which h attaches.
        velocity: (..., T, 6) velocity of h minus that of g, then velocity of the connection, m/s.
    """

    position: Float[Tensor, "*batch frames 3"]
    angles: Float[Tensor, "*batch frames 6"]
    velocity: Float[Tensor, "*batch frames 6"]

    def reverse(self) -> Interaction:
        """Return the interaction of (h, g): the same motion seen from h."""
        inverse = matrix_to_6d(sixd_to_matrix(self.angles).transpose(-1, -2))
        difference, connection = self.velocity.split(3, dim=-1)
        return Interaction(-self.position, inverse, torch.cat([-difference, connection], dim=-1))


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
            raise KeyError(f"pair must name two different groups, got {first!r} twice")
        at = self.grouping.pairs.index((first, second))
        return Interaction(self.position[..., at, :], self.angles[..., at, :], self.velocity[..., at, :])
