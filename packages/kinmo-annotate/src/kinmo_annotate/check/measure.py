"""Joints -> numbers: positions in the body's own axes, angles, turns and steps.

The check judges what other modules of this package write, so it shares no geometry with them: everything here comes
straight from joint positions, in float64. Axes of a person are (left, up, forward).
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from jaxtyping import Float

from kinmo_annotate.check.series import Series
from kinmo_core.errors import InputError
from kinmo_core.skeleton import HUMANML3D

Path3 = Float[np.ndarray, "frames 3"]

LEFT, UP, FORWARD = 0, 1, 2
SIGN: Final = {"left": 1.0, "right": -1.0}
OTHER: Final = {"left": "right", "right": "left"}

# What stands for a part of the body, as the mean of some joints. A hand ends about 0.1 m beyond its wrist, a crown about
# 0.15 m above the head's joint: tolerances, not joints, allow for that.
_PARTS: Final = {
    "wrist": ("wrist",),
    "elbow": ("elbow",),
    "shoulder": ("shoulder",),
    "hip": ("hip",),
    "knee": ("knee",),
    "foot": ("ankle", "foot"),
}
_MIDDLE: Final = {
    "head": "head",
    "neck": "neck",
    "chest": "spine3",
    "belly": "spine2",
    "waist": "spine1",
    "body": "pelvis",
}
_MIN_STEP = 0.12  # m that a foot goes in a step
_STEP_SPEED = 0.45  # m/s of an ankle that is on its way


class Measures:
    """Numbers about one motion, each computed when first asked for.

    Args:
        joints: (T, 22, 3) metres, y up.
        fps: frames a second.
        floor: height of the floor under the toes, metres; by default that of the lowest toes of the motion.

    Raises:
        InputError: another shape, no frame, or a number that is not finite.
    """

    def __init__(self, joints: Float[np.ndarray, "frames 22 3"], fps: float, floor: float | None = None) -> None:
        if not fps > 0:
            raise InputError(f"fps must be positive, got {fps}")
        if joints.ndim != 3 or joints.shape[1:] != (len(HUMANML3D), 3) or not len(joints):
            raise InputError(f"joints must have shape (frames, {len(HUMANML3D)}, 3), got {joints.shape}")
        if not np.isfinite(joints).all():
            raise InputError("joints must be finite numbers, got NaN or infinity")
        self.joints = joints.astype(np.float64)
        self.fps = fps
        toes = self.joints[:, HUMANML3D.index("left_foot", "right_foot"), UP]
        self.floor = float(np.percentile(toes.min(1), 5)) if floor is None else floor

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self) / self.fps

    def window(self, start: int, end: int) -> Measures:
        """The same motion between two frames, above the same floor; never empty."""
        start = max(0, min(start, len(self) - 1))
        return Measures(self.joints[start : max(end, start + 1)], self.fps, self.floor)

    def point(self, part: str, side: str = "") -> Path3:
        """Position of a part of the body in the world, metres."""
        if part in _MIDDLE:
            return self._joint(_MIDDLE[part])
        if side not in SIGN:
            return (self.point(part, "left") + self.point(part, "right")) / 2
        return np.mean([self._joint(f"{side}_{name}") for name in _PARTS[part]], axis=0)

    def views(self, part: str, side: str = "") -> tuple[Path3, ...]:
        """A part relative to the body in its (left, up, forward) axes, as the readings that a sentence may mean.

        Arms and head are seen from the chest and from the pelvis with the world's vertical, and along the spine: somebody
        who bows with an arm at the ear holds it "up" only in the last. Legs are seen from the pelvis.
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
        return _unit(self._hip_line / 0.2 + self._shoulder_line / 0.35)

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
        """Share of the frames in which the spine is within 60 degrees of vertical."""
        return float((self.spine[:, UP] > 0.5).mean())

    def yaw(self, of: str = "body") -> Series:
        """Degrees that the body, its hips or its shoulders have turned to the left since the first frame."""
        line = {"body": self.across, "hips": self._hip_line, "shoulders": self._shoulder_line}[of]
        angle = np.unwrap(np.arctan2(-line[:, 2], line[:, 0]))
        return np.degrees(angle - angle[0])

    @cached_property
    def twist(self) -> Series:
        """Degrees that the shoulders are turned to the left of the hips."""
        left = _project(self.heading_axes, self._shoulder_line), _project(self.heading_axes, self._hip_line)
        shoulders, hips = (np.degrees(np.arctan2(-line[:, FORWARD], line[:, LEFT])) for line in left)
        return (shoulders - hips + 180) % 360 - 180

    def lean(self, direction: str) -> Series:
        """Degrees that the spine leans "forward", "back", "left" or "right", or is off the vertical in "any" way."""
        left, up, forward = _project(self.heading_axes, self.spine).T
        if direction == "any":
            return np.degrees(np.arccos(np.clip(up, -1, 1)))
        if direction in SIGN:  # beside the vertical, also of a spine that hangs down in a deep bow
            return np.degrees(np.arcsin(np.clip(SIGN[direction] * left, -1, 1)))
        return np.degrees(np.arctan2(forward if direction == "forward" else -forward, up))

    def flexion(self, part: str, side: str) -> Series:
        """Degrees that an elbow, knee or hip is bent; 0 is straight."""
        chain = {
            "elbow": ("shoulder", "elbow", "wrist"),
            "knee": ("hip", "knee", "ankle"),
        }
        if part == "hip":
            first, second = -self.spine, self._joint(f"{side}_knee") - self._joint(f"{side}_hip")
        else:
            start, middle, end = (self._joint(f"{side}_{name}") for name in chain[part])
            first, second = middle - start, end - middle
        return _angle(first, second)

    def head(self, of: str) -> Series:
        """Degrees of the head "left" or "right" of the chest's plane, or "up" or "down" against the world.

        There is one joint beyond the neck's, so a head that turns and one that tilts look alike.
        """
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
        """Metres a second of a part in the world; 0 for a single frame."""
        return self._speed(self.point(part, side))

    def own_speed(self, part: str, side: str = "") -> Series:
        """Metres a second of a part relative to the body."""
        return self._speed(self.views(part, side)[0])

    def height(self, part: str, side: str = "") -> Series:
        """Metres above the floor."""
        return self.point(part, side)[:, UP] - self.floor

    def clearance(self, side: str) -> Series:
        """Metres that the lower of ankle and toes of one foot is above where it stands."""
        # An ankle stands 0.04 m above the toes' joint.
        toes, ankle = self._joint(f"{side}_foot")[:, UP], self._joint(f"{side}_ankle")[:, UP]
        return np.minimum(toes, ankle - 0.04) - self.floor

    def aside(self, first: tuple[str, str], second: tuple[str, str]) -> Series:
        """Metres between two parts, each (part, side), as seen from above."""
        return np.linalg.norm((self.point(*first) - self.point(*second))[:, [0, 2]], axis=-1)

    def distance(self, first: tuple[str, str], second: tuple[str, str]) -> Series:
        """Metres between two parts, each (part, side)."""
        return np.linalg.norm(self.point(*first) - self.point(*second), axis=-1)

    @cached_property
    def ground(self) -> Float[np.ndarray, "frames 2"]:
        """Pelvis on the floor in the axes of the first frame: metres to the left and forward."""
        return _project(self.heading_axes[:1], self.point("body") - self.point("body")[:1])[:, [LEFT, FORWARD]]

    @cached_property
    def progress(self) -> Float[np.ndarray, "frames 2"]:
        """Metres gone to the left and forward, each step measured in the axes that the person had then."""
        step = np.diff(self.point("body"), axis=0, prepend=self.point("body")[:1])
        return _project(self.heading_axes, step)[:, [LEFT, FORWARD]].cumsum(0)

    @cached_property
    def path(self) -> float:
        """Metres that the pelvis travels over the floor."""
        return float(np.linalg.norm(np.diff(self.ground, axis=0), axis=-1).sum())

    def steps(self, side: str) -> Float[np.ndarray, "steps 3"]:
        """The way of one foot whenever it leaves its place for another, in the body's axes of that moment."""
        ankle = self._joint(f"{side}_ankle")
        moving = np.concatenate([[False], self._speed(ankle) > _STEP_SPEED, [False]])
        edges = np.flatnonzero(np.diff(moving.astype(int)))
        starts, ends = edges[::2], np.minimum(edges[1::2], len(ankle) - 1)
        ways = _project(self.heading_axes[(starts + ends) // 2], ankle[ends] - ankle[starts])
        return ways[np.linalg.norm(ways, axis=-1) > _MIN_STEP]

    def _joint(self, name: str) -> Path3:
        return self.joints[:, HUMANML3D.names.index(name)]

    def _speed(self, point: Path3) -> Series:
        if len(point) < 2:
            return np.zeros(len(point))
        return np.linalg.norm(np.gradient(point, axis=0), axis=-1) * self.fps

    @cached_property
    def _hip_line(self) -> Path3:
        return self._joint("left_hip") - self._joint("right_hip")

    @cached_property
    def _shoulder_line(self) -> Path3:
        return self._joint("left_shoulder") - self._joint("right_shoulder")


def _unit(vector: Path3) -> Path3:
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9)


def _project(axes: Float[np.ndarray, "any 3 3"], vector: Path3) -> Path3:
    """Components of (T, 3) vectors along the rows of (T or 1, 3, 3) axes."""
    return (axes * vector[:, None]).sum(-1)


def _angle(first: Path3, second: Path3) -> Series:
    return np.degrees(np.arccos(np.clip((_unit(first) * _unit(second)).sum(-1), -1, 1)))
