"""The numbers of a pose: what they are of a known pose, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from puppets import eased, move_arm, standing

from kinmo_annotate.measures import measure, smoothed
from kinmo_annotate.measures.body import leg_length
from kinmo_core.groups import to_groups
from kinmo_core.motion import mirror_joints
from kinmo_core.rotations import rotate_yaw
from kinmo_core.testing import Action, walking_joints

ANGLES = ("elbow", "knee", "arm", "thigh", "shin", "turn", "nod", "pitch", "lean", "twist", "heading")


def test_a_standing_body_has_the_numbers_that_one_sees():
    numbers = {name: float(values[30]) for name, values in measure(standing()).items()}
    assert numbers["left_elbow"] == pytest.approx(0, abs=20)
    assert numbers["left_knee"] == pytest.approx(0, abs=2)
    assert numbers["pitch"] == pytest.approx(0, abs=3)
    assert numbers["left_hand_level"] == pytest.approx(1.7, abs=0.4)  # hips, or little below
    assert numbers["left_upper_arm"] == pytest.approx(0, abs=5)  # hangs
    assert numbers["left_hand_out"] == pytest.approx(numbers["right_hand_out"], abs=0.02)
    assert numbers["feet"] == pytest.approx(0.21, abs=0.03)
    assert numbers["left_foot_lift"] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize(("angle", "level"), [(0.0, 1.5), (90.0, 3.0), (175.0, 5.0)])
def test_the_level_of_a_hand_follows_the_arm(angle: float, level: float):
    joints = move_arm(standing(), "right", torch.full((60,), angle))
    assert float(measure(joints)["right_hand_level"][0]) == pytest.approx(level, abs=0.35)
    assert float(measure(joints)["right_upper_arm"][0]) == pytest.approx(angle, abs=0.5)


def test_the_forward_hand_is_in_front_and_the_other_is_not():
    numbers = measure(move_arm(standing(), "left", torch.full((60,), 90.0)))
    assert float(numbers["left_hand_front"][0]) == pytest.approx(0.53, abs=0.02)
    assert abs(float(numbers["right_hand_front"][0])) < 0.1
    sideways = measure(move_arm(standing(), "left", torch.full((60,), 90.0), out=True))
    assert float(sideways["left_hand_out"][0]) == pytest.approx(0.53, abs=0.02)


def test_angles_of_a_squat_agree_with_the_puppet_that_made_it():
    joints = Action(squat=0.8, cadence=0.5).joints(41)  # deepest at frame 20; thigh by 0.8 rad, knee by 1.6
    numbers = measure(joints)
    assert float(numbers["left_knee"][20]) == pytest.approx(math.degrees(1.6), abs=0.5)
    assert float(numbers["left_thigh_front"][20]) == pytest.approx(math.degrees(0.8), abs=0.5)


@given(st.floats(-3.1, 3.1), st.floats(0.4, 2.5), st.floats(-50, 50))
def test_heading_size_and_place_change_nothing(heading: float, size: float, place: float):
    joints = Action(wave="left", squat=0.4, stride=0.3, lift=0.4, arm_swing=0.3, speed=0.5).joints(30)
    moved = rotate_yaw(joints * size, torch.tensor(heading)) + torch.tensor([place, 0.3, -place])
    plain = measure(joints)
    for name, values in measure(moved).items():
        degrees = any(
            part in name
            for part in (
                "elbow",
                "knee",
                "arm",
                "thigh",
                "shin",
                "tilt",
                "roll",
                "nod",
                "pitch",
                "lean",
                "twist",
                "turn",
                "rise",
                "up",
                "tumble",
                "wheel",
            )
        )
        tolerance = 0.05 if degrees or name == "heading" else 2e-3
        assert torch.allclose(values, plain[name], atol=tolerance, rtol=1e-3), name


@pytest.mark.parametrize("turn", [0.4, 2.3])  # the second passes behind, where an angle jumps
def test_mirroring_swaps_the_sides_to_the_last_digit(turn: float):
    joints = Action(wave="left", stride=0.3, lift=0.5, arm_swing=0.3, speed=1.0, turn=turn).joints(50)
    plain, mirrored = measure(joints), measure(mirror_joints(joints))
    signed = {
        "lean",
        "twist",
        "hips_turn",
        "head_tilt",
        "across_rise",
        "wheel",
        "weight",
        "travel_x",
        "heading",
        "hands_height",
        "feet_front",
    }
    swap = {"left": "right", "right": "left"}
    for name, values in plain.items():
        twin = "_".join(swap.get(part, part) for part in name.split("_"))
        sign = -1.0 if name in signed or name.endswith("foot_x") else 1.0
        assert torch.equal(sign * mirrored[twin] + 0.0, values + 0.0), name


def test_motions_in_a_batch_are_measured_as_they_are_alone():
    batch = torch.stack([walking_joints(40), standing(40)])
    together = measure(batch)
    for row, joints in enumerate(batch):
        for name, values in measure(joints).items():
            assert torch.allclose(together[name][row], values, atol=1e-3), name


def test_the_heading_is_unwrapped():
    turned = measure(Action(turn=2.0).joints(100))["heading"]  # 9.9 rad in all: more than a full turn
    assert float(turned[-1]) == pytest.approx(math.degrees(2.0 * 99 / 20), abs=10)
    assert (turned.diff() > 0).all()


def test_leg_length_is_hip_to_ankle():
    assert float(leg_length(to_groups(standing()))) == pytest.approx(0.82, abs=0.01)


def test_smoothing_keeps_a_constant_and_the_length():
    numbers = smoothed({"still": torch.full((40,), 3.0), "step": eased(0, 1, 40, 0.5, 0.51)})
    assert numbers["still"] == pytest.approx(3.0)
    assert numbers["step"].shape == (40,)
    assert (np.diff(numbers["step"]) >= -1e-6).all()
