"""Gestures: limbs move from what a motion does to a pose of a recording, stay there, and come back or do it again.

Recordings rarely hold a gesture alone: who raises an arm, walks, turns or talks as well. A limb that moves alone, on a body
that stands or walks, shows what a statement about this limb means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.features import FPS
from kinmo_core.groups import combine, from_groups, to_groups
from kinmo_core.skeleton import HUMANML3D

# Limbs that move together in a gesture, and how often.
GESTURES: Final = {
    ("left_arm",): 0.2,
    ("right_arm",): 0.2,
    ("left_arm", "right_arm"): 0.2,
    ("neck",): 0.08,
    ("torso",): 0.12,
    ("left_leg",): 0.1,
    ("right_leg",): 0.1,
}
# The joint by which a gesture of a limb is measured, and how far it must get from where it would have been, m.
_ENDS: Final = {
    "torso": ("neck", 0.12),
    "neck": ("head", 0.04),
    "left_arm": ("left_wrist", 0.3),
    "right_arm": ("right_wrist", 0.3),
    "left_leg": ("left_ankle", 0.2),
    "right_leg": ("right_ankle", 0.2),
}
_RAMP: Final = (0.35, 1.2)  # s from one pose to the other
_HOLD: Final = (0.0, 2.5)  # s in the pose
_CYCLE: Final = (0.5, 1.6)  # s of a repeated gesture
_SHARES: Final = {"stay": 0.35, "back": 0.4, "repeat": 0.25}
_EVERY: Final = 10  # frames (0.5 s) between the starts of two spans
_STILL: Final = 0.08  # m: the feet of who stands move less
_UNDER: Final = 0.03  # m that a foot may get lower than before


def put_limbs(base: Tensor, other: Tensor, groups: Sequence[str], weights: Tensor | None = None) -> Tensor:
    """Put the chosen groups of `other` on `base`, joints (T, 22, 3); see `kinmo_core.groups.combine`."""
    return from_groups(combine(to_groups(base), to_groups(other), groups=groups, weights=weights))


def gesture(base: Tensor, pose: Tensor, groups: Sequence[str], weights: Tensor) -> Tensor | None:
    """Move the groups of `base` (T, 22, 3) towards a pose (22, 3), by weights (T,) from 0 to 1.

    Returns:
        Joints (T, 22, 3); None where a limb hardly moves, or a foot gets into the floor.
    """
    made = put_limbs(base, pose.expand_as(base), groups, weights)
    for group in groups:
        joint, least = _ENDS[group]
        moved = (made - base)[:, HUMANML3D.names.index(joint)].norm(dim=-1).max()
        if moved < least:
            return None
    return None if bool((_lowest(made) < _lowest(base) - _UNDER).any()) else made


def envelope(frames: int, random: np.random.Generator) -> Tensor:
    """Draw when a gesture is on, (frames,) from 0 to 1: from some moment to the end, for a while, or several times."""
    frame = torch.arange(frames) / FPS
    seconds = frames / FPS
    kind = random.choice(list(_SHARES), p=list(_SHARES.values()))
    if kind == "repeat":
        cycle = float(random.uniform(*_CYCLE))
        times = int(random.integers(2, max(3, min(5, int(seconds / cycle)) + 1)))
        start = float(random.uniform(0, max(0.0, seconds - times * cycle)))
        passed = ((frame - start) / cycle).clamp(0, times)
        return ((1 - torch.cos(2 * torch.pi * passed)) / 2).clamp(0, 1)
    up, down = (float(random.uniform(*_RAMP)) for _ in range(2))
    hold = float(random.uniform(*_HOLD))
    start = float(random.uniform(0, max(0.0, seconds - up - hold - down)))
    rise = minimum_jerk((frame - start) / up)
    return rise if kind == "stay" else (rise - minimum_jerk((frame - start - up - hold) / down)).clamp(0, 1)


def minimum_jerk(share: Tensor) -> Tensor:
    """Return how far a reaching hand has come after a share of its time (Flash and Hogan 1985); 0 before, 1 after."""
    share = share.clamp(0, 1)
    return (share**3 * (10 - 15 * share + 6 * share**2)).clamp(0, 1)


def standing(joints: Tensor, least: int, most: int) -> list[tuple[int, int]]:
    """Return spans of `least` to `most` frames, in which somebody's feet stay where they are.

    Args:
        joints: (T, 22, 3).
        least, most: frames of a span.
    """
    feet = joints[:, HUMANML3D.index("left_ankle", "right_ankle", "left_foot", "right_foot")]
    spans = []
    for start in range(0, len(joints) - least + 1, _EVERY):
        window = feet[start : start + most]
        moved = (window.cummax(0).values - window.cummin(0).values).amax((1, 2))
        length = int((moved < _STILL).sum())
        if length >= least:
            spans.append((start, start + length))
    return spans


def _lowest(joints: Tensor) -> Tensor:
    return joints[:, HUMANML3D.index("left_foot", "right_foot", "left_ankle", "right_ankle"), 1].amin(-1)
