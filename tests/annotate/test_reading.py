"""A first frame that is a reference pose is no motion; every other first frame is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from puppets import eased, move_arm, standing

from kinmo_annotate.observe import observe
from kinmo_annotate.reading import read_motion, without_reference_pose
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import Action, walking_joints


def t_pose() -> torch.Tensor:
    """Return (1, 22, 3): both arms out to the side."""
    level = torch.tensor([90.0])
    return move_arm(move_arm(standing(1), "left", level, out=True), "right", level, out=True)


@pytest.mark.parametrize("fps", [20.0, 120.0])
def test_a_t_pose_before_the_motion_is_left_out(fps: float):
    squat = Action(squat=0.9, cadence=0.5).joints(round(2 * fps), fps=fps) + torch.tensor([0.3, 0.0, 0.4])
    motion = Motion(torch.cat([t_pose(), squat]), fps)
    assert torch.equal(without_reference_pose(motion).joints, squat)
    said = observe(without_reference_pose(motion)).observed
    assert not any(one.statement.who.endswith("arm") and one.kind == "arm_down" for one in said)


def test_a_motion_file_is_read_without_it(tmp_path: Path):
    motion = Motion(torch.cat([t_pose(), walking_joints(40) + torch.tensor([0.0, 0.0, 2.0])]), 20.0)
    save_motion(motion, tmp_path / "walk.bvh")
    assert len(read_motion(tmp_path / "walk.bvh")) == 40


@pytest.mark.parametrize("speed", [0.0, 1.2, 4.0])
def test_a_first_frame_of_the_motion_is_kept(speed: float):
    motion = Motion(Action(speed=speed, stride=0.3).joints(40), 20.0)
    assert without_reference_pose(motion) is motion
    fast = Motion(move_arm(standing(40), "left", eased(0, 170, 40, 0.0, 0.05)), 20.0)
    assert without_reference_pose(fast) is fast
    assert len(without_reference_pose(Motion(torch.cat([t_pose(), standing(1)]), 20.0))) == 2
