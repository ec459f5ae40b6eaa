"""Find which axis of a file points up and how long its unit is, from how people stand and how long their legs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.reading import UP_AXES
from kinmo_core.skeleton import HUMANML3D

UNITS: Final = {  # metres
    "metres": 1.0,
    "centimetres": 0.01,
    "millimetres": 0.001,
    "inches": 0.0254,
    "CMU units (0.45 to an inch)": 0.0254 / 0.45,
}
Unit: TypeAlias = tuple[float, str]  # metres, and its name
_SHOULDERS, _HIPS = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")
_KNEES, _ANKLES = ("left_knee", "right_knee"), ("left_ankle", "right_ankle")
_LEG: Final = sum(HUMANML3D.bone_lengths[joint] for joint in HUMANML3D.index(*_KNEES, *_ANKLES)) / 2  # m
_USUAL_LEG: Final = (0.55, 1.1)  # m, thigh and shin; the units above are further apart than these two
_POSSIBLE_LEG: Final = (0.3, 1.3)  # m, of a small child and of a giant
_STATURE: Final = 2.0  # people are about twice as tall as thigh and shin together
_CLEAR: Final = 0.6  # share of the mean direction from feet to shoulders along one axis from which it is called up
_ALONG: Final = 0.7  # cosine between trunk and thighs from which a body counts as stretched, as when standing
_FLOOR: Final = 0.15  # leg lengths from the origin within which the lowest joint lies on the floor


def find_up(joints: np.ndarray, rest: np.ndarray, *, source: str) -> str:
    """Return the axis that points up, "y" or "z".

    The body tells it: trunk and legs point up for most of a clip. Where that gives another axis than the rest pose of the
    file, a stretched body may as well lie on the floor; then the floor decides, which lies at zero in most files.

    Args:
        joints: (T, 22, 3) in the axes of the file.
        rest: (22, 3) with all rotations zero.

    Raises:
        InputError: it cannot be told, so that the user must say it.
    """
    body, standing = _mean_direction(joints), _mean_direction(rest[None])
    seen, meant = _axis(body), _axis(standing)
    if seen == "y" or (seen != "z" and meant == "y"):
        return "y"
    if seen == "z" and (meant != "y" or (_is_stretched(joints) and not _lies(joints))):
        return "z"
    if seen == "z" and meant == "y" and not _is_stretched(joints):
        return "y"
    where = ", ".join(f"{value:+.1f} {axis}" for axis, value in zip("xyz", body, strict=True))
    raise InputError(
        f"{source}: the axis that points up is not clear, the body points along ({where}) in the mean; "
        "give --up y or --up z, also where the person lies"
    )


def standing_up(rest: np.ndarray) -> str:
    """Return the axis along which the person of a rest pose (22, 3) stands, "" if they do not."""
    return _axis(_mean_direction(rest[None])) if _is_stretched(rest[None]) else ""


@dataclass(frozen=True)
class Standing:
    """A rest pose seen in axes of its own: x to the left, y up, z to the front.

    Args:
        joints: (22, 3) in these axes, in the unit of the file.
        axes: (3, 3) their columns in the axes of the file.
        stands: whether the person stands in it.
    """

    joints: np.ndarray
    axes: np.ndarray
    stands: bool


def stand(rest: np.ndarray, up: str) -> Standing:
    """Turn a rest pose (22, 3) upright, which stands along the axis `up`, "" if it does not stand."""
    if not up:
        return Standing(rest, np.eye(3), False)
    above = turn_up(up)[1]
    left = _between(rest[None], (_HIPS[1],), (_HIPS[0],))[0, 0]
    left = _unit(left - (left @ above) * above)
    axes = np.stack([left, above, np.cross(left, above)], axis=1)
    return Standing(rest @ axes, axes, True)


def turn_up(up: str) -> np.ndarray:
    """Return the rotation (3, 3) that takes `up`, one of `UP_AXES`, to +y; z up keeps x, so that -y becomes the front."""
    turns = {
        "y": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "-y": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
        "z": [[1, 0, 0], [0, 0, 1], [0, -1, 0]], "-z": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        "x": [[0, -1, 0], [1, 0, 0], [0, 0, 1]], "-x": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
    }  # fmt: skip
    assert turns.keys() == set(UP_AXES)
    return np.array(turns[up], dtype=np.float64)


def leg_length(joints: np.ndarray) -> float:
    """Return the mean length of thigh and shin of (T, 22, 3), in the unit of the file."""
    parts = [_between(joints, _HIPS, _KNEES), _between(joints, _KNEES, _ANKLES)]
    return float(sum(np.linalg.norm(part, axis=-1).mean() for part in parts))


def find_scale(leg: float, declared: Unit | None = None, *, source: str) -> Unit:
    """Return metres per unit and the unit's name, given the length of thigh and shin in the unit of the file.

    Args:
        leg: length of thigh and shin.
        declared: unit that the file names, tried first.
        source: name of the file in errors.

    Raises:
        InputError: legs without length.
    """
    if leg <= 0:
        raise InputError(
            f"{source}: thighs and shins must have a length that tells the unit, got 0; give --scale in metres per unit"
        )
    known = [(metres, name) for name, metres in UNITS.items()]
    for metres, name in [declared, *known] if declared else known:
        if _USUAL_LEG[0] <= leg * metres <= _USUAL_LEG[1]:
            return metres, name
    return _LEG / leg, f"an unknown unit, taken as {_LEG / leg:.4g} m by the legs"


def check_size(leg: float, *, source: str) -> None:
    """Refuse a person of no human size.

    Args:
        leg: thigh and shin, metres.

    Raises:
        InputError: names the stature.
    """
    if not _POSSIBLE_LEG[0] <= leg <= _POSSIBLE_LEG[1]:
        raise InputError(
            f"{source}: the person must be {_POSSIBLE_LEG[0] * _STATURE:.1f} to {_POSSIBLE_LEG[1] * _STATURE:.1f} m tall, "
            f"got {leg * _STATURE:.2g} m; scale is in metres per unit of the file"
        )


def _mean_direction(joints: np.ndarray) -> np.ndarray:
    """Return the mean (3,) of the directions hips to shoulders and ankles to shoulders."""
    trunk, body = _between(joints, _HIPS, _SHOULDERS), _between(joints, _ANKLES, _SHOULDERS)
    return (_unit(trunk) + _unit(body)).mean((0, 1)) / 2


def _axis(direction: np.ndarray) -> str:
    """Return the axis that a mean direction follows, "" if none clearly."""
    largest = int(np.abs(direction).argmax())
    if abs(direction[largest]) < _CLEAR:
        return ""
    return ("-" if direction[largest] < 0 else "") + "xyz"[largest]


def _is_stretched(joints: np.ndarray) -> bool:
    trunk, thighs = _unit(_between(joints, _HIPS, _SHOULDERS)), _unit(_between(joints, _KNEES, _HIPS))
    return float((trunk * thighs).sum(-1).mean()) > _ALONG


def _lies(joints: np.ndarray) -> bool:
    """Return whether the lowest joint lies at y = 0 and not at z = 0."""
    lowest = joints[..., 1:].min((0, 1)) / leg_length(joints)
    return bool(abs(lowest[0]) < _FLOOR <= abs(lowest[1]))


def _between(joints: np.ndarray, starts: tuple[str, ...], ends: tuple[str, ...]) -> np.ndarray:
    return joints[:, HUMANML3D.index(*ends)] - joints[:, HUMANML3D.index(*starts)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
