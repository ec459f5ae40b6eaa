"""Motion files by suffix: `load_motion`, `save_motion`, `motion_files`. A format's module is imported when it is needed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.io.archive import PICKLE, PICKLE_SUFFIXES
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions

AMASS_SUFFIX: Final = ".amass.npz"
# Files of a tree of joints, in which the 22 joints are found.
_SKELETONS: Final = (".bvh", ".amc", ".glb", ".gltf", ".fbx")
READABLE: Final = (".npz", ".npy", *_SKELETONS, ".c3d")
_OF_SKELETONS: Final = (
    "up",
    "scale",
    "fps",
    "drop_rest",
    "joint_map",
    "skeleton",
    "animation",
)  # options of files that hold a skeleton
WRITABLE: Final = (".npz", ".npy", ".csv", ".bvh", ".glb", ".fbx", ".mp4", ".gif", ".png")


def load_motion(
    path: Path | str,
    options: ReadOptions | None = None,
    *,
    note: Callable[[str], None] | None = None,
) -> Motion:
    """Read a motion.

    Args:
        path: `.npz` of KinMo or AMASS, `.npy` or `.npz` with joints or features in a layout of `io.layouts`, or any
            `.bvh`, `.amc`, `.glb`, `.gltf` or `.fbx` of a person, or `.c3d` with markers.
        options: what to know of a file that it does not say itself, and what to do with it.
        note: called with one line on what was found in a file with a skeleton of its own, and derived.

    Raises:
        InputError: unknown suffix, no such file, or not a file of that kind.
    """
    path, options = Path(path), options or ReadOptions()
    suffix = _suffix(path, READABLE, "read")
    if suffix == ".c3d" and not _given(options, _OF_SKELETONS[3:]):
        from kinmo_core.io.c3d import read_c3d

        return read_c3d(path, options, note=note)
    if suffix in _SKELETONS:
        return _skeleton_reader(suffix)(path, options, note=note)
    if _given(options, _OF_SKELETONS):
        wanted = f"can be given for {', '.join(_SKELETONS)} only"
        raise InputError(f"{path}: up axis, scale, frame rate, rest pose, joint map, skeleton and animation {wanted}")
    motion = _reader(suffix, options)(path)
    if options.body == "own":
        return motion
    from kinmo_core.retarget import retarget

    return replace(motion, joints=retarget(motion.joints))


def save_motion(motion: Motion, path: Path | str, *, body_model: Path | str | None = None) -> None:
    """Write a motion.

    Args:
        motion: to write.
        path: `.npz`, `.amass.npz` (SMPL-H poses), `.npy` or `.csv` (joints), `.bvh`, `.glb`, `.fbx`, a film as `.mp4` or
            `.gif`, or a strip of poses as `.png`.
        body_model: `.npz` of SMPL, SMPL-H or SMPL-X that a `.amass.npz` is for (`io.amass`).

    Raises:
        InputError: unknown suffix, or the file cannot be written; nothing is left half-written.
    """
    _writer(Path(path), body_model=body_model)(motion, path)


def motion_files(folder: Path | str) -> list[Path]:
    """Return the files that `load_motion` can read by their suffix, with those of subfolders, sorted by path.

    A subfolder that cannot be read is left out with a `DataWarning`.

    Raises:
        InputError: no such folder, or no such file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"cannot read motions from {folder}: it is not a folder")

    def closed(error: OSError) -> None:
        warnings.warn(f"left out {error.filename}: {error.strerror}", DataWarning, stacklevel=2)

    found = (Path(inside, name) for inside, _, names in os.walk(folder, onerror=closed) for name in names)
    paths = sorted(path for path in found if path.suffix.lower() in READABLE and path.is_file())
    if not paths:
        raise InputError(f"{folder} must have motion files ({', '.join(READABLE)}), got none")
    return paths


def check_writable(path: Path | str) -> None:
    """Raise the error that `save_motion` would, before the work: unknown suffix, no folder, or no Blender for a `.fbx`."""
    path = Path(path)
    suffix = _suffix(path, WRITABLE, "write")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: {path.parent} is not a folder")
    if suffix == ".fbx":
        from kinmo_core.io.fbx import find_blender

        find_blender()


def _suffix(path: Path, known: tuple[str, ...], verb: str) -> str:
    suffix = path.suffix.lower()
    if suffix in PICKLE_SUFFIXES and verb == "read":
        raise InputError(f"cannot read {path}: {PICKLE} (T, 22, 3) with numpy.save to a .npy, and read that")
    if suffix not in known:
        raise InputError(f"cannot {verb} {path}: the suffix must be one of {', '.join(known)}, got {suffix or 'none'}")
    return suffix


def _given(options: ReadOptions, names: Sequence[str]) -> bool:
    return any(getattr(options, name) != getattr(ReadOptions(), name) for name in names)


def _skeleton_reader(suffix: str) -> Callable[..., Motion]:
    match suffix:
        case ".amc":
            from kinmo_core.io.acclaim import read_amc as read
        case ".glb" | ".gltf":
            from kinmo_core.io.gltf import read_gltf as read
        case ".fbx":
            from kinmo_core.io.fbx import read_fbx as read
        case _:
            from kinmo_core.io.bvh import read_bvh as read
    return read


def _reader(suffix: str, options: ReadOptions) -> Callable[[Path | str], Motion]:
    match suffix:
        case ".npz":
            from kinmo_core.io.npz import load_npz

            read = partial(load_npz, body_model=options.body_model)
        case _:
            from kinmo_core.io.npz import load_npy

            read = partial(load_npy, repair_yaw=options.repair_yaw)
    return read


def _writer(path: Path, *, body_model: Path | str | None) -> Callable[[Motion, Path | str], None]:
    match _suffix(path, WRITABLE, "write"):
        case ".npz" if path.name.lower().endswith(AMASS_SUFFIX):
            from kinmo_core.io.amass import write_amass

            write = partial(write_amass, body_model=body_model)
        case ".npz":
            from kinmo_core.io.npz import save_npz as write
        case ".npy":
            from kinmo_core.io.npz import save_npy as write
        case ".csv":
            from kinmo_core.io.table import write_csv as write
        case ".bvh":
            from kinmo_core.io.bvh_write import write_bvh as write
        case ".glb":
            from kinmo_core.io.glb import write_glb as write
        case ".fbx":
            from kinmo_core.io.fbx import write_fbx as write
        case ".png":
            from kinmo_core.viz.strip import save_strip as write
        case _:
            from kinmo_core.viz.video import save_video as write
    return write
