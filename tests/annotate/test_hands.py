"""What hands do is told of motions made to show it, of the right hand, and not of a walk."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from puppets import eased, kinds, mirror_joints, observed, standing
from torch import Tensor

from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import walking_joints

SIDES = ("left", "right")
BOTH = "left_arm+right_arm"


def put(joints: Tensor, side: str, name: str, place: Tensor) -> Tensor:
    """Return the motion with a joint of an arm at `place` from the pelvis: (..., 3) m outward, up, ahead."""
    moved, sign = joints.clone(), torch.tensor([1.0 if side == "left" else -1.0, 1.0, 1.0])
    moved[:, HUMANML3D.index(f"{side}_{name}")[0]] = moved[:, 0] + sign * place
    return moved


def hand(joints: Tensor, side: str, wrist: tuple[float, float, float], elbow: tuple[float, float, float]) -> Tensor:
    return put(put(joints, side, "elbow", torch.tensor(elbow)), side, "wrist", torch.tensor(wrist))


def patting(side: str, size: float = 0.07, hertz: float = 1.5, frames: int = 80) -> Tensor:
    """Return a hand in front of the chest that goes up and down by `size` m."""
    time = torch.arange(frames) / 20
    up = 0.2 + size / 2 * (2 * math.pi * hertz * time).sin()
    place = torch.stack([torch.full_like(up, 0.15), up, torch.full_like(up, 0.35)], dim=-1)
    return put(put(standing(frames), side, "elbow", torch.tensor([0.25, 0.15, 0.1])), side, "wrist", place)


def clapping(hertz: float = 2.0, frames: int = 80) -> Tensor:
    """Return hands before the chest that meet and part."""
    out = 0.14 - 0.1 * (2 * math.pi * hertz * torch.arange(frames) / 20).cos()
    place = torch.stack([out, torch.full_like(out, 0.22), torch.full_like(out, 0.35)], dim=-1)
    joints = standing(frames)
    for side in SIDES:
        joints = put(put(joints, side, "elbow", torch.tensor([0.25, 0.15, 0.1])), side, "wrist", place)
    return joints


def crossed(frames: int = 60) -> Tensor:
    joints = standing(frames)
    for side in SIDES:
        joints = hand(joints, side, (-0.15, 0.2, 0.15), (0.22, 0.15, 0.08))
    return joints


def akimbo(side: str, frames: int = 60) -> Tensor:
    joints = standing(frames)
    hip = (joints[0, HUMANML3D.index(f"{side}_hip")[0]] - joints[0, 0]).abs()
    return hand(joints, side, (float(hip[0]) + 0.15, 0.08, 0.0), (0.4, 0.22, -0.1))


def test_a_hand_that_pats():
    for side, other in (SIDES, SIDES[::-1]):
        [pats] = observed(patting(side), f"{side}_arm")
        assert pats.kind == "arm_strokes"
        assert pats.statement.sentence == "makes small movements up and down five times in front of the chest"
        assert kinds(mirror_joints(patting(side)), f"{other}_arm") == ["arm_strokes"]


@pytest.mark.parametrize(("size", "hertz"), [(0.01, 1.5), (0.07, 0.3)], ids=["tremble", "breathe"])
def test_small_or_slow_movements_are_no_strokes(size: float, hertz: float):
    assert "arm_strokes" not in kinds(patting("left", size, hertz), "left_arm")


@given(seed=st.integers(0, 50))
def test_markers_that_tremble_make_no_strokes(seed: int):
    noise = 0.004 * torch.randn((80, 22, 3), generator=torch.Generator().manual_seed(seed))
    assert all("arm_strokes" not in kinds(patting("left", 0.0) + noise, f"{side}_arm") for side in SIDES)


def test_hands_that_clap():
    [claps] = [one for one in observed(clapping(), BOTH) if one.kind == "clap"]
    assert claps.statement.sentence == "the hands clap eight times in front of the chest"
    assert kinds(mirror_joints(clapping()), BOTH) == kinds(clapping(), BOTH)


def test_hands_that_meet_slowly_do_not_clap():
    [meet] = [one for one in observed(clapping(1.25), BOTH) if one.kind in ("clap", "hands_meet_and_part")]
    assert meet.statement.sentence == "the hands meet and part five times in front of the chest"


def test_arms_that_are_crossed():
    [told] = [one for one in observed(crossed(), BOTH) if one.kind == "arms_crossed"]
    assert told.statement.sentence == "the arms are crossed for three seconds"
    assert "hand_at_elbow" not in kinds(crossed(), BOTH)


@pytest.mark.parametrize("side", SIDES)
def test_a_hand_on_the_hip(side: str):
    [arm] = observed(akimbo(side), f"{side}_arm")
    assert arm.statement.sentence == "rests on the hip for three seconds"
    [pair, *_] = observed(akimbo(side), f"torso+{side}_arm")
    assert pair.statement.sentence == f"the {side} hand rests on the {side} hip"
    other = SIDES[1 - SIDES.index(side)]
    assert kinds(mirror_joints(akimbo(side)), f"{other}_arm") == ["arm_on_hip"]


@pytest.mark.parametrize("side", SIDES)
def test_a_hand_at_the_face(side: str):
    joints = standing(80)
    head = joints[:, HUMANML3D.index("head")[0]] - joints[:, 0]
    start = joints[:, HUMANML3D.index("left_wrist")[0]] - joints[:, 0]
    share = (eased(0, 1, 80, 0.2, 0.4) - eased(0, 1, 80, 0.8, 0.95))[:, None]
    joints = put(joints, side, "wrist", start + share * (head + torch.tensor([0.05, 0.0, 0.15]) - start))
    [touch] = observed(joints, f"neck+{side}_arm")
    assert touch.kind == "hand_stays_at"
    assert touch.statement.sentence == f"the {side} hand stays at the face for two seconds"


@pytest.mark.parametrize("side", SIDES)
def test_an_elbow_that_bends_while_the_hand_rises(side: str):
    joints, share = standing(60), eased(0, 1, 60, 0.2, 0.6)[:, None]
    start = joints[:, HUMANML3D.index("left_wrist")[0]] - joints[:, 0]
    end = torch.tensor([0.2, 0.3, 0.25])
    joints = put(joints, side, "wrist", start + share * (end - start))
    assert {"arm_up", "elbow_bend"} <= set(kinds(joints, f"{side}_arm"))


@pytest.mark.parametrize("speed", [0.8, 1.2, 2.0])
def test_a_walk_shows_none_of_it(speed: float):
    joints = walking_joints(100, speed=speed)
    told = {
        kind
        for who in ("left_arm", "right_arm", "torso+left_arm", "neck+left_arm", BOTH)
        for kind in kinds(joints, who)
    }
    assert not told & {
        "hands_meet_and_part",
        "arm_strokes",
        "arm_on_hip",
        "hand_on_hip",
        "clap",
        "arms_crossed",
        "hand_touches",
        "hand_stays_at",
    }
