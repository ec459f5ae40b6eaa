"""Draw a frame of a motion as a picture, with floor, shadow and path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from kinmo_core.motion import Motion
from kinmo_core.viz.body import CAPSULES, POINTS, SOLE, body_points
from kinmo_core.viz.camera import Camera, frame_body
from kinmo_core.viz.caption import paint_caption
from kinmo_core.viz.palette import BACKGROUND, GRID, GROUP_COLOURS, INK, JOINT_COLOURS, SHADOW, TRAIL, Colour, mix

_SHARP: Final = 2  # factor by which pictures are painted larger, then averaged: antialiasing
_GRID_REACH: Final = 5  # metres
_PAIRS: Final = np.array([(capsule.start, capsule.end) for capsule in CAPSULES])
_STARTS, _ENDS = _PAIRS.T
_RADII: Final = np.array([(capsule.start_radius, capsule.end_radius) for capsule in CAPSULES])
_DISCS: Final = np.array([_RADII[np.equal(_PAIRS, point)].max(initial=0) for point in range(len(POINTS))])
_TRUNK: Final = [n for n, capsule in enumerate(CAPSULES) if JOINT_COLOURS[capsule.joint] == GROUP_COLOURS["torso"]]


class Scene:
    """The part of a film that is the same in all frames: camera, floor and path.

    Args:
        motion: metres, y up; drawn without any change.
        size: width and height of the pictures, pixels.
        top: pixels at the top kept free, for a caption.
        follow: sigma of the smoothing of the pelvis path that the camera follows, s; 0 keeps the pelvis centred.
    """

    def __init__(self, motion: Motion, *, size: tuple[int, int], top: int = 0, follow: float = 0.7) -> None:
        joints = motion.joints.detach().cpu().numpy().astype(np.float64)
        self.points = body_points(joints)
        self.floor = float(joints[..., 1].min()) - SOLE
        self.size = (size[0] * _SHARP, size[1] * _SHARP)
        self.path = joints[:, 0] * [1, 0, 1] + [0, self.floor, 0]
        eyes = np.array([0, np.median(joints[:, 0, 1]) - self.floor, 0])
        self.targets = _smooth(self.path, follow * motion.fps) + eyes
        self.camera = frame_body(joints, self.targets, size=self.size, top=top * _SHARP)

    def frame(self, index: int) -> Image.Image:
        """Draw one frame."""
        image = Image.new("RGB", self.size, BACKGROUND)
        draw, camera = ImageDraw.Draw(image), self.camera.at(self.targets[index])
        _paint_grid(draw, camera, self.floor)
        _paint_path(draw, camera, self.path, index)
        _paint_shadow(draw, camera, self.points[index], self.floor)
        _paint_body(draw, camera, self.points[index])
        return image.reduce(_SHARP)


def draw_frames(motion: Motion, *, size: tuple[int, int] = (480, 480), text: str | None = None) -> Iterator[np.ndarray]:
    """Draw every frame.

    Args:
        motion: metres, y up.
        size: width and height, pixels.
        text: caption at the top; the motion's own by default, "" for none.

    Yields:
        (H, W, 3) uint8.
    """
    text = motion.text if text is None else text
    caption = paint_caption(text, width=size[0])
    caption = caption.crop((0, 0, caption.width, min(caption.height, size[1] // 3)))  # the body comes first
    scene = Scene(motion, size=size, top=caption.height)
    for index in range(len(motion)):
        image = scene.frame(index)
        image.paste(caption, (0, 0))
        yield np.asarray(image)


def _smooth(path: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth (T, 3) over time; sigma in frames."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(path, sigma, axis=0, mode="nearest") if sigma > 0 else path


def _paint_grid(draw: ImageDraw.ImageDraw, camera: Camera, floor: float) -> None:
    """Paint lines every metre around the camera's target, paler with distance."""
    centre = np.floor(np.asarray(camera.target)[[0, 2]])
    ticks = np.arange(-_GRID_REACH, _GRID_REACH + 1)
    x, z = np.meshgrid(centre[0] + ticks, centre[1] + ticks, indexing="ij")
    pixels, scale = camera.project(np.stack([x, np.full_like(x, floor), z], axis=-1))
    away = np.hypot(x - camera.target[0], z - camera.target[2]) / _GRID_REACH
    for first, second in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
        pale = (away[first] + away[second]) / 2
        seen = (scale[first] > 0) & (scale[second] > 0) & (pale < 1)
        ends = np.concatenate([pixels[first], pixels[second]], axis=-1)[seen]
        for line, distance in zip(ends.tolist(), pale[seen].round(1).tolist(), strict=True):
            draw.line(line, fill=mix(GRID, BACKGROUND, distance), width=_SHARP)


def _paint_path(draw: ImageDraw.ImageDraw, camera: Camera, path: np.ndarray, index: int) -> None:
    """Paint the path of the pelvis on the floor: the past dark, the future pale."""
    pixels, scale = camera.project(path)
    for part, colour in ((slice(index, None), mix(TRAIL, BACKGROUND, 0.6)), (slice(index + 1), TRAIL)):
        if (scale[part] > 0).all():
            draw.line(pixels[part].ravel().tolist(), fill=colour, width=2 * _SHARP)


def _paint_shadow(draw: ImageDraw.ImageDraw, camera: Camera, points: np.ndarray, floor: float) -> None:
    """Paint the body projected onto the floor from straight above."""
    flat = points * [1, 0, 1] + [0, floor, 0]
    starts, ends = flat[_STARTS], flat[_ENDS]
    along = ends - starts
    side = np.stack([-along[:, 2], along[:, 1], along[:, 0]], axis=-1)
    side *= (_RADII.mean(-1) / np.maximum(np.linalg.norm(side, axis=-1), 1e-6))[:, None]
    corners, _ = camera.project(np.stack([starts + side, ends + side, ends - side, starts - side], axis=1))
    pixels, scale = camera.project(flat)
    half = (_DISCS * scale)[:, None] * [1, np.sin(camera.elevation)]  # a disc on the floor is seen as a flat ellipse
    for box in np.concatenate([pixels - half, pixels + half], axis=-1).tolist():
        draw.ellipse(box, fill=SHADOW)
    for quad in corners.reshape(-1, 8).tolist():
        draw.polygon(quad, fill=SHADOW)


def _paint_body(draw: ImageDraw.ImageDraw, camera: Camera, points: np.ndarray) -> None:
    """Paint capsules from back to front, each with a dark rim and a light side; those of the trunk share one rim."""
    pixels, scale = camera.project(points)
    ends, radii = pixels[_PAIRS], _RADII * scale[_PAIRS]
    nearness = scale[_PAIRS].mean(-1)
    nearness[_TRUNK] = nearness[_TRUNK].mean()
    for number in np.argsort(nearness, kind="stable"):
        if number == _TRUNK[0]:
            _paint_capsules(draw, ends[_TRUNK], radii[_TRUNK], JOINT_COLOURS[0])
        elif number not in _TRUNK:
            _paint_capsules(draw, ends[[number]], radii[[number]], JOINT_COLOURS[CAPSULES[number].joint])


def _paint_capsules(draw: ImageDraw.ImageDraw, ends: np.ndarray, radii: np.ndarray, colour: Colour) -> None:
    """Paint capsules with `ends` (n, 2, 2) and `radii` (n, 2), pixels, as one shape: rim, inside, light from above."""
    light = np.array([-0.25, -0.3]) * radii[..., None]
    for shift, size, tone in (
        (0.0, radii + 0.7 * _SHARP, mix(colour, INK, 0.55)),
        (0.0, radii, colour),
        (light, 0.5 * radii, mix(colour, (255, 255, 255), 0.2)),
    ):
        for points, sizes in zip((ends + shift).tolist(), size.tolist(), strict=True):
            _paint_capsule(draw, points, sizes, tone)


def _paint_capsule(draw: ImageDraw.ImageDraw, ends: list[list[float]], radii: list[float], colour: Colour) -> None:
    """Paint two discs and the band between them."""
    (ax, ay), (bx, by) = ends
    a, b = radii
    length = max(math.hypot(bx - ax, by - ay), 1e-6)
    x, y = (ay - by) / length, (bx - ax) / length
    draw.ellipse((ax - a, ay - a, ax + a, ay + a), fill=colour)
    draw.ellipse((bx - b, by - b, bx + b, by + b), fill=colour)
    draw.polygon(
        (ax + x * a, ay + y * a, bx + x * b, by + y * b, bx - x * b, by - y * b, ax - x * a, ay - y * a), fill=colour
    )
