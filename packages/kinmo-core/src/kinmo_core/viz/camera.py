"""A pinhole camera, and its placement for a motion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from kinmo_core.skeleton import heading


@dataclass(frozen=True)
class Camera:
    """A camera that looks at `target` from `distance` metres, in a direction given by two angles.

    Args:
        target: xyz, metres.
        azimuth: direction of the camera seen from the target, rad about +y; 0 sees the front of a person who faces +z.
        elevation: rad above the horizon.
        distance: metres.
        focal: pixels per metre at a distance of one metre.
        centre: pixel of the target.
    """

    target: tuple[float, float, float]
    azimuth: float
    elevation: float
    distance: float
    focal: float
    centre: tuple[float, float]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project points (..., 3), metres, to pixels (..., 2) and scales (...,) in pixels per metre; 0 behind the camera."""
        local = (points - np.asarray(self.target)) @ self._axes().T
        depth = self.distance - local[..., 2]
        scale = np.where(depth > 0.1, self.focal / np.maximum(depth, 0.1), 0.0)
        return np.asarray(self.centre) + local[..., :2] * [1, -1] * scale[..., None], scale

    def at(self, target: np.ndarray) -> Camera:
        """Move the camera so that it looks at another target from the same side."""
        x, y, z = (float(value) for value in target)
        return replace(self, target=(x, y, z))

    def _axes(self) -> np.ndarray:
        """Return the axes of the picture as rows: right, up and backward."""
        sine, cosine = np.sin(self.azimuth), np.cos(self.azimuth)
        sine_up, cosine_up = np.sin(self.elevation), np.cos(self.elevation)
        backward = np.array([sine * cosine_up, sine_up, cosine * cosine_up])
        right = np.array([cosine, 0.0, -sine])
        return np.stack([right, np.cross(backward, right), backward])


def frame_body(
    joints: np.ndarray,
    targets: np.ndarray,
    *,
    size: tuple[int, int],
    top: int = 0,
    view: float = np.pi / 4.5,
    elevation: float = 0.2,
) -> Camera:
    """Return a camera for a picture of `size` in which every pose fits.

    Args:
        joints: (T, 22, 3) metres.
        targets: (T, 3) target of the camera in each frame.
        size: width and height of the picture, pixels.
        top: pixels at the top that are kept free.
        view: angle of the camera from the front of the first frame towards the person's left, rad.
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
        azimuth=float(heading(torch.from_numpy(joints[0]))) + view,
        elevation=elevation,
        distance=distance,
        focal=per_metre * distance,
        centre=(width / 2, top + height / 2 + middle * per_metre),
    )
