"""Bruce Hahn's BVH files of the CMU recordings (cgspeed), which lack a vertebra: put it back.

They leave out the bone `thorax`, so that neck and shoulders start at its lower end (Spine1), and their forearm ends after
two thirds. Their Head is HumanML3D's neck, the base of the skull; its head lies above and in front of that.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_core.io.bvh_parse import Bvh
from kinmo_core.rig import rest_joints
from kinmo_core.skeleton import HUMANML3D

SKULL: Final = "Skull"
_METRES: Final = 0.0254 / 0.45  # per unit of these files
_FOREARM: Final = 1.5  # times as long as in the file
_NAMES: Final = ("LHipJoint", "LowerBack", "Neck1", "LeftHand", "RightHand")
_SHORTENED: Final = ("Neck", "LeftShoulder", "RightShoulder")  # joints that lie at the upper end of the thorax
_JOINTS: Final = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "neck": "Head", "head": SKULL,
}  # fmt: skip


def is_cgspeed(bvh: Bvh) -> bool:
    """Return whether a file has the names of these files and the fault, so that later conversions without it stay."""
    names = {name: joint for joint, name in enumerate(bvh.names)}
    if not {*_NAMES, *_JOINTS.values(), *_SHORTENED} - {SKULL} <= names.keys():
        return False
    return all(bvh.parents[names[name]] == names["Spine1"] and not any(bvh.offsets[names[name]]) for name in _SHORTENED)


def repair(bvh: Bvh) -> dict[str, int]:
    """Lengthen the bones that are too short, add the head, and return the joints of the trunk by HumanML3D's names.

    The vertebra that is missing is about as long as the one below it.
    """
    names = {name: joint for joint, name in enumerate(bvh.names)}
    thorax = bvh.offsets[names["Spine1"]]
    for name in _SHORTENED:
        bvh.offsets[names[name]] = list(thorax)
    for name in ("LeftHand", "RightHand"):
        bvh.offsets[names[name]] = [_FOREARM * value for value in bvh.offsets[names[name]]]
    skull = skull_above(_METRES) + np.array(bvh.offsets[names["Head"]])
    bvh.names.append(SKULL)
    bvh.parents.append(names["Neck1"])
    bvh.offsets.append(skull.tolist())
    bvh.channels.append([])
    names[SKULL] = len(bvh.names) - 1
    return {joint: names[name] for joint, name in _JOINTS.items()}


def skull_above(unit: float) -> np.ndarray:
    """Return HumanML3D's head (3,) seen from the base of the skull at rest, in units of `unit` metres."""
    neck, head = HUMANML3D.index("neck", "head")
    return (rest_joints()[head] - rest_joints()[neck]).numpy() / unit
