"""Feet that stand stay in place, and go through no floor."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_core.features import decode, encode_raw
from kinmo_core.metrics import bones_off, foot_skating, jerk
from kinmo_core.planting import plant_feet, stances
from kinmo_core.rig import constant_body
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.puppet import Action, walk

LEFT, RIGHT = HUMANML3D.index("left_ankle", "left_foot"), HUMANML3D.index("right_ankle", "right_foot")
OTHERS = [joint for joint in range(22) if joint not in (*LEFT, *RIGHT)]


def standing(frames: int = 100) -> Tensor:
    return decode(encode_raw(Action(wave="left").joints(frames + 1)))


def sliding(speed: float, frames: int = 100) -> Tensor:
    """Somebody who stands, but is moved forward, m/s."""
    joints = standing(frames)
    joints[..., 2] += speed / 20 * torch.arange(frames)[:, None]
    return joints


def test_a_sliding_foot_is_held_and_the_bones_keep_their_length():
    joints = constant_body(sliding(0.6, 24))
    made = constant_body(plant_feet(joints))
    assert float(foot_skating(joints)) > 0.8
    assert float(foot_skating(made)) == 0
    assert float(bones_off(made)) == 0
    torch.testing.assert_close(made[:, 0], joints[:, 0])  # the body goes on


def test_only_feet_move_and_who_stands_is_left_alone():
    joints = standing()
    torch.testing.assert_close(plant_feet(joints), joints, atol=0.02, rtol=0)
    slides = sliding(0.3)
    assert torch.equal(plant_feet(slides)[:, OTHERS], slides[:, OTHERS])


def test_who_slides_far_or_fast_means_to():
    assert stances(sliding(3.0)[:, LEFT[1]], fps=20.0) == []
    assert stances(sliding(0.5)[:, LEFT[1]], fps=20.0) == []  # 2.5 m in one stance
    assert stances(sliding(0.5, 24)[:, LEFT[1]], fps=20.0) == [(0, 24)]


def test_a_walk_keeps_its_way_and_its_smoothness():
    joints = constant_body(decode(encode_raw(walk(1.2).joints(121))))
    made = constant_body(plant_feet(joints))
    assert float(foot_skating(made)) <= float(foot_skating(joints))
    assert float(jerk(made)) < 1.3 * float(jerk(joints))
    assert float((made - joints)[:, LEFT[1]].norm(dim=-1).mean()) < 0.06


def test_the_correction_fades_beside_the_stance():
    toes = torch.zeros(60, 3)
    toes[:20, 2] = torch.linspace(0, 0.3, 20)  # slides
    toes[20:, 2] = 0.3 + 0.1 * torch.arange(1, 41)  # then runs away
    toes[20:, 1] = 0.2
    joints = standing(60)
    joints[:, LEFT[1]] = toes
    moved = (plant_feet(joints) - joints)[:, LEFT[1], 2]
    assert abs(float(moved[19]) + 0.15) < 1e-5
    assert bool((moved[19:].diff() >= 0).all())  # back to nothing, without a jump
    assert float(moved[19:].diff().max()) < 0.05
    assert bool((moved[26:] == 0).all())


def test_no_foot_is_under_the_floor():
    joints = standing()
    joints[40:60, RIGHT, 1] -= 0.08
    assert float(plant_feet(joints)[:, [*LEFT, *RIGHT], 1].min()) >= 0


def test_short_motions():
    for frames in (1, 2, 3):
        joints = standing()[:frames]
        assert plant_feet(joints).shape == joints.shape
