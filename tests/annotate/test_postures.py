"""Postures near the floor and turns head over heels: said of a body that shows them, and of no walk."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from puppets import eased, kinds, mirror_joints, observed, seen, standing
from torch import Tensor

from kinmo_annotate.statements.body import whole_action
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints

FRAMES = 100
SPINE = ("spine1", "spine2", "spine3", "neck")
Vector = tuple[float, float, float]
DOWN, BACK, FORWARD = (0.0, -1.0, 0.0), (0.0, 0.0, -1.0), (0.0, 0.0, 1.0)
ARMS = {f"{side}_{joint}": (0.0, -1.0, 0.1) for side in ("left", "right") for joint in ("elbow", "wrist")}
SIT = {"left_knee": FORWARD, "right_knee": FORWARD}
KNEEL = {"left_ankle": BACK, "right_knee": (0.0, 0.0, 1.0), "right_ankle": DOWN}
FOURS = {**dict.fromkeys(SPINE, (0.0, 0.1, 1.0)), "left_ankle": BACK, "right_ankle": BACK, **ARMS}


def pose(bones: Mapping[str, Vector], share: Tensor | None = None) -> Tensor:
    """Return a body that gets from standing to a pose in the second quarter and stands again at the end, on the floor."""
    share = eased(0, 1, FRAMES, 0.15, 0.35) - eased(0, 1, FRAMES, 0.7, 0.9) if share is None else share
    vectors = HUMANML3D.bone_vectors(standing(FRAMES))
    for name, direction in bones.items():
        joint = HUMANML3D.index(name)[0]
        length, start = vectors[:, joint].norm(dim=-1, keepdim=True), vectors[0, joint] / vectors[0, joint].norm()
        mixed = torch.lerp(start, torch.tensor(direction), share[:, None])
        vectors[:, joint] = length * mixed / mixed.norm(dim=-1, keepdim=True)
    vectors[:, 0] = 0
    return on_floor(HUMANML3D.place(vectors))


def on_floor(joints: Tensor) -> Tensor:
    """Set the lowest joint of every frame on the floor."""
    joints[..., 1] -= joints[..., 1].amin(-1, keepdim=True)
    return joints


def over(axis: int, degrees: float, *, height: float | None = None) -> Tensor:
    """Return a body that turns over about an axis through its pelvis, with arms up.

    Without a `height` of the pelvis, m, the lowest joint is on the floor.
    """
    arms = {f"{side}_{joint}": (0.0, 1.0, 0.0) for side in ("left", "right") for joint in ("elbow", "wrist")}
    joints, angle = pose(arms, torch.ones(FRAMES)), eased(0, degrees, FRAMES, 0.25, 0.65).deg2rad()[:, None]
    first, second = [one for one in range(3) if one != axis]
    a, b = (joints[..., one] - joints[:, :1, one] for one in (first, second))
    turned = joints.clone()
    turned[..., first] = angle.cos() * a - angle.sin() * b
    turned[..., second] = angle.sin() * a + angle.cos() * b
    if height is None:
        return on_floor(turned)
    up = eased(0, height, FRAMES, 0.15, 0.35) - eased(0, height, FRAMES, 0.6, 0.8)
    return turned + torch.stack([0 * up, up, 0 * up], dim=-1)[:, None]


@pytest.mark.parametrize(
    ("bones", "told"),
    [
        (SIT, ["sit_down", "sit", "stand_up"]),
        (KNEEL, ["kneel_down", "kneel", "get_up"]),
        (FOURS, ["fours_down", "fours", "get_up"]),
    ],
)
def test_a_posture_is_told_with_the_ways_to_it_and_from_it(bones: Mapping[str, Vector], told: list[str]):
    found = [one for one in observed(pose(bones), "torso") if one.kind in told]
    assert [one.kind for one in found] == told
    down, held, up = (one.statement for one in found)
    assert 0.6 < down.start < 1.4
    assert held.amount == pytest.approx(2.2, abs=0.7)
    assert held.unit == "seconds"
    assert 3.2 < up.start < up.end <= 5
    assert not {"torso_sink", "torso_rise", "lean", "straighten"} & set(kinds(pose(bones), "torso"))


def test_lying_has_a_side_and_a_face():
    joints, angle = standing(FRAMES), eased(0, 90, FRAMES, 0.2, 0.5).deg2rad()[:, None]
    x, y, z = (joints - joints[:, :1]).unbind(-1)
    front = on_floor(torch.stack([x, angle.cos() * y - angle.sin() * z, angle.sin() * y + angle.cos() * z], dim=-1))
    left = on_floor(torch.stack([x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin(), z], dim=-1))
    for body, place in ((front, "face down"), (left, "on the left side"), (mirror_joints(left), "on the right side")):
        assert {one.words["place"] for one in observed(body, "torso") if one.kind in ("lie_down", "lie")} == {place}


def test_a_body_on_hands_and_knees_that_travels_crawls():
    joints = pose(FOURS)
    joints[..., 2] += eased(0, 1.2, FRAMES, 0.35, 0.7)[:, None]
    [crawl] = [one.statement for one in observed(joints, "torso") if one.kind == "crawl"]
    assert crawl.text == "crawls forward about {} on hands and knees"
    assert crawl.amount == pytest.approx(1.2, abs=0.2)
    assert "crawls forward" in whole_action(seen(joints), 0)


@pytest.mark.parametrize(
    ("axis", "degrees", "height", "kind", "word"),
    [
        (2, -360, None, "cartwheel", "left"),
        (2, 360, None, "cartwheel", "right"),
        (2, 360, 1.0, "flip_aside", "right"),
        (0, 360, None, "roll", "forward"),
        (0, -360, None, "roll", "backward"),
        (0, 360, 0.1, "handspring", "forward"),
        (0, -360, 1.0, "flip", "backward"),
    ],
)
def test_a_body_that_goes_head_over_heels_does_not_turn(
    axis: int, degrees: float, height: float | None, kind: str, word: str
):
    joints = over(axis, degrees, height=height)
    [told] = [one for one in observed(joints, "torso") if one.kind == kind]
    assert word in told.statement.sentence
    assert not {"turn", "turns", "invert"} & set(kinds(joints, "torso"))
    assert kind in {one.kind for one in observed(mirror_joints(joints), "torso")}


def test_a_body_that_stays_on_its_hands_does_a_handstand():
    joints = over(0, 175)
    assert "handstand" in kinds(joints, "torso")
    assert not any(one.statement.start > 2.4 for one in observed(joints, "left_leg"))


def test_walks_and_squats_are_no_postures():
    for joints in (walking_joints(100), walking_joints(100, speed=3.0), Action(squat=1.1, cadence=0.5).joints(80)):
        told = set(kinds(joints, "torso"))
        assert not told & {"sit", "kneel", "fours", "crawl", "lie", "roll", "cartwheel", "handstand", "flip", "invert"}
