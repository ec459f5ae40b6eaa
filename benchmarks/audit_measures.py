"""A motion as the audit sees it, and what it measures of it, by other formulas than those of kinmo-annotate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kinmo_core.skeleton import HUMANML3D

Array = NDArray[np.floating]
SIDES: Final = ("left", "right")


@dataclass(frozen=True)
class Scene:
    """A motion as the audit sees it.

    Args:
        room: (T, 22, 3) metres; the joints in the room, y up, the lowest one at 0.
        body: (T, 22, 3) metres; x to the person's left, z ahead, the pelvis over the origin.
        yaw: (T,) degrees to the left, unwrapped.
        fps: frames a second.
    """

    room: Array
    body: Array
    yaw: Array
    fps: float

    @staticmethod
    def of(joints: Array, fps: float) -> Scene:
        """Turn every frame to where hips and shoulders face."""
        room = joints - [0, joints[..., 1].min(), 0]
        left, right = (room[:, HUMANML3D.index(f"{side}_hip", f"{side}_shoulder")].sum(1) for side in SIDES)
        across = left - right
        yaw = np.unwrap(np.arctan2(-across[:, 2], across[:, 0]))
        local = room - room[:, :1] * [1, 0, 1]
        sin, cos = np.sin(yaw)[:, None], np.cos(yaw)[:, None]
        x, y, z = np.moveaxis(local, -1, 0)
        return Scene(room, np.stack([x * cos - z * sin, y, x * sin + z * cos], -1), np.degrees(yaw), fps)


def at(joint: str) -> int:
    """Return the index of a joint."""
    return HUMANML3D.index(joint)[0]


def measures(scene: Scene, who: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return what is measured of a group or a pair: degrees by name, and metres by name, (T,) each."""
    angles: dict[str, Array] = {}
    metres: dict[str, Array] = {}
    for group in who.split("+"):
        more = _OF[group.split("_")[-1]](scene, group.split("_")[0])
        angles |= more[0]
        metres |= more[1]
    if "+" in who:
        metres = {name: values for name, values in metres.items() if name.startswith(("fwd", "out", "up"))}
        metres |= _distances(scene, who)
        angles = {}
    return angles, metres


def _torso(scene: Scene, _side: str) -> tuple[dict[str, Array], dict[str, Array]]:
    spine = scene.body[:, at("neck")] - scene.body[:, at("pelvis")]
    across = {j: scene.body[:, at(f"left_{j}")] - scene.body[:, at(f"right_{j}")] for j in ("hip", "shoulder")}
    yaws = {j: np.degrees(np.arctan2(-v[:, 2], v[:, 0])) for j, v in across.items()}
    pelvis = scene.room[:, at("pelvis")] - scene.room[0, at("pelvis")]
    start = np.radians(scene.yaw[0])
    ankles = [scene.body[:, at(f"{side}_ankle")][:, [0, 2]] for side in SIDES]
    line = ankles[0] - ankles[1]
    weight = -(((ankles[0] + ankles[1]) / 2) * line).sum(1) / np.linalg.norm(line, axis=1)
    return (
        {
            "lean fwd": np.degrees(np.arctan2(spine[:, 2], spine[:, 1])),
            "lean left": np.degrees(np.arctan2(spine[:, 0], spine[:, 1])),
            "turn left": scene.yaw - scene.yaw[0],
            "twist left": yaws["shoulder"] - yaws["hip"],
        },
        {
            "height": scene.room[:, at("pelvis"), 1],
            "fwd of start": pelvis[:, 2] * np.cos(start) + pelvis[:, 0] * np.sin(start),
            "left of start": pelvis[:, 0] * np.cos(start) - pelvis[:, 2] * np.sin(start),
            "weight left": weight,
        },
    )


def _neck(scene: Scene, _side: str) -> tuple[dict[str, Array], dict[str, Array]]:
    head = scene.body[:, at("head")] - scene.body[:, at("neck")]
    spine = scene.body[:, at("neck")] - scene.body[:, at("spine2")]

    def slopes(bone: Array) -> tuple[Array, Array]:
        return np.degrees(np.arctan2(bone[:, 2], bone[:, 1])), np.degrees(np.arctan2(bone[:, 0], bone[:, 1]))

    (head_fwd, head_left), (chest_fwd, chest_left) = slopes(head), slopes(spine)
    turning = scene.yaw - scene.yaw[0]
    angles: dict[str, Array] = {"head fwd, room": head_fwd, "head left, room": head_left, "turn left": turning}
    angles |= {"fwd to chest": head_fwd - chest_fwd, "left to chest": head_left - chest_left}
    return angles, {"head ahead of hips": scene.body[:, at("head"), 2]}


def _arm(scene: Scene, side: str) -> tuple[dict[str, Array], dict[str, Array]]:
    shoulder, elbow, wrist = (scene.body[:, at(f"{side}_{j}")] for j in ("shoulder", "elbow", "wrist"))
    sign = 1 if side == "left" else -1
    x, y, z = np.moveaxis(wrist, -1, 0)
    return {f"elbow {side[0]}": _bend(shoulder, elbow, wrist)}, {
        f"fwd {side[0]}": z,
        f"out {side[0]}": sign * x,
        f"up {side[0]}": y,
    }


def _leg(scene: Scene, side: str) -> tuple[dict[str, Array], dict[str, Array]]:
    hip, knee, ankle = (scene.body[:, at(f"{side}_{j}")] for j in ("hip", "knee", "ankle"))
    sign = 1 if side == "left" else -1
    return {f"knee {side[0]}": _bend(hip, knee, ankle)}, {
        f"fwd {side[0]}": ankle[:, 2],
        f"out {side[0]}": sign * ankle[:, 0],
        f"up {side[0]}": ankle[:, 1],
    }


_OF: Final[Mapping[str, Any]] = {"torso": _torso, "neck": _neck, "arm": _arm, "leg": _leg}


def _bend(first: Array, middle: Array, last: Array) -> Array:
    a, b = middle - first, last - middle
    cosine = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)).clip(1e-6)
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


_ENDS: Final = {"torso": ("pelvis",), "neck": ("head",), "arm": ("wrist",), "leg": ("ankle", "knee")}


def _distances(scene: Scene, who: str) -> dict[str, Array]:
    """Return the distances between the ends of two groups."""
    first, second = (
        [f"{g.split('_')[0]}_{j}" if "_" in g else j for j in _ENDS[g.split("_")[-1]]] for g in who.split("+")
    )
    pairs = [(a, b) for a in first for b in second if ("knee" in a) == ("knee" in b) or "wrist" in a + b]
    return {
        f"{_short(a)}-{_short(b)}": np.linalg.norm(scene.room[:, at(a)] - scene.room[:, at(b)], axis=-1)
        for a, b in pairs or [(first[0], second[0])]
    }


def _short(joint: str) -> str:
    side, _, name = joint.rpartition("_")
    return f"{side[:1]} {name}".strip()
