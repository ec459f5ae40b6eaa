"""Motion in NumPy files: KinMo's own .npz, and the plain .npy arrays of HumanML3D."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from kinmo_core.errors import InputError
from kinmo_core.features import DIM, FPS, decode, encode_raw
from kinmo_core.files import atomic_path, read_bytes
from kinmo_core.motion import Motion

VERSION: Final = 1


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


def load_npz(path: Path | str) -> Motion:
    """Read what `save_npz` wrote.

    Raises:
        InputError: no such file, truncated, not such a file, or of a later version of KinMo.
    """
    arrays = _load(path)
    if not isinstance(arrays, dict) or not {"joints", "fps", "version"} <= arrays.keys():
        found = ", ".join(sorted(arrays)) if isinstance(arrays, dict) else "a single array"
        raise InputError(
            f"{path}: a KinMo .npz holds joints, fps, text and version; this file holds {found or 'nothing'}"
        )
    try:
        version, fps, text = int(arrays["version"]), float(arrays["fps"]), str(arrays.get("text", ""))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: fps and version must be single numbers") from error
    if version > VERSION:
        raise InputError(f"{path}: written as version {version}; this KinMo reads up to version {VERSION}")
    return _motion(arrays["joints"], path, fps=fps, text=text)


def load_npy(path: Path | str, *, fps: float = FPS) -> Motion:
    """Read HumanML3D's `new_joints` (T, 22, 3), metres, or `new_joint_vecs` (T, 263).

    Raises:
        InputError: no such file, not a NumPy array, or of another shape.
    """
    array = _load(path)
    if isinstance(array, dict):
        raise InputError(f"{path}: a .npy file holds one array; this is an archive, name it .npz")
    if not np.issubdtype(array.dtype, np.number) or array.shape[1:] not in {(22, 3), (DIM,)}:
        raise InputError(
            f"{path}: wanted joints (frames, 22, 3) or features (frames, {DIM}), got {array.dtype} {array.shape}"
        )
    if array.ndim == 2:
        array = decode(torch.from_numpy(array.astype(np.float32))).numpy()
    return _motion(array, path, fps=fps)


def save_npy(motion: Motion, path: Path | str, *, features: bool = False) -> None:
    """Write joints (T, 22, 3) float32 as they are, or with `features` HumanML3D's (T - 1, 263) at 20 fps.

    Raises:
        InputError: the file cannot be written, or features of a single frame are requested.
    """
    array = encode_raw(motion.resample(FPS).joints) if features else motion.joints
    content = io.BytesIO()
    np.save(content, array.detach().cpu().numpy())
    _write(content, path)


def _write(content: io.BytesIO, path: Path | str) -> None:
    """Write in one call, since NumPy reports a full disk as "requested and written", the system with the reason."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


def _motion(joints: np.ndarray, path: Path | str, *, fps: float, text: str = "") -> Motion:
    try:
        return Motion(torch.from_numpy(np.ascontiguousarray(joints, dtype=np.float32)), fps=fps, text=text)
    except (InputError, ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from error


def _load(path: Path | str) -> Any:
    """Load an array or a dict of arrays; never unpickle."""
    content = read_bytes(path)
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:  # NumPy lets through whatever its parsers raise on damaged content
        raise InputError(
            f"{path}: not a readable NumPy file, it is truncated, foreign or holds Python objects"
        ) from error
