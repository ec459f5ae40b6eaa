"""A pinhole camera, and where to put it so that a motion is seen well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kinmo_core.skeleton import HUMANML3D

_LEFT: Final = HUMANML3D.index("left_hip", "left_shoulder")
_RIGHT: Final = HUMANML3D.index("right_hip", "right_shoulder")


@dataclass(frozen=True)
class Camera:
    """Looks at `target` from `distance` metres, from a direction given by two angles.

    Args:
        target: xyz, metres.
        azimuth: direction of the camera seen from the target, rad about +y; 0 looks at the front of who faces +z.
        elevation: rad above the horizon.
        distance: metres.
        focal: pixels a metre at one metre's distance.
        centre: pixel at which the target is seen.
    """

    target: tuple[float, float, float]
    azimuth: float
    elevation: float
    distance: float
    focal: float
    centre: tuple[float, float]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points (..., 3), metres, to pixels (..., 2) and to their size (...,) in pixels a metre; 0 behind the camera."""
        local = (points - np.asarray(self.target)) @ self._axes().T
        depth = self.distance - local[..., 2]
        scale = np.where(depth > 0.1, self.focal / np.maximum(depth, 0.1), 0.0)
        return np.asarray(self.centre) + local[..., :2] * [1, -1] * scale[..., None], scale

    def at(self, target: np.ndarray) -> Camera:
        """The same camera moved along with another target."""
        x, y, z = (float(value) for value in target)
        return replace(self, target=(x, y, z))

    def _axes(self) -> np.ndarray:
        """Rows: right, up and backward of the picture."""
        sine, cosine = np.sin(self.azimuth), np.cos(self.azimuth)
        sine_up, cosine_up = np.sin(self.elevation), np.cos(self.elevation)
        backward = np.array([sine * cosine_up, sine_up, cosine * cosine_up])
        right = np.array([cosine, 0.0, -sine])
        return np.stack([right, np.cross(backward, right), backward])


def facing(joints: np.ndarray) -> float:
    """Angle about +y from +z to where the body (22, 3) faces, rad."""
    across = (joints[_LEFT] - joints[_RIGHT]).sum(0)
    return float(np.arctan2(-across[2], across[0]))


def frame_body(
    joints: np.ndarray,
    targets: np.ndarray,
    *,
    size: tuple[int, int],
    top: int = 0,
    view: float = np.pi / 4.5,
    elevation: float = 0.2,
) -> Camera:
    """A camera for a picture of `size` in which every pose fits.

    Args:
        joints: (T, 22, 3) metres.
        targets: (T, 3) what the camera will look at in each frame.
        size: width and height of the picture, pixels.
        top: pixels at the top that stay free.
        view: rad by which the camera stands beside the front of the first frame, towards the person's left.
        elevation: rad above the horizon.
    """
    reach = joints - targets[:, None]
    wide = np.linalg.norm(reach[..., [0, 2]], axis=-1).max() + 0.15
    low, high = reach[..., 1].min() - 0.15, reach[..., 1].max() + 0.22
    width, height = size[0], size[1] - top
    distance, per_metre = 5.0 + wide, min(0.94 * width / (2 * wide), 0.94 * height / (high - low))
    middle = (high + low) / 2
    return Camera(
        target=(0.0, 0.0, 0.0),
        azimuth=facing(joints[0]) + view,
        elevation=elevation,
        distance=distance,
        focal=per_metre * distance,
        centre=(width / 2, top + height / 2 + middle * per_metre),
    )
