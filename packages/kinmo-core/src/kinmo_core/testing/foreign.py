"""BVH files as other programs write them, of a puppet's motion: `write_foreign`.

The true joints come from world rotations and bone vectors, without channels, Euler angles or a hierarchy of names, so that a
reader can be held against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from kinmo_core.rig import OFFSETS, PARENTS, fit_rotations
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.conventions import Convention

_LEG, _ARM = 1.06, 0.96  # times HumanML3D's lengths: another person
_TIPS: Final = {"foot": (0.0, -0.01, 0.07), "ankle": (0.0, -0.06, 0.18), "wrist": (0.15, 0.0, 0.0)}
_CROWN: Final = (0.0, 0.15, 0.0)


@dataclass
class _Node:
    """A joint of the file: its parent, its vector from there in the T-pose (m), and the joint whose rotation it has."""

    name: str
    parent: int
    offset: np.ndarray
    joint: int


def write_foreign(convention: Convention, joints: Tensor, *, fps: float = 20.0) -> tuple[str, np.ndarray]:
    """Return the text of a BVH file of a motion, and the true joints of the person in it.

    Args:
        convention: of names, rest pose, axes and units.
        joints: (T, 22, 3) metres, y up, such as `walking_joints()`; the person of the file has longer legs, shorter arms.
        fps: frames per second.

    Returns:
        The text, and (T, 22, 3) metres, y up; joints that the file lacks are where they would be.
    """
    turns, places = _move(convention, joints)
    nodes = _nodes(convention)
    rest = _rest_turns(convention, nodes)
    up = Rotation.from_euler("x", 90 if convention.up == "z" else 0, degrees=True).as_matrix()
    world = [up @ turns[:, node.joint] @ rest[number].T for number, node in enumerate(nodes)]
    columns, root = [], places[:, 0] @ up.T / convention.unit
    for number, node in enumerate(nodes):
        above = world[node.parent].transpose(0, 2, 1) if node.parent >= 0 else np.eye(3)
        angles = Rotation.from_matrix(above @ world[number]).as_euler(convention.order, degrees=True)
        columns.append(np.concatenate([root, angles], axis=1) if node.parent < 0 else angles)
    table = np.concatenate([columns[number] for number in _depth_first(nodes)], axis=1)
    rows = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in table)
    head = _format(convention, nodes, rest, 0)
    return f"HIERARCHY\n{head}MOTION\nFrames: {len(table)}\nFrame Time: {1 / fps:.7f}\n{rows}\n", places


def _offsets() -> np.ndarray:
    lengths = [
        _LEG if name.endswith(("knee", "ankle")) else _ARM if name.endswith(("elbow", "wrist")) else 1.0
        for name in HUMANML3D.names
    ]
    return OFFSETS.numpy() * np.array(lengths)[:, None]


def _move(convention: Convention, joints: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return world rotations (T, 22, 3, 3) and positions (T, 22, 3); a joint that the file lacks does not turn."""
    root, local = (part.numpy() for part in fit_rotations(torch.as_tensor(joints)))
    has, offsets = convention.names(), _offsets()
    world, places = [local[:, 0]], [root * _LEG]
    for joint in range(1, len(PARENTS)):
        parent = PARENTS[joint]
        places.append(places[parent] + world[parent] @ offsets[joint])
        world.append(world[parent] @ local[:, joint] if HUMANML3D.names[joint] in has else world[parent])
    return np.stack(world, axis=1), np.stack(places, axis=1)


def _nodes(convention: Convention) -> list[_Node]:
    """Return the joints of the file, parents first; what the convention lacks lengthens the bones below it."""
    has, offsets = convention.names(), _offsets()
    inserted = {joint: [(name, share) for name, at, share in convention.inserted if at == joint] for joint in has}
    nodes = [_Node(convention.root, -1, np.zeros(3), 0)] if convention.root else []
    numbers: dict[int, int] = {}
    for joint, name in enumerate(HUMANML3D.names):
        if name not in has:
            continue
        above, vector = PARENTS[joint], offsets[joint].copy()
        while above >= 0 and above not in numbers:
            vector += offsets[above]
            above = PARENTS[above]
        parent, done = numbers.get(above, len(nodes) - 1), 0.0
        for extra, share in inserted[name]:
            nodes.append(_Node(extra, parent, (share - done) * vector, max(above, 0)))
            parent, done = len(nodes) - 1, share
        nodes.append(_Node(has[name], parent, (1 - done) * vector, joint))
        numbers[joint] = len(nodes) - 1
    for extra, name in convention.added:
        joint = HUMANML3D.names.index(name)
        nodes.append(_Node(extra, numbers[joint], np.array([0.03, -0.02, 0.05]), joint))
    return nodes


def _rest_turns(convention: Convention, nodes: list[_Node]) -> list[np.ndarray]:
    """Return the rotation of each node from the T-pose to the rest pose of the file."""
    up = Rotation.from_euler("x", 90 if convention.up == "z" else 0, degrees=True).as_matrix()
    turns = []
    for number, node in enumerate(nodes):
        name = HUMANML3D.names[node.joint]
        turn = np.eye(3)
        if convention.rest == "a" and name.endswith(("shoulder", "elbow", "wrist")):
            turn = Rotation.from_euler("z", -45 if name.startswith("left") else 45, degrees=True).as_matrix()
        if convention.rest == "x":
            below = next((other.offset for other in nodes if other.parent == number), np.zeros(3))
            if below.any():
                turn = Rotation.align_vectors([[1.0, 0.0, 0.0]], [below])[0].as_matrix()
        turns.append(up @ turn)
    return turns


def _depth_first(nodes: list[_Node], number: int = 0) -> list[int]:
    below = [child for child, node in enumerate(nodes) if node.parent == number]
    return [number, *(joint for child in below for joint in _depth_first(nodes, child))]


def _format(convention: Convention, nodes: list[_Node], rest: list[np.ndarray], number: int, depth: int = 0) -> str:
    """Format the hierarchy from a node down."""
    node, tab = nodes[number], "  " * depth
    turn = rest[node.parent] if node.parent >= 0 else np.eye(3)
    rotations = " ".join(f"{axis}rotation" for axis in convention.order)
    channels = f"3 {rotations}" if node.parent >= 0 else f"6 Xposition Yposition Zposition {rotations}"
    below = [child for child, other in enumerate(nodes) if other.parent == number]
    inner = "".join(_format(convention, nodes, rest, child, depth + 1) for child in below)
    if not below:
        tip = _vector(rest[number] @ _tip(node.joint), convention)
        inner = f"{tab}  End Site\n{tab}  {{\n{tab}    OFFSET {tip}\n{tab}  }}\n"
    offset = _vector(turn @ node.offset, convention)
    kind = "JOINT" if node.parent >= 0 else "ROOT"
    return f"{tab}{kind} {node.name}\n{tab}{{\n{tab}  OFFSET {offset}\n{tab}  CHANNELS {channels}\n{inner}{tab}}}\n"


def _tip(joint: int) -> np.ndarray:
    side, _, part = HUMANML3D.names[joint].partition("_")
    return np.array(_TIPS.get(part, _CROWN)) * ([-1, 1, 1] if side == "right" else [1, 1, 1])


def _vector(metres: np.ndarray, convention: Convention) -> str:
    return " ".join(f"{value:.6f}" for value in metres / convention.unit)
