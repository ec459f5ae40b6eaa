"""Limbs of one motion on the body of another: identity, exactness, order, and constant bones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.groups import SIX_GROUPS, TWO_PARTS, GroupMotion, combine, from_groups, to_groups
from kinmo_core.rotations import rotate_yaw, sixd_to_matrix
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints

SEEDS = st.integers(0, 10_000)
CHOICES = st.lists(st.sampled_from(SIX_GROUPS.names), unique=True)


def wild(seed: int, *shape: int) -> GroupMotion:
    """A motion (*shape, 22, 3) with bones in any direction and of any constant length, metres from the origin."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.nn.functional.normalize(torch.randn(*shape, 22, 3, generator=generator), dim=-1)
    vectors = directions * torch.rand(22, 1, generator=generator).clamp_min(0.05)
    vectors[..., 0, :] *= 20
    return to_groups(HUMANML3D.place(vectors))


def members(*groups: str) -> list[int]:
    return [joint for name in groups for joint in SIX_GROUPS.joints[SIX_GROUPS.index(name)]]


def numbers(motion: GroupMotion) -> tuple[Tensor, ...]:
    return motion.position, motion.limb_angles, motion.velocity, motion.bone_lengths


@given(seed=SEEDS, groups=CHOICES)
def test_a_motion_combined_with_itself_is_itself(seed: int, groups: list[str]) -> None:
    motion = wild(seed, 2, 5)
    joints = from_groups(motion)
    assert all(map(torch.equal, numbers(combine(motion, motion, groups=groups)), numbers(motion)))
    shares = torch.rand(5, generator=torch.Generator().manual_seed(seed))
    blended = from_groups(combine(motion, motion, groups=groups, weights=shares))
    torch.testing.assert_close(blended, joints, atol=1e-5, rtol=0)


@given(seed=SEEDS, groups=CHOICES)
def test_chosen_limbs_take_the_other_angles_and_all_else_stays_bit_by_bit(seed: int, groups: list[str]) -> None:
    base, other = wild(seed, 6), wild(seed + 1, 6)
    made = combine(base, other, groups=groups)
    taken = [joint for joint in members(*groups) if joint != 0]
    kept = [joint for joint in range(22) if joint not in taken]
    assert torch.equal(made.limb_angles[:, taken], other.limb_angles[:, taken])
    assert torch.equal(made.limb_angles[:, kept], base.limb_angles[:, kept])
    assert torch.equal(made.bone_lengths, base.bone_lengths)


@given(seed=SEEDS, groups=CHOICES)
def test_bones_keep_their_lengths_and_the_pelvis_its_path_and_heading(seed: int, groups: list[str]) -> None:
    base, other = wild(seed, 6), wild(seed + 1, 6)
    made = combine(base, other, groups=groups, weights=torch.linspace(0, 1, 6))
    joints = from_groups(made)
    lengths = HUMANML3D.bone_vectors(joints)[:, 1:].norm(dim=-1)
    torch.testing.assert_close(lengths, base.bone_lengths[:, 1:], atol=1e-5, rtol=0)
    torch.testing.assert_close(joints[:, 0], from_groups(base)[:, 0], atol=1e-5, rtol=0)
    assert torch.equal(made.heading, base.heading)


@given(seed=SEEDS, order=st.permutations(SIX_GROUPS.names), cut=st.integers(1, 4), end=st.integers(2, 6))
def test_the_order_of_disjoint_edits_does_not_matter(seed: int, order: list[str], cut: int, end: int) -> None:
    base, one, two = (wild(seed + n, 5) for n in range(3))
    first, second = order[:cut], order[cut:end]
    here = combine(combine(base, one, groups=first), two, groups=second)
    there = combine(combine(base, two, groups=second), one, groups=first)
    assert torch.equal(here.limb_angles, there.limb_angles)
    torch.testing.assert_close(from_groups(here), from_groups(there), atol=1e-5, rtol=0)


@given(seed=SEEDS, groups=CHOICES)
def test_position_and_velocity_are_those_of_the_combined_joints(seed: int, groups: list[str]) -> None:
    made = combine(wild(seed, 6), wild(seed + 1, 6), groups=groups)
    measured = to_groups(from_groups(made))
    torch.testing.assert_close(made.position, measured.position, atol=1e-5, rtol=0)
    torch.testing.assert_close(made.velocity, measured.velocity, atol=1e-3, rtol=0)  # 20 frames/s times the rounding


def test_weights_of_zero_and_one_are_exactly_base_and_other() -> None:
    base, other = wild(0, 3, 4), wild(1, 3, 4)
    shares = torch.tensor([0.0, 1.0, 0.0, 1.0])
    made = combine(base, other, groups=["left_arm", "torso"], weights=shares)
    whole = combine(base, other, groups=["left_arm", "torso"])
    assert torch.equal(made.limb_angles[:, 1::2], whole.limb_angles[:, 1::2])
    assert torch.equal(made.limb_angles[:, ::2], base.limb_angles[:, ::2])
    assert torch.equal(made.position[:, ::2], base.position[:, ::2])
    none = combine(base, other, groups=SIX_GROUPS.names, weights=torch.zeros(3, 4))
    assert all(map(torch.equal, numbers(none), numbers(base)))


@given(seed=SEEDS, share=st.floats(0.01, 0.99))
def test_weights_interpolate_on_the_shortest_way(seed: int, share: float) -> None:
    """Slerp by scipy."""
    base, other = wild(seed, 4), wild(seed + 1, 4)
    made = combine(base, other, groups=["right_leg"], weights=torch.full((4,), share))
    start, end, between = (
        Rotation.from_matrix(sixd_to_matrix(motion.limb_angles[:, members("right_leg")].double()).reshape(-1, 3, 3))
        for motion in (base, other, made)
    )
    turn = (start.inv() * end).as_rotvec()
    steep = np.linalg.norm(turn, axis=-1) < 3.1  # near half a turn either way round is the shortest
    error = (start * Rotation.from_rotvec(share * turn)).inv() * between
    assert error.magnitude()[steep].max(initial=0) < 1e-4


def test_limbs_follow_the_body_that_carries_them() -> None:
    """A squat's torso on a walk: the arms keep their angles, and move with the chest."""
    base, other = to_groups(walking_joints(40, heading=1.0)), to_groups(Action(squat=1.2).joints(40))
    joints = from_groups(combine(base, other, groups=["torso"]))
    moved = (joints - from_groups(base)).norm(dim=-1).amax(0)
    assert moved[members("left_leg", "right_leg")].max() < 1e-6
    assert (moved[HUMANML3D.index("neck", "head", "left_shoulder", "right_shoulder")] > 0.1).all()


def test_a_limb_is_seen_from_the_heading_of_its_body() -> None:
    """Where the other motion stands and faces makes no difference."""
    base, wave = to_groups(walking_joints(30)), Action(wave="right").joints(30)
    moved = rotate_yaw(wave, torch.tensor(2.0)) + torch.tensor([5.0, 1.0, -3.0])
    made, again = (from_groups(combine(base, to_groups(joints), groups=["right_arm"])) for joints in (wave, moved))
    torch.testing.assert_close(made, again, atol=1e-5, rtol=0)
    wrist, neck = HUMANML3D.index("right_wrist", "neck")
    assert (made[:, wrist, 1] > made[:, neck, 1]).all()  # waves while it walks
    assert made[-1, 0, 2] > 1.5


def test_groups_moved_off_the_body_stay_off_it(walking: Tensor) -> None:
    """An offset that a caller gave to a group is kept."""
    groups = to_groups(walking)
    shift = torch.zeros_like(groups.position)
    shift[:, SIX_GROUPS.index("left_arm"), 1] = 0.5
    lifted = replace(groups, position=groups.position + shift)
    other = to_groups(Action(wave="left").joints(60))
    made, plain = (from_groups(combine(base, other, groups=["left_arm"])) for base in (lifted, groups))
    torch.testing.assert_close((made - plain)[:, members("left_arm"), 1], torch.full((60, 4), 0.5), atol=1e-5, rtol=0)


def test_the_pelvis_stays_in_a_group_of_any_partition() -> None:
    base, other = (to_groups(Action(heading=h, squat=h).joints(10), grouping=TWO_PARTS) for h in (0.0, 1.0))
    made = combine(base, other, groups=["lower"])
    assert torch.equal(made.heading, base.heading)
    torch.testing.assert_close(from_groups(made)[:, 0], from_groups(base)[:, 0], atol=1e-6, rtol=0)


def test_gradients_reach_both_motions_and_the_weights(walking: Tensor) -> None:
    base, other = to_groups(walking), to_groups(Action(wave="left").joints(60))
    angles = [motion.limb_angles.clone().requires_grad_() for motion in (base, other)]
    weights = torch.linspace(0, 1, 60).requires_grad_()
    base, other = (replace(m, limb_angles=a) for m, a in zip((base, other), angles, strict=True))
    made = combine(base, other, groups=["left_arm"], weights=weights)
    from_groups(made).square().sum().backward()
    for leaf in (*angles, weights):
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()
    for gradient in (angles[0].grad, angles[1].grad):
        assert gradient is not None
        assert gradient[1:-1, HUMANML3D.index("left_elbow")[0]].any()
    assert weights.grad is not None
    assert weights.grad[1:-1].all()


def test_equal_rotations_have_finite_gradients(walking: Tensor) -> None:
    base = to_groups(walking)
    angles = base.limb_angles.clone().requires_grad_()
    made = combine(replace(base, limb_angles=angles), base, groups=SIX_GROUPS.names, weights=torch.full((60,), 0.5))
    made.limb_angles.square().sum().backward()
    assert angles.grad is not None
    assert torch.isfinite(angles.grad).all()


def test_mistakes_name_what_is_wanted(walking: Tensor) -> None:
    base = to_groups(walking)
    with pytest.raises(InputError, match=r"other must have the \(batch, frames\) of base, \(60,\), got \(59,\)"):
        combine(base, to_groups(walking[1:]), groups=["neck"])
    with pytest.raises(InputError, match="frame rate of base, 20 fps, got 30 fps"):
        combine(base, to_groups(walking, fps=30.0), groups=["neck"])
    with pytest.raises(InputError, match=r"groups of base, .*got \('upper', 'lower'\)"):
        combine(base, to_groups(walking, grouping=TWO_PARTS), groups=["neck"])
    with pytest.raises(InputError, match=r"weights must have shape \(60,\) or its last dimensions, got \(3,\)"):
        combine(base, base, groups=["neck"], weights=torch.ones(3))
    with pytest.raises(InputError, match=r"weights must be between 0 and 1, got 0\.5 to 1\.5"):
        combine(base, base, groups=["neck"], weights=torch.linspace(0.5, 1.5, 60))
    with pytest.raises(KeyError, match=r"group must be one of torso, .*, got 'wing'"):
        combine(base, base, groups=["wing"])
