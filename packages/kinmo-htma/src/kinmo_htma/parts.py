"""Motions as the networks read them: features at 20 fps, long motions in parts of about ten seconds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from kinmo_core.data.humanml3d import MAX_FRAMES
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, encode_raw
from kinmo_core.motion import Motion
from kinmo_htma.items import MIN_FRAMES

WINDOW = 196  # frames of a part of a long motion; models are trained with clips of up to 199


class Part(NamedTuple):
    """Seconds of a motion, and HumanML3D features (T, 263) of them."""

    start: float
    end: float
    features: Tensor


def parts_of(motion: Motion) -> list[Part]:
    """Return features of the whole motion, or of overlapping parts of one longer than ten seconds.

    Raises:
        InputError: the motion is not longer than 0.4 s.
    """
    joints = motion.resample(FPS).joints
    if len(joints) <= MIN_FRAMES:
        raise InputError(
            f"a motion of {len(motion)} frames ({motion.seconds:.2f} s) is too short; "
            f"want more than {MIN_FRAMES / FPS:.1f} s"
        )
    spans = windows(len(joints) - 1)
    return [Part(start / FPS, end / FPS, encode_raw(joints[start : end + 1])) for start, end in spans]


def windows(frames: int) -> list[tuple[int, int]]:
    """Return (start, end) of parts of equal length that cover all frames, each overlapping the next by half or more."""
    if frames <= MAX_FRAMES:
        return [(0, frames)]
    count = 1 + -(-(frames - WINDOW) // (WINDOW // 2))
    starts = np.linspace(0, frames - WINDOW, count).round().astype(int).tolist()
    return [(start, start + WINDOW) for start in starts]
