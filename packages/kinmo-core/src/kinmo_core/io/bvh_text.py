"""The text of a BVH file: its encoding, and the table of numbers of its MOTION block."""

from __future__ import annotations

import codecs
import re
import warnings
from typing import Final, TypeAlias

import numpy as np

from kinmo_core.errors import DataWarning, InputError

_GLUED: Final = re.compile(
    r"(?<=[\d.])-"
)  # a minus sign right after a digit, as C's "%f%f" writes; 1e-5 has an e between
_DECIMAL_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")  # numbers of a BVH file are separated by spaces
_HEADER_LINES: Final = 2  # Frames and Frame Time
_FRAME_TIMES: Final = (1e-4, 10.0)  # seconds
LARGEST: Final = 1e9  # of a number in a file; 1,000 km where the unit is a millimetre
Line: TypeAlias = tuple[int, str]  # number in the file, text


def decode_text(content: bytes, *, source: str) -> str:
    """Decode a BVH file. It should be ASCII; what is not is read with a `DataWarning`.

    Bytes that are no UTF-8 stand in names only, which match without them.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _warn(source, "it is UTF-16 text, read as such")
        text = content.decode("utf-16", errors="replace")
    elif b"\0" in content[:2]:
        _warn(source, "it is UTF-16 text without a byte-order mark, read as such")
        text = content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
    else:
        if content.startswith(codecs.BOM_UTF8):
            _warn(source, "it begins with a byte-order mark, which is skipped")
        text = content.decode("utf-8-sig", errors="replace")
    if "," in text and _DECIMAL_COMMA.search(text):
        _warn(source, "its numbers have decimal commas, read as points")
        text = _DECIMAL_COMMA.sub(".", text)
    return text


def read_table(lines: list[Line], width: int, *, source: str, fps: float | None = None) -> tuple[float, np.ndarray]:
    """Read the lines after the word MOTION.

    Args:
        lines: that are not empty.
        width: number of channels of all joints.
        source: name of the file in errors.
        fps: frames per second in place of those of the file, which may then be missing or zero.

    Returns:
        Seconds per frame, and values (frames, width).

    Raises:
        InputError: names file, line and fault.
    """
    frames = _header(lines, 0, r"Frames\s*:\s*(\d+)", "'Frames: COUNT'", source)
    seconds = _header(lines, 1, r"Frame\s+Time\s*:\s*([-+.\deE]+)", "'Frame Time: SECONDS'", source)
    if fps is None and not _FRAME_TIMES[0] <= seconds <= _FRAME_TIMES[1]:
        raise InputError(
            f"{source}, line {lines[1][0]}: Frame Time must be {_FRAME_TIMES[0]:g} to {_FRAME_TIMES[1]:g} seconds, "
            f"got {seconds:g}; give --input-fps"
        )
    rows = lines[_HEADER_LINES:]
    if not rows or abs(len(rows) - frames) > 1:
        last = lines[-1][0]
        raise InputError(f"{source}, line {last}: {frames:.0f} frames are declared, the MOTION block has {len(rows)}")
    rows = _separate(rows, width, source)
    if len(rows) != frames:
        _warn(source, f"{frames:.0f} frames are declared and {len(rows)} are there; those {len(rows)} are read")
    return 1 / fps if fps else seconds, read_numbers(rows, width, source=source)


def _warn(source: str, problem: str) -> None:
    warnings.warn(f"{source}: {problem}", DataWarning, stacklevel=2)


def _header(lines: list[Line], index: int, pattern: str, wanted: str, source: str) -> float:
    number, line = lines[index] if index < len(lines) else (lines[-1][0] if lines else 0, "the end of the file")
    match = re.fullmatch(pattern, line, re.IGNORECASE)
    try:
        return float(match[1] if match else "")
    except ValueError:
        raise InputError(f"{source}, line {number}: wanted {wanted} in the MOTION block, got {line!r}") from None


def _separate(rows: list[Line], width: int, source: str) -> list[Line]:
    """Return rows of `width` words each; a word such as 1.5-2.5 is two where the number of channels proves it."""
    out, glued = [], 0
    for number, row in rows:
        if row.count(" ") + row.count("\t") + 1 != width and (found := len(row.split())) != width:
            row = _GLUED.sub(" -", row)
            if len(row.split()) != width:
                raise InputError(f"{source}, line {number}: wanted {width} numbers, one a channel, got {found}")
            glued += 1
        out.append((number, row))
    if glued:
        _warn(
            source, f"minus signs follow numbers without a space in {glued} frames; they are read as separate numbers"
        )
    return out


def read_numbers(rows: list[Line], width: int, *, source: str) -> np.ndarray:
    """Read rows of `width` numbers each, given as lines of text with that many words.

    Raises:
        InputError: a word is not a number, or larger than `LARGEST`; names file and line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # how NumPy reports a word that is no number
            values = np.fromstring(" ".join([row for _, row in rows]), dtype=np.float64, sep=" ")
        if values.size == width * len(rows) and (np.abs(values) <= LARGEST).all():
            return values.reshape(len(rows), width)
    except (DeprecationWarning, ValueError):
        pass
    for number, row in rows:
        for word in row.split():
            if not _is_possible(word):
                raise InputError(f"{source}, line {number}: {word!r} is not a number up to {LARGEST:g}")
    raise InputError(f"{source}: the frames must hold plain numbers, such as 1.5 or -2e-3")


def _is_possible(word: str) -> bool:
    try:
        return abs(float(word)) <= LARGEST
    except ValueError:
        return False
