"""Find the frames that clips have in common, however they were cut and turned.

Distances between joints stay when a clip is turned, moved and put on the floor, so two clips of one recording have the same
distances in the frames that they share, to rounding; other recordings do not have them to a millimetre, frame by frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final

import torch
from torch import Tensor

from kinmo_core.features import FPS, LAYOUT
from kinmo_core.skeleton import HUMANML3D

_PAIRS: Final = (
    ("left_wrist", "right_wrist"), ("left_ankle", "right_ankle"), ("head", "left_wrist"), ("head", "right_ankle"),
    ("left_elbow", "right_knee"), ("right_elbow", "left_knee"),
)  # fmt: skip
_STEP: Final = 0.002  # m: distances are compared in such steps; rounding moves one frame in hundreds to the next step
_MOST: Final = 2**10  # steps of 2 mm: a person is not longer
_LEAST_FRAMES: Final = int(FPS)  # different frames in common that make a clip a repetition: one second


class SharedFrames:
    """An index of the frames of clips."""

    def __init__(self) -> None:
        self._frames: dict[str, frozenset[int]] = {}
        self._clips: dict[int, list[str]] = {}

    def add(self, clip: str, features: Tensor) -> None:
        """Add a clip by its features (T, 263); frames that do not change count once."""
        frames = frozenset(_codes(features).tolist())
        self._frames[clip] = frames
        for frame in frames:
            self._clips.setdefault(frame, []).append(clip)

    def most(self, clip: str, others: Collection[str]) -> tuple[str, int] | None:
        """Return which of some other clips has most frames of a clip, and how many; None if it is less than a second."""
        counts = Counter(
            other
            for frame in self._frames.get(clip, ())
            for other in self._clips[frame]
            if other != clip and other in others
        )
        found = counts.most_common(1)
        return found[0] if found and found[0][1] >= _LEAST_FRAMES else None


def _codes(features: Tensor) -> Tensor:
    """Return a number (T,) for each frame of features (T, 263), made of the distances of `_PAIRS` in steps."""
    positions = features[:, LAYOUT["positions"]].unflatten(-1, (-1, 3))
    one, other = ([joint - 1 for joint in HUMANML3D.index(*names)] for names in zip(*_PAIRS, strict=True))
    steps = ((positions[:, one] - positions[:, other]).norm(dim=-1) / _STEP).round().long().clamp(max=_MOST - 1)
    return (steps * _MOST ** torch.arange(len(_PAIRS))).sum(-1)
