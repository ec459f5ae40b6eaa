"""AMASS files (`.npz` of SMPL, SMPL-H or SMPL-X poses): read with a body model or the rig, written with resolved twists.

A file holds the rotation of every joint relative to its parent as axis times angle (`poses`, T x 72, 156 or 165; the first
66 are pelvis and body), the path `trans`, the shape `betas`, the frame rate, and has z up.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.anatomy import leg_length
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.files import atomic_path
from kinmo_core.io.archive import Arrays
from kinmo_core.io.layouts import upright
from kinmo_core.io.smpl import JOINTS, load_body, offsets_of, pose_joints, rig_body
from kinmo_core.motion import Motion
from kinmo_core.rig import fit_rotations

RATES: Final = ("mocap_framerate", "mocap_frame_rate", "fps", "frame_rate", "framerate")
_BODY: Final = 3 * JOINTS
_POSES: Final = (66, 72, 156, 165)  # body alone, SMPL, SMPL-H, SMPL-X
_SMPLH: Final = 156
_BETAS: Final = 16  # numbers of the shape in AMASS
_Z_UP: Final = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))  # turns y up to z up


def is_amass(names: tuple[str, ...]) -> bool:
    """Tell by the names of its arrays whether an archive holds SMPL poses."""
    return "trans" in names and ("poses" in names or {"root_orient", "pose_body"} <= {*names})


@dataclass(frozen=True)
class Take:
    """Poses of a file over time.

    Args:
        poses: (T, 66) rotations of pelvis and body relative to the parent, axis times angle in radians.
        trans: (T, 3) path, metres.
        betas: (n,) shape; empty if the file has none.
        fps: frames per second.
    """

    poses: Float[Tensor, "frames 66"]
    trans: Float[Tensor, "frames 3"]
    betas: Float[Tensor, " shapes"]
    fps: float

    def every(self, step: int) -> Take:
        """Return every `step`-th frame, from the first one on."""
        return replace(self, poses=self.poses[::step], trans=self.trans[::step], fps=self.fps / step)

    def joints(self, rest: Float[Tensor, "22 3"]) -> Float[Tensor, "frames 22 3"]:
        """Return the joints in metres, in the axes of the file, of a body with these joints at rest."""
        import roma  # loads torch._dynamo, which takes a second

        return pose_joints(rest, roma.rotvec_to_rotmat(self.poses.unflatten(-1, (JOINTS, 3))), self.trans)


def read_take(arrays: Arrays) -> Take:
    """Read the poses of a file.

    Raises:
        InputError: an array is missing, damaged or of another shape.
    """
    poses, trans = _poses(arrays), _numbers(arrays, "trans")
    if poses.shape[1] < _BODY or trans.shape != (len(poses), 3) or len(poses) == 0:
        raise InputError(
            f"{arrays.path}: poses and trans must have shapes (frames, {', '.join(map(str, _POSES))}) and (frames, 3), "
            f"got {tuple(poses.shape)} and {tuple(trans.shape)}"
        )
    rate = next((name for name in RATES if name in arrays.names), None)
    if rate is None:
        raise InputError(f"{arrays.path}: must hold the frame rate as {RATES[0]}; it holds {', '.join(arrays.names)}")
    fps = _numbers(arrays, rate)
    if fps.numel() != 1:
        raise InputError(f"{arrays.path}: {rate} must be a single number, got shape {tuple(fps.shape)}")
    betas = _numbers(arrays, "betas").flatten() if "betas" in arrays.names else torch.zeros(0, dtype=torch.float64)
    return Take(poses[:, :_BODY], trans, betas, float(fps))


def gender_of(arrays: Arrays) -> str:
    """Return "male", "female" or "neutral" as the file tells, in text or in bytes; "" if it does not.

    Raises:
        InputError: the array is damaged or a pickle.
    """
    gender = arrays.load("gender").reshape(-1)[:1].tolist() if "gender" in arrays.names else []
    return "".join(word.decode(errors="replace") if isinstance(word, bytes) else str(word) for word in gender)


def read_amass(arrays: Arrays, *, body_model: Path | str | None = None) -> Motion:
    """Read the 22 joints of the body.

    Args:
        arrays: of the file.
        body_model: `.npz` of the model that the file was made with. Without one, the poses move the rig of
            `kinmo_core.rig`, whose bones and rest pose are those of HumanML3D's average, and a `DataWarning` says so.

    Raises:
        InputError: an array is missing, damaged or of another shape, or the body model cannot be read.
    """
    take = read_take(arrays)
    if body_model is None:
        message = f"{arrays.path}: read with HumanML3D's bones, since no body model is given"
        warnings.warn(message, DataWarning, stacklevel=2)
        rest = rig_body().rest
    else:
        rest = load_body(body_model).shaped(take.betas)
    try:
        return Motion(upright(take.joints(rest).float(), source=str(arrays.path), usual=(2, 1)), fps=take.fps)
    except InputError as error:
        raise InputError(f"{arrays.path}: {error}") from error


def write_amass(motion: Motion, path: Path | str, *, body_model: Path | str | None = None) -> None:
    """Write SMPL-H poses in AMASS's form, hands flat, shape average, z up.

    The motion is scaled so that its legs are those of the body. Thighs and upper arms are twisted so that knees and elbows
    bend as hinges; forearms and hands, which 22 joints do not show, are not twisted.

    Args:
        motion: y up.
        path: of the file.
        body_model: `.npz` of the model that will read the file; without one, the rig of `kinmo_core.rig` stands for it.

    Raises:
        InputError: the body model cannot be read or the file cannot be written.
    """
    body = rig_body() if body_model is None else load_body(body_model)
    poses, trans = fit_smpl(motion.joints, body.rest)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        poses=np.pad(poses.numpy(), ((0, 0), (0, _SMPLH - _BODY))),
        trans=trans.numpy(),
        betas=np.zeros(_BETAS),
        gender=np.str_("neutral"),
        mocap_framerate=np.float64(motion.fps),
        mocap_frame_rate=np.float64(motion.fps),
        surface_model_type=np.str_("smplh"),
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


def fit_smpl(joints: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
    """Fit poses and path of a body to a clip.

    Args:
        joints: (T, 22, 3) y up.
        rest: (22, 3) joints of the body at rest, metres.

    Returns:
        Poses (T, 66), axis times angle in radians, and trans (T, 3), metres, both float64 and with z up.
    """
    import roma

    scale = float(leg_length(rest) / leg_length(joints).median())
    root, rotations = fit_rotations(joints * scale, offsets=offsets_of(rest), hinges=True)
    turn = torch.tensor(_Z_UP, dtype=torch.float64)
    rotations = torch.cat([turn @ rotations[:, :1], rotations[:, 1:]], dim=1)
    return roma.rotmat_to_rotvec(rotations).flatten(1), root @ turn.T - rest[0].double()


def _poses(arrays: Arrays) -> Tensor:
    if "poses" in arrays.names:
        poses = _numbers(arrays, "poses")
        return poses if poses.ndim == 2 else poses.flatten(1)
    return torch.cat([_numbers(arrays, name).flatten(1) for name in ("root_orient", "pose_body")], dim=1)


def _numbers(arrays: Arrays, name: str) -> Tensor:
    array = arrays.load(name)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InputError(f"{arrays.path}: {name} must hold finite numbers, got {array.dtype} {array.shape}")
    return torch.from_numpy(array.astype(np.float64))
