"""The 22-joint HumanML3D skeleton: names, tree, rest pose and bone lengths (Guo et al., CVPR 2022).

Axes: y up, metres; in the rest pose the person faces +z and the left side lies on +x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Skeleton:
    """A tree of named joints with one rest direction and one length for the bone that ends at each joint.

    Args:
        names: joint names; the first is the root.
        parents: index of each joint's parent, -1 for the root; a parent comes before its children.
        rest_directions: unit direction parent -> joint in the rest pose, xyz; zero for the root.
        bone_lengths: metres, one per joint; zero for the root.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    rest_directions: tuple[tuple[float, float, float], ...]
    bone_lengths: tuple[float, ...]

    def __post_init__(self) -> None:
        sizes = {len(self.names), len(self.parents), len(self.rest_directions), len(self.bone_lengths)}
        if len(sizes) != 1:
            raise ValueError(f"names, parents, rest_directions and bone_lengths must be equally long, got {sizes}")
        if any(parent >= joint for joint, parent in enumerate(self.parents)):
            raise ValueError("parents must come before their children")

    def __len__(self) -> int:
        return len(self.names)

    def index(self, *names: str) -> list[int]:
        """Return the indices of the named joints."""
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise KeyError(f"joint must be one of {', '.join(self.names)}, got {unknown[0]!r}")
        return [self.names.index(name) for name in names]

    @cached_property
    def mirror_permutation(self) -> tuple[int, ...]:
        """Index of each joint's mirror twin (left_* <-> right_*); a joint on the axis is its own twin."""
        swap = {"left": "right", "right": "left"}

        def twin(name: str) -> str:
            side, _, rest = name.partition("_")
            return f"{swap[side]}_{rest}" if side in swap else name

        return tuple(self.names.index(twin(name)) for name in self.names)

    @cached_property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, joint) of every bone, in joint order."""
        return tuple((parent, joint) for joint, parent in enumerate(self.parents) if parent >= 0)

    def rest_direction_tensor(self) -> Tensor:
        """Return the rest directions, (J, 3)."""
        return torch.tensor(self.rest_directions, dtype=torch.float32)

    def bone_length_tensor(self) -> Tensor:
        """Return the bone lengths in metres, (J,)."""
        return torch.tensor(self.bone_lengths, dtype=torch.float32)

    def rest_pose(self) -> Tensor:
        """Return the joint positions of the rest pose, root at the origin, (J, 3), metres."""
        return self.place(self.rest_direction_tensor() * self.bone_length_tensor()[:, None])

    def place(self, bone_vectors: Tensor) -> Tensor:
        """Chain bone vectors into positions.

        Args:
            bone_vectors: (..., J, 3) vector parent -> joint, metres; the root's row is the root's position.

        Returns:
            (..., J, 3) positions.
        """
        positions = [bone_vectors[..., 0, :]]
        for joint in range(1, len(self)):
            positions.append(positions[self.parents[joint]] + bone_vectors[..., joint, :])
        return torch.stack(positions, dim=-2)

    def resize(self, joints: Tensor) -> Tensor:
        """Give every bone of (..., J, 3) positions the skeleton's length in its own direction; the root stays.

        A bone of zero length (two joints in one place) has no direction; it takes the rest direction.
        """
        vectors = self.bone_vectors(joints)
        lengths = vectors.norm(dim=-1, keepdim=True)
        rest = self.rest_direction_tensor().to(joints)
        directions = torch.where(lengths > 1e-8, vectors / lengths.clamp_min(1e-8), rest)
        resized = directions[..., 1:, :] * self.bone_length_tensor().to(joints)[1:, None]
        return self.place(torch.cat([joints[..., :1, :], resized], dim=-2))

    def bone_vectors(self, joints: Tensor) -> Tensor:
        """Convert (..., J, 3) positions to (..., J, 3) vectors parent -> joint, the inverse of `place`; the root is kept."""
        vectors = joints - joints[..., [max(parent, 0) for parent in self.parents], :]
        return torch.cat([joints[..., :1, :], vectors[..., 1:, :]], dim=-2)


_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_NX, _NY, _O = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 0.0)

# Bone lengths are those of HumanML3D's target skeleton (motion 000021), to which every clip of the set is scaled.
HUMANML3D = Skeleton(
    names=(
        "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
        "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    ),
    parents=(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19),
    rest_directions=(
        _O, _X, _NX, _Y, _NY, _NY, _Y, _NY, _NY, _Y, _Z, _Z, _Y, _X, _NX, _Z, _NY, _NY, _NY, _NY, _NY, _NY,
    ),
    bone_lengths=(
        0.0, 0.10307, 0.10988, 0.13157, 0.39362, 0.39019, 0.14319, 0.43243, 0.42564, 0.05736, 0.14338,
        0.14942, 0.21936, 0.13749, 0.14338, 0.10304, 0.13161, 0.12298, 0.25684, 0.26309, 0.26601, 0.26988,
    ),
)  # fmt: skip


def side_axes(joints: Tensor, *, skeleton: Skeleton = HUMANML3D) -> tuple[Tensor, Tensor]:
    """Return the vectors from right to left hip and from right to left shoulder, both (..., 3), of joints (..., J, 3)."""
    left_hip, right_hip, left_shoulder, right_shoulder = skeleton.index(
        "left_hip", "right_hip", "left_shoulder", "right_shoulder"
    )
    hips = joints[..., left_hip, :] - joints[..., right_hip, :]
    return hips, joints[..., left_shoulder, :] - joints[..., right_shoulder, :]


def heading(joints: Tensor, *, skeleton: Skeleton = HUMANML3D) -> Tensor:
    """Return the angle about +y from +z to the front of the body, which is square to the hips and shoulders taken together.

    Args:
        joints: (..., J, 3), y up.
        skeleton: names the J joints.

    Returns:
        (...,) radians from -pi to pi; positive where the person faces +x, which is left of +z.
    """
    hips, shoulders = side_axes(joints, skeleton=skeleton)
    across = hips + shoulders
    return torch.atan2(-across[..., 2], across[..., 0])
