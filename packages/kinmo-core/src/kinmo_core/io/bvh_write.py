"""Write a clip as BVH on the T-pose rig of `kinmo_core.rig`: `write_bvh`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion
from kinmo_core.rig import CHILDREN, JOINT_NAMES, TIPS, fit_offsets, fit_rotations
from kinmo_core.skeleton import HUMANML3D

CENTIMETRE: Final = 0.01

# Euler angles are undetermined where the middle one is 90 degrees. Arms leave the T-pose about y and z, so their middle
# axis is x, the twist; everything else bends mostly about x and turns about y, so its middle axis is z.
_ORDERS: Final = tuple(
    "ZXY" if name.split("_")[-1] in {"collar", "shoulder", "elbow", "wrist"} else "YZX" for name in HUMANML3D.names
)


def write_bvh(motion: Motion, path: Path | str, *, scale: float = CENTIMETRE) -> None:
    """Write a clip as BVH: T-pose at rest, y up, facing +z, one hierarchy for all clips of a body.

    Args:
        motion: of any body whose bones keep their length.
        path: of the file.
        scale: metres per unit of the file; centimetres by default.

    Raises:
        InputError: the file cannot be written.
    """
    offsets = fit_offsets(motion.joints)
    root, rotations = fit_rotations(motion.joints, offsets=offsets)
    angles = euler_degrees(rotations.numpy())
    order = _depth_first()
    table = np.concatenate([root.numpy() / scale, angles[:, order].reshape(len(angles), -1)], axis=1)
    row = " ".join(["%.5f"] * table.shape[1]) + "\n"
    text = (
        "HIERARCHY\n" + _hierarchy(offsets, scale) + f"MOTION\nFrames: {len(table)}\nFrame Time: {1 / motion.fps:.9g}\n"
    )
    text += (row * len(table)) % tuple(table.ravel().tolist())
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="ascii")


def euler_degrees(rotations: Float[np.ndarray, "frames 22 3 3"]) -> Float[np.ndarray, "frames 22 3"]:
    """Convert local rotations of the rig to degrees in each joint's channel order, without jumps over time.

    Every rotation has two Euler triples, (a, b, c) and (a + 180, 180 - b, c + 180), each up to whole turns. Each frame
    takes the triple closest to the previous frame.
    """
    first = np.empty(rotations.shape[:-1])
    for joint, order in enumerate(_ORDERS):
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # at 90 degrees scipy picks one of the equivalent triples: fine
            first[:, joint] = Rotation.from_matrix(rotations[:, joint]).as_euler(order, degrees=True)
    both = np.stack([first, first * [1, -1, 1] + 180])
    joints = np.arange(len(_ORDERS))
    for frame in range(1, len(first)):
        previous = first[frame - 1]
        near = both[:, frame] + 360 * np.round((previous - both[:, frame]) / 360)
        first[frame] = near[np.abs(near - previous).sum(-1).argmin(0), joints]
    return first


def _depth_first(joint: int = 0) -> list[int]:
    """Return the joints in the order of the file's columns."""
    return [joint] + [below for child in CHILDREN[joint] for below in _depth_first(child)]


def _hierarchy(offsets: Tensor, scale: float, joint: int = 0, depth: int = 0) -> str:
    """Format the HIERARCHY block from `joint` down."""
    tab, inner = "\t" * depth, "\t" * (depth + 1)
    rotations = " ".join(f"{axis}rotation" for axis in _ORDERS[joint])
    channels = f"3 {rotations}" if joint else f"6 Xposition Yposition Zposition {rotations}"
    below = "".join(_hierarchy(offsets, scale, child, depth + 1) for child in CHILDREN[joint])
    if joint in TIPS:
        tip = torch.tensor(TIPS[joint], dtype=torch.float64)
        below = f"{inner}End Site\n{inner}{{\n{inner}\tOFFSET {_vector(tip, scale)}\n{inner}}}\n"
    head = f"{tab}{'JOINT' if joint else 'ROOT'} {JOINT_NAMES[joint]}\n{tab}{{\n"
    return f"{head}{inner}OFFSET {_vector(offsets[joint], scale)}\n{inner}CHANNELS {channels}\n{below}{tab}}}\n"


def _vector(metres: Tensor, scale: float) -> str:
    return " ".join(f"{value / scale:.6f}" for value in metres.tolist())
