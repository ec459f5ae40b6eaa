"""The joints of SMPL, SMPL-H and SMPL-X: rest joints of a body model and the positions that poses give them.

Positions of joints need four arrays of a body model and no surface, so KinMo reads these from the `.npz` that its authors
distribute; weights and pose corrections move the skin only. No body model comes with KinMo: their licences forbid it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.io.archive import PICKLE, PICKLE_SUFFIXES, Arrays, open_arrays
from kinmo_core.rig import PARENTS, place_joints, rest_joints

JOINTS: Final = 22  # the first of every model of the family, HumanML3D's
_NEEDED: Final = ("v_template", "shapedirs", "J_regressor", "kintree_table")


@dataclass(frozen=True)
class Body:
    """A body in its T-pose.

    Args:
        rest: its joints, metres.
        shapes: change of the joints by each number of the shape (betas), metres.
    """

    rest: Float[Tensor, "22 3"]
    shapes: Float[Tensor, "22 3 shapes"]

    def shaped(self, betas: Tensor) -> Float[Tensor, "22 3"]:
        """Return the joints of the body with a shape (n,); numbers that the body does not know are left out."""
        known = min(len(betas), self.shapes.shape[-1])
        return self.rest + self.shapes[..., :known] @ betas[:known].to(self.shapes)


def rig_body() -> Body:
    """Return the rig of `kinmo_core.rig` as a body of one shape, where no body model is given."""
    return Body(rest_joints(), torch.zeros(JOINTS, 3, 0, dtype=torch.float64))


def load_body(path: Path | str) -> Body:
    """Read the joints of a body model: `.npz` of SMPL, SMPL-H or SMPL-X.

    Raises:
        InputError: a pickle, not a body model, or joints in another order.
    """
    if Path(path).suffix.lower() in PICKLE_SUFFIXES:
        raise InputError(
            f"{path}: a body model must be a .npz, as SMPL-H and SMPL-X are distributed: {PICKLE} {', '.join(_NEEDED)} "
            "with numpy.savez"
        )
    arrays = open_arrays(path)
    if missing := [name for name in _NEEDED if name not in arrays.names]:
        raise InputError(f"{path}: a body model must hold {', '.join(_NEEDED)}; this file lacks {', '.join(missing)}")
    template, shapes, regressor, tree = (_numbers(arrays, name) for name in _NEEDED)
    vertices = len(template)
    if (
        template.shape != (vertices, 3)
        or shapes.shape[:2] != (vertices, 3)
        or shapes.ndim != 3
        or regressor.ndim != 2
        or regressor.shape[0] < JOINTS
        or regressor.shape[1] != vertices
    ):
        raise InputError(
            f"{path}: v_template, shapedirs and J_regressor must have shapes (V, 3), (V, 3, shapes) and (joints, V), "
            f"got {template.shape}, {shapes.shape} and {regressor.shape}"
        )
    if tree.ndim != 2 or tuple(tree[0, 1:JOINTS].astype(int)) != tuple(PARENTS[1:]):
        raise InputError(f"{path}: kintree_table must begin with the 22 joints of SMPL, got another tree")
    first = regressor[:JOINTS]
    rest, changes = first @ template, np.einsum("jv,vcs->jcs", first, shapes)
    return Body(torch.from_numpy(rest), torch.from_numpy(changes))


def offsets_of(rest: Float[Tensor, "22 3"]) -> Float[Tensor, "22 3"]:
    """Return the vectors parent -> joint of rest joints; zero for the root."""
    vectors = rest - rest[[max(parent, 0) for parent in PARENTS]]
    return vectors.double()


def pose_joints(
    rest: Float[Tensor, "22 3"], rotations: Tensor, trans: Float[Tensor, "frames 3"]
) -> Float[Tensor, "frames 22 3"]:
    """Compute the joints of a posed body as SMPL does: the pelvis lies at `trans` and its place at rest together.

    Args:
        rest: joints of the body at rest, metres.
        rotations: (T, 22, 3, 3) relative to the parent.
        trans: metres.
    """
    return place_joints(trans + rest[0], rotations, offsets=offsets_of(rest))


def _numbers(arrays: Arrays, name: str) -> np.ndarray:
    array = arrays.load(name)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InputError(f"{arrays.path}: {name} must hold finite numbers, got {array.dtype} {array.shape}")
    return array.astype(np.float64)
