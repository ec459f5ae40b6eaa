"""Read the 22 joints of a C3D file with the markers of Plug-in-Gait: `read_c3d`.

Joints follow from markers by rules of thumb, of 2 to 4 cm, not by a calibrated model:

| joint | rule |
|---|---|
| hips | regression of Harrington et al. (2007) on width and depth of the pelvis |
| pelvis | from the middle of the hips as in HumanML3D's rest pose, in the axes of the pelvis |
| knees, ankles | from the marker towards the other side of the body, half the width of the joint |
| feet | the marker on the toe |
| shoulders | below the marker, along the trunk |
| elbows | from the marker away from the thumb, half the width of the joint |
| wrists | between both markers |
| neck | between C7 and the collarbone, nearer to C7 |
| head | below the middle of the four markers of the head, or above the neck |
| spine, collars | derived, as for a BVH file without them |
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch

from kinmo_core.errors import InputError
from kinmo_core.files import read_bytes
from kinmo_core.io.c3d_file import Markers, parse_c3d
from kinmo_core.io.joint_map import check_body
from kinmo_core.io.person import Note
from kinmo_core.io.placement import Builder
from kinmo_core.io.upright import check_size, find_up, leg_length, turn_up
from kinmo_core.motion import MAX_FPS, MIN_FPS, Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.retarget import retarget
from kinmo_core.rig import OFFSETS
from kinmo_core.skeleton import HUMANML3D

LONGEST_GAP: Final = 0.25  # s, up to which a marker is bridged by a straight line
_SIDED: Final = ("ASI", "PSI", "KNE", "ANK", "TOE", "SHO", "ELB", "WRA", "WRB")
_HEAD: Final = ("LFHD", "RFHD", "LBHD", "RBHD")
NEEDED: Final = (*(side + name for side in "LR" for name in _SIDED), "C7", "CLAV")
_KNEE, _ANKLE, _ELBOW = 0.055, 0.04, 0.04  # m, from the centre of the marker to that of the joint
_SHOULDER: Final = 0.05  # m from the marker on the acromion down to the joint
_C7: Final = 0.7  # share of C7 in the neck
_CROWN: Final = 0.09  # m from the joint of the head up to the band of its markers
_MIDDLE: Final = OFFSETS[list(HUMANML3D.index("left_hip", "right_hip"))].mean(0).numpy().astype(float)


def read_c3d(path: Path | str, options: ReadOptions | None = None, *, note: Note | None = None) -> Motion:
    """Read the 22 joints of a C3D file with the labels of Plug-in-Gait; the unit is that of the file.

    Args:
        path: of the file.
        options: what the user says of the file: up axis, scale (times the unit of the file), frame rate, body.
        note: called with one line that says what was found and derived.

    Raises:
        InputError: unreadable, without a marker that is needed, a marker not seen for more than `LONGEST_GAP`, no human body
            or size, or an up axis that cannot be told.
    """
    source, options = str(path), options or ReadOptions()
    recorded = parse_c3d(read_bytes(path), source=source)
    fps = options.fps or recorded.fps
    if not MIN_FPS <= fps <= MAX_FPS:
        raise InputError(
            f"{source}: must have {MIN_FPS:g} to {MAX_FPS:,} frames a second, got {fps:g}; give --input-fps"
        )
    places = joints_of(_filled(recorded, fps, source))
    names = [name for name in HUMANML3D.names if name in places]
    positions = np.stack([places[name] for name in names], axis=1) * (options.scale or 1.0)
    found = {name: number for number, name in enumerate(names)}
    placement = Builder(found, {}, positions).build()
    joints = placement.place(positions, np.zeros((0, 0, 3, 3)))
    check_size(leg_length(joints), source=source)
    check_body(joints, found, names, source=source)
    up = options.up or find_up(joints, joints[0], source=source)
    if note is not None:
        note(
            f"{source}: {up} is up; {fps:.4g} fps; joints by rules from markers; derived: {', '.join(placement.derived)}"
        )
    made = torch.from_numpy((joints @ turn_up(up).T).astype(np.float32))
    return Motion(retarget(made) if options.body == "humanml3d" else made, fps=fps)


def joints_of(markers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return joints (T, 3) by name, given the markers (T, 3) `NEEDED` and those of the head if there are any, metres."""
    front = (markers["LASI"] + markers["RASI"]) / 2
    back = (markers["LPSI"] + markers["RPSI"]) / 2
    across = markers["LASI"] - markers["RASI"]
    width, depth = (np.linalg.norm(v, axis=-1, keepdims=True) for v in (across, front - back))
    left = _unit(across)
    above = _unit(np.cross(front - back, across))
    ahead = np.cross(left, above)
    joints: dict[str, np.ndarray] = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        aside = sign * (0.33 * width + 0.0073) * left
        joints[f"{side}_hip"] = front - (0.24 * depth + 0.0099) * ahead - (0.30 * width + 0.0109) * above + aside
    hips = (joints["left_hip"] + joints["right_hip"]) / 2
    joints["pelvis"] = hips - (_MIDDLE[1] * above + _MIDDLE[2] * ahead)
    joints["neck"] = _C7 * markers["C7"] + (1 - _C7) * markers["CLAV"]
    trunk = _unit(joints["neck"] - joints["pelvis"])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        letter = side[0].upper()
        knee, ankle = markers[f"{letter}KNE"], markers[f"{letter}ANK"]
        joints[f"{side}_knee"] = knee - sign * _KNEE * _across(left, knee - joints[f"{side}_hip"])
        joints[f"{side}_ankle"] = ankle - sign * _ANKLE * _across(left, ankle - knee)
        joints[f"{side}_foot"] = markers[f"{letter}TOE"]
        joints[f"{side}_shoulder"] = markers[f"{letter}SHO"] - _SHOULDER * trunk
        thumb, little, elbow = (markers[letter + name] for name in ("WRA", "WRB", "ELB"))
        joints[f"{side}_wrist"] = (thumb + little) / 2
        joints[f"{side}_elbow"] = elbow + _ELBOW * _across(little - thumb, joints[f"{side}_wrist"] - elbow)
    if all(name in markers for name in _HEAD):
        front_left, front_right, back_left, back_right = (markers[name] for name in _HEAD)
        upward = _unit(np.cross(front_left - back_right, back_left - front_right))
        joints["head"] = (front_left + front_right + back_left + back_right) / 4 - _CROWN * upward
    else:
        joints["head"] = joints["neck"] + HUMANML3D.bone_lengths[HUMANML3D.names.index("head")] * trunk
    return joints


def _filled(recorded: Markers, fps: float, source: str) -> dict[str, np.ndarray]:
    """Return markers by label, gaps bridged; head markers with long gaps are left out."""
    missing = [label for label in NEEDED if label not in recorded.labels]
    if missing:
        raise InputError(
            f"{source}: must have the markers of Plug-in-Gait, got none called {', '.join(missing)}; "
            f"it has {', '.join(recorded.labels[:80])}"
        )
    out = {}
    for label in (*NEEDED, *_HEAD):
        if label not in recorded.labels:
            continue
        places = recorded.places[:, recorded.labels.index(label)]
        seen = np.flatnonzero(np.isfinite(places[:, 0]))
        edges = np.concatenate([[-1], seen, [len(places)]])
        gap = int(np.diff(edges).max()) - 1
        if len(seen) == 0 or gap / fps > LONGEST_GAP:
            if label in _HEAD:
                continue
            raise InputError(
                f"{source}: {label} must not be lost for more than {LONGEST_GAP:g} s, got {gap / fps:.2f} s; fill the gap "
                "in the program that recorded it"
            )
        out[label] = np.stack(
            [np.interp(np.arange(len(places)), seen, places[seen, axis]) for axis in range(3)], axis=1
        )
    return out


def _across(direction: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the unit part of vectors (T, 3) perpendicular to others (T, 3)."""
    along = _unit(along)
    return _unit(direction - (direction * along).sum(-1, keepdims=True) * along)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
