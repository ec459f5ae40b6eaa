"""Still pictures of motion: a row of poses with their times and the path from above, and sheets of such rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion
from kinmo_core.viz.caption import font, paint_caption
from kinmo_core.viz.draw import Scene
from kinmo_core.viz.palette import BACKGROUND, GRID, GROUP_COLOURS, INK, TRAIL, mix

_CELL: Final = (150, 210)
_FOOT: Final = 20  # pixels below the poses, for the times


def save_strip(motion: Motion, path: Path | str, *, poses: int = 8) -> None:
    """Write a PNG of evenly spaced poses, from the first to the last frame, with caption above and seconds below.

    Args:
        motion: metres, y up.
        path: of the file.
        poses: number of poses, at least 1; a shorter motion has one pose per frame.

    Raises:
        InputError: poses below 1, or the file cannot be written.
    """
    contact_sheet([motion], path, poses=poses)


def contact_sheet(motions: Sequence[Motion], path: Path | str, *, poses: int = 8) -> None:
    """Write the strips of several motions, one below the other, as one PNG; arguments and errors as in `save_strip`."""
    if not motions or poses < 1:
        raise InputError(
            f"contact sheet must have at least one motion and one pose, got {len(motions)} motions and {poses} poses"
        )
    strips = [draw_strip(motion, poses=poses) for motion in motions]
    strips.append(_draw_legend(strips[0].width))
    width = max(strip.width for strip in strips)
    sheet = Image.new("RGB", (width, sum(strip.height for strip in strips)), BACKGROUND)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def draw_strip(motion: Motion, *, poses: int = 8) -> Image.Image:
    """Draw the picture that `save_strip` writes."""
    frames = np.unique(np.linspace(0, len(motion) - 1, poses).round().astype(int))
    scene = Scene(motion, size=_CELL, follow=0.0)
    width, height = (len(frames) + 1) * _CELL[0], _CELL[1]
    caption = paint_caption(motion.text or f"{motion.seconds:.1f} s", width=width)
    image = Image.new("RGB", (width, caption.height + height + _FOOT), BACKGROUND)
    image.paste(caption, (0, 0))
    draw = ImageDraw.Draw(image)
    for column, frame in enumerate(frames):
        image.paste(scene.frame(int(frame)), (column * _CELL[0], caption.height))
        middle = (column * _CELL[0] + _CELL[0] // 2, caption.height + height + _FOOT // 2)
        draw.text(middle, f"{frame / motion.fps:.1f} s", font=font(11), fill=INK, anchor="mm")
    image.paste(_draw_map(scene, frames), (width - _CELL[0], caption.height))
    draw.line([0, image.height - 1, width, image.height - 1], fill=GRID)
    return image


def _draw_map(scene: Scene, frames: np.ndarray) -> Image.Image:
    """Draw the path of the pelvis from above, seen by the camera: one dot per pose, the first hollow; grid of 1 m."""
    size = np.array(_CELL)
    image = Image.new("RGB", _CELL, mix(BACKGROUND, (255, 255, 255), 0.7))
    draw = ImageDraw.Draw(image)
    sine, cosine = np.sin(scene.camera.azimuth), np.cos(scene.camera.azimuth)
    path = scene.path[:, [0, 2]] @ np.array([[cosine, sine], [-sine, cosine]])
    middle = (path.max(0) + path.min(0)) / 2
    per_metre = min(40.0, float((0.8 * size / np.maximum(np.ptp(path, axis=0), 1e-6)).min()))
    for metre in range(-9, 10):
        for axis in (0, 1):
            at = size[axis] / 2 + metre * per_metre
            draw.line([at, 0, at, size[1]] if axis == 0 else [0, at, size[0], at], fill=mix(GRID, BACKGROUND, 0.5))
    pixels = size / 2 + (path - middle) * per_metre
    if len(pixels) > 1:
        draw.line([tuple(point) for point in pixels.tolist()], fill=TRAIL, width=2, joint="curve")
    for frame in frames:
        x, y = pixels[frame]
        draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=BACKGROUND if frame == 0 else INK, outline=INK)
    return image


def _draw_legend(width: int) -> Image.Image:
    """Draw the names of the six groups in their colours."""
    image = Image.new("RGB", (width, _FOOT), BACKGROUND)
    draw, x = ImageDraw.Draw(image), 10.0
    for name, colour in GROUP_COLOURS.items():
        draw.ellipse([x, 6, x + 8, 14], fill=colour)
        label = name.replace("_", " ")
        draw.text((x + 13, _FOOT // 2), label, font=font(11), fill=INK, anchor="lm")
        x += 30 + font(11).getlength(label)
    return image
