"""Text in pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from kinmo_core.viz.palette import BACKGROUND, INK

_MARGIN: Final = 10
_LINES: Final = 4


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans (Latin, Greek, Cyrillic), a font that is part of matplotlib."""
    from matplotlib import get_data_path

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


def paint_caption(text: str, *, width: int, size: int = 15) -> Image.Image:
    """Draw text wrapped to `width` pixels, at most four lines; the picture is as high as its lines, 0 without text."""
    lines = wrap(text, width=width - 2 * _MARGIN, size=size)
    image = Image.new("RGB", (width, (len(lines) * size * 4 // 3 + 2 * _MARGIN) if lines else 0), BACKGROUND)
    if lines:
        ImageDraw.Draw(image).multiline_text(
            (_MARGIN, _MARGIN), "\n".join(lines), font=font(size), fill=INK, spacing=size // 4
        )
    return image


def wrap(text: str, *, width: int, size: int) -> list[str]:
    """Break text between words into lines of at most `width` pixels; cut it after four lines with an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and font(size).getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(_cut(word, width, size))
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], _cut(f"{lines[_LINES - 1]} …", width, size)]
    return lines


def _cut(line: str, width: int, size: int) -> str:
    while len(line) > 1 and font(size).getlength(line) > width:
        line = line[:-2] + "…"
    return line
