"""Joint arrays of neighbouring tools: find the 22 joints, the unit and the axis that points up.

A file of an array says nothing about it, so shape and anatomy must: SMPL and its successors begin with HumanML3D's joints,
legs tell the unit, and a head is above its feet. What is concluded is told in a `DataWarning`, one line a file.
"""

from __future__ import annotations

import math
import warnings
from typing import Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

from kinmo_core.anatomy import head_from_feet, leg_length, upside_down
from kinmo_core.data.yaw import repair_yaw
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import DIM, FPS, decode
from kinmo_core.io import kit

# Joints of the output of smplx for SMPL, SMPL-H and SMPL-X, without and with its extra landmarks: all begin with the 22.
_FAMILY: Final = (22, 24, 45, 52, 55, 73, 127, 144)
_FLAT: Final = 22 * 3
_WANTED: Final = (
    "wanted joints (frames, 22, 3) or features (frames, 263) of HumanML3D, or joints of SMPL, SMPL-H or SMPL-X "
    "(frames, 24, 52 or 55, 3), (1, frames, 22, 3), (frames, 66), (22, 3, frames), or KIT-ML's joints (frames, 21, 3) or "
    "features (frames, 251)"
)

_UNITS: Final = {"metres": 1.0, "centimetres": 0.01, "millimetres": 0.001, "inches": 0.0254}
_LEG: Final = 0.82  # m, thigh and shin of HumanML3D's skeleton
_LEG_FACTOR: Final = 1.7  # legs of 0.48 to 1.39 m: a child of six to a giant
_UPRIGHT: Final = 1.2  # leg lengths from feet to head along the axis that points up; 1.75 where a person stands
_LYING: Final = 0.6  # leg lengths; less along y means that the person does not stand in most frames
_FLOOR: Final = 0.06  # leg lengths between the lowest joint and zero, so that an axis has its zero at the floor
_CHECKED_FRAMES: Final = 2000  # spread evenly; enough to tell unit and axis

# How (x, y, z) becomes y up, by the axis that points up: source of each new axis and its sign, a rotation each.
_TURNS: Final = {
    (0, 1): ((1, 0, 2), (-1.0, 1.0, 1.0)),
    (0, -1): ((1, 0, 2), (1.0, -1.0, 1.0)),
    (1, 1): ((0, 1, 2), (1.0, 1.0, 1.0)),
    (1, -1): ((0, 1, 2), (1.0, -1.0, -1.0)),
    (2, 1): ((0, 2, 1), (1.0, 1.0, -1.0)),
    (2, -1): ((0, 2, 1), (1.0, -1.0, 1.0)),
}
Axis: TypeAlias = tuple[int, int]
"""An axis that points up: 0, 1 or 2 for x, y or z, and 1 or -1."""


def read_layout(array: np.ndarray, *, source: str, repair: bool = False) -> tuple[Tensor, float]:
    """Find the joints in an array of a neighbouring tool.

    Args:
        array: in one of the layouts of `kinmo_core.io.layouts`, any real type.
        source: names the file in errors and warnings.
        repair: repair the yaw kinks of HumanML3D's published features.

    Returns:
        Joints (T, 22, 3), metres, y up, and the frame rate of the data set whose layout it is: 20, or KIT-ML's 12.5.

    Raises:
        InputError: another shape or type, several motions, or no person in it.
    """
    values = torch.from_numpy(_numbers(array, source))
    while len(values) == 1 and values.ndim > (2 if values.shape[-1] in (DIM, kit.DIM, _FLAT) else 3):
        values = values[0]
    shape = tuple(values.shape)
    if len(shape) == 4 and (22 in shape[1:] or shape[-1] == 3):
        raise InputError(f"{source} must hold one motion, got {shape[0]} of them: {array.dtype} {array.shape}")
    if shape[1:] == (DIM,):
        return decode(repair_yaw(values) if repair else values), FPS
    if shape[1:] == (kit.DIM,):
        return kit.to_humanml3d(kit.decode(values)), kit.FPS
    if shape[1:] == (_FLAT,):
        values = values.unflatten(-1, (22, 3))
    elif values.ndim == 3 and shape[:2] == (22, 3):
        values = values.permute(2, 0, 1)
    if values.ndim == 3 and values.shape[1:] == (kit.JOINTS, 3):
        return upright(in_metres(kit.to_humanml3d(values), source=source), source=source), kit.FPS
    if values.ndim != 3 or values.shape[1] not in _FAMILY or values.shape[2] != 3:
        raise InputError(f"{source}: {_WANTED}, got {array.dtype} {array.shape}")
    return upright(in_metres(values[:, :22], source=source), source=source), FPS


def in_metres(joints: Tensor, *, source: str) -> Tensor:
    """Convert joints (T, 22, 3) of any usual unit to metres, by the length of the legs.

    Raises:
        InputError: no unit makes the legs those of a person.
    """
    _check_finite(joints, source)
    leg = float(leg_length(_some(joints)).median())
    far = {name: abs(math.log(max(leg * metres, 1e-12) / _LEG)) for name, metres in _UNITS.items()}
    name = min(far, key=far.__getitem__)
    if far[name] > math.log(_LEG_FACTOR):
        raise InputError(
            f"{source} must show a person with legs of about {_LEG} m in {', '.join(_UNITS)}, got legs of {leg:.4g} units"
        )
    if name != "metres":
        warnings.warn(f"{source}: read as {name}, in which the legs are {leg * _UNITS[name]:.2f} m", DataWarning, 2)
    return joints * _UNITS[name]


def upright(joints: Tensor, *, source: str, usual: Axis = (1, 1)) -> Tensor:
    """Turn a clip (T, 22, 3), metres, so that y points up; another axis than the usual one is told.

    Args:
        joints: of the clip.
        source: names the file in the warning.
        usual: axis that points up by the convention of the file. It is taken where the person does not stand in most frames,
            and where the lowest joint lies at its zero and not at that of the other axis.
    """
    some = _some(joints)
    up = _up_axis(some, usual)
    if up != usual:
        message = f"{source}: read with {'-' * (up[1] < 0)}{'xyz'[up[0]]} up, where the head is"
        warnings.warn(message, DataWarning, stacklevel=2)
    return _turn(joints, up)


def _turn(joints: Tensor, up: Axis) -> Tensor:
    order, signs = _TURNS[up]
    return joints[..., list(order)] * joints.new_tensor(signs)


def _up_axis(joints: Tensor, usual: Axis) -> Axis:
    reach = head_from_feet(joints).median(0).values / leg_length(joints).median()
    axis = int(reach.abs().argmax())
    found = (axis, 1 if reach[axis] > 0 else -1)
    if found == usual or reach.abs()[axis] < _UPRIGHT:
        return usual
    if axis == usual[0]:
        return found if upside_down(_turn(joints, usual)) else usual
    stands = bool(abs(reach[usual[0]]) > _LYING)
    return usual if stands or (_on_floor(joints, usual) and not _on_floor(joints, found)) else found


def _on_floor(joints: Tensor, up: Axis) -> bool:
    lowest = (joints[..., up[0]] * up[1]).amin()
    return bool(lowest.abs() < _FLOOR * leg_length(joints).median())


def _some(joints: Tensor) -> Tensor:
    return joints[:: max(1, len(joints) // _CHECKED_FRAMES)]


def _numbers(array: np.ndarray, source: str) -> np.ndarray:
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise InputError(f"{source}: {_WANTED}, got {array.dtype} {array.shape}")
    if array.size == 0:
        raise InputError(f"{source} must have at least one frame, got none: {array.dtype} {array.shape}")
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold becomes infinite, which is refused
        return np.ascontiguousarray(array, dtype=np.float32)


def _check_finite(joints: Tensor, source: str) -> None:
    finite = joints.isfinite().flatten(1).all(1)
    if not bool(finite.all()):
        frame = int((~finite).nonzero()[0])
        raise InputError(f"{source}: joints must be finite numbers, got NaN or infinity first in frame {frame}")
