"""Find the 22 joints in a foreign skeleton by the names of several naming schemes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.skeleton import HUMANML3D

_SHOWN: Final = 30  # names of the file that an error lists

Scheme = Mapping[str, Mapping[str, float]]
"""Names of the file and their weights, which sum to one, for each of the 22 joints; most have a single name."""


def find_joints(names: Sequence[str], *, source: str = "BVH") -> np.ndarray:
    """Return weights (22, len(names)) that combine the joints of a file into the 22 joints.

    Case, a namespace ("mixamorig:Hips"), spaces and underscores are ignored.

    Raises:
        InputError: joints are missing; names those that the best scheme does not find.
    """
    columns = {_plain(name): column for column, name in reversed(list(enumerate(names)))}
    missing = {
        title: [joint for joint, parts in scheme.items() if not set(parts) <= columns.keys()]
        for title, scheme in _SCHEMES.items()
    }
    best = min(missing, key=lambda title: len(missing[title]))
    if missing[best]:
        raise InputError(
            f"{source}: no joint for {', '.join(missing[best])}, read with the names of {best}; "
            f"the file has {', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"
        )
    weights = np.zeros((len(HUMANML3D), len(names)))
    for row, joint in enumerate(HUMANML3D.names):
        for name, weight in _SCHEMES[best][joint].items():
            weights[row, columns[name]] = weight
    return weights


def _plain(name: str) -> str:
    """Normalize a name: `mixamorig:LeftUpLeg`, `Left_Up_Leg` and `leftupleg` to `leftupleg`; `L_Hip` to `lefthip`."""
    name = re.sub(r"^([lr])[_ .]", lambda side: {"l": "left", "r": "right"}[side[1]], name.rpartition(":")[2].lower())
    return re.sub(r"[^a-z0-9]", "", name).removeprefix("mixamorig")


_SIDES: Final = ("left", "right")


def _scheme(middle: Mapping[str, str], side: Mapping[str, str]) -> Scheme:
    """Return a scheme of one name per joint; joints and names of `side` get the prefixes left and right."""
    sides = {f"{word}_{joint}": {f"{word}{name}": 1.0} for joint, name in side.items() for word in _SIDES}
    return {joint: {name: 1.0} for joint, name in middle.items()} | sides


_LEG: Final = {"hip": "upleg", "knee": "leg", "ankle": "foot", "foot": "toebase"}
_ARM: Final = {"collar": "shoulder", "shoulder": "arm", "elbow": "forearm", "wrist": "hand"}
_MIDDLE: Final = {
    "pelvis": "hips", "spine1": "spine", "spine2": "spine1", "spine3": "spine2", "neck": "neck", "head": "head",
}  # fmt: skip


def _cgspeed() -> Scheme:
    """Return the scheme of the CMU recordings in Bruce Hahn's BVH files.

    These files lack the bone `thorax`: neck and shoulders start at its lower end (Spine1), so all above is moved up by the
    vertebra below, Spine to Spine1, of nearly its length and direction. Their forearm ends after two thirds. Spine3, collars
    and head have no joint of their own; the weights put them near HumanML3D's. Three recordings come within 6 cm (mean
    over joints) of HumanML3D's body; calibrated constants made the packs that
    `kinmo data pack` reads.
    """
    lift = {"spine1": 1.0, "spine": -1.0}
    arms = {
        f"{word}_{joint}": _add({f"{word}{name}": weight for name, weight in parts.items()}, lift)
        for joint, parts in {
            "shoulder": {"arm": 1.0},
            "elbow": {"forearm": 1.0},
            "wrist": {"hand": 1.5, "forearm": -0.5},
        }.items()
        for word in _SIDES
    }
    collars = {
        f"{word}_collar": _add({f"{word}arm": 0.4, "spine1": 0.6}, {"neck1": 1.0, "spine1": -1.0}, lift)
        for word in _SIDES
    }
    return {
        **_scheme({"pelvis": "hips", "spine1": "spine", "spine2": "spine1", "spine3": "neck1"}, _LEG),
        "neck": _add({"head": 1.0}, lift),
        "head": _add({"head": 2.2, "neck1": -1.2}, lift),
        **collars,
        **arms,
    }


def _add(*parts: Mapping[str, float]) -> Mapping[str, float]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0.0) for part in parts) for name in names}


_SCHEMES: Final[dict[str, Scheme]] = {
    "KinMo and Mixamo": _scheme(_MIDDLE, _LEG | _ARM),
    "the CMU files of cgspeed": _cgspeed(),
    "LaFAN1": _scheme(_MIDDLE, _LEG | _ARM | {"foot": "toe"}),
    "SMPL and HumanML3D": _scheme(
        {name: name for name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head")},
        {name: name for name in (*_LEG, *_ARM)},
    ),
    "Xsens and 100STYLE": _scheme(
        _MIDDLE | {"spine1": "chest", "spine2": "chest2", "spine3": "chest4"},
        {name: name for name in (*_LEG, *_ARM)} | {"foot": "toe"},
    ),
}
