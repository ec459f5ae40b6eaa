"""A motion as the rules see it: heights above the floor, places in the axes of the body, bends and leans in degrees.

Axes of the body: forward, up, left. Forward is level and square to hips and shoulders. Left is right's mirror image, so a
measure of one side has the same sign as that of the other side in the mirrored motion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_core.features import FPS
from kinmo_core.motion import Motion
from kinmo_core.skeleton import HUMANML3D, heading

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

OTHER: Final = {"left": "right", "right": "left"}
OUTWARD: Final = {"left": 1.0, "right": -1.0}  # sign of the left axis on which a side lies
FORWARD, UP, LEFT = 0, 1, 2

_JOINTS: Final = {name: number for number, name in enumerate(HUMANML3D.names)}
_FLOOR_PERCENTILE: Final = 2  # of each frame's lowest joint; a single low frame is noise
_JITTER: Final = 0.15  # s, moving average over the joints
_TURN_SMOOTHING: Final = 0.25  # s
_PACE_SMOOTHING: Final = 0.4  # s, about a step


@dataclass(frozen=True)
class Body:
    """Joints and heading of a motion at 20 fps, or of a part of it.

    Args:
        joints: (T, 22, 3) metres, y up, floor at y = 0.
        heading: (T,) rad about +y, without jumps; grows as the person turns to the left.
        found: what rules found here, by their text: many sentences share a part of their rule.
    """

    joints: Array
    heading: Array
    found: dict[str, list[tuple[int, int]]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, motion: Motion) -> Body:
        """Measure a motion of any frame rate on HumanML3D's 22 joints."""
        joints = motion.resample(FPS).joints.double()
        facing = np.unwrap(heading(joints).numpy())
        smooth_joints = smooth(joints.numpy(), _JITTER)
        floor = np.percentile(smooth_joints[..., 1].min(-1), _FLOOR_PERCENTILE)
        return cls(smooth_joints - [0.0, floor, 0.0], smooth(facing, _TURN_SMOOTHING))

    def part(self, start: int, end: int) -> Body:
        """Cut out the frames from `start` to before `end`; the floor stays that of the whole motion."""
        return Body(self.joints[start:end], self.heading[start:end])

    def __len__(self) -> int:
        return len(self.heading)

    @cached_property
    def local(self) -> Array:
        """Places (T, 22, 3) forward of the pelvis, above the floor and left of the pelvis, m."""
        offset = self.joints - self.joints[:, :1] * [1.0, 0.0, 1.0]
        ahead, aside = self.along(offset)
        return np.stack([ahead, offset[..., 1], aside], axis=-1)

    def along(self, vectors: Array) -> tuple[Array, Array]:
        """Return the forward and left parts of vectors (T, ..., 3)."""
        angle = self.heading.reshape(-1, *[1] * (vectors.ndim - 2))
        x, z = vectors[..., 0], vectors[..., 2]
        return x * np.sin(angle) + z * np.cos(angle), x * np.cos(angle) - z * np.sin(angle)

    def at(self, *names: str) -> Array:
        """Return the local place (T, 3) of a joint, or the middle of several."""
        first, *others = (self.local[:, _JOINTS[name]] for name in names)
        return np.mean([first, *others], axis=0) if others else first

    def height(self, name: str) -> Array:
        """Return the height (T,) of a joint above the floor, m."""
        return self.local[:, _JOINTS[name], UP]

    @cached_property
    def velocity(self) -> Array:
        """Velocity (T, 2) of the pelvis forward and to the left, averaged over about a step, m/s."""
        if len(self) < 2:
            return np.zeros((len(self), 2))
        return np.stack(self.along(smooth(np.gradient(self.joints[:, 0], axis=0) * FPS, _PACE_SMOOTHING)), axis=-1)

    @cached_property
    def trunk(self) -> Array:
        """Unit vector (T, 3) from pelvis to neck, in the axes of the body."""
        return unit(self.at("neck") - self.at("pelvis"))

    @cached_property
    def tilt(self) -> Array:
        """Angle (T,) between trunk and vertical, 0 to 180 degrees."""
        return np.degrees(np.arccos(self.trunk[:, UP].clip(-1, 1)))

    @cached_property
    def chest(self) -> Array:
        """Unit vector (T, 3) out of the chest, in the axes of the body; up when the person lies on the back."""
        across = self.at("left_shoulder") - self.at("right_shoulder") + self.at("left_hip") - self.at("right_hip")
        # (forward, up, left) is left-handed, hence the order of the factors.
        return unit(np.cross(self.trunk, across))

    def bend(self, first: str, middle: str, last: str) -> Array:
        """Return the angle (T,) by which a chain of three joints departs from a straight line, degrees."""
        upper, lower = unit(self.at(middle) - self.at(first)), unit(self.at(last) - self.at(middle))
        return np.degrees(np.arccos((upper * lower).sum(-1).clip(-1, 1)))

    def elbow(self, side: str) -> Array:
        """Return the bend (T,) of an elbow, degrees; 0 is straight."""
        return self.bend(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")

    def knee(self, side: str) -> Array:
        """Return the bend (T,) of a knee, degrees; 0 is straight."""
        return self.bend(f"{side}_hip", f"{side}_knee", f"{side}_ankle")

    def speed(self, name: str) -> Array:
        """Return the speed (T,) of a joint over the floor, up and down left out, m/s."""
        if len(self) < 2:
            return np.zeros(len(self))
        x, _, z = self.joints[:, _JOINTS[name]].T
        return np.hypot(np.gradient(x), np.gradient(z)) * FPS


def smooth(values: Array, seconds: float) -> Array:
    """Average values (T, ...) over a centred window of `seconds`; the ends are repeated."""
    half = round(seconds * FPS) // 2
    if half == 0:
        return values
    padded = np.concatenate([values[:1].repeat(half, 0), values, values[-1:].repeat(half, 0)])
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
    return (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)


def unit(vectors: Array) -> Array:
    """Scale vectors (..., 3) to length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True).clip(1e-9)
