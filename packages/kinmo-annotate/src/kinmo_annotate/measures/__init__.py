"""Poses as numbers: joint angles, heights, places along the body's axes, distances between limbs.

Everything is measured in the frame of the body (`Body`), and on a body of HumanML3D's size, so that one set of thresholds
fits children and giants. Left and right are measured alike: mirroring a motion swaps their numbers and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from kinmo_annotate.measures.body import SIDES, Body, other_side, smooth
from kinmo_annotate.measures.floor import floor
from kinmo_annotate.measures.groups import arm, leg, neck, torso, travel
from kinmo_annotate.measures.pairs import pairs

__all__ = ["FPS", "HAND_LEVELS", "SIDES", "Signals", "measure", "other_side", "smoothed"]

FPS: Final = 20.0  # frames per second of everything that is measured
Signals = Mapping[str, NDArray[np.floating]]  # name, as in `measure`, to (T,)
# Edges on the ladder of `hand_level` between floor, knee, hip, chest, shoulder and head height and what is above the head.
HAND_LEVELS: Final = (0.4, 1.4, 2.25, 2.75, 3.4, 4.4)
_SIGMA: Final = 1.5  # frames; takes the trembling of markers out and leaves a step at its height


def measure(joints: Float[Tensor, "*batch frames 22 3"]) -> dict[str, Float[Tensor, "*batch frames"]]:
    """Measure all numbers of every frame.

    Args:
        joints: (..., T, 22, 3) metres, y up, HumanML3D's joints; any place, heading and size.

    Returns:
        Name to (..., T). Angles in degrees, lengths in metres on a body of HumanML3D's size, to the person's left and to the
        front positive; for limbs `out` is positive away from the body on either side. `heading` (degrees, unwrapped),
        `travel_x`, `travel_z` of the pelvis and the places of the feet are seen from the first frame.
    """
    body = Body.of(joints)
    numbers = torso(body) | neck(body) | travel(body) | floor(body)
    for side in SIDES:
        limbs = arm(body, side) | leg(body, side)
        numbers |= {f"{side}_{name}": value for name, value in limbs.items()}
    return numbers | pairs(body)


def smoothed(numbers: Mapping[str, Float[Tensor, " frames"]]) -> Signals:
    """Smooth the numbers of one motion over time, in float64."""
    rows = smooth(torch.stack(list(numbers.values())).double(), sigma=_SIGMA).numpy()
    return dict(zip(numbers, rows, strict=True))
