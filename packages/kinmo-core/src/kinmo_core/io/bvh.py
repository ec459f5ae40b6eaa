"""Read the 22 joints of any humanoid BVH file: `read_bvh`. `bvh_write` writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.files import read_bytes
from kinmo_core.io.bvh_parse import Bvh, parse_bvh
from kinmo_core.io.bvh_text import decode_text
from kinmo_core.io.cgspeed import is_cgspeed, repair
from kinmo_core.io.joint_map import check_body, check_complete, read_map
from kinmo_core.io.placement import Builder, Placement
from kinmo_core.io.recognise import recognise
from kinmo_core.io.rest_pose import starts_with_rest
from kinmo_core.io.toes import Poses, add_toes
from kinmo_core.io.upright import Standing, check_size, find_scale, find_up, leg_length, stand, standing_up, turn_up
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.retarget import TRUNK, Rest, retarget

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
    given = read_map(options.joint_map, bvh.names) if options.joint_map else {}
    found = recognise(bvh.names, bvh.parents, np.array(bvh.offsets), given)
    if is_cgspeed(bvh):
        found = {joint: number for joint, number in found.items() if "spine" not in joint} | repair(bvh) | given
    check_complete(found, bvh.names, source=source)
    view = _look(bvh, found, options, source)
    joints, turns = view.joints(bvh, with_turns=options.body == "humanml3d")
    drop = len(joints) > 1 and (
        options.drop_rest == "yes" or (options.drop_rest == "auto" and starts_with_rest(joints))
    )
    if note is not None:
        note(view.summary(bvh, source, drop=drop))
    joints, turns = torch.from_numpy(joints[drop:]), torch.from_numpy(turns[drop:])
    if options.body == "humanml3d":
        joints = retarget(joints, view.rest(turns))
    return Motion(joints, fps=_frame_rate(bvh.frame_time))


@dataclass(frozen=True)
class _View:
    """How the joints of a file become metres with y up.

    Args:
        placement: of the 22 joints.
        up: axis of the file.
        scale: metres per unit of the file.
        unit: its name.
        leg: length of thigh and shin, metres.
        carriers: the joint of the file that turns each part of the trunk and each foot.
        standing: the rest pose.
    """

    placement: Placement
    up: str
    scale: float
    unit: str
    leg: float
    carriers: dict[str, int]
    standing: Standing

    def joints(self, bvh: Bvh, *, with_turns: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the 22 joints of all frames, (T, 22, 3) float32, metres, y up, and the turns of `carriers`, (T, n, 3, 3).

        Without turns, n is 0.
        """
        carriers = list(self.carriers.values()) if with_turns else []
        turn, places, turns = turn_up(self.up), [], []
        for start in range(0, len(bvh), _BLOCK):
            positions, rotations = bvh.pose(slice(start, start + _BLOCK))
            places.append((self.placement.place(positions, rotations) @ turn.T * self.scale).astype(np.float32))
            turns.append(turn @ rotations[:, carriers] @ self.standing.axes)
        return np.concatenate(places), np.concatenate(turns)

    def rest(self, turns: Tensor) -> Rest | None:
        """Return what retargeting needs to know of the rest pose; None if the person does not stand in it."""
        if not self.standing.stands:
            return None
        by_name = dict(zip(self.carriers, turns.unbind(1), strict=True))
        return Rest(torch.from_numpy(self.standing.joints * self.scale), by_name)

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
    up = options.up or find_up(joints, placement.place(*rest)[0], source=source)
    rest_up = standing_up(placement.place(*rest)[0])
    standing = Poses(*rest, turn_up(rest_up)[1]) if rest_up else None
    placement = add_toes(placement, found, bvh.end_sites, Poses(positions, rotations, turn_up(up)[1]), standing)
    pose = stand(placement.place(*rest)[0], rest_up)
    return _View(placement, up, scale, unit, leg * scale, _carriers(bvh, found), pose)


def _carriers(bvh: Bvh, found: dict[str, int]) -> dict[str, int]:
    """Return the joint of the file that turns each part of the trunk and each foot.

    A missing vertebra turns with the one below it, whose bone it divides; the chest with the joint from which the arms hang,
    unless that is the neck, and the head with the joint above which it lies.
    """
    out = {"pelvis": found["pelvis"]}
    for below, name in pairwise(TRUNK):
        out[name] = found.get(name, out[below])
    above = bvh.parents[found.get("left_collar", found["left_shoulder"])]
    out["spine3"] = out["spine3"] if above == found.get("neck") else above
    out["neck"] = bvh.parents[found["head"]] if "head" in found else found["neck"]
    return out | {name: found[name] for name in ("left_ankle", "right_ankle")}


def _frame_rate(frame_time: float) -> float:
    """Return frames per second, rounded if close to a whole number, since files round their frame time (.0083333)."""
    rate = 1 / frame_time
    return float(round(rate)) if abs(rate - round(rate)) < 1e-4 * rate else rate
