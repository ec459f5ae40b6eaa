"""Measures of a motion: positions in the body's own axes, angles, turns and steps, computed from joint positions in float64.

Axes of a person are (left, up, forward).
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Float

from kinmo_annotate.check.series import Series
from kinmo_core.skeleton import HUMANML3D

Path3 = Float[np.ndarray, "frames 3"]

LEFT, UP, FORWARD = 0, 1, 2
SIGN: Final = {"left": 1.0, "right": -1.0}
OTHER: Final = {"left": "right", "right": "left"}

STEP_LENGTH: Final = 0.12  # m that a foot moves at least in a step (chosen on the CMU pack)
STEP_SPEED: Final = 0.45  # m/s from which an ankle is in a step (chosen on the CMU pack)
UPRIGHT_COSINE: Final = 0.5  # 60 degrees from the vertical, beyond which a heading is not meaningful (chosen)
ANKLE_HEIGHT: Final = 0.04  # m of an ankle over the joint of the toes (measured on the CMU pack)
FLOOR_PERCENTILE: Final = 5  # of the heights of the lower toes, so that single bad frames do not set the floor (chosen)
HIP_WIDTH, SHOULDER_WIDTH = 0.2, 0.35  # m, typical; they weigh the two lines by their length (chosen)

_FOOT: Final = ("ankle", "foot")  # joints whose middle is the part "foot"; other sided parts are named as their joint
_MIDDLE: Final = {"head": "head", "chest": "spine3", "belly": "spine2", "waist": "spine1", "body": "pelvis"}
_CHAINS: Final = {"elbow": ("shoulder", "elbow", "wrist"), "knee": ("hip", "knee", "ankle")}


class Measures:
    """Measures of one motion, each computed when first needed.

    Args:
        joints: (T, 22, 3) metres, y up, finite, at least one frame.
        fps: frames a second.
        floor: height of the floor under the toes, metres; by default that of the lowest toes of the motion.
    """

    def __init__(self, joints: Float[np.ndarray, "frames 22 3"], fps: float, floor: float | None = None) -> None:
        self.joints = joints.astype(np.float64)
        self.fps = fps
        toes = self.joints[:, HUMANML3D.index("left_foot", "right_foot"), UP]
        self.floor = float(np.percentile(toes.min(1), FLOOR_PERCENTILE)) if floor is None else floor

    def __len__(self) -> int:
        return len(self.joints)

    def window(self, start: int, end: int) -> Measures:
        """Cut out the frames from `start` to `end`, at least one, above the same floor."""
        start = max(0, min(start, len(self) - 1))
        return Measures(self.joints[start : max(end, start + 1)], self.fps, self.floor)

    def point(self, part: str, side: str = "") -> Path3:
        """Return the position of a part in the world, metres; without a side the middle of both."""
        if part in _MIDDLE:
            return self._joint(_MIDDLE[part])
        if side not in SIGN:
            return (self.point(part, "left") + self.point(part, "right")) / 2
        return np.mean([self._joint(f"{side}_{name}") for name in (_FOOT if part == "foot" else (part,))], axis=0)

    def views(self, part: str, side: str = "") -> tuple[Path3, ...]:
        """Return the positions relative to the body, metres, that a sentence may mean, in (left, up, forward) axes.

        Legs are seen from the pelvis. Arms and head are seen from pelvis and chest with the world's vertical, and from the
        chest along the spine: after a deep bow, an arm beside the ear points "up" only along the spine.
        """
        point = self.point(part, side)
        level = self.heading_axes
        from_pelvis = _project(level, point - self.point("body"))
        if part in ("foot", "knee", "hip", "body"):
            return (from_pelvis,)
        chest = self.point("shoulder")
        return from_pelvis, _project(level, point - chest), _project(self.spine_axes, point - chest)

    @cached_property
    def across(self) -> Path3:
        """Unit vector from the right side of the body to its left."""
        return _unit(self._line("hip") / HIP_WIDTH + self._line("shoulder") / SHOULDER_WIDTH)

    @cached_property
    def spine(self) -> Path3:
        """Unit vector from the pelvis to the neck."""
        return _unit(self._joint("neck") - self._joint("pelvis"))

    @cached_property
    def heading_axes(self) -> Float[np.ndarray, "frames 3 3"]:
        """Rows left, up, forward with the world's vertical."""
        up = np.broadcast_to([0.0, 1.0, 0.0], self.across.shape)
        left = _unit(self.across * [1.0, 0.0, 1.0])
        return np.stack([left, up, np.cross(left, up)], axis=1)

    @cached_property
    def spine_axes(self) -> Float[np.ndarray, "frames 3 3"]:
        """Rows left, up, forward with the spine as vertical."""
        left = _unit(self.across - (self.across * self.spine).sum(-1, keepdims=True) * self.spine)
        return np.stack([left, self.spine, np.cross(left, self.spine)], axis=1)

    @cached_property
    def upright(self) -> float:
        """Share of the frames in which the spine is near enough to the vertical to have a heading."""
        return float((self.spine[:, UP] > UPRIGHT_COSINE).mean())

    def yaw(self, of: str = "body") -> Series:
        """Return how far the line between "body", "hip" or "shoulder" sides has turned to the left so far, degrees."""
        line = self.across if of == "body" else self._line(of)
        angle = np.unwrap(np.arctan2(-line[:, 2], line[:, 0]))
        return np.degrees(angle - angle[0])

    @cached_property
    def twist(self) -> Series:
        """Degrees that the shoulders are turned to the left of the hips, -180 to 180."""
        lines = (_project(self.heading_axes, self._line(name)) for name in ("shoulder", "hip"))
        shoulders, hips = (np.degrees(np.arctan2(-line[:, FORWARD], line[:, LEFT])) for line in lines)
        return (shoulders - hips + 180) % 360 - 180

    def lean(self, direction: str) -> Series:
        """Return how far the spine leans "forward", "back", "left" or "right", or is off the vertical ("any"), degrees."""
        left, up, forward = _project(self.heading_axes, self.spine).T
        if direction == "any":
            return np.degrees(np.arccos(np.clip(up, -1, 1)))
        if direction in SIGN:  # against the vertical plane, so that it stays small in a deep bow
            return np.degrees(np.arcsin(np.clip(SIGN[direction] * left, -1, 1)))
        return np.degrees(np.arctan2(forward if direction == "forward" else -forward, up))

    def flexion(self, part: str, side: str) -> Series:
        """Return how far an elbow, knee or hip is bent, degrees; 0 is straight."""
        if part == "hip":
            return _angle(-self.spine, self._joint(f"{side}_knee") - self._joint(f"{side}_hip"))
        start, middle, end = (self._joint(f"{side}_{name}") for name in _CHAINS[part])
        return _angle(middle - start, end - middle)

    def head(self, of: str) -> Series:
        """Return how far the head is "left" or "right" of the chest, or "up" or "down" against the world, degrees."""
        bone = _unit(self._joint("head") - self._joint("neck"))
        if of in SIGN:
            sideways = _project(self.spine_axes, bone)[:, LEFT]
            return np.degrees(np.arcsin(np.clip(SIGN[of] * sideways, -1, 1)))
        up, forward = _project(self.heading_axes, bone)[:, [UP, FORWARD]].T
        pitch = np.degrees(np.arctan2(forward, up))
        return pitch if of == "down" else -pitch

    @cached_property
    def pitch(self) -> Series:
        """Degrees that the head is bent forward against the spine."""
        up, forward = _project(self.spine_axes, self._joint("head") - self._joint("neck"))[:, [UP, FORWARD]].T
        return np.degrees(np.arctan2(forward, up))

    def speed(self, part: str, side: str = "") -> Series:
        """Return the speed of a part in the world, m/s; 0 for a single frame."""
        return self._speed(self.point(part, side))

    def own_speed(self, part: str, side: str = "") -> Series:
        """Return the speed of a part relative to the body, m/s."""
        return self._speed(self.views(part, side)[0])

    def height(self, part: str, side: str = "") -> Series:
        """Return the height of a part over the floor, metres."""
        return self.point(part, side)[:, UP] - self.floor

    def clearance(self, side: str) -> Series:
        """Return the height of the lower of heel and toes over where it stands, metres."""
        toes, ankle = self._joint(f"{side}_foot")[:, UP], self._joint(f"{side}_ankle")[:, UP]
        return np.minimum(toes, ankle - ANKLE_HEIGHT) - self.floor

    def aside(self, first: tuple[str, str], second: tuple[str, str]) -> Series:
        """Return the distance between two parts, each (part, side), as seen from above, metres."""
        return np.linalg.norm((self.point(*first) - self.point(*second))[:, [0, 2]], axis=-1)

    def distance(self, first: tuple[str, str], second: tuple[str, str]) -> Series:
        """Return the distance between two parts, each (part, side), metres."""
        return np.linalg.norm(self.point(*first) - self.point(*second), axis=-1)

    @cached_property
    def ground(self) -> Float[np.ndarray, "frames 2"]:
        """Metres of the pelvis to the left and forward of its start, in the axes of the first frame."""
        return _project(self.heading_axes[:1], self.point("body") - self.point("body")[:1])[:, [LEFT, FORWARD]]

    @cached_property
    def progress(self) -> Float[np.ndarray, "frames 2"]:
        """Metres gone to the left and forward, each step measured in the axes of its own frame."""
        step = np.diff(self.point("body"), axis=0, prepend=self.point("body")[:1])
        return _project(self.heading_axes, step)[:, [LEFT, FORWARD]].cumsum(0)

    @cached_property
    def path(self) -> float:
        """Length of the pelvis's path over the floor, metres."""
        return float(np.linalg.norm(np.diff(self.ground, axis=0), axis=-1).sum())

    def steps(self, side: str) -> Float[np.ndarray, "steps 3"]:
        """Return the displacement of a foot in each of its steps, metres, in the body's axes in the middle of the step."""
        ankle = self._joint(f"{side}_ankle")
        moving = np.concatenate([[False], self._speed(ankle) > STEP_SPEED, [False]])
        edges = np.flatnonzero(np.diff(moving.astype(int)))
        starts, ends = edges[::2], np.minimum(edges[1::2], len(ankle) - 1)
        displacements = _project(self.heading_axes[(starts + ends) // 2], ankle[ends] - ankle[starts])
        return displacements[np.linalg.norm(displacements, axis=-1) > STEP_LENGTH]

    def _joint(self, name: str) -> Path3:
        return self.joints[:, HUMANML3D.names.index(name)]

    def _speed(self, point: Path3) -> Series:
        if len(point) < 2:
            return np.zeros(len(point))
        return np.linalg.norm(np.gradient(point, axis=0), axis=-1) * self.fps

    def _line(self, name: str) -> Path3:
        return self._joint(f"left_{name}") - self._joint(f"right_{name}")


def _unit(vector: Path3) -> Path3:
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


def _project(axes: Float[np.ndarray, "any 3 3"], vector: Path3) -> Path3:
    """Return the components of (T, 3) vectors along the rows of (T or 1, 3, 3) axes."""
    return (axes * vector[:, None]).sum(-1)


def _angle(first: Path3, second: Path3) -> Series:
    return np.degrees(np.arccos(np.clip((_unit(first) * _unit(second)).sum(-1), -1, 1)))
