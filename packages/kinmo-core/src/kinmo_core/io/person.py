"""Read the 22 joints of any humanoid tree of joints that moves, whatever file holds it: `read_person`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from kinmo_core.io.joint_map import check_body, check_complete, read_map
from kinmo_core.io.placement import Builder, Placement
from kinmo_core.io.recognise import recognise
from kinmo_core.io.rest_pose import starts_with_rest
from kinmo_core.io.toes import Poses, add_toes
from kinmo_core.io.upright import (
    Standing,
    Unit,
    check_size,
    find_scale,
    find_up,
    leg_length,
    stand,
    standing_up,
    turn_up,
)
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.retarget import TRUNK, Rest, retarget

_SAMPLES: Final = 256  # frames that tell proportions, unit and up axis
_BLOCK: Final = 4096  # frames posed at a time, so that memory does not grow with fingers times frames
Note = Callable[[str], None]


@runtime_checkable
class Tree(Protocol):
    """Joints of a file, parents before children, and their motion, in the unit and axes of the file."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the joints."""
        ...

    @property
    def parents(self) -> Sequence[int]:
        """Index of each joint's parent, -1 for a root."""
        ...

    @property
    def end_sites(self) -> Mapping[int, int]:
        """Joint that marks the tip of a joint, for each joint that has one."""
        ...

    def __len__(self) -> int:
        """Return the number of frames."""
        ...

    def rest(self) -> np.ndarray:
        """Return joint positions (joints, 3) of the rest pose."""
        ...

    def pose(self, frames: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions (frames, joints, 3), and rotations (frames, joints, 3, 3) from the rest pose."""
        ...


def read_person(
    tree: Tree,
    options: ReadOptions,
    *,
    fps: float,
    source: str,
    note: Note | None = None,
    known: Mapping[str, int] | None = None,
    unit: Unit | None = None,
) -> Motion:
    """Read the 22 joints of a tree, found by the names and the tree of its joints.

    Args:
        tree: the joints of the file.
        options: what the user says of the file; by default all is found from it.
        fps: frames per second.
        source: name of the file in errors.
        note: called with one line that says what was found and derived.
        known: joints of this kind of file in place of those that its names suggest; with them go all of the spine.
        unit: metres per unit as the file declares it, and its name; taken if the legs have a usual length in it.

    Raises:
        InputError: no human skeleton (with a map file to fill in), no human size, or an up axis that cannot be told.
    """
    given = read_map(options.joint_map, tree.names) if options.joint_map else {}
    found = recognise(tree.names, tree.parents, _offsets(tree), given)
    if known:
        found = {joint: number for joint, number in found.items() if "spine" not in joint} | dict(known) | given
    check_complete(found, tree.names, source=source)
    view = _look(tree, found, options, unit, source)
    joints, turns = view.joints(tree, with_turns=options.body == "humanml3d")
    drop = len(joints) > 1 and (
        options.drop_rest == "yes" or (options.drop_rest == "auto" and starts_with_rest(joints))
    )
    if note is not None:
        note(view.summary(fps, source, drop=drop))
    joints, turns = torch.from_numpy(joints[drop:]), torch.from_numpy(turns[drop:])
    if options.body == "humanml3d":
        joints = retarget(joints, view.rest(turns))
    return Motion(joints, fps=fps)


def _offsets(tree: Tree) -> np.ndarray:
    """Return the vector (joints, 3) from the parent of each joint at rest, zero for a root."""
    rest = tree.rest()
    above = [parent if parent >= 0 else joint for joint, parent in enumerate(tree.parents)]
    return rest - rest[above]


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

    def joints(self, tree: Tree, *, with_turns: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the 22 joints of all frames, (T, 22, 3) float32, metres, y up, and the turns of `carriers`, (T, n, 3, 3).

        Without turns, n is 0.
        """
        carriers = list(self.carriers.values()) if with_turns else []
        turn, places, turns = turn_up(self.up), [], []
        for start in range(0, len(tree), _BLOCK):
            positions, rotations = tree.pose(slice(start, start + _BLOCK))
            places.append((self.placement.place(positions, rotations) @ turn.T * self.scale).astype(np.float32))
            turns.append(turn @ rotations[:, carriers] @ self.standing.axes)
        return np.concatenate(places), np.concatenate(turns)

    def rest(self, turns: Tensor) -> Rest | None:
        """Return what retargeting needs to know of the rest pose; None if the person does not stand in it."""
        if not self.standing.stands:
            return None
        by_name = dict(zip(self.carriers, turns.unbind(1), strict=True))
        return Rest(torch.from_numpy(self.standing.joints * self.scale), by_name)

    def summary(self, fps: float, source: str, *, drop: bool) -> str:
        """Return one line on what was found."""
        facts = [f"{self.up} is up", f"in {self.unit}, legs of {self.leg:.2f} m", f"{fps:.4g} fps"]
        if drop:
            facts.append("the first frame, a rest pose, is dropped")
        if self.placement.derived:
            facts.append(f"derived: {', '.join(self.placement.derived)}")
        return f"{source}: {'; '.join(facts)}"


def _look(tree: Tree, found: dict[str, int], options: ReadOptions, declared: Unit | None, source: str) -> _View:
    """Find placement, up axis and unit from frames spread over the clip."""
    frames = np.unique(np.linspace(0, len(tree) - 1, _SAMPLES).astype(int))
    positions, rotations = tree.pose(frames)
    placement = Builder(found, tree.end_sites, positions).build()
    joints = placement.place(positions, rotations)
    leg = leg_length(joints)
    scale, unit = (
        (options.scale, f"units of {options.scale:.4g} m")
        if options.scale
        else find_scale(leg, declared, source=source)
    )
    check_size(leg * scale, source=source)
    check_body(joints, found, tree.names, source=source)
    rest = tree.rest()[None], np.tile(np.eye(3), (1, len(tree.names), 1, 1))
    up = options.up or find_up(joints, placement.place(*rest)[0], source=source)
    rest_up = standing_up(placement.place(*rest)[0])
    standing = Poses(*rest, turn_up(rest_up)[1]) if rest_up else None
    placement = add_toes(placement, found, tree.end_sites, Poses(positions, rotations, turn_up(up)[1]), standing)
    pose = stand(placement.place(*rest)[0], rest_up)
    return _View(placement, up, scale, unit, leg * scale, _carriers(tree, found), pose)


def _carriers(tree: Tree, found: dict[str, int]) -> dict[str, int]:
    """Return the joint of the file that turns each part of the trunk and each foot.

    A missing vertebra turns with the one below it, whose bone it divides; the chest with the joint from which the arms hang,
    unless that is the neck, and the head with the joint above which it lies.
    """
    out = {"pelvis": found["pelvis"]}
    for below, name in pairwise(TRUNK):
        out[name] = found.get(name, out[below])
    above = tree.parents[found.get("left_collar", found["left_shoulder"])]
    out["spine3"] = out["spine3"] if above == found.get("neck") else above
    out["neck"] = tree.parents[found["head"]] if "head" in found else found["neck"]
    return out | {name: found[name] for name in ("left_ankle", "right_ankle")}
