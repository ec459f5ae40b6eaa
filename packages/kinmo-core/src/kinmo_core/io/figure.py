"""The capsules of `viz.body` as triangles; each vertex moves with one joint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float, Integer

from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.rig import PARENTS
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.viz.body import CAPSULES, TIP_JOINTS, Capsule, body_points

_SIDES: Final = 12
_RINGS: Final = 3  # of each half sphere, the pole not counted
_CARRIERS: Final = (*(max(parent, 0) for parent in PARENTS), *TIP_JOINTS)


@dataclass(frozen=True)
class Mesh:
    """Triangles.

    Args:
        positions: metres, in the rest pose.
        normals: unit, outward.
        carriers: the joint that moves each vertex.
        triangles: three vertices each, counter-clockwise seen from outside.
    """

    positions: Float[np.ndarray, "vertices 3"]
    normals: Float[np.ndarray, "vertices 3"]
    carriers: Integer[np.ndarray, " vertices"]
    triangles: Integer[np.ndarray, "triangles 3"]


def build_figure(joints: Float[np.ndarray, "22 3"]) -> dict[str, Mesh]:
    """Build the figure around joints in the rest pose (22, 3), metres: one mesh for each kinematic group."""
    points = body_points(joints)
    names = HUMANML3D.names
    members = dict(SIX_GROUPS.groups)
    return {
        group: _join([_capsule(c, points) for c in CAPSULES if names[c.joint] in members[group]])
        for group in SIX_GROUPS.names
    }


def _capsule(capsule: Capsule, points: np.ndarray) -> Mesh:
    """Build a ring of vertices for each latitude, poles as rings of no size; each half moves with its own joint."""
    start, end = points[capsule.start], points[capsule.end]
    directions = _sphere() @ _frame(end - start)
    half = len(directions) // 2
    ends = np.repeat([start, end], half, axis=0)
    radii = np.repeat([capsule.start_radius, capsule.end_radius], half)
    bone = _CARRIERS[capsule.end] == capsule.start  # both ends of a bone turn with the joint at its start
    carriers = [capsule.start if bone else _CARRIERS[capsule.start], _CARRIERS[capsule.end]]
    return Mesh(
        positions=(ends + directions * radii[:, None]).astype(np.float32),
        normals=directions.astype(np.float32),
        carriers=np.repeat(carriers, half),
        triangles=_triangles(len(directions) // _SIDES),
    )


def _sphere() -> np.ndarray:
    """Return unit vectors (n, 3) in rings from pole -z to pole +z, with the equator twice, where the halves separate."""
    below = -np.pi / 2 + np.arange(_RINGS + 1) * (np.pi / 2 / _RINGS)
    latitude = np.concatenate([below, -below[::-1]])[:, None]
    longitude = np.arange(_SIDES) * (2 * np.pi / _SIDES)
    ring = np.stack([np.cos(longitude), np.sin(longitude), np.zeros(_SIDES)], axis=-1)
    return (np.cos(latitude)[..., None] * ring + np.sin(latitude)[..., None] * [0, 0, 1]).reshape(-1, 3)


def _triangles(rings: int) -> np.ndarray:
    """Return two triangles for each cell between neighbouring rings; one at the poles, where the other has no area."""
    ring, side = np.meshgrid(np.arange(rings - 1), np.arange(_SIDES), indexing="ij")
    a, b = ring * _SIDES + side, ring * _SIDES + (side + 1) % _SIDES
    lower = np.stack([a, b, b + _SIDES], axis=-1)[1:]
    upper = np.stack([a, b + _SIDES, a + _SIDES], axis=-1)[:-1]
    return np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])


def _frame(axis: np.ndarray) -> np.ndarray:
    """Return right-handed orthonormal rows (3, 3), the third along `axis`."""
    along = axis / np.linalg.norm(axis)
    across = np.cross(np.eye(3)[np.abs(along).argmin()], along)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(along, across), along])


def _join(parts: list[Mesh]) -> Mesh:
    starts = np.cumsum([0, *(len(part.positions) for part in parts[:-1])])
    return Mesh(
        positions=np.concatenate([part.positions for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        carriers=np.concatenate([part.carriers for part in parts]),
        triangles=np.concatenate([p.triangles + n for p, n in zip(parts, starts, strict=True)]).astype(np.uint16),
    )
