"""The kinematic groups: partitions of a skeleton's joints.

KinMo (ICCV 2025) names torso, neck, arms and legs but not their joints; `SIX_GROUPS` cuts the skeleton along its chains.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product
from typing import Final

from kinmo_core.skeleton import HUMANML3D, Skeleton


@dataclass(frozen=True)
class Grouping:
    """A partition of a skeleton's joints into named groups.

    Args:
        groups: (name of the group, names of its joints), in the order of the tensors.
        skeleton: names the joints.

    Raises:
        ValueError: a repeated name, an unknown joint, a joint in no group or in two.
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    skeleton: Skeleton = field(default=HUMANML3D, repr=False)

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.groups):
            raise ValueError(f"groups must have different names, got {', '.join(self.names)}")
        members = [joint for _, joints in self.groups for joint in joints]
        for joint in (*self.skeleton.names, *members):
            if joint not in self.skeleton.names:
                raise ValueError(f"joint must be one of {', '.join(self.skeleton.names)}, got {joint!r}")
            if members.count(joint) != 1:
                raise ValueError(f"joint {joint!r} must be in exactly one group, got {members.count(joint)}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(name for name, _ in self.groups)

    @cached_property
    def joints(self) -> tuple[list[int], ...]:
        """Indices of the joints of every group."""
        return tuple(self.skeleton.index(*joints) for _, joints in self.groups)

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The unordered pairs of groups, (first, second) in the order of `names`; 15 for six groups."""
        return tuple(combinations(self.names, 2))

    @cached_property
    def attachments(self) -> tuple[tuple[int, int], ...]:
        """The two joints of every pair, one of each group, that are closest in the tree."""
        lineages = [self._lineage(joint) for joint in range(len(self.skeleton))]
        return tuple(
            min(product(first, second), key=lambda ends: len(lineages[ends[0]] ^ lineages[ends[1]]))
            for first, second in combinations(self.joints, 2)
        )

    def index(self, name: str) -> int:
        """Return the position of the named group."""
        if name not in self.names:
            raise KeyError(f"group must be one of {', '.join(self.names)}, got {name!r}")
        return self.names.index(name)

    def _lineage(self, joint: int) -> set[int]:
        """Return the joint and all its ancestors."""
        parent = self.skeleton.parents[joint]
        return {joint} if parent < 0 else {joint} | self._lineage(parent)


SIX_GROUPS: Final = Grouping(
    (
        ("torso", ("pelvis", "spine1", "spine2", "spine3")),
        ("neck", ("neck", "head")),
        ("left_arm", ("left_collar", "left_shoulder", "left_elbow", "left_wrist")),
        ("right_arm", ("right_collar", "right_shoulder", "right_elbow", "right_wrist")),
        ("left_leg", ("left_hip", "left_knee", "left_ankle", "left_foot")),
        ("right_leg", ("right_hip", "right_knee", "right_ankle", "right_foot")),
    )
)

_LEGS: Final = ("pelvis", *SIX_GROUPS.groups[4][1], *SIX_GROUPS.groups[5][1])

TWO_PARTS: Final = Grouping(
    (("upper", tuple(name for name in HUMANML3D.names if name not in _LEGS)), ("lower", _LEGS)),
)
