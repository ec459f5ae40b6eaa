"""The heart: groups are an exact, equivariant view of the joints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.groups import SIX_GROUPS, TWO_PARTS, Grouping, GroupMotion, from_groups, interactions, to_groups
from kinmo_core.motion import mirror_joints
from kinmo_core.rotations import matrix_to_6d, rotate_yaw, sixd_to_matrix, yaw_matrix
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import walking_joints

SEEDS = st.integers(0, 10_000)
JOINT_BY_JOINT = Grouping(tuple((name, (name,)) for name in HUMANML3D.names))
SCATTERED = Grouping((("even", HUMANML3D.names[::2]), ("odd", HUMANML3D.names[1::2])))


def wild_joints(seed: int, *shape: int) -> Tensor:
    """(*shape, 22, 3): bones in any direction and of any length, the root some metres away."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(*shape, 22, 3, generator=generator) * 0.3
    vectors[..., 0, :] *= 20
    return HUMANML3D.place(vectors)


def error(joints: Tensor, grouping: Grouping) -> float:
    return (from_groups(to_groups(joints, grouping=grouping)) - joints).abs().max().item()


# --- what the numbers are -------------------------------------------------------------------------------------------


def test_six_groups_are_the_chains_of_the_skeleton() -> None:
    assert SIX_GROUPS.names == ("torso", "neck", "left_arm", "right_arm", "left_leg", "right_leg")
    assert SIX_GROUPS.joints == (
        [0, 3, 6, 9], [12, 15], [13, 16, 18, 20], [14, 17, 19, 21], [1, 4, 7, 10], [2, 5, 8, 11],
    )  # fmt: skip
    assert len(SIX_GROUPS.pairs) == 15
    assert SIX_GROUPS.pairs[:2] == (("torso", "neck"), ("torso", "left_arm"))


def test_attachments_are_the_closest_joints_in_the_tree() -> None:
    ends = dict(zip(SIX_GROUPS.pairs, SIX_GROUPS.attachments, strict=True))
    assert ends["torso", "left_arm"] == (9, 13)
    assert ends["torso", "right_leg"] == (0, 2)
    assert ends["left_arm", "right_arm"] == (13, 14)
    assert ends["neck", "left_leg"] == (12, 1)
    assert TWO_PARTS.attachments == ((3, 0),)


def test_position_and_velocity_are_means_over_the_joints(walking: Tensor) -> None:
    groups = to_groups(walking, fps=20.0)
    joints = walking.double().numpy()
    arm = joints[:, [13, 16, 18, 20]].mean(1)
    np.testing.assert_allclose(groups["left_arm"].position, arm, atol=1e-6)
    np.testing.assert_allclose(groups["left_arm"].velocity[:-1], np.diff(arm, axis=0) * 20, atol=2e-5)
    assert torch.equal(groups["left_arm"].velocity[-1], groups["left_arm"].velocity[-2])
    assert groups["torso"].velocity[:, 2].mean().item() == pytest.approx(1.2, abs=0.02)  # m/s, the speed of the walk


def test_limb_angles_turn_the_rest_pose_into_the_pose() -> None:
    """Independent chain with scipy: the rotations applied to the rest directions give the bones."""
    joints = wild_joints(3, 4)
    groups = to_groups(joints)
    world: dict[int, Rotation] = {}
    for joint, parent in enumerate(HUMANML3D.parents):
        local = Rotation.from_matrix(sixd_to_matrix(groups.limb_angles[:, joint].double()).numpy())
        world[joint] = local if parent < 0 else world[parent] * local
        if parent >= 0:
            bone = (joints[:, joint] - joints[:, parent]).double().numpy()
            turned = world[joint].apply(np.array(HUMANML3D.rest_directions[joint]))
            np.testing.assert_allclose(turned, bone / np.linalg.norm(bone, axis=-1, keepdims=True), atol=2e-6)


def test_rest_pose_has_no_rotation() -> None:
    identity = matrix_to_6d(torch.eye(3))
    torch.testing.assert_close(to_groups(HUMANML3D.rest_pose()[None]).limb_angles, identity.expand(1, 22, 6))


def test_heading_is_the_way_the_person_faces() -> None:
    for angle in (0.0, 1.0, -2.5, 3.1):
        groups = to_groups(walking_joints(10, heading=angle))
        torch.testing.assert_close(groups.heading, torch.full((10,), angle), atol=1e-5, rtol=0)


def test_interactions_are_differences_of_the_groups(walking: Tensor) -> None:
    groups = to_groups(walking)
    pair = interactions(groups)["torso", "left_arm"]
    torch.testing.assert_close(pair.position, groups["left_arm"].position - groups["torso"].position)
    torch.testing.assert_close(pair.velocity[:, :3], groups["left_arm"].velocity - groups["torso"].velocity)


def test_connecting_velocity_is_the_mean_of_both_ends() -> None:
    joints = wild_joints(1, 6).double()
    pairs = interactions(to_groups(joints, fps=30.0))
    for pair, ends in ((("torso", "left_arm"), [9, 13]), (("right_leg", "neck"), [2, 12])):
        wanted = joints[:, ends].mean(1).diff(dim=0) * 30
        torch.testing.assert_close(pairs[pair].velocity[:-1, 3:], wanted, atol=1e-4, rtol=0)


def test_neighbours_connect_by_the_rotation_of_the_connecting_joint(walking: Tensor) -> None:
    groups = to_groups(walking)
    pairs = interactions(groups)
    torch.testing.assert_close(pairs["torso", "left_arm"].angles, groups.limb_angles[:, 13], atol=1e-5, rtol=0)
    torch.testing.assert_close(pairs["torso", "right_leg"].angles, groups.limb_angles[:, 2], atol=1e-5, rtol=0)


def test_distant_groups_connect_by_all_rotations_between() -> None:
    groups = to_groups(wild_joints(5, 3))
    rotation = sixd_to_matrix(groups.limb_angles)
    thigh_to_neck = rotation[:, 1].mT @ rotation[:, 3] @ rotation[:, 6] @ rotation[:, 9] @ rotation[:, 12]
    found = sixd_to_matrix(interactions(groups)["left_leg", "neck"].angles)
    torch.testing.assert_close(found, thigh_to_neck, atol=1e-5, rtol=0)


# --- properties -----------------------------------------------------------------------------------------------------


@given(seed=SEEDS, grouping=st.sampled_from([SIX_GROUPS, TWO_PARTS, JOINT_BY_JOINT, SCATTERED]))
def test_any_partition_inverts_exactly(seed: int, grouping: Grouping) -> None:
    assert error(wild_joints(seed, 2, 5), grouping) < 1e-5
    assert error(walking_joints(20, seed=seed), grouping) < 1e-6


@given(seed=SEEDS, shift=st.tuples(*[st.floats(-50, 50, width=32)] * 3))
def test_translation_moves_positions_and_nothing_else(seed: int, shift: tuple[float, float, float]) -> None:
    joints = walking_joints(10, seed=seed).double()
    here, there = to_groups(joints), to_groups(joints + torch.tensor(shift, dtype=torch.float64))
    torch.testing.assert_close(there.position, here.position + torch.tensor(shift, dtype=torch.float64))
    for name in ("limb_angles", "velocity", "bone_lengths"):
        torch.testing.assert_close(getattr(there, name), getattr(here, name))


@given(seed=SEEDS, angle=st.floats(-3.1, 3.1))
def test_turning_turns_vectors_and_only_the_heading_of_the_angles(seed: int, angle: float) -> None:
    joints, turn = wild_joints(seed, 4).double(), torch.tensor(angle, dtype=torch.float64)
    here, there = to_groups(joints), to_groups(rotate_yaw(joints, turn))
    torch.testing.assert_close(there.position, rotate_yaw(here.position, turn))
    torch.testing.assert_close(there.velocity, rotate_yaw(here.velocity, turn))
    torch.testing.assert_close(there.limb_angles[:, 1:], here.limb_angles[:, 1:], atol=1e-5, rtol=0)
    root = yaw_matrix(turn) @ sixd_to_matrix(here.limb_angles[:, 0])
    torch.testing.assert_close(sixd_to_matrix(there.limb_angles[:, 0]), root)


@given(seed=SEEDS)
def test_mirroring_swaps_left_and_right(seed: int) -> None:
    joints, flip = wild_joints(seed, 4).double(), torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64)
    groups, mirrored = to_groups(joints), to_groups(mirror_joints(joints))
    for side, twin in (("left", "right"), ("right", "left")):
        for part in ("arm", "leg"):
            one, other = groups[f"{side}_{part}"], mirrored[f"{twin}_{part}"]
            torch.testing.assert_close(other.position, one.position * flip)
            torch.testing.assert_close(other.velocity, one.velocity * flip)
            signs = torch.tensor([1.0, -1.0, -1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
            torch.testing.assert_close(other.limb_angles, one.limb_angles * signs, atol=1e-5, rtol=0)
    pairs, mirrored_pairs = interactions(groups), interactions(mirrored)
    torch.testing.assert_close(
        mirrored_pairs["right_arm", "torso"].velocity, pairs["left_arm", "torso"].velocity * flip.repeat(2)
    )


@given(seed=SEEDS, pair=st.sampled_from(SIX_GROUPS.pairs))
def test_the_reversed_pair_is_the_opposite(seed: int, pair: tuple[str, str]) -> None:
    pairs = interactions(to_groups(wild_joints(seed, 4).double()))
    forth, back = pairs[pair], pairs[pair[1], pair[0]]
    assert torch.equal(back.position, -forth.position)
    assert torch.equal(back.velocity[:, :3], -forth.velocity[:, :3])
    assert torch.equal(back.velocity[:, 3:], forth.velocity[:, 3:])
    product = sixd_to_matrix(forth.angles) @ sixd_to_matrix(back.angles)
    torch.testing.assert_close(product, torch.eye(3, dtype=torch.float64).expand_as(product))


def test_batches_equal_loops() -> None:
    joints = wild_joints(0, 2, 3, 5)
    whole = interactions(to_groups(joints))
    for row in range(2):
        for column in range(3):
            one = interactions(to_groups(joints[row, column]))
            for name in ("position", "angles", "velocity"):
                torch.testing.assert_close(getattr(whole, name)[row, column], getattr(one, name))


def test_moving_one_group_moves_its_joints_only(walking: Tensor) -> None:
    groups = to_groups(walking)
    shift = torch.zeros_like(groups.position)
    shift[:, SIX_GROUPS.index("left_arm"), 1] = 0.5
    moved = from_groups(replace(groups, position=groups.position + shift)) - walking
    arm = HUMANML3D.index(*dict(SIX_GROUPS.groups)["left_arm"])
    rest = [joint for joint in range(22) if joint not in arm]
    torch.testing.assert_close(moved[:, arm, 1], torch.full((60, 4), 0.5), atol=1e-6, rtol=0)
    assert moved[:, rest].abs().max() < 1e-6


# --- edges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0.0, 1e-7, 1e-5, 1e-4, 3e-4, 1e-3, 1.5e-3, 3e-3, 1e-2])
def test_arms_that_point_straight_up_come_back_exactly(angle: float) -> None:
    """Half a turn from rest, where the shortest rotation loses its axis."""
    vectors = HUMANML3D.bone_vectors(HUMANML3D.rest_pose())[None].clone()
    for name in ("left_elbow", "left_wrist"):
        vectors[:, HUMANML3D.index(name)[0]] = 0.26 * torch.tensor([np.sin(angle), np.cos(angle), 0.0]).float()
    joints = HUMANML3D.place(vectors)
    assert error(joints, SIX_GROUPS) < 1e-6
    rotation = sixd_to_matrix(to_groups(joints).limb_angles)
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand_as(rotation), atol=1e-5, rtol=0)


def test_joints_in_one_place_give_no_nan() -> None:
    for joints in (torch.zeros(3, 22, 3), torch.full((3, 22, 3), 2.5), HUMANML3D.place(torch.ones(3, 22, 3) * 1e-12)):
        groups = to_groups(joints)
        pairs = interactions(groups)
        for values in (groups.position, groups.limb_angles, groups.velocity, pairs.angles, pairs.velocity):
            assert torch.isfinite(values).all()
        torch.testing.assert_close(from_groups(groups), joints)


def test_a_bone_of_no_length_spoils_no_other(walking: Tensor) -> None:
    """Its rotation is one nevertheless, so the bones beyond keep their direction."""
    vectors = HUMANML3D.bone_vectors(walking)
    vectors[:, HUMANML3D.index("left_collar", "spine2", "right_knee")] = 0
    joints = HUMANML3D.place(vectors)
    assert error(joints, SIX_GROUPS) < 1e-6
    rotation = sixd_to_matrix(to_groups(joints).limb_angles)
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand_as(rotation), atol=1e-5, rtol=0)


def test_a_lone_frame_stands_still(walking: Tensor) -> None:
    groups = to_groups(walking[:1])
    assert not groups.velocity.any()
    torch.testing.assert_close(from_groups(groups), walking[:1])


def test_gradients_reach_every_number_that_makes_the_joints(walking: Tensor) -> None:
    groups = to_groups(walking[:2])
    parts = [part.clone().requires_grad_() for part in (groups.position, groups.limb_angles, groups.bone_lengths)]
    from_groups(GroupMotion(parts[0], parts[1], groups.velocity, parts[2])).square().sum().backward()
    assert all(part.grad is not None and torch.isfinite(part.grad).all() and part.grad.any() for part in parts)


def test_mistakes_name_what_is_wanted(walking: Tensor) -> None:
    with pytest.raises(InputError, match=r"joints must have shape \(\.\.\., frames, 22, 3\), got \(60, 21, 3\)"):
        to_groups(walking[:, :21])
    with pytest.raises(InputError, match=r"got \(0, 22, 3\)"):
        to_groups(walking[:0])
    with pytest.raises(ValueError, match="'right_wrist' must be in exactly one group, got 0"):
        Grouping((("most", HUMANML3D.names[:-1]),))
    with pytest.raises(ValueError, match="'pelvis' must be in exactly one group, got 2"):
        Grouping((("all", HUMANML3D.names), ("again", ("pelvis",))))
    with pytest.raises(ValueError, match=r"joint must be one of pelvis, .*, got 'tail'"):
        Grouping((("all", (*HUMANML3D.names, "tail")),))
    with pytest.raises(ValueError, match="different names, got a, a"):
        Grouping((("a", HUMANML3D.names[:3]), ("a", HUMANML3D.names[3:])))
    with pytest.raises(KeyError, match=r"group must be one of torso, .*, got 'wing'"):
        to_groups(walking)["wing"]
    with pytest.raises(KeyError, match="two different groups, got 'neck' twice"):
        interactions(to_groups(walking))["neck", "neck"]


# --- real recordings ------------------------------------------------------------------------------------------------


def recordings(folder: Path) -> tuple[np.ndarray, list[dict], list[dict]]:
    """Joints of the CMU pack, its trials, its clips."""
    pack = folder / "cmu-humanml3d"
    trials, clips = (
        [json.loads(line) for line in (pack / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("trials", "clips")
    )
    return np.load(pack / "joints.npz")["joints"], trials, clips


def test_real_recordings_come_back_exactly(shared_data: Path) -> None:
    """A sample; all 1,184 trials are the slow test below. Largest error measured over all of them: 5e-7 m."""
    rows, trials, _ = recordings(shared_data)
    for trial in trials[::25]:
        joints = torch.from_numpy(rows[trial["start"] : trial["start"] + trial["frames"]]).float() / 4096
        assert error(joints, SIX_GROUPS) < 1e-6, trial["trial"]


@pytest.mark.slow
@pytest.mark.parametrize("grouping", [SIX_GROUPS, TWO_PARTS], ids=["six", "two"])
def test_all_real_recordings_come_back_exactly(shared_data: Path, grouping: Grouping) -> None:
    rows, trials, clips = recordings(shared_data)
    start = {trial["trial"]: trial["start"] for trial in trials}
    spans = [(trial["start"], trial["start"] + trial["frames"], trial["trial"]) for trial in trials]
    spans += [(start[clip["trial"]] + clip["start"], start[clip["trial"]] + clip["end"], clip["id"]) for clip in clips]
    assert len(spans) == 1184 + 1324
    for first, last, name in spans:
        joints = torch.from_numpy(rows[first:last]).float() / 4096
        assert error(joints, grouping) < 1e-6, name
