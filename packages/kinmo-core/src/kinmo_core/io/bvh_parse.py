"""Parse a BVH file into a tree of joints with a table of channels, and pose it; any hierarchy, any order of channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.io.bvh_text import LARGEST, read_table

END_SITE: Final = " End Site"
_CHANNEL: Final = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)
_MAX_CHANNELS: Final = 6  # of a joint: three positions and three rotations
_MAX_JOINTS: Final = 1000  # a body with fingers and face has about 200


@dataclass
class Bvh:
    """Content of a BVH file, in its own unit, angles in degrees; joints in the order of the file.

    Args:
        names: of the joints; an End Site is a joint without channels, named after the joint that it ends ("Head End Site").
        parents: index of each joint's parent, -1 for a root.
        offsets: xyz from the parent.
        channels: of each joint, as (axis "X", "Y" or "Z", "position" or "rotation").
        frame_time: seconds.
        values: (frames, channels of all joints).
    """

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    channels: list[list[tuple[str, str]]] = field(default_factory=list)
    frame_time: float = 0.0
    values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def end_sites(self) -> dict[int, int]:
        """End Site of each joint that has one."""
        return {self.parents[joint]: joint for joint, name in enumerate(self.names) if name.endswith(END_SITE)}

    def rest(self) -> np.ndarray:
        """Return joint positions (joints, 3) with all rotations zero, the root at the origin."""
        places: list[np.ndarray] = []
        for parent, offset in zip(self.parents, self.offsets, strict=True):
            places.append(places[parent] + offset if parent >= 0 else np.zeros(3))
        return np.stack(places)

    def pose(self, frames: slice | np.ndarray = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Compute joint positions (frames, joints, 3) and world rotations (frames, joints, 3, 3) by forward kinematics.

        Rotations apply in the order of the channels, R = R_first R_second R_third. A position channel replaces that
        component of OFFSET, as in Blender.
        """
        values = self.values[frames]
        places = np.empty((len(values), len(self.names), 3))
        world = np.empty((len(values), len(self.names), 3, 3))
        column = 0
        for joint, (parent, channels) in enumerate(zip(self.parents, self.channels, strict=True)):
            columns = values[:, column : column + len(channels)]
            column += len(channels)
            shift, turn = _local(np.array(self.offsets[joint]), channels, columns)
            if parent < 0:
                places[:, joint], world[:, joint] = shift, turn if turn is not None else np.eye(3)
                continue
            above = world[:, parent]
            places[:, joint] = places[:, parent] + (above @ shift[:, :, None])[:, :, 0]
            world[:, joint] = above if turn is None else above @ turn
        return places, world

    def positions(self) -> np.ndarray:
        """Compute joint positions (frames, joints, 3) by forward kinematics, in the unit of the file."""
        return self.pose()[0]


def parse_bvh(text: str, *, source: str = "BVH", fps: float | None = None) -> Bvh:
    """Parse the text of a BVH file.

    Args:
        text: the whole file.
        source: name of the file in errors.
        fps: frames per second in place of those of the file.

    Raises:
        InputError: malformed text; names `source`, the line and the fault.
    """
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.strip().upper() == "MOTION"), None)
    if start is None:
        raise InputError(f"{source}: no MOTION block; the file is truncated or not a BVH file")
    bvh = _Hierarchy(lines[:start], source).read()
    content = [(number, line.strip()) for number, line in enumerate(lines[start + 1 :], start + 2)]
    width = sum(map(len, bvh.channels))
    bvh.frame_time, bvh.values = read_table([line for line in content if line[1]], width, source=source, fps=fps)
    return bvh


def _local(
    offset: np.ndarray, channels: list[tuple[str, str]], values: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return translation (T, 3) and rotation (T, 3, 3), None for no rotation, of one joint relative to its parent."""
    shift = np.repeat(offset[None], len(values), axis=0)
    turn: np.ndarray | None = None
    for n, (axis, kind) in enumerate(channels):
        if kind == "position":
            shift[:, "XYZ".index(axis)] = values[:, n]
        else:
            step = _rotation(axis, np.deg2rad(values[:, n]))
            turn = step if turn is None else turn @ step
    return shift, turn


def _rotation(axis: str, angles: np.ndarray) -> np.ndarray:
    """Return rotations (T, 3, 3) about one axis by angles (T,), radians."""
    one = "XYZ".index(axis)
    two, three = (one + 1) % 3, (one + 2) % 3
    out = np.zeros((len(angles), 3, 3))
    out[:, one, one] = 1.0
    out[:, two, two] = out[:, three, three] = np.cos(angles)
    out[:, three, two] = np.sin(angles)
    out[:, two, three] = -out[:, three, two]
    return out


class _Hierarchy:
    """Reads the HIERARCHY block word by word, since braces may stand anywhere on a line."""

    def __init__(self, lines: list[str], source: str) -> None:
        self.source, self.line = source, 1
        self.words = self._words(lines)
        self.bvh = Bvh()

    def read(self) -> Bvh:
        self._expect("HIERARCHY")
        open_joints: list[int] = []  # the joint of each open brace
        for word in self.words:
            match word.upper():
                case "ROOT" | "JOINT":
                    open_joints.append(self._joint(open_joints[-1] if open_joints else -1))
                case "END" if open_joints:
                    next(self.words, "")  # "Site", or the name some programs write here
                    open_joints.append(self._end_site(open_joints[-1]))
                case "OFFSET" if open_joints:
                    self._offset(open_joints[-1])
                case "CHANNELS" if open_joints:
                    self._channels(open_joints[-1])
                case "}" if open_joints:
                    open_joints.pop()
                case _:
                    self._fail(f"did not expect {word!r} in the HIERARCHY block")
        if open_joints or not self.bvh.names:
            self._fail("the HIERARCHY block ends too early" if open_joints else "the HIERARCHY block has no ROOT")
        return self.bvh

    def _words(self, lines: list[str]) -> Iterator[str]:
        for self.line, line in enumerate(lines, 1):
            keyword, _, name = line.strip().partition(" ")
            if keyword.upper() in {"ROOT", "JOINT"} and name.strip(" {"):
                yield from (keyword, name.strip(" \t{"), *("{" * name.endswith("{")))  # names may contain spaces
            else:
                yield from re.findall(r"[{}]|[^\s{}]+", line)

    def _joint(self, parent: int) -> int:
        return self._add(next(self.words, ""), parent)

    def _end_site(self, parent: int) -> int:
        return self._add(f"{self.bvh.names[parent]}{END_SITE}", parent)

    def _add(self, name: str, parent: int) -> int:
        if len(self.bvh.names) == _MAX_JOINTS:
            self._fail(f"a skeleton must have at most {_MAX_JOINTS} joints, got more")
        self.bvh.names.append(name)
        self.bvh.parents.append(parent)
        self.bvh.offsets.append([0.0, 0.0, 0.0])
        self.bvh.channels.append([])
        self._expect("{")
        return len(self.bvh.names) - 1

    def _offset(self, joint: int) -> None:
        words = [next(self.words, "") for _ in range(3)]
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            self._fail(f"OFFSET wants three numbers, got {' '.join(words)!r}")
        if not all(abs(number) <= LARGEST for number in numbers):
            self._fail(f"OFFSET wants numbers up to {LARGEST:g}, got {' '.join(words)!r}")
        self.bvh.offsets[joint] = numbers

    def _channels(self, joint: int) -> None:
        count = next(self.words, "")
        if not count.isdecimal():
            self._fail(f"CHANNELS wants a count first, got {count!r}")
        if int(count) > _MAX_CHANNELS:
            self._fail(f"{self.bvh.names[joint]} has {count} CHANNELS, at most {_MAX_CHANNELS} can be")
        channels = []
        for _ in range(int(count)):
            word = next(self.words, "")
            match = _CHANNEL.fullmatch(word)
            if match is None:
                self._fail(f"{self.bvh.names[joint]} has {count} CHANNELS, got {word!r} where a channel name is wanted")
            channels.append((match[1].upper(), match[2].lower()))
        if len(set(channels)) < len(channels):
            self._fail(f"{self.bvh.names[joint]} names a channel twice")
        self.bvh.channels[joint] = channels

    def _expect(self, wanted: str) -> None:
        word = next(self.words, "the end of the block")
        if word.upper() != wanted:
            self._fail(f"wanted {wanted}, got {word!r}")

    def _fail(self, problem: str) -> NoReturn:
        raise InputError(f"{self.source}, line {self.line}: {problem}")
