"""Forward kinematics of a tree of any joints, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def chain(
    parents: Sequence[int], offsets: np.ndarray, turns: Sequence[np.ndarray | None], root: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute positions (T, J, 3) and world rotations (T, J, 3, 3) of joints that keep their distance.

    Args:
        parents: index of each joint's parent, which comes before it; -1 for the root.
        offsets: (J, 3) from the parent.
        turns: rotation (T, 3, 3) of each joint relative to its parent, None for a joint that never turns.
        root: (T, 3) position of the root.
    """
    places = np.empty((len(root), len(parents), 3))
    world = np.empty((len(root), len(parents), 3, 3))
    for joint, (parent, turn) in enumerate(zip(parents, turns, strict=True)):
        above = world[:, parent] if parent >= 0 else np.eye(3)
        places[:, joint] = places[:, parent] + above @ offsets[joint] if parent >= 0 else root
        world[:, joint] = above if turn is None else above @ turn
    return places, world
