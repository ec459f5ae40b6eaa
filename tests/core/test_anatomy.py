"""Which side is left and which way is up, by anatomy, on puppets and on real recordings."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from kinmo_core.anatomy import front, leg_length, sides_swapped, upside_down
from kinmo_core.motion import mirror_joints
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.puppet import Action

SWAPPED = list(HUMANML3D.mirror_permutation)
MIRROR = torch.tensor([-1.0, 1.0, 1.0])
HALF_TURN = torch.tensor([1.0, -1.0, -1.0])


def test_legs_are_as_long_as_the_skeletons(walking: Tensor) -> None:
    bones = HUMANML3D.bone_length_tensor()
    wanted = bones[HUMANML3D.index("left_knee", "right_knee", "left_ankle", "right_ankle")].sum() / 2
    torch.testing.assert_close(leg_length(walking), wanted.expand(60))


@pytest.mark.parametrize("heading", [0.0, 1.0, math.pi])
def test_front_is_where_the_person_walks(walking: Tensor, heading: float) -> None:
    turned = rotate_yaw(walking, torch.tensor(heading))
    wanted = torch.tensor([math.sin(heading), 0.0, math.cos(heading)])
    torch.testing.assert_close(front(turned), wanted.expand(60, 3), atol=1e-5, rtol=0)


@pytest.mark.parametrize("action", [Action(squat=1.1), Action(speed=1.0, stride=0.3, lift=0.5), Action(wave="left")])
def test_swapped_labels_and_mirrored_places_are_told(action: Action) -> None:
    joints = action.joints(80)
    assert not sides_swapped(joints)
    assert not sides_swapped(mirror_joints(joints))  # both at once is a true person again
    if not action.wave:  # who stands with straight legs may have left and right anywhere but in the feet
        assert sides_swapped(joints[:, SWAPPED])
        assert sides_swapped(joints * MIRROR)


def test_upside_down_is_not_a_handstand(walking: Tensor) -> None:
    assert not upside_down(walking)
    turned = walking * HALF_TURN
    assert upside_down(turned)
    wrists = HUMANML3D.index("left_wrist", "right_wrist")
    turned[:, wrists] = turned[:, HUMANML3D.index("head")] - torch.tensor([0.0, 0.4, 0.0])
    assert not upside_down(turned)
