"""Read the 22 joints of any humanoid BVH file: `read_bvh`. `bvh_write` writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from kinmo_core.files import read_bytes
from kinmo_core.io.bvh_parse import END_SITE, Bvh, parse_bvh
from kinmo_core.io.bvh_text import decode_text
from kinmo_core.io.cgspeed import is_cgspeed, repair
from kinmo_core.io.joint_map import check_body, check_complete, read_map
from kinmo_core.io.placement import Builder, Placement
from kinmo_core.io.recognise import recognise
from kinmo_core.io.rest_pose import starts_with_rest
from kinmo_core.io.toes import Poses, add_toes
from kinmo_core.io.upright import check_size, find_scale, find_up, leg_length, standing_up, turn_up
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions

_SAMPLES: Final = 256  # frames that tell proportions, unit and up axis
_BLOCK: Final = 4096  # frames posed at a time, so that memory does not grow with fingers times frames
Note = Callable[[str], None]


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
    names = [name for name in bvh.names if not name.endswith(END_SITE)]
    found = recognise(bvh.names, bvh.parents, np.array(bvh.offsets))
    if is_cgspeed(bvh):
        found = {joint: number for joint, number in found.items() if "spine" not in joint} | repair(bvh)
    if options.joint_map is not None:
        found |= {joint: bvh.names.index(names[index]) for joint, index in read_map(options.joint_map, names).items()}
    check_complete(found, bvh.names, source=source)
    view = _look(bvh, found, options, source)
    joints = view.joints(bvh)
    drop = options.drop_rest == "yes" or (options.drop_rest == "auto" and starts_with_rest(joints))
    if note is not None:
        note(view.summary(bvh, source, drop=drop))
    joints = joints[1:] if drop and len(joints) > 1 else joints
    return Motion(torch.from_numpy(joints), fps=_frame_rate(bvh.frame_time))


@dataclass(frozen=True)
class _View:
    """How the joints of a file become metres with y up.

    Args:
        placement: of the 22 joints.
        up: axis of the file.
        scale: metres per unit of the file.
        unit: its name.
        leg: length of thigh and shin, metres.
    """

    placement: Placement
    up: str
    scale: float
    unit: str
    leg: float

    def joints(self, bvh: Bvh) -> np.ndarray:
        """Return the 22 joints of all frames, (T, 22, 3), metres, y up."""
        turn = turn_up(self.up).T * self.scale
        starts = range(0, len(bvh), _BLOCK)
        return np.concatenate([self.placement.place(*bvh.pose(slice(n, n + _BLOCK))) @ turn for n in starts])

    def summary(self, bvh: Bvh, source: str, *, drop: bool) -> str:
        """Return one line on what was found."""
        facts = [f"{self.up} is up", f"in {self.unit}, legs of {self.leg:.2f} m", f"{1 / bvh.frame_time:.4g} fps"]
        if drop:
            facts.append("the first frame, a rest pose, is dropped")
        if self.placement.derived:
            facts.append(f"derived: {', '.join(self.placement.derived)}")
        return f"{source}: {'; '.join(facts)}"


def _look(bvh: Bvh, found: dict[str, int], options: ReadOptions, source: str) -> _View:
    """Find placement, up axis and unit from frames spread over the clip."""
    frames = np.unique(np.linspace(0, len(bvh) - 1, _SAMPLES).astype(int))
    positions, rotations = bvh.pose(frames)
    placement = Builder(found, bvh.end_sites, positions).build()
    joints = placement.place(positions, rotations)
    leg = leg_length(joints)
    scale, unit = (
        (options.scale, f"units of {options.scale:.4g} m") if options.scale else find_scale(leg, source=source)
    )
    check_size(leg * scale, source=source)
    check_body(joints, found, bvh.names, source=source)
    rest = bvh.rest()[None], np.tile(np.eye(3), (1, len(bvh.names), 1, 1))
    rest_joints = placement.place(*rest)[0]
    up = options.up or find_up(joints, rest_joints, source=source)
    clip, rest_up = Poses(positions, rotations, turn_up(up)[1]), standing_up(rest_joints)
    standing = Poses(*rest, turn_up(rest_up)[1]) if rest_up else None
    placement = add_toes(placement, found, bvh.end_sites, clip, standing)
    return _View(placement, up, scale, unit, leg * scale)


def _frame_rate(frame_time: float) -> float:
    """Return frames per second, rounded if close to a whole number, since files round their frame time (.0083333)."""
    rate = 1 / frame_time
    return float(round(rate)) if abs(rate - round(rate)) < 1e-4 * rate else rate
