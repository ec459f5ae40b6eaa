"""Places of hands: the place that is said contains the hand, whatever the hand, the trunk and the heading."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from puppets import mirror_joints, standing
from torch import Tensor

from kinmo_annotate.measures import PLACES, lies_in, measure
from kinmo_core.skeleton import HUMANML3D

HANDS = st.tuples(st.floats(-0.8, 0.8), st.floats(-1.0, 1.1), st.floats(-0.8, 0.8))  # m left, up, ahead of the pelvis
LEG, SLACK = 0.82, 0.06  # m of the body that places are measured on; m by which a name may miss


def body(left: Tensor, right: Tensor, *, lean: float = 0.0, heading: float = 0.0) -> Tensor:
    """Return two frames of a standing body that leans forward by `lean` degrees, its hands at places from the pelvis."""
    joints = standing(2)
    trunk = [
        i for i, name in enumerate(HUMANML3D.names) if not any(p in name for p in ("hip", "knee", "ankle", "foot"))
    ]
    cos, sin = math.cos(math.radians(lean)), math.sin(math.radians(lean))
    tilt = torch.tensor([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
    joints[:, trunk] = (joints[:, trunk] - joints[:, :1]) @ tilt.T + joints[:, :1]
    for side, hand in (("left", left), ("right", right)):
        joints[:, HUMANML3D.index(f"{side}_wrist")] = (joints[:, 0] + hand)[:, None]
    cos, sin = math.cos(heading), math.sin(heading)
    return joints @ torch.tensor([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])


def place(joints: Tensor, side: str) -> str:
    return PLACES[int(measure(joints)[f"{side}_hand_place"][0])]


def is_true(name: str, joints: Tensor, side: str) -> bool:
    """Tell from joints that face +z whether a hand is where a name says, by geometry of its own."""
    scale = LEG / float((joints[0, 4] - joints[0, 1]).norm() + (joints[0, 7] - joints[0, 4]).norm())
    at = {name: scale * joints[0, number] for number, name in enumerate(HUMANML3D.names)}
    hand, pelvis, neck, head = at[f"{side}_wrist"], at["pelvis"], at["neck"], at["head"]
    share = ((hand - pelvis)[1] / (neck - pelvis)[1].clamp_min(0.2)).clamp(0, 1)
    away = hand - pelvis - share * (neck - pelvis)
    ahead, out = float(away[2]), float(away[0]) * (1 if side == "left" else -1)
    shoulders = (at["left_shoulder"] + at["right_shoulder"])[1] / 2
    height, floor = float(hand[1]), float(min(at["left_foot"][1], at["right_foot"][1], at["left_ankle"][1]))
    knee = float(min(at["left_knee"][1], at["right_knee"][1]))
    if name.startswith("at the ") and name.split()[-1] in ("face", "head"):
        return float((hand - head).norm()) < 0.24 + SLACK
    if name in ("at the shoulder", "at the other shoulder"):
        other = {"left": "right", "right": "left"}[side]
        joint = at[f"{other if 'other' in name else side}_shoulder"]
        return float((hand - joint).norm()) < 0.17 + SLACK
    if name == "near the floor":
        return height - floor < 0.4 * (knee - floor) + SLACK
    if name == "above the head":
        return height > float(head[1])
    bands = {
        "knee": (floor, float(pelvis[1])), "thigh": (knee, float(pelvis[1])), "hip": (knee, float(shoulders)),
        "waist": (float(pelvis[1]), float(shoulders)), "belly": (float(pelvis[1]), float(shoulders)),
        "back": (float(pelvis[1]), float(shoulders)), "chest": (float(pelvis[1]), float(shoulders)),
        "neck": (float(pelvis[1]), float(head[1])), "shoulder": (float(pelvis[1]), float(head[1])),
        "head": (float(shoulders), float(head[1]) + 0.2), "face": (float(shoulders), float(head[1]) + 0.2),
        "crown": (float(shoulders), float(head[1]) + 0.2),
    }  # fmt: skip
    words = {
        word.rstrip("s") if word.endswith(("knees", "thighs", "hips", "shoulders")) else word for word in name.split()
    }
    low, high = next(band for part, band in bands.items() if part in words)
    # From the belly up a hand is beside the trunk as long as it is more aside than ahead.
    beside = max(0.18, out) if height > float(pelvis[1]) else 0.18
    level = low - SLACK <= height <= max(high, low + 0.2) + SLACK
    where = {
        "in front": 0.18 - SLACK < ahead < 0.45 + SLACK and out > -0.08 - SLACK,
        "far in front": ahead > 0.45 - SLACK and out > -0.08 - SLACK,
        "behind": ahead < -0.15 + SLACK,
        "beside": 0.17 - SLACK < out < 0.45 + SLACK and -0.15 - SLACK < ahead < beside + SLACK,
        "across": out < -0.08 + SLACK and ahead > -0.15 - SLACK,
        "out": out > 0.45 - SLACK,
        "at": -0.08 - SLACK < out < 0.17 + SLACK and -0.15 - SLACK < ahead < 0.18 + SLACK,
        "between": -0.08 - SLACK < out < 0.17 + SLACK and -0.15 - SLACK < ahead < 0.18 + SLACK,
    }
    return level and next(true for words, true in where.items() if name.startswith(words))


@given(hand=HANDS, lean=st.floats(-20, 50), side=st.sampled_from(("left", "right")))
def test_the_place_that_is_said_contains_the_hand(hand: tuple[float, float, float], lean: float, side: str):
    point = torch.tensor(hand)
    joints = body(point, point, lean=lean)
    said = place(joints, side)
    assert is_true(said, joints, side), said


@given(hand=HANDS, lean=st.floats(-20, 60), heading=st.floats(-3, 3))
def test_the_mirrored_hand_is_in_the_same_place(hand: tuple[float, float, float], lean: float, heading: float):
    joints = body(torch.tensor(hand), torch.tensor([-0.3, 0.0, 0.0]), lean=lean, heading=heading)
    numbers, mirrored = measure(joints), measure(mirror_joints(joints))
    assert torch.equal(numbers["left_hand_place"], mirrored["right_hand_place"])
    assert torch.equal(numbers["right_hand_place"], mirrored["left_hand_place"])


@given(hand=HANDS)
def test_every_hand_lies_in_one_place(hand: tuple[float, float, float]):
    numbers = measure(body(torch.tensor(hand), torch.tensor(hand)))
    for side in ("left", "right"):
        assert sum(bool(lies_in(numbers, side, name)[0]) for name in PLACES) == 1


@pytest.mark.parametrize(
    ("hand", "said"),
    [
        ((0.3, 0.0, 0.0), "beside the hip"),
        ((0.3, 0.0, 0.25), "in front of the hips"),
        ((0.35, 0.24, 0.25), "beside the chest"),
        ((0.25, 0.24, 0.35), "in front of the chest"),
        ((0.4, 0.6, 0.25), "beside the head"),
        ((0.5, 0.24, 0.6), "far in front at chest height"),
        ((0.1, 0.0, -0.25), "behind the hips"),
        ((-0.15, 0.0, 0.2), "across the body at hip height"),
        ((0.05, 0.14, 0.12), "at the belly"),
        ((0.1, 0.24, 0.25), "in front of the chest"),
        ((0.1, 0.24, 0.6), "far in front at chest height"),
        ((0.6, 0.36, 0.1), "out to the side at shoulder height"),
        ((0.1, 0.6, 0.16), "at the face"),
        ((0.2, 1.0, 0.0), "above the head"),
        ((0.2, -0.85, 0.3), "near the floor"),
    ],
)
def test_places_by_name(hand: tuple[float, float, float], said: str):
    joints = body(torch.tensor(hand), torch.tensor([-0.3, 0.0, 0.0]))
    assert place(joints, "left") == said
    assert place(mirror_joints(joints), "right") == said
