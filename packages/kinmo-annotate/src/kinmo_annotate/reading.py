"""Reading of motion files that are to be described."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from kinmo_core.io import load_motion
from kinmo_core.motion import Motion

# A reference pose is held by a program, not by a person: the joints reach the next frame at once.
_JUMP: Final = 0.1  # m, mean over the joints; at 20 fps 2 m/s, which no whole body starts with
_AGAINST_THE_REST: Final = (
    4.0  # times the largest step between two later frames; a cut within a fast motion makes up to 2
)
_MIN_FRAMES: Final = 4  # fewer do not show how the motion goes on


def read_motion(path: Path | str) -> Motion:
    """Read a motion without the reference pose that it may begin with; see `kinmo_core.io.load_motion`."""
    return without_reference_pose(load_motion(path))


def without_reference_pose(motion: Motion) -> Motion:
    """Leave out a first frame that is a T-pose or a rest pose, from which the body jumps to its motion.

    BVH files often begin so. The jump is measured against the motion's own steps from frame to frame.
    """
    if len(motion) < _MIN_FRAMES:
        return motion
    first, *others = motion.joints.diff(dim=0).norm(dim=-1).mean(-1).tolist()
    jumps = first > max(_JUMP, _AGAINST_THE_REST * max(others))
    return replace(motion, joints=motion.joints[1:]) if jumps else motion
