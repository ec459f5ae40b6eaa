"""Parse the text of a BVH file into a tree of joints; any hierarchy, any channels in any order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np
from scipy.spatial.transform import Rotation

from kinmo_core.errors import InputError

_CHANNEL: Final = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)


@dataclass
class Bvh:
    """Content of a BVH file, in its own unit, angles in degrees; joints in the order of the file.

    Args:
        names: of the joints; End Sites carry no motion and are left out.
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

    def positions(self) -> np.ndarray:
        """Compute joint positions (frames, joints, 3) by forward kinematics, in the unit of the file.

        Rotations apply in the order of the channels, R = R_first R_second R_third. A position channel replaces that
        component of OFFSET, as in Blender.
        """
        places: list[np.ndarray] = []
        world: list[Rotation] = []
        column = 0
        for parent, offset, channels in zip(self.parents, self.offsets, self.channels, strict=True):
            columns = self.values[:, column : column + len(channels)]
            column += len(channels)
            shift, turn = _local(np.array(offset), channels, columns)
            places.append(shift if parent < 0 else places[parent] + world[parent].apply(shift))
            world.append(turn if parent < 0 else world[parent] * turn)
        return np.stack(places, axis=1)


def parse_bvh(text: str, *, source: str = "BVH") -> Bvh:
    """Parse the text of a BVH file.

    Args:
        text: the whole file.
        source: name of the file in errors.

    Raises:
        InputError: malformed text; names `source`, the line and the fault.
    """
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.strip().upper() == "MOTION"), None)
    if start is None:
        raise InputError(f"{source}: no MOTION block; the file is truncated or not a BVH file")
    bvh = _Hierarchy(lines[:start], source).read()
    _read_motion(bvh, lines, start, source)
    return bvh


def _local(offset: np.ndarray, channels: list[tuple[str, str]], values: np.ndarray) -> tuple[np.ndarray, Rotation]:
    """Return translation (T, 3) and rotation (T) of one joint relative to its parent."""
    shift = np.repeat(offset[None], len(values), axis=0)
    turning = [n for n, (_, kind) in enumerate(channels) if kind == "rotation"]
    for n, (axis, kind) in enumerate(channels):
        if kind == "position":
            shift[:, "XYZ".index(axis)] = values[:, n]
    if not turning:
        return shift, Rotation.identity(len(values))
    return shift, Rotation.from_euler("".join(channels[n][0] for n in turning), values[:, turning], degrees=True)


class _Hierarchy:
    """Reads the HIERARCHY block word by word, since braces may stand anywhere on a line."""

    def __init__(self, lines: list[str], source: str) -> None:
        self.source, self.line = source, 1
        self.words = self._words(lines)
        self.bvh = Bvh()

    def read(self) -> Bvh:
        self._expect("HIERARCHY")
        open_joints: list[int] = []  # the joint of each open brace, -1 for an End Site
        for word in self.words:
            match word.upper():
                case "ROOT" | "JOINT":
                    open_joints.append(self._joint(open_joints[-1] if open_joints else -1))
                case "END":
                    next(self.words, "")  # "Site", or the name some programs write here
                    self._expect("{")
                    open_joints.append(-1)
                case "OFFSET" if open_joints:
                    self._offset(open_joints[-1])
                case "CHANNELS" if open_joints and open_joints[-1] >= 0:
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
        self.bvh.names.append(next(self.words, ""))
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
        if joint >= 0:
            self.bvh.offsets[joint] = numbers

    def _channels(self, joint: int) -> None:
        count = next(self.words, "")
        if not count.isdigit():
            self._fail(f"CHANNELS wants a count first, got {count!r}")
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


def _read_motion(bvh: Bvh, lines: list[str], start: int, source: str) -> None:
    """Fill in frame time and values from the lines after `lines[start]`, the word MOTION."""
    content = [(number, line.strip()) for number, line in enumerate(lines[start + 1 :], start + 2) if line.strip()]
    frames = _header(content, 0, r"Frames\s*:\s*(\d+)", "'Frames: COUNT'", source)
    bvh.frame_time = _header(content, 1, r"Frame\s+Time\s*:\s*([-+.\deE]+)", "'Frame Time: SECONDS'", source)
    if bvh.frame_time <= 0:
        raise InputError(f"{source}, line {content[1][0]}: Frame Time must be positive, got {bvh.frame_time:g}")
    rows = content[2:]
    if len(rows) != frames or frames == 0:
        last = content[-1][0]
        raise InputError(f"{source}, line {last}: {int(frames)} frames are declared, the MOTION block has {len(rows)}")
    width = sum(map(len, bvh.channels))
    for number, row in rows:
        if row.count(" ") + row.count("\t") + 1 != width and len(row.split()) != width:
            raise InputError(f"{source}, line {number}: wanted {width} numbers, one a channel, got {len(row.split())}")
    bvh.values = _numbers(rows, source).reshape(len(rows), width)


def _header(content: list[tuple[int, str]], index: int, pattern: str, wanted: str, source: str) -> float:
    number, line = content[index] if index < len(content) else (content[-1][0] if content else 0, "the end of the file")
    match = re.fullmatch(pattern, line, re.IGNORECASE)
    try:
        return float(match[1]) if match else float("x")
    except ValueError:
        raise InputError(f"{source}, line {number}: wanted {wanted} in the MOTION block, got {line!r}") from None


def _numbers(rows: list[tuple[int, str]], source: str) -> np.ndarray:
    try:
        values = np.array([row.split() for _, row in rows], dtype=np.float64)
        if np.isfinite(values).all():
            return values
    except ValueError:
        pass
    for number, row in rows:
        for word in row.split():
            if not _is_finite(word):
                raise InputError(f"{source}, line {number}: {word!r} is not a finite number")
    raise AssertionError("every word is a number, yet the block is not")


def _is_finite(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
