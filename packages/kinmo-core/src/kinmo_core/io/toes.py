"""Derive the toes of a skeleton whose legs end at the ankles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from kinmo_core.io.placement import Placement
from kinmo_core.skeleton import HUMANML3D

# m, from a flat foot's ankle down to its toe joint, which lies about 2 cm above the floor. Where the floor is at zero the
# ankle's height tells it; otherwise 4.4 cm, the median of 48,615 standing frames of the CMU pack.
_TOE_HEIGHT: Final = 0.02
_TOE_DROP: Final = 0.044
_DROPS: Final = (0.02, 0.09)
_POINTING: Final = 0.3  # foot lengths that an End Site must lie ahead of the ankle to show where the foot points
_FLAT: Final = 0.03  # m above the lowest ankle of the clip up to which a foot stands flat
_STANDS: Final = 5  # frames in which a foot must stand flat for the clip to tell where its toe is


@dataclass(frozen=True)
class Poses:
    """Some poses of a file.

    Args:
        positions: (T, J, 3) of the joints of the file.
        rotations: (T, J, 3, 3) world rotations.
        up: unit vector (3,) in the axes of the file.
    """

    positions: np.ndarray
    rotations: np.ndarray
    up: np.ndarray


def add_toes(
    placement: Placement, found: Mapping[str, int], ends: Mapping[int, int], clip: Poses, rest: Poses | None
) -> Placement:
    """Return a placement with a toe in front of each ankle that has none: where it lies while the foot stands flat.

    Args:
        placement: whose feet lie at the ankles.
        found: the joint of the file for each of the 22 joints that it has.
        ends: the End Site of each joint of the file that has one; that of an ankle shows where the foot points.
        clip: poses of the clip.
        rest: the rest pose, taken where the foot hardly stands in the clip; None if the person does not stand in it.
    """
    carriers, offsets, derived = placement.carriers.copy(), placement.offsets.copy(), list(placement.derived)
    for side in ("left", "right"):
        if f"{side}_foot" in found:
            continue
        foot = HUMANML3D.names.index(f"{side}_foot")
        joint = found[f"{side}_ankle"]
        carriers[foot] = joint
        offsets[foot], seen = _toe(placement, clip, rest, side, joint, ends.get(joint))
        derived.append(f"{side}_foot {'towards the End Site' if seen else 'in front of the ankle'}")
    return Placement(placement.weights, carriers, offsets, tuple(derived))


def _toe(
    placement: Placement, clip: Poses, rest: Poses | None, side: str, joint: int, tip: int | None
) -> tuple[np.ndarray, bool]:
    """Return a toe's offset from its ankle, the file's `joint`, and whether the End Site showed where it points."""
    knee, ankle, foot = HUMANML3D.index(f"{side}_knee", f"{side}_ankle", f"{side}_foot")
    joints = placement.place(clip.positions, clip.rotations)
    scale = np.linalg.norm(joints[:, knee] - joints[:, ankle], axis=-1).mean() / HUMANML3D.bone_lengths[ankle]
    heights = joints[:, HUMANML3D.index("left_ankle", "right_ankle")] @ clip.up
    height = joints[:, ankle] @ clip.up
    drop, length = _toe_drop(float(height.min()) / scale) * scale, HUMANML3D.bone_lengths[foot] * scale
    flat = height <= heights.min() + _FLAT * scale
    if flat.sum() < _STANDS:
        flat, poses = (np.array([True]), rest) if rest is not None else (height <= height.min() + _FLAT * scale, clip)
        joints = placement.place(poses.positions, poses.rotations)
    else:
        poses = clip
    ahead = _front(joints, poses.up)
    if tip is not None:
        end = _flatten(poses.positions[:, tip] - joints[:, ankle], poses.up)
        seen = bool(np.linalg.norm(end, axis=-1).mean() > _POINTING * length)
        ahead = end if seen else ahead
    else:
        seen = False
    toe = _unit(ahead) * np.sqrt(length**2 - drop**2) - drop * poses.up
    local = np.einsum("tba,tb->ta", poses.rotations[flat, joint], toe[flat]).mean(0)
    return _unit(local) * length, seen


def _toe_drop(ankle: float) -> float:
    """Return how far the toe of a flat foot lies below its ankle, given the ankle's least height, both in metres."""
    drop = ankle - _TOE_HEIGHT
    return drop if _DROPS[0] <= drop <= _DROPS[1] else _TOE_DROP


def _front(joints: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return where the hips (T, 22, 3) face, (T, 3): the left side crossed with up."""
    left, right = HUMANML3D.index("left_hip", "right_hip")
    return np.cross(joints[:, left] - joints[:, right], up)


def _flatten(vectors: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return the horizontal part of (T, 3)."""
    return vectors - (vectors @ up)[:, None] * up


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
