"""A C3D file of a person who walks and waves, with markers on the skin of the rig: `recording` and `pack`."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from kinmo_core.rig import OFFSETS, PARENTS, fit_rotations
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action

NAMES = HUMANML3D.names
FPS = 100.0
# Marker: joint on whose bone it sits, the joint it is seen from, and where, m: x to the left, y up, z to the front at rest.
SKIN = {
    "LASI": ("pelvis", "pelvis", (0.085, -0.025, 0.07)), "LPSI": ("pelvis", "pelvis", (0.04, -0.02, -0.08)),
    "LKNE": ("left_hip", "left_knee", (0.055, 0, 0)), "LANK": ("left_knee", "left_ankle", (0.04, 0, 0)),
    "LTOE": ("left_ankle", "left_foot", (0, 0.01, 0)), "LSHO": ("spine3", "left_shoulder", (0, 0.05, 0)),
    "LELB": ("left_elbow", "left_elbow", (0, 0, 0.04)), "LWRA": ("left_elbow", "left_wrist", (0, 0, 0.03)),
    "LWRB": ("left_elbow", "left_wrist", (0, 0, -0.03)), "LFHD": ("neck", "head", (0.07, 0.09, 0.08)),
    "LBHD": ("neck", "head", (0.07, 0.09, -0.08)), "C7": ("spine3", "neck", (0, 0, -0.04)),
    "CLAV": ("spine3", "neck", (0, -0.02, 0.08)), "T10": ("spine2", "spine2", (0, 0, -0.1)),
}  # fmt: skip


def recording(frames: int = 60) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return markers (T, 3) by label and the true joints (T, 22, 3), metres, y up."""
    joints = Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, wave="right", turn=0.4).joints(frames)
    root, local = (part.numpy() for part in fit_rotations(joints))
    world, places = [local[:, 0]], [root]
    for joint, parent in list(enumerate(PARENTS))[1:]:
        places.append(places[parent] + world[parent] @ OFFSETS[joint].numpy())
        world.append(world[parent] @ local[:, joint])
    markers = {}
    for label, (bone, joint, offset) in SKIN.items():
        for side, sign in (("left", 1), ("right", -1)) if label.startswith("L") else (("left", 1),):
            bone_number, number = (NAMES.index(name.replace("left", side)) for name in (bone, joint))
            at = places[number] + world[bone_number] @ (np.array(offset) * [sign, 1, 1])
            markers[label if side == "left" else f"R{label[1:]}"] = at
    return markers, np.stack(places, axis=1)


def pack(
    markers: Mapping[str, np.ndarray], *, unit: str = "mm", scale: float = -1.0, analog: int = 3, processor: int = 84
) -> bytes:
    """Pack a C3D file with z up: header, parameters, and frames of floats, or integers times a positive `scale`."""
    metres = {"mm": 0.001, "m": 1.0}.get(unit, 1.0)
    labels = [f"Anna:{label}" for label in markers]
    values = np.stack([*markers.values()], axis=1)[..., [0, 2, 1]] * [1, -1, 1] / metres
    frames, points = values.shape[:2]
    seen = np.isfinite(values[..., :1])
    table = np.concatenate([np.where(seen, values / abs(scale), 0), np.where(seen, 0, -1)], axis=-1).reshape(frames, -1)
    table = np.concatenate([table, np.full((frames, analog), 7)], axis=1)
    width = max(map(len, labels))
    chars = "".join(label.ljust(width) for label in labels).encode()
    parameters = b"\x01\x50" + bytes([2, processor]) + entry(b"POINT", -1, b"\0")
    parameters += entry(b"UNITS", 1, bytes([255, 1, len(unit)]) + unit.encode() + b"\0")
    parameters += entry(b"LABELS", 1, bytes([255, 2, width, points]) + chars + b"\0")
    parameters += entry(b"RATE", 1, b"\x04\0" + struct.pack("<f", FPS) + b"\0") + b"\0\0"
    header = struct.pack("<BB4HHfHHf", 2, 0x50, points, analog, 1, frames, 10, scale, 4, 1, FPS)
    rows = np.round(table).astype("<i2") if scale > 0 else table.astype("<f4")
    return header.ljust(512, b"\0") + parameters.ljust(1024, b"\0") + rows.tobytes()


def entry(name: bytes, group: int, content: bytes) -> bytes:
    return struct.pack("<bb", len(name), group) + name + struct.pack("<H", len(content) + 2) + content
