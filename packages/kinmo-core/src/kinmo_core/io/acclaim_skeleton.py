"""Parse the skeleton of Acclaim files (`.asf`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.io.bvh_text import LARGEST

ROOT: Final = "root"
_MAX_BONES: Final = 1000
_CHANNELS: Final = ("tx", "ty", "tz", "rx", "ry", "rz")
_SECTIONS: Final = ("version", "name", "units", "documentation", "root", "bonedata", "hierarchy", "skin")


@dataclass
class Bone:
    """A bone, or the root, which has no length.

    Args:
        name: of the bone.
        vector: (3,) from its start to its end at rest, in the axes of the skeleton.
        frame: (3, 3) C, the rotation of its axes.
        channels: what the motion gives, of "tx ty tz rx ry rz", in its order.
        parent: name of the bone at whose end it starts; "" for the root.
    """

    name: str
    vector: np.ndarray = field(default_factory=lambda: np.zeros(3))
    frame: np.ndarray = field(default_factory=lambda: np.eye(3))
    channels: tuple[str, ...] = ()
    parent: str = ""


@dataclass(frozen=True)
class Skeleton:
    """Content of an `.asf` file.

    Args:
        root: whose vector is its position.
        bones: parents before children.
        length: units to an inch, as the CMU recordings mean it.
    """

    root: Bone
    bones: tuple[Bone, ...]
    length: float


def parse_asf(text: str, *, source: str = "ASF") -> Skeleton:
    """Parse the text of an `.asf` file.

    Raises:
        InputError: malformed text; names `source`, the line and the fault.
    """
    return _Parser(text, source).read()


def rotation(axis: str, angles: np.ndarray) -> np.ndarray:
    """Return rotations (..., 3, 3) about "x", "y" or "z" by angles (...), radians."""
    one = "xyz".index(axis)
    two, three = (one + 1) % 3, (one + 2) % 3
    out = np.zeros((*angles.shape, 3, 3))
    out[..., one, one] = 1.0
    out[..., two, two] = out[..., three, three] = np.cos(angles)
    out[..., three, two] = np.sin(angles)
    out[..., two, three] = -out[..., three, two]
    return out


def turn(axes: Sequence[str], angles: np.ndarray) -> np.ndarray:
    """Return the rotation (..., 3, 3) about fixed axes one after another by angles (..., n), radians."""
    out = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for number, axis in enumerate(axes):
        out = rotation(axis, angles[..., number]) @ out
    return out


class _Parser:
    """Reads the sections of a file, each of which begins with a line such as `:root`."""

    def __init__(self, text: str, source: str) -> None:
        self.source, self.line = source, 0
        self.lines = [(number, line.split("#")[0].split()) for number, line in enumerate(text.splitlines(), 1)]
        self.degrees, self.length = True, 1.0
        self.bones: dict[str, Bone] = {}

    def read(self) -> Skeleton:
        sections = self._sections()
        self._units(sections["units"])
        root = self._root(sections["root"])
        self._bone_data(sections["bonedata"])
        if ROOT in self.bones:
            self._fail("a bone must not be named root")
        return Skeleton(root, self._hierarchy(sections["hierarchy"]), self.length)

    def _sections(self) -> dict[str, list[tuple[int, list[str]]]]:
        sections: dict[str, list[tuple[int, list[str]]]] = {name: [] for name in _SECTIONS}
        current: list[tuple[int, list[str]]] = []
        for line, words in self.lines:
            if words and words[0].startswith(":"):
                current = sections.get(words[0][1:].lower(), [])
            elif words:
                current.append((line, words))
        for name in ("root", "bonedata", "hierarchy"):
            if not sections[name]:
                raise InputError(f"{self.source}: no :{name} section; the file is truncated or not an ASF file")
        return sections

    def _units(self, lines: list[tuple[int, list[str]]]) -> None:
        for self.line, words in lines:
            match [word.lower() for word in words]:
                case ["length", _]:
                    self.length = self._numbers(words[1:], 1)[0]
                    if self.length <= 0:
                        self._fail(f"length must be positive, got {words[1]}")
                case ["angle", ("deg" | "rad") as unit]:
                    self.degrees = unit == "deg"
                case ["angle", *other]:
                    self._fail(f"angle must be deg or rad, got {' '.join(other)!r}")
                case _:
                    pass  # the mass says nothing of the motion

    def _root(self, lines: list[tuple[int, list[str]]]) -> Bone:
        root, order, orientation = Bone(ROOT), "xyz", np.zeros(3)
        for self.line, (keyword, *words) in lines:
            match keyword.lower():
                case "order":
                    root.channels = self._channels(words, _CHANNELS)
                case "axis":
                    order = self._order("".join(words))
                case "position":
                    root.vector = self._numbers(words, 3)
                case "orientation":
                    orientation = self._angles(words)
                case _:
                    pass
        root.frame = turn(order, orientation)
        return root

    def _bone_data(self, lines: list[tuple[int, list[str]]]) -> None:
        entry: dict[str, tuple[int, list[str]]] = {}
        for self.line, (keyword, *words) in lines:
            match keyword.lower():
                case "begin":
                    entry = {}
                case "end":
                    self._add(entry)
                case key:
                    entry[key] = self.line, words

    def _add(self, entry: dict[str, tuple[int, list[str]]]) -> None:
        """Add the bone of one `begin ... end`."""

        def words(key: str) -> list[str]:
            if key not in entry:
                self._fail(f"a bone must have a {key}")
            self.line, found = entry[key]
            return found

        name = " ".join(words("name"))
        if name in self.bones or len(self.bones) == _MAX_BONES:
            self._fail(f"there must be one bone {name!r} and at most {_MAX_BONES} bones")
        direction, length = self._numbers(words("direction"), 3), self._numbers(words("length"), 1)
        size = np.linalg.norm(direction)
        bone = Bone(name, direction / (size if size > 0 else 1.0) * length)
        if "axis" in entry:
            *angles, order = words("axis") or [""]
            bone.frame = turn(self._order(order), self._angles(angles))
        if "dof" in entry:
            bone.channels = self._channels(words("dof"), _CHANNELS[3:])
        self.bones[name] = bone

    def _hierarchy(self, lines: list[tuple[int, list[str]]]) -> tuple[Bone, ...]:
        """Return the bones that hang on the root, parents first."""
        below: dict[str, list[str]] = {}
        for self.line, (name, *children) in lines:
            if name.lower() in {"begin", "end"}:
                continue
            for child in children:
                if child not in self.bones or (name != ROOT and name not in self.bones):
                    self._fail(f"{name} and {child} must be bones of :bonedata")
                if self.bones[child].parent:
                    self._fail(f"{child} must hang on one bone, got {self.bones[child].parent} and {name}")
                self.bones[child].parent = name
            below.setdefault(name, []).extend(children)
        out: list[Bone] = []
        waiting = [ROOT]
        while waiting:
            children = below.get(waiting.pop(), [])
            out += [self.bones[child] for child in children]
            waiting += children
        if len(out) < len(self.bones):
            lost = next(name for name in self.bones if all(bone.name != name for bone in out))
            self._fail(f"every bone of :bonedata must hang on the root, {lost} does not")
        return tuple(out)

    def _numbers(self, words: list[str], count: int) -> np.ndarray:
        try:
            numbers = np.array([float(word) for word in words])
        except ValueError:
            numbers = np.zeros(0)
        if len(numbers) != count or not (np.abs(numbers) <= LARGEST).all():
            self._fail(f"wanted {count} numbers up to {LARGEST:g}, got {' '.join(words)!r:.60}")
        return numbers

    def _angles(self, words: list[str]) -> np.ndarray:
        angles = self._numbers(words, 3)
        return np.deg2rad(angles) if self.degrees else angles

    def _order(self, word: str) -> str:
        if sorted(word.lower()) != list("xyz"):
            self._fail(f"the order of axes must name X, Y and Z once each, as XYZ, got {word!r:.60}")
        return word.lower()

    def _channels(self, words: list[str], allowed: Sequence[str]) -> tuple[str, ...]:
        channels = tuple(word.lower() for word in words)
        if not set(channels) <= set(allowed) or len(set(channels)) < len(channels):
            self._fail(f"channels must be of {', '.join(allowed)}, each once, got {' '.join(words)!r:.60}")
        return channels

    def _fail(self, problem: str) -> NoReturn:
        raise InputError(f"{self.source}, line {self.line}: {problem}")
