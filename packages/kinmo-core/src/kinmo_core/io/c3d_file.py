"""Parse C3D files, the format of marker recordings: integers or floats, in the byte order of Intel."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from kinmo_core.errors import InputError

_BLOCK: Final = 512  # bytes
_KEY: Final = 0x50
_INTEL: Final = 84  # processor type; 85 is DEC, 86 MIPS
_METRES: Final = {"mm": 0.001, "cm": 0.01, "m": 1.0}
_KINDS: Final = {-1: "S1", 1: "i1", 2: "<u2", 4: "<f4"}
_LONGEST: Final = 65535  # last frame that the header can name


@dataclass(frozen=True)
class Markers:
    """Labelled markers.

    Args:
        labels: upper case, without the name of the subject.
        places: (T, M, 3) metres, NaN where a marker was not seen.
        fps: frames per second.
    """

    labels: tuple[str, ...]
    places: np.ndarray
    fps: float


def parse_c3d(content: bytes, *, source: str = "C3D") -> Markers:
    """Parse a C3D file.

    Raises:
        InputError: damaged, of another byte order, or without labelled markers in a known unit.
    """
    try:
        return _parse(content, source)
    except InputError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError, struct.error) as error:
        raise InputError(f"{source}: not a readable C3D file, it is truncated or foreign") from error


def _parse(content: bytes, source: str) -> Markers:
    if content[1] != _KEY:
        raise ValueError("no C3D file")
    points, analog, first, last = struct.unpack_from("<4H", content, 2)
    scale, block, _, rate = struct.unpack_from("<fHHf", content, 12)
    values = _parameters(content, (content[0] - 1) * _BLOCK, source)
    unit = _text(values.get("POINT:UNITS", np.array([b"mm"]))).lower()
    if unit not in _METRES:
        raise InputError(f"{source}: POINT:UNITS must be {', '.join(_METRES)}, got {unit!r:.20}")
    labels = [text for name in ("POINT:LABELS", "POINT:LABELS2") for text in _texts(values.get(name))][:points]
    if not labels:
        raise InputError(f"{source}: must have labelled markers, got {points} points without labels")
    if last == _LONGEST and "TRIAL:ACTUAL_END_FIELD" in values:
        first, last = (int(values[f"TRIAL:ACTUAL_{end}_FIELD"] @ [1, 2**16]) for end in ("START", "END"))
    kind, frames = np.dtype("<f4" if scale < 0 else "<i2"), last - first + 1
    if frames < 1 or points < 1:
        raise ValueError("nothing recorded")
    table = np.frombuffer(content, kind, frames * (4 * points + analog), (block - 1) * _BLOCK).reshape(frames, -1)
    with np.errstate(invalid="ignore"):  # of damaged numbers, which are gaps below
        table = table[:, : 4 * points].reshape(frames, points, 4)[:, : len(labels)].astype(np.float64)
    places, residuals = table[..., :3] * (1.0 if scale < 0 else scale), table[..., 3]
    seen = (residuals >= 0) & np.isfinite(places).all(-1) & places.any(-1)
    places = np.where(seen[..., None], places * _METRES[unit], np.nan)
    return Markers(tuple(label.split(":")[-1].strip().upper() for label in labels), places, float(rate))


def _parameters(content: bytes, start: int, source: str) -> dict[str, np.ndarray]:
    """Return all parameters by GROUP:NAME."""
    if content[start + 3] != _INTEL:
        raise InputError(
            f"{source}: must be in the byte order of Intel, got processor {content[start + 3]}; save it again"
        )
    groups: dict[int, str] = {}
    found: list[tuple[int, str, np.ndarray]] = []
    place = start + 4
    while True:
        length, group = struct.unpack_from("<bb", content, place)
        if length == 0:
            break
        name = content[place + 2 : place + 2 + abs(length)].decode("latin-1").upper()
        place += 2 + abs(length)
        (step,) = struct.unpack_from("<H", content, place)
        if group < 0:
            groups[-group] = name
        else:
            found.append((group, name, _value(content, place + 2)))
        if step == 0:
            break
        place += step
    return {f"{groups.get(group, '')}:{name}": value for group, name, value in found}


def _value(content: bytes, place: int) -> np.ndarray:
    """Return a parameter's value; the first dimension of text is the length of a word."""
    kind, dimensions = struct.unpack_from("<bB", content, place)
    shape = list(content[place + 2 : place + 2 + dimensions])
    if kind == -1:
        width, count = (shape or [1])[0], int(np.prod(shape[1:]))
        return np.array([content[place + 2 + dimensions :][n * width : (n + 1) * width] for n in range(count)])
    return np.frombuffer(content, _KINDS[kind], int(np.prod(shape)), place + 2 + dimensions)


def _texts(values: np.ndarray | None) -> list[str]:
    """Return words without what cannot be printed, since labels stand in errors."""
    words = [] if values is None else [bytes(value).decode("latin-1") for value in values]
    return ["".join(filter(str.isprintable, word)).strip() for word in words]


def _text(values: np.ndarray) -> str:
    return (_texts(values) or [""])[0]
