"""The value that packages hand to each other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.motion import Motion, mirror_joints
from kinmo_core.skeleton import HUMANML3D


def test_a_motion_is_a_frozen_float32_value(walking: Tensor) -> None:
    motion = Motion(walking.double(), text="a person walks")
    assert motion.joints.dtype == torch.float32
    assert (len(motion), motion.seconds, motion.fps) == (60, 3.0, 20.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        motion.fps = 30.0  # type: ignore[misc]
    assert len(Motion(walking, fps=30.0).resample(30.0)) == 60


def test_resampling_is_linear_in_time(walking: Tensor) -> None:
    motion = Motion(walking, text="a person walks").resample(30.0)
    assert (motion.fps, motion.text, len(motion)) == (
        30.0,
        "a person walks",
        89,
    )  # 59 steps of 1/20 s last 88.5 of 1/30 s
    seconds = np.arange(89) / 30
    for joint in (0, 20):
        for axis in range(3):
            wanted = np.interp(seconds, np.arange(60) / 20, walking[:, joint, axis].numpy())
            np.testing.assert_allclose(motion.joints[:, joint, axis], wanted, atol=1e-5)


@pytest.mark.parametrize("fps", [1.0, 7.0, 12.5, 20.0, 29.97, 60.0, 120.0])
def test_resampling_keeps_the_first_frame_and_the_duration(walking: Tensor, fps: float) -> None:
    motion = Motion(walking).resample(fps)
    assert torch.equal(motion.joints[0], walking[0])
    assert 0 <= 59 / 20 - (len(motion) - 1) / fps < 1 / fps


def test_resampling_to_a_multiple_and_back_changes_nothing(walking: Tensor) -> None:
    torch.testing.assert_close(Motion(walking).resample(120.0).resample(20.0).joints, walking, atol=1e-6, rtol=0)
    assert len(Motion(walking[:1]).resample(60.0)) == 1


def test_mirroring_swaps_sides_and_is_its_own_inverse(walking: Tensor) -> None:
    motion = Motion(walking, fps=30.0)
    left, right = HUMANML3D.index("left_wrist", "right_wrist")
    mirrored = motion.mirror()
    assert torch.equal(mirrored.joints[:, right], walking[:, left] * torch.tensor([-1.0, 1.0, 1.0]))
    assert mirrored.fps == 30.0
    assert torch.equal(mirrored.mirror().joints, walking)
    assert torch.equal(mirror_joints(walking.expand(2, 3, 60, 22, 3))[1, 2], mirrored.joints)


def test_mistakes_name_what_is_wanted(walking: Tensor) -> None:
    broken = walking.clone()
    broken[17, 3, 1] = torch.inf
    for joints, message in (
        (walking[0], r"joints must have shape \(frames, 22, 3\), got \(22, 3\)"),
        (walking[:, :21], r"got \(60, 21, 3\)"),
        (walking[:0], "with at least one frame, got none"),
        (broken, "joints must be finite numbers, got NaN or infinity first in frame 17"),
    ):
        with pytest.raises(InputError, match=message):
            Motion(joints)
    with pytest.raises(InputError, match=r"fps must be between 0\.1 and 1,000, got 0"):
        Motion(walking, fps=0.0)
