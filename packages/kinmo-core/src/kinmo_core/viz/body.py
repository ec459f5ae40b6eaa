"""The figure in pictures and GLB files: tapered capsules around HumanML3D's joints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kinmo_core.skeleton import HUMANML3D

# Points beyond the last joints: (name, last joint, start and end of the bone that gives the direction, metres). The head
# joint lies in front of the neck, so the crown lies in the direction of the neck's bone, not of the head's.
_TIPS: Final = (
    ("crown", "head", "spine3", "neck", 0.08),
    ("left_fingers", "left_wrist", "left_elbow", "left_wrist", 0.13),
    ("right_fingers", "right_wrist", "right_elbow", "right_wrist", 0.13),
    ("left_toes", "left_foot", "left_ankle", "left_foot", 0.06),
    ("right_toes", "right_foot", "right_ankle", "right_foot", 0.06),
)
POINTS: Final = (*HUMANML3D.names, *(name for name, *_ in _TIPS))
TIP_JOINTS: Final = tuple(HUMANML3D.names.index(joint) for _, joint, *_ in _TIPS)
"""The joint that carries each of the points beyond the 22 joints."""


@dataclass(frozen=True)
class Capsule:
    """Two spheres and the hull between them.

    Args:
        start, end: indices into `POINTS`.
        start_radius, end_radius: metres.
        joint: its group gives the colour.
    """

    start: int
    end: int
    start_radius: float
    end_radius: float
    joint: int


def _capsules() -> tuple[Capsule, ...]:
    middle = [
        ("left_hip", "right_hip", 0.085, 0.085, "pelvis"),
        ("pelvis", "spine2", 0.11, 0.11, "spine1"),
        ("spine2", "neck", 0.11, 0.07, "spine3"),
        ("neck", "head", 0.055, 0.05, "neck"),
        ("head", "crown", 0.078, 0.095, "head"),
    ]
    sides = [
        ("hip", "collar", 0.085, 0.075, "pelvis"),
        ("collar", "shoulder", 0.06, 0.062, "collar"),
        ("shoulder", "elbow", 0.058, 0.043, "elbow"),
        ("elbow", "wrist", 0.043, 0.031, "wrist"),
        ("wrist", "fingers", 0.036, 0.03, "wrist"),
        ("hip", "knee", 0.088, 0.058, "knee"),
        ("knee", "ankle", 0.058, 0.04, "ankle"),
        ("ankle", "foot", 0.042, 0.034, "foot"),
        ("foot", "toes", 0.034, 0.026, "foot"),
    ]
    for side in ("left", "right"):
        for start, end, start_radius, end_radius, joint in sides:
            owner = joint if joint == "pelvis" else f"{side}_{joint}"
            middle.append((f"{side}_{start}", f"{side}_{end}", start_radius, end_radius, owner))
    return tuple(Capsule(POINTS.index(a), POINTS.index(b), ra, rb, POINTS.index(c)) for a, b, ra, rb, c in middle)


CAPSULES: Final = _capsules()
SOLE: Final = 0.03
"""Metres from the lowest joint down to the floor."""


def body_points(joints: np.ndarray) -> np.ndarray:
    """Append the tips to joints (..., 22, 3), metres: (..., 27, 3) in the order of `POINTS`."""
    tips = []
    for _, *names, length in _TIPS:
        last, start, end = (joints[..., joint, :] for joint in HUMANML3D.index(*names))
        bone = end - start
        tips.append(last + bone * (length / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)))
    return np.concatenate([joints, np.stack(tips, axis=-2)], axis=-2)
