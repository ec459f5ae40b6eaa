"""Gestures: limbs that move to a pose of another motion while the rest goes on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.features import decode, encode_raw
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.puppet import Action, walk
from kinmo_gen.gestures import GESTURES, envelope, gesture, minimum_jerk, put_limbs, standing

RIGHT_ARM = HUMANML3D.index("right_wrist", "right_elbow")
OTHERS = HUMANML3D.index("left_wrist", "left_elbow", "left_ankle", "right_ankle", "head")


def joints(action: Action, frames: int = 100) -> Tensor:
    return decode(encode_raw(action.joints(frames + 1)))


def raised() -> Tensor:
    """A pose with the right hand above the head."""
    waving = joints(Action(wave="right"))
    head, wrist = HUMANML3D.index("head", "right_wrist")
    return waving[(waving[:, wrist, 1] - waving[:, head, 1]).argmax()]


def test_a_limb_reaches_the_pose_and_the_rest_goes_on():
    base, pose = joints(walk(1.2)), raised()
    weights = torch.zeros(len(base))
    weights[50:] = 1
    made = gesture(base, pose, ("right_arm",), weights)
    assert made is not None
    torch.testing.assert_close(made[:50], base[:50], atol=1e-4, rtol=0)
    torch.testing.assert_close(made[:, OTHERS], base[:, OTHERS], atol=1e-4, rtol=0)
    wrist, head = HUMANML3D.index("right_wrist", "head")
    assert bool((made[50:, wrist, 1] > made[50:, head, 1]).all())


def test_a_gesture_that_nobody_would_see_is_none():
    base = joints(walk(1.2))
    assert gesture(base, raised(), ("right_arm",), torch.zeros(len(base))) is None
    assert gesture(base, base[0], ("neck",), torch.ones(len(base))) is None


def test_a_foot_in_the_floor_is_none():
    crouching = joints(Action())
    crouching[..., 1] -= 0.1  # everything is deeper than the standing pose: its legs are too long here
    lifted = joints(Action(stride=0.1, lift=0.4))
    highest = lifted[:, HUMANML3D.names.index("left_ankle"), 1].argmax()
    assert gesture(joints(Action()), lifted[highest], ("left_leg",), torch.ones(100)) is not None
    bent = lifted[highest][None].expand(100, -1, -1)
    assert gesture(bent, joints(Action())[0], ("left_leg",), torch.ones(100)) is not None
    sunk = bent.clone()
    sunk[:, HUMANML3D.names.index("pelvis"), 1] -= 0.3
    assert gesture(sunk, crouching[0], ("left_leg",), torch.ones(100)) is None


@pytest.mark.parametrize("frames", [48, 100, 196])
def test_an_envelope_starts_at_rest_and_gets_there(frames: int):
    drawn = [envelope(frames, np.random.default_rng(seed)) for seed in range(200)]
    for weights in drawn:
        assert weights.shape == (frames,)
        assert float(weights.min()) >= 0
        assert 0.9 < float(weights.max()) <= 1
        assert float(weights[0]) < 0.2
        assert float(weights.diff().abs().max()) < 0.32  # no jump: the fastest cycle takes half a second
    ends = torch.tensor([float(weights[-1]) for weights in drawn])
    assert 0.2 < float((ends > 0.9).float().mean()) < 0.6  # stays, or comes back
    peaks = [int(((w[1:-1] > w[:-2]) & (w[1:-1] >= w[2:]) & (w[1:-1] > 0.9)).sum()) for w in drawn]
    assert max(peaks) >= 2  # or does it again


def test_a_reach_is_smooth_and_symmetric():
    share = torch.linspace(0, 1, 11)
    way = minimum_jerk(share)
    assert (float(way[0]), float(way[5]), float(way[10])) == (0.0, 0.5, 1.0)
    torch.testing.assert_close(way + way.flip(0), torch.ones(11))
    assert minimum_jerk(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 1.0]


def test_who_stands_is_found_and_who_walks_is_not():
    stands, walks = joints(Action(wave="left")), joints(walk(1.2))
    assert standing(walks, 48, 196) == []
    assert standing(stands, 48, 196) == [(start, 100) for start in range(0, 53, 10)]
    assert standing(stands, 48, 60)[0] == (0, 60)
    first = torch.cat([stands[:70], stands[69:70] + (walks[:60] - walks[:1])])
    spans = standing(first, 48, 196)
    assert spans[0][0] == 0
    assert 65 <= spans[0][1] <= 80


def test_gestures_are_of_known_groups_and_their_shares_are_whole():
    assert sum(GESTURES.values()) == pytest.approx(1)
    base = joints(walk(1.2))
    for groups in GESTURES:
        torch.testing.assert_close(put_limbs(base, base, groups), base, atol=1e-4, rtol=0)
