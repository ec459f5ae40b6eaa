"""Read the 22 joints of any humanoid BVH file: `read_bvh`. `bvh_write` writes them."""

from __future__ import annotations

from pathlib import Path

from kinmo_core.files import read_bytes
from kinmo_core.io.bvh_parse import parse_bvh
from kinmo_core.io.bvh_text import decode_text
from kinmo_core.io.cgspeed import is_cgspeed, repair
from kinmo_core.io.person import Note, read_person
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions


def read_bvh(path: Path | str, options: ReadOptions | None = None, *, note: Note | None = None) -> Motion:
    """Read the 22 joints of a BVH file, found by the names and the tree of its joints.

    Args:
        path: of the file.
        options: what the user says of the file; by default all is found from it.
        note: called with one line that says what was found and derived.

    Raises:
        InputError: unreadable or malformed (with the line), no human skeleton (with a map file to fill in), no human size,
            or an up axis that cannot be told.
    """
    source, options = str(path), options or ReadOptions()
    bvh = parse_bvh(decode_text(read_bytes(path), source=source), source=source, fps=options.fps)
    known = repair(bvh) if is_cgspeed(bvh) else None
    return read_person(bvh, options, fps=_frame_rate(bvh.frame_time), source=source, note=note, known=known)


def _frame_rate(frame_time: float) -> float:
    """Return frames per second, rounded if close to a whole number, since files round their frame time (.0083333)."""
    rate = 1 / frame_time
    return float(round(rate)) if abs(rate - round(rate)) < 1e-4 * rate else rate
