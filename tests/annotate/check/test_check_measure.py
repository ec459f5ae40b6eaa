"""Measures of puppets against angles and distances that are known from how the puppets were made."""

from __future__ import annotations

import math

import numpy as np
import pytest
from check_puppets import (
    BACK,
    DOWN,
    FORWARD,
    FPS,
    LEFT,
    RIGHT,
    SPINE,
    UP,
    Track,
    arm,
    elbow,
    glide,
    hold,
    motion,
    puppet,
    track,
    turned,
)

from kinmo_annotate.check.measure import OTHER, SIGN, Measures
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action


def measures(joints: np.ndarray) -> Measures:
    return Measures(joints, FPS)


def of(name: str) -> Measures:
    return measures(motion(name).joints.numpy())


@pytest.mark.parametrize(("degrees", "part"), [(60, "body"), (-150, "body"), (340, "hip"), (-340, "shoulder")])
def test_yaw_counts_degrees_to_the_left(degrees: float, part: str):
    found = measures(turned(puppet({}), track((0, 0), (1, degrees)), 1)).yaw(part)
    assert found[0] == 0
    assert found[-1] == pytest.approx(degrees, abs=1e-3)


@pytest.mark.parametrize("degrees", [40.0, -40.0])
def test_twist_is_that_of_the_shoulders_against_the_hips(degrees: float):
    found = measures(turned(puppet({}), track((0, 0), (1, degrees)), 1, above="spine3"))
    assert found.twist[-1] == pytest.approx(degrees, abs=0.1)
    assert np.ptp(found.yaw("hip")) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("direction", "way", "degrees"),
    [
        ((0, 1, 1), "forward", 45.0),
        ((0, 1, 1), "back", -45.0),
        ((0, 1, -1), "back", 45.0),
        ((1, 1, 0), "left", 45.0),
        ((1, 1, 0), "right", -45.0),
        ((0, 1, math.sqrt(3)), "any", 60.0),
        ((0, 1, 0), "any", 0.0),
    ],
)
def test_lean(direction: tuple[float, float, float], way: str, degrees: float):
    assert measures(hold(direction, *SPINE)).lean(way)[-1] == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 150.0])
def test_flexion_of_an_elbow(degrees: float):
    found = measures(elbow(0, degrees)).flexion("elbow", "right")
    assert found[-1] == pytest.approx(degrees, abs=0.1)


def test_flexion_of_hip_and_knee_of_a_person_who_sits():
    found = of("sit")
    assert found.flexion("knee", "left")[-1] == pytest.approx(90, abs=0.1)
    assert found.flexion("hip", "left")[-1] == pytest.approx(90, abs=2)


@pytest.mark.parametrize(
    ("way", "axis", "sign"), [(LEFT, 0, 1), (RIGHT, 0, -1), (UP, 1, 1), (DOWN, 1, -1), (FORWARD, 2, 1), (BACK, 2, -1)]
)
@pytest.mark.parametrize("heading", [0.0, 90.0, -120.0])
def test_views_of_an_arm_are_in_the_axes_of_the_body(way: tuple, axis: int, sign: int, heading: float):
    """A straight arm of 0.5 m points along one axis, wherever the person faces."""
    joints = turned(puppet(arm("left", (0, way))), np.full(80, heading), 1)
    found = measures(joints)
    from_shoulder = found.views("wrist", "left")[1] - found.views("shoulder", "left")[1]
    length = np.linalg.norm(from_shoulder[0])
    assert from_shoulder[0] == pytest.approx(np.eye(3)[axis] * sign * length, abs=1e-4)


def test_the_view_along_the_spine_follows_a_bow():
    """An arm beside the ear points up along the spine, although it points forward and up in the world."""
    bow: dict[str, Track] = dict.fromkeys((*SPINE, "left_elbow", "left_wrist"), ((0, (0, 0, 1)),))
    found = measures(puppet(bow))
    level, along_spine = found.views("wrist", "left")[1:]
    assert along_spine[0][1] > 0.4
    assert abs(level[0][1]) < 0.15


@pytest.mark.parametrize(
    ("head", "of_", "sign"), [((1, 1, 0), "left", 1), ((-1, 1, 0), "left", -1), ((1, 1, 0), "right", -1)]
)
def test_the_head_to_a_side(head: tuple, of_: str, sign: int):
    assert measures(hold(head, "head")).head(of_)[-1] == pytest.approx(sign * 45, abs=1)


def test_the_head_down_and_its_pitch_against_the_spine():
    bowed = measures(puppet(dict.fromkeys((*SPINE, "head"), ((0, (0, 0, 1)),))))
    assert bowed.head("down")[0] == pytest.approx(90, abs=0.5)
    assert bowed.head("up")[0] == pytest.approx(-90, abs=0.5)
    assert bowed.pitch[0] == pytest.approx(0, abs=0.5)


def test_speeds():
    walk = measures(glide(FORWARD, [(0, 0), (1, 3.95)]))
    assert walk.speed("body") == pytest.approx(1.0, abs=1e-3)
    assert walk.own_speed("wrist", "left") == pytest.approx(0.0, abs=1e-3)
    assert measures(puppet({})[:1]).speed("body").tolist() == [0.0]


def test_ground_is_in_the_first_heading_and_progress_in_each():
    turning = Action(speed=1.0, turn=math.pi / 4).joints(80).numpy()
    found = measures(turning)
    assert found.path == pytest.approx(3.95, abs=0.01)
    assert found.progress[-1] == pytest.approx([0.0, 3.95], abs=0.2)
    # After half a circle to the left, the walker is one diameter to the left of the start.
    assert found.ground[-1] == pytest.approx([2 / (math.pi / 4), 0.0], abs=0.15)


def test_heights_are_over_the_lowest_toes():
    raised = puppet({}) + np.array([0.0, 5.0, 0.0])
    assert measures(raised).height("foot", "left") == pytest.approx(
        measures(puppet({})).height("foot", "left"), abs=1e-5
    )
    jump = measures(puppet({}, [(0, 0), (0.4, 0), (0.5, 0.3), (0.6, 0), (1, 0)]))
    assert jump.clearance("left").max() == pytest.approx(0.3, abs=0.02)
    assert jump.clearance("left").min() == pytest.approx(0.0, abs=0.02)
    assert jump.window(30, 50).floor == jump.floor


@pytest.mark.parametrize(
    ("start", "end", "frames"), [(0, 80, 80), (-10, 20, 20), (70, 200, 10), (90, 95, 1), (5, 5, 1)]
)
def test_windows_have_at_least_one_frame(start: int, end: int, frames: int):
    assert len(of("stand").window(start, end)) == frames


def test_steps_are_counted_and_have_a_direction():
    glided = of("three steps left")
    for side in SIGN:
        assert glided.steps(side) == pytest.approx(np.array([[0.3, 0.0, 0.0]] * 3), abs=0.06)
    assert len(of("stand").steps("left")) == 0
    assert (of("walk back").steps("right")[:, 2] < 0).all()


def test_distances():
    found = of("stand")
    joints = motion("stand").joints.numpy()
    first, second = HUMANML3D.index("left_wrist", "right_wrist")
    wanted = np.linalg.norm(joints[:, first] - joints[:, second], axis=-1)
    assert found.distance(("wrist", "left"), ("wrist", "right")) == pytest.approx(wanted, abs=1e-6)
    assert found.aside(("head", ""), ("body", "")).max() < 0.15
    assert found.point("wrist") == pytest.approx((found.point("wrist", "left") + found.point("wrist", "right")) / 2)


def test_upright_is_the_share_of_frames():
    assert of("stand").upright == 1
    assert 0.2 < of("lie").upright < 0.5


@pytest.mark.parametrize("name", ["walk", "twist left", "tilt left", "kick right", "three steps left"])
def test_measures_of_the_mirrored_motion_are_mirrored(name: str):
    found, mirrored = of(name), measures(motion(name).mirror().joints.numpy())
    assert mirrored.yaw("shoulder") == pytest.approx(-found.yaw("shoulder"), abs=1e-3)
    assert mirrored.lean("left") == pytest.approx(found.lean("right"), abs=1e-3)
    assert mirrored.head("left") == pytest.approx(found.head("right"), abs=1e-3)
    for side in SIGN:
        assert mirrored.flexion("knee", side) == pytest.approx(found.flexion("knee", OTHER[side]), abs=0.1)
        assert mirrored.steps(side) == pytest.approx(found.steps(OTHER[side]) * [-1, 1, 1], abs=1e-4)
