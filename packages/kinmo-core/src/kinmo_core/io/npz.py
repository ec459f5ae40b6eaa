"""Motion in NumPy files: KinMo's own .npz, and .npy and .npz with joints of other tools."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import FPS, encode_raw
from kinmo_core.files import atomic_path
from kinmo_core.io.amass import RATES, is_amass, read_amass
from kinmo_core.io.archive import Arrays, open_arrays
from kinmo_core.io.layouts import read_layout
from kinmo_core.motion import Motion

VERSION: Final = 1
_SHOWN: Final = 12  # arrays of the file that an error lists

# What tools call their joints, in the order of preference.
_JOINTS: Final = ("posed_joints", "joints", "new_joints", "positions", "joints3d", "keypoints3d", "motion", "xyz")


def save_npz(motion: Motion, path: Path | str) -> None:
    """Write `joints` (T, 22, 3) float32 metres, `fps`, `text` and `version`.

    Raises:
        InputError: the file cannot be written.
    """
    content = io.BytesIO()
    np.savez_compressed(
        content,
        joints=motion.joints.detach().cpu().numpy(),
        fps=np.float64(motion.fps),
        text=np.str_(motion.text),
        version=np.int64(VERSION),
    )
    _write(content, path)


def load_npz(path: Path | str, *, body_model: Path | str | None = None) -> Motion:
    """Read what `save_npz` wrote, joints of another tool in a layout of `kinmo_core.io.layouts`, or a file of AMASS.

    Args:
        path: of the file.
        body_model: for files of AMASS (see `kinmo_core.io.amass`).

    Raises:
        InputError: no such file, damaged, without joints, or of a later version of KinMo.
    """
    arrays = open_arrays(path)
    if {"joints", "fps", "version"} <= {*arrays.names}:
        return _own(arrays)
    if is_amass(arrays.names):
        return read_amass(arrays, body_model=body_model)
    name = _joints_of(arrays)
    joints, usual = read_layout(arrays.load(name), source=str(path))
    rate = next((rate for rate in RATES if rate in arrays.names), None)
    if rate is None:
        warnings.warn(f"{path}: read at {usual:g} fps, since the file names no frame rate", DataWarning, stacklevel=2)
    fps = usual if rate is None else float(_single(arrays, rate))
    return _motion(joints, path, fps=fps, text=str(_single(arrays, "text")) if "text" in arrays.names else "")


def load_npy(path: Path | str, *, fps: float | None = None, repair_yaw: bool = False) -> Motion:
    """Read joints or features of HumanML3D, KIT-ML or another tool (see `kinmo_core.io.layouts`).

    Args:
        path: of the file.
        fps: frames per second, which a `.npy` cannot tell; by default those of the data set with this layout, 20 or 12.5.
        repair_yaw: repair the yaw kinks of HumanML3D's published features.

    Raises:
        InputError: no such file, damaged, or of another shape.
    """
    arrays = open_arrays(path)
    if arrays.names != ("",):
        raise InputError(f"{path}: a .npy file holds one array; this is an archive, name it .npz")
    joints, usual = read_layout(arrays.load(""), source=str(path), repair=repair_yaw)
    return _motion(joints, path, fps=usual if fps is None else fps)


def save_npy(motion: Motion, path: Path | str, *, features: bool = False) -> None:
    """Write joints (T, 22, 3) float32, or with `features` HumanML3D's (T - 1, 263), at 20 fps.

    A `.npy` cannot tell its frame rate and every tool of the field takes 20 fps, so a motion of another rate is resampled,
    and a `DataWarning` says so.

    Raises:
        InputError: the file cannot be written, or features of a single frame are requested.
    """
    joints = motion.resample(FPS).joints
    content = io.BytesIO()
    np.save(content, (encode_raw(joints) if features else joints).detach().cpu().numpy())
    _write(content, path)
    if motion.fps != FPS:
        message = f"{path}: resampled from {motion.fps:g} to {FPS:g} fps, which every .npy has; a .npz keeps the rate"
        warnings.warn(message, DataWarning, stacklevel=2)


def _own(arrays: Arrays) -> Motion:
    version = _single(arrays, "version")
    if version > VERSION:
        raise InputError(f"{arrays.path}: written as version {version}; this KinMo reads up to version {VERSION}")
    text = str(_single(arrays, "text")) if "text" in arrays.names else ""
    joints = arrays.load("joints")
    if not np.issubdtype(joints.dtype, np.number):
        raise InputError(f"{arrays.path}: joints must be numbers, got {joints.dtype}")
    return _motion(
        torch.from_numpy(joints.astype(np.float32)), arrays.path, fps=float(_single(arrays, "fps")), text=text
    )


def _joints_of(arrays: Arrays) -> str:
    """Return the name of the array of joints: one that tools use, or the only one of the file."""
    known = [name for name in _JOINTS if name in arrays.names]
    if known or len(arrays.names) == 1:
        return (known or list(arrays.names))[0]
    found = ", ".join(f"{name} {arrays.shape(name)}" for name in sorted(arrays.names)[:_SHOWN])
    raise InputError(f"{arrays.path} must hold joints, as one of {', '.join(_JOINTS)}; it holds {found or 'nothing'}")


def _single(arrays: Arrays, name: str) -> Any:
    """Return a single value of the file, a number unless it is the text."""
    value = arrays.load(name)
    if value.size != 1 or not (np.issubdtype(value.dtype, np.number) or name == "text"):
        raise InputError(f"{arrays.path}: {name} must be a single number, got {value.dtype} {value.shape}")
    return value.item()


def _write(content: io.BytesIO, path: Path | str) -> None:
    """Write in one call, since NumPy reports a full disk as "requested and written", the system with the reason."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


def _motion(joints: Tensor, path: Path | str, *, fps: float, text: str = "") -> Motion:
    try:
        return Motion(joints, fps=fps, text=text)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
