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
from kinmo_annotate.measures.places import ACROSS, HANGING, PLACES, lies_in, place_numbers, places

__all__ = ["ACROSS", "FPS", "HANGING", "PLACES", "SIDES", "Signals", "lies_in", "measure", "other_side", "smoothed"]

FPS: Final = 20.0  # frames per second of everything that is measured
Signals = Mapping[str, NDArray[np.floating]]  # name, as in `measure`, to (T,)
_SIGMA: Final = 1.5  # frames; takes the trembling of markers out and leaves a step at its height


def measure(joints: Float[Tensor, "*batch frames 22 3"]) -> dict[str, Float[Tensor, "*batch frames"]]:
    """Measure all numbers of every frame.

    Args:
        joints: (..., T, 22, 3) metres, y up, HumanML3D's joints; any place, heading and size.

    Returns:
        Name to (..., T). Angles in degrees, lengths in metres on a body of HumanML3D's size, to the person's left and to the
        front positive; for limbs `out` is positive away from the body on either side. `heading` (degrees, unwrapped),
        `travel_x`, `travel_z` of the pelvis and the places of the feet are seen from the first frame. A `hand_place` is an
        index of `PLACES`.
    """
    body = Body.of(joints)
    numbers = torso(body) | neck(body) | travel(body) | floor(body)
    for side in SIDES:
        limbs = arm(body, side) | place_numbers(body, side) | leg(body, side)
        numbers |= {f"{side}_{name}": value for name, value in limbs.items()}
    numbers |= pairs(body)
    return numbers | places(numbers)


def smoothed(numbers: Mapping[str, Float[Tensor, " frames"]]) -> Signals:
    """Smooth the numbers of one motion over time, in float64; the places are those of the smoothed hands."""
    rows = smooth(torch.stack([row.double() for row in numbers.values()]), sigma=_SIGMA)
    smoothed = dict(zip(numbers, rows, strict=True))
    if "left_hand_place" in numbers:
        smoothed |= places(smoothed)
    return {name: row.numpy() for name, row in smoothed.items()}
