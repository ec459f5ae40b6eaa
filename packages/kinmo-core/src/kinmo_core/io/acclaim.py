"""Read Acclaim files, the format of the CMU recordings: a skeleton (`.asf`) and its motion (`.amc`).

A bone runs from the end of its parent along `direction` times `length`, in the axes of the skeleton at rest. It turns by
C M C^-1, with C the angles of its `axis` and M those of its `dof` in the motion; of both, what is named first turns first.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.files import read_bytes
from kinmo_core.io.acclaim_skeleton import ROOT, Bone, Skeleton, parse_asf, turn
from kinmo_core.io.bvh_parse import END_SITE
from kinmo_core.io.bvh_text import Line, decode_text, read_numbers
from kinmo_core.io.cgspeed import SKULL, skull_above
from kinmo_core.io.kinematics import chain
from kinmo_core.io.person import Note, read_person
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions

_FPS: Final = 120.0  # of nearly all CMU recordings; the files do not say it
_INCH: Final = 0.0254  # m
_CMU: Final = {  # the head starts at the base of the skull, where HumanML3D has its neck; the forearm is radius and wrist
    "pelvis": ROOT, "spine1": "upperback", "spine2": "thorax", "neck": "head", "head": SKULL, "left_wrist": "lhand",
    "right_wrist": "rhand",
}  # fmt: skip
_BELOW_SKULL: Final = "upperneck"


def read_amc(path: Path | str, options: ReadOptions | None = None, *, note: Note | None = None) -> Motion:
    """Read the 22 joints of an `.amc` file and its skeleton.

    The skeleton is `options.skeleton`, or lies beside the file with the same stem or the part of it before the last "_", as
    CMU's 01_05.amc and 01.asf. A `.amc` names no frame rate: it is 120 fps, with a `DataWarning`, unless options say it.

    Args:
        path: of the motion.
        options: what the user says of the files; by default all is found from them.
        note: called with one line that says what was found and derived.

    Raises:
        InputError: no skeleton, unreadable or malformed (with the line), no human skeleton (with a map file to fill in), no
            human size, or an up axis that cannot be told.
    """
    source, options = str(path), options or ReadOptions()
    beside = options.skeleton or _skeleton_of(Path(path))
    skeleton = parse_asf(decode_text(read_bytes(beside), source=str(beside)), source=str(beside))
    values = parse_amc(decode_text(read_bytes(path), source=source), skeleton, source=source)
    clip = Acclaim(skeleton, values)
    if options.fps is None:
        message = f"{source}: read at {_FPS:g} fps, CMU's, since a .amc names no frame rate; --input-fps gives another"
        warnings.warn(message, DataWarning, stacklevel=2)
    unit = _INCH / skeleton.length, f"units of {skeleton.length:g} to an inch"
    return read_person(clip, options, fps=options.fps or _FPS, source=source, note=note, known=clip.known, unit=unit)


def parse_amc(text: str, skeleton: Skeleton, *, source: str = "AMC") -> np.ndarray:
    """Parse the text of an `.amc` file: values (frames, channels of all bones), angles in radians.

    Raises:
        InputError: malformed text; names `source`, the line and the fault.
    """
    moving = [bone for bone in (skeleton.root, *skeleton.bones) if bone.channels]
    frames: list[dict[str, Line]] = []
    degrees = True
    for number, line in enumerate(text.splitlines(), 1):
        name, *words = line.split(maxsplit=1) or [""]
        if name.startswith(("#", ":")) or not name:
            degrees = degrees and name.upper() != ":RADIANS"
        elif not words and name.isdecimal():
            frames.append({})
        elif not frames or name in frames[-1]:
            wanted = f"{name} once in a frame" if frames else "the number of a frame"
            raise InputError(f"{source}, line {number}: wanted {wanted}, got {line.strip()!r:.60}")
        else:
            frames[-1][name] = number, "".join(words)
    if not frames:
        raise InputError(f"{source}: no frames; the file is truncated or not an AMC file")
    rows = [_row(frame, moving, f"{source}, frame {number}") for number, frame in enumerate(frames, 1)]
    values = read_numbers(rows, sum(len(bone.channels) for bone in moving), source=source)
    angles = [channel[0] == "r" for bone in moving for channel in bone.channels]
    values[:, angles] *= np.pi / 180 if degrees else 1.0
    return values


class Acclaim:
    """A skeleton with its motion, as `io.person` reads it: a joint where each bone starts, an End Site where it ends.

    Args:
        skeleton: of the `.asf`.
        values: (frames, channels) of the `.amc`, angles in radians.
    """

    def __init__(self, skeleton: Skeleton, values: np.ndarray) -> None:
        self.values, self.bones = values, [skeleton.root, *skeleton.bones]
        numbers = {bone.name: number for number, bone in enumerate(self.bones)}
        self.names = [bone.name for bone in self.bones]
        self.parents = [numbers[bone.parent] if bone.parent else -1 for bone in self.bones]
        vectors = [bone.vector if bone.parent else np.zeros(3) for bone in self.bones]
        self.offsets = [vectors[parent] if parent >= 0 else np.zeros(3) for parent in self.parents]
        self.end_sites: dict[int, int] = {}
        for leaf in sorted({*numbers.values()} - {*self.parents}):
            self.end_sites[leaf] = self._add(f"{self.names[leaf]}{END_SITE}", leaf, vectors[leaf])
        self.known = None
        if {*_CMU.values(), _BELOW_SKULL} - {SKULL} <= numbers.keys():
            above = skull_above(_INCH / skeleton.length) + vectors[numbers[_BELOW_SKULL]]
            numbers[SKULL] = self._add(SKULL, numbers[_BELOW_SKULL], above)
            self.known = {joint: numbers[name] for joint, name in _CMU.items()}

    def __len__(self) -> int:
        return len(self.values)

    def rest(self) -> np.ndarray:
        """Return joint positions (joints, 3) with all rotations zero, the root at the origin."""
        return self._chain([None] * len(self.names), np.zeros((1, 3)))[0][0]

    def pose(self, frames: slice | np.ndarray = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Compute positions (frames, joints, 3) and world rotations (frames, joints, 3, 3)."""
        values = self.values[frames]
        turns: list[np.ndarray | None] = [None] * len(self.names)
        root, column = np.repeat(self.bones[0].vector[None], len(values), axis=0), 0
        for joint, bone in enumerate(self.bones):
            by_name = dict(zip(bone.channels, values[:, column : column + len(bone.channels)].T, strict=True))
            column += len(bone.channels)
            spins = {name[1]: angles for name, angles in by_name.items() if name[0] == "r"}
            if spins:
                turns[joint] = bone.frame @ turn([*spins], np.stack([*spins.values()], axis=-1)) @ bone.frame.T
            for name in by_name.keys() - {f"r{axis}" for axis in spins}:
                root[:, "xyz".index(name[1])] += by_name[name]
        return self._chain(turns, root)

    def _add(self, name: str, parent: int, offset: np.ndarray) -> int:
        self.names.append(name)
        self.parents.append(parent)
        self.offsets.append(offset)
        return len(self.names) - 1

    def _chain(self, turns: list[np.ndarray | None], root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return chain(self.parents, np.stack(self.offsets), turns, root)


def _row(frame: dict[str, Line], bones: list[Bone], source: str) -> Line:
    """Return the numbers of a frame in the order of the skeleton."""
    lines = [frame.pop(bone.name, (0, "")) for bone in bones]
    for bone, (_, values) in zip(bones, lines, strict=True):
        if len(values.split()) != len(bone.channels):
            got = f"{values!r:.60}" if values else "nothing"
            raise InputError(f"{source}: {bone.name} must have {' '.join(bone.channels)}, got {got}")
    if frame:
        raise InputError(f"{source}: {next(iter(frame))} must be a bone of the skeleton that has channels")
    return lines[0][0] if lines else 0, " ".join(values for _, values in lines)


def _skeleton_of(path: Path) -> Path:
    """Return the `.asf` beside a `.amc`."""
    stems = [path.stem, path.stem.rpartition("_")[0]]
    names = [f"{stem}{suffix}" for stem in stems if stem for suffix in (".asf", ".ASF")]
    found = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    if found is None:
        raise InputError(
            f"{path}: its skeleton must lie beside it as {' or '.join(names[::2])}; give --skeleton FILE.asf"
        )
    return found
