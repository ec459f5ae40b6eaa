"""Tell whether a clip starts with a rest pose, which many programs write as the first frame."""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_core.skeleton import HUMANML3D

_JUMP: Final = 0.1  # m that some joint moves about the pelvis from the rest pose to the first captured frame
_FASTER: Final = 5.0  # times as far as in the steps after it
_STEPS: Final = 10  # steps that the first is compared with
_STRAIGHT: Final = 0.95  # cosine between thigh and shin, and upper arm and forearm, of a rest pose


def starts_with_rest(joints: np.ndarray) -> bool:
    """Return whether the first frame of (T, 22, 3), metres, is a rest pose: limbs straight, then a jump into the motion."""
    if len(joints) < 3:
        return False
    about = joints[: _STEPS + 2] - joints[: _STEPS + 2, :1]
    steps = np.linalg.norm(np.diff(about, axis=0), axis=-1).max(-1)
    jumps = steps[0] > _JUMP and steps[0] > _FASTER * steps[1:].max()
    return bool(jumps) and _is_straight(joints[0])


def _is_straight(pose: np.ndarray) -> bool:
    for upper, middle, lower in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
        for side in ("left", "right"):
            start, bend, end = HUMANML3D.index(*(f"{side}_{part}" for part in (upper, middle, lower)))
            first, second = pose[bend] - pose[start], pose[end] - pose[bend]
            if first @ second < _STRAIGHT * np.linalg.norm(first) * np.linalg.norm(second):
                return False
    return True
