"""The parts of the body that the tokenizer gives ids of their own, and which features say what a part does."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from kinmo_core.features import CONTACT_JOINTS, DIM, LAYOUT
from kinmo_core.grouping import SIX_GROUPS, TWO_PARTS, Grouping
from kinmo_core.skeleton import HUMANML3D

_ONE: Final = Grouping((("body", HUMANML3D.names),))
_GROUPINGS: Final = {"one": _ONE, "two": TWO_PARTS, "six": SIX_GROUPS}
PARTS: Final = {name: len(grouping.groups) for name, grouping in _GROUPINGS.items()}  # how many parts each division has


def features_of(parts: str) -> Tensor:
    """Return which features (P, 263) tell of each part: those of its joints; the path of the root goes with the pelvis.

    Args:
        parts: a key of `PARTS`. The six are in the order of `kinmo_core.text.GROUPS`.
    """
    owner = [0] * DIM  # joint that each feature is about
    for name, size in (("positions", 3), ("rotations", 6), ("velocities", 3)):
        columns = LAYOUT[name]
        count = (columns.stop - columns.start) // size
        owner[columns] = [joint for joint in range(len(HUMANML3D) - count, len(HUMANML3D)) for _ in range(size)]
    owner[LAYOUT["contacts"]] = HUMANML3D.index(*CONTACT_JOINTS)
    return torch.tensor([[joint in members for joint in owner] for members in _GROUPINGS[parts].joints])
