"""The file in which a user says which joint of a file is which of the 22 joints, and the check that they form a body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from kinmo_core.errors import InputError
from kinmo_core.files import read_text
from kinmo_core.io.bvh_parse import END_SITE
from kinmo_core.io.placement import NEEDED
from kinmo_core.io.upright import leg_length
from kinmo_core.skeleton import HUMANML3D

# Distances in lengths of thigh and shin, far outside of what people have: what lies beyond is the wrong joint.
_BOUNDS: Final = {
    ("left_hip", "right_hip"): (0.04, 0.6),
    ("left_shoulder", "right_shoulder"): (0.15, 0.9),
    ("pelvis", "left_hip"): (0.0, 0.5),
    ("pelvis", "neck"): (0.3, 1.3),
    ("neck", "left_shoulder"): (0.03, 0.5),
    ("neck", "right_shoulder"): (0.03, 0.5),
    ("neck", "head"): (0.0, 0.5),
    ("left_ankle", "left_foot"): (0.0, 0.5),
    ("right_ankle", "right_foot"): (0.0, 0.5),
}
_PAIRS: Final = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
_BACKWARDS: Final = -0.3  # mean cosine between feet and front below which both sides are swapped
_ALIKE: Final = 1.5  # times that a bone may be longer than its twin
_PARTS: Final = (0.15, 1.0)  # length of thigh, shin, upper arm and forearm


def read_map(path: Path, names: Sequence[str]) -> dict[str, int]:
    """Read a map file: a YAML mapping of HumanML3D's joint names to names of the file, ~ for none.

    Raises:
        InputError: it is no such mapping, or names a joint that is not there.
    """
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: must be YAML, got {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: must map joints to names of the file, got {type(content).__name__}")
    found = {}
    for joint, name in content.items():
        if joint not in HUMANML3D.names:
            raise InputError(f"{path}: a joint must be one of {', '.join(HUMANML3D.names)}, got {joint}")
        if name is None:
            continue
        if str(name) not in names:
            raise InputError(f"{path}: {joint} must be a joint of the file ({_listed(names)}), got {name}")
        found[joint] = list(names).index(str(name))
    return found


def check_complete(found: Mapping[str, int], names: Sequence[str], *, source: str) -> None:
    """Raise an error with a map file to fill in if joints are missing that cannot be derived."""
    missing = [joint for joint in NEEDED if joint not in found]
    if "neck" not in found and "head" not in found:
        missing.append("neck or head")
    if missing:
        raise _refusal(f"no joint found for {', '.join(missing)}", found, names, source)


def check_body(joints: np.ndarray, found: Mapping[str, int], names: Sequence[str], *, source: str) -> None:
    """Raise an error with a map file if the joints (T, 22, 3) found by name do not form a body."""
    leg = leg_length(joints)
    places = dict(zip(HUMANML3D.names, joints.swapaxes(0, 1), strict=True))

    def distance(start: str, end: str) -> float:
        return float(np.linalg.norm(places[start] - places[end], axis=-1).mean()) / leg

    for (start, end), (least, most) in _BOUNDS.items():
        if not least <= distance(start, end) <= most:
            problem = f"{start} and {end} are {distance(start, end):.2f} leg lengths apart, people {least} to {most}"
            raise _refusal(problem, found, names, source)
    for start, end in _PAIRS:
        left, right = (distance(f"{side}_{start}", f"{side}_{end}") for side in ("left", "right"))
        if not _PARTS[0] <= min(left, right) <= max(left, right) <= min(_PARTS[1], _ALIKE * min(left, right)):
            problem = f"from {start} to {end} are {left:.2f} leg lengths on the left and {right:.2f} on the right"
            raise _refusal(problem, found, names, source)
    if _toes_ahead(places) < _BACKWARDS:
        raise _refusal("left and right are swapped, since the toes point backwards", found, names, source)


def _toes_ahead(places: Mapping[str, np.ndarray]) -> float:
    """Return the mean cosine of the feet with the front of the body, left side crossed with trunk; 0 for no feet."""
    left = places["left_hip"] - places["right_hip"]
    trunk = places["left_shoulder"] + places["right_shoulder"] - places["left_hip"] - places["right_hip"]
    front = np.cross(left, trunk)
    feet = places["left_foot"] + places["right_foot"] - places["left_ankle"] - places["right_ankle"]
    size = np.linalg.norm(front, axis=-1) * np.linalg.norm(feet, axis=-1)
    return float(np.mean((front * feet).sum(-1) / np.maximum(size, 1e-12)))


def template(found: Mapping[str, int], names: Sequence[str]) -> str:
    """Return the text of a map file with what was found."""
    lines = ["# Joints of the file for KinMo's 22; ~ leaves one to be found or derived. Pass it as --map FILE."]
    for joint in HUMANML3D.names:
        name = yaml.safe_dump(names[found[joint]]).split("\n")[0] if joint in found else "~"
        lines.append(f"{joint}: {name}{'' if joint in found or joint not in NEEDED else '  # needed'}")
    others = [name for joint, name in enumerate(names) if joint not in found.values()]
    return "\n".join([*lines, f"# Other joints of the file: {_listed(others)}"])


def _listed(names: Sequence[str]) -> str:
    """Return names in a line, without the End Sites, which no one names."""
    return ", ".join(name for name in names if not name.endswith(END_SITE)) or "none"


def _refusal(problem: str, found: Mapping[str, int], names: Sequence[str], source: str) -> InputError:
    message = f"{source}: {problem}; say which joint is which in the map file printed above, and pass it as --map FILE"
    return InputError(message, attachment=template(found, names))
