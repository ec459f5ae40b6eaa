"""The skeleton's tree and its arithmetic."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.skeleton import HUMANML3D, Skeleton, heading, side_axes
from kinmo_core.testing import walking_joints


def test_humanml3d_has_the_published_chains() -> None:
    """Guo et al. list five chains of joints; every bone lies on one."""
    chains = ([0, 2, 5, 8, 11], [0, 1, 4, 7, 10], [0, 3, 6, 9, 12, 15], [9, 14, 17, 19, 21], [9, 13, 16, 18, 20])
    bones = {pair for chain in chains for pair in pairwise(chain)}
    assert bones == set(HUMANML3D.bones)
    assert len(HUMANML3D) == 22
    assert HUMANML3D.index("pelvis", "head", "right_wrist") == [0, 15, 21]


def test_rest_pose_stands_upright_with_the_left_on_positive_x() -> None:
    pose = HUMANML3D.rest_pose()
    assert torch.equal(pose[0], torch.zeros(3))
    lengths = (pose - pose[[max(parent, 0) for parent in HUMANML3D.parents]]).norm(dim=-1)
    torch.testing.assert_close(lengths, HUMANML3D.bone_length_tensor())
    for joint, name in enumerate(HUMANML3D.names):
        assert pose[joint, 0].sign() == {"left": 1, "right": -1}.get(name.split("_")[0], 0), name
    head, foot = HUMANML3D.index("head", "left_foot")
    assert pose[head, 1] > 0.5 > -0.8 > pose[foot, 1]
    assert pose[foot, 2] > 0.1  # toes point to +z


def test_mirror_permutation_swaps_twins_and_is_its_own_inverse() -> None:
    twins = HUMANML3D.mirror_permutation
    pairs = [(1, 2), (4, 5), (7, 8), (10, 11), (13, 14), (16, 17), (18, 19), (20, 21)]
    assert {(left, right) for left, right in enumerate(twins) if left < right} == set(pairs)
    assert [twins[twin] for twin in twins] == list(range(22))


@given(seed=st.integers(0, 10_000))
def test_place_and_bone_vectors_are_inverse(seed: int) -> None:
    joints = torch.randn(2, 3, 22, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.testing.assert_close(HUMANML3D.place(HUMANML3D.bone_vectors(joints)), joints)
    torch.testing.assert_close(HUMANML3D.bone_vectors(HUMANML3D.place(joints)), joints)
    assert torch.equal(HUMANML3D.bone_vectors(joints)[..., 0, :], joints[..., 0, :])


def test_mistakes_name_what_is_wanted() -> None:
    with pytest.raises(KeyError, match=r"joint must be one of pelvis, left_hip, .* got 'tail'"):
        HUMANML3D.index("pelvis", "tail")
    up, origin = (0.0, 1.0, 0.0), (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="parents must come before their children"):
        Skeleton(("a", "b"), (-1, 1), (origin, up), (0.0, 1.0))
    with pytest.raises(ValueError, match="must be equally long"):
        Skeleton(("a", "b"), (-1,), (origin, up), (0.0, 1.0))


@pytest.mark.parametrize("angle", [0.0, 1.0, 3.1, -2.5])
def test_heading_is_the_angle_about_y_from_z_to_the_front(angle: float) -> None:
    torch.testing.assert_close(heading(walking_joints(10, heading=angle)), torch.full((10,), angle), atol=1e-5, rtol=0)


def test_heading_weighs_hips_and_shoulders_by_their_width() -> None:
    """The hips face +z, the shoulders face +x and are twice as wide."""
    joints = torch.zeros(22, 3)
    joints[HUMANML3D.index("left_hip")[0], 0] = 1
    joints[HUMANML3D.index("left_shoulder")[0], 2] = -2
    assert heading(joints).item() == pytest.approx(math.atan2(2, 1))
    hips, shoulders = side_axes(joints)
    assert (hips.tolist(), shoulders.tolist()) == ([1, 0, 0], [0, 0, -2])


@given(st.integers(0, 10_000))
def test_resize_keeps_root_and_directions_and_gives_every_bone_its_length(seed: int) -> None:
    joints = torch.randn(2, 3, 22, 3, generator=torch.Generator().manual_seed(seed))
    resized = HUMANML3D.resize(joints)
    before, after = (HUMANML3D.bone_vectors(j)[..., 1:, :] for j in (joints, resized))
    assert torch.equal(resized[..., 0, :], joints[..., 0, :])
    torch.testing.assert_close(after.norm(dim=-1), HUMANML3D.bone_length_tensor()[1:].expand(2, 3, 21))
    torch.testing.assert_close(
        torch.nn.functional.normalize(after, dim=-1), torch.nn.functional.normalize(before, dim=-1), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(HUMANML3D.resize(resized), resized, atol=1e-5, rtol=0)


def test_resize_gives_a_bone_without_direction_its_rest_direction() -> None:
    resized = HUMANML3D.resize(torch.zeros(22, 3))
    torch.testing.assert_close(resized, HUMANML3D.rest_pose())
