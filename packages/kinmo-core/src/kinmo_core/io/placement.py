"""Place the 22 joints from the joints of a file: most are a joint of the file, missing ones are derived from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from kinmo_core.rig import rest_joints
from kinmo_core.skeleton import HUMANML3D

NEEDED: Final = (
    "pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow",
)  # fmt: skip
_SPINE: Final = ("pelvis", "spine1", "spine2", "spine3", "neck")
_MIDLINE: Final = 0.15  # share of the way to the shoulder from which a collar lies beside the spine, not on it
_BESIDE: Final = 0.1  # share of the way to the next joint that a derived joint keeps from it at least
_REST: Final = dict(zip(HUMANML3D.names, rest_joints().numpy(), strict=True))
_MIXES: Final[dict[str, Mapping[str, float]]] = {  # fitted to the rest pose of the rig
    "neck": {"left_shoulder": 0.27, "right_shoulder": 0.27, "head": 0.46},
    "left_collar": {"left_shoulder": 0.37, "neck": 0.28, "spine3": 0.35},
    "right_collar": {"right_shoulder": 0.37, "neck": 0.28, "spine3": 0.35},
}


@dataclass(frozen=True)
class Placement:
    """How the 22 joints follow from the joints of a file: weighted means, plus offsets that turn with one of them.

    Args:
        weights: rows sum to one.
        carriers: the joint of the file with which each offset turns.
        offsets: in the unit of the file.
        derived: a few words on each joint that the file lacks.
    """

    weights: np.ndarray  # (22, joints of the file)
    carriers: np.ndarray  # (22,)
    offsets: np.ndarray  # (22, 3)
    derived: tuple[str, ...]

    def place(self, positions: np.ndarray, rotations: np.ndarray) -> np.ndarray:
        """Return (T, 22, 3), given positions (T, J, 3) and world rotations (T, J, 3, 3) of the joints of the file."""
        out = np.einsum("kj,tjc->tkc", self.weights, positions)
        for joint in np.flatnonzero(np.abs(self.offsets).max(-1)):
            out[:, joint] += rotations[:, self.carriers[joint]] @ self.offsets[joint]
        return out


class Builder:
    """Builds a `Placement` joint by joint.

    Args:
        found: the joint of the file for each of the 22 joints that it has; all of `NEEDED`, and a neck or a head.
        ends: the End Site of each joint of the file that has one.
        positions: (T, J, 3) some poses of the file, which show lengths and where collars lie.
    """

    def __init__(self, found: Mapping[str, int], ends: Mapping[int, int], positions: np.ndarray) -> None:
        self.found, self.ends, self.positions = dict(found), ends, positions
        self.rows: dict[str, np.ndarray] = {}
        self.derived: list[str] = []
        for side in ("left", "right"):
            if self._is_on_spine(side):
                del self.found[f"{side}_collar"]
        for name, joint in self.found.items():
            self.rows[name] = self._unit(joint)

    def build(self) -> Placement:
        """Return the placement, toes without a joint lying at the ankles; `add_toes` puts them in front."""
        self._add_head_and_neck()
        self._add_spine()
        for side in ("left", "right"):
            self._add_mixed(f"{side}_collar", "between shoulder, neck and spine3")
            self._add_wrist(side)
            self.rows.setdefault(f"{side}_foot", self.rows[f"{side}_ankle"])
        weights = np.stack([self.rows[name] for name in HUMANML3D.names])
        return Placement(weights, np.zeros(len(weights), dtype=int), np.zeros((len(weights), 3)), tuple(self.derived))

    def _unit(self, joint: int) -> np.ndarray:
        return np.eye(self.positions.shape[1])[joint]

    def _length(self, start: str, end: np.ndarray) -> float:
        """Return the mean distance from a placed joint to weighted joints of the file."""
        return float(np.linalg.norm(np.einsum("j,tjc->tc", end - self.rows[start], self.positions), axis=-1).mean())

    def _scale(self) -> float:
        """Return units of the file per metre, by the length of the left leg."""
        legs = self._length("left_hip", self.rows["left_knee"]) + self._length("left_knee", self.rows["left_ankle"])
        ours = np.linalg.norm(_REST["left_ankle"] - _REST["left_knee"]) + np.linalg.norm(
            _REST["left_knee"] - _REST["left_hip"]
        )
        return legs / float(ours)

    def _is_on_spine(self, side: str) -> bool:
        """Return whether the collar of a side lies on the midline, where the spine has a joint already."""
        names = (f"{side}_collar", "left_shoulder", "right_shoulder")
        if not all(name in self.found for name in names):
            return False
        collar, left, right = (self.positions[:, self.found[name]] for name in names)
        across = (left - right) * (1 if side == "left" else -1)
        out = ((collar - (left + right) / 2) * across).sum(-1) / np.maximum((across**2).sum(-1), 1e-12)
        return float(np.median(out)) < _MIDLINE / 2  # of the way between both shoulders

    def _extend(self, name: str, start: str, end: np.ndarray, note: str) -> None:
        """Place a joint in the direction from `start` to `end`, as far as the rest pose has it."""
        far = self._length(start, end)
        share = float(np.linalg.norm(_REST[name] - _REST[start])) * self._scale() / far if far > 0 else 0.0
        self.rows[name] = (1 - share) * self.rows[start] + share * end
        self.derived.append(f"{name} {note}")

    def _add_head_and_neck(self) -> None:
        if "head" not in self.rows:
            tip = self.ends.get(self.found["neck"])
            below = next(self.rows[name] for name in reversed(_SPINE[:-1]) if name in self.rows)
            end = self._unit(tip) if tip is not None else 2 * self.rows["neck"] - below
            self._extend("head", "neck", end, "towards the End Site" if tip is not None else "above the neck")
        self._add_mixed("neck", "between shoulders and head")

    def _add_mixed(self, name: str, note: str) -> None:
        if name not in self.rows:
            self.rows[name] = np.sum([share * self.rows[part] for part, share in _MIXES[name].items()], axis=0)
            self.derived.append(f"{name} {note}")

    def _add_spine(self) -> None:
        """Place missing joints of the spine between those above and below, at their height between pelvis and neck."""
        climb = np.cumsum([HUMANML3D.bone_lengths[HUMANML3D.names.index(name)] for name in _SPINE])
        ours = dict(zip(_SPINE, (climb / climb[-1]).tolist(), strict=True))
        known = [name for name in _SPINE if name in self.rows]
        steps = [self._length(below, self.rows[above]) for below, above in pairwise(known)]
        climb = np.cumsum([0.0, *steps]) / max(sum(steps), 1e-9)
        theirs = dict(zip(known, climb.tolist(), strict=True))
        for name in _SPINE:
            if name not in theirs:
                below, above = self._neighbours(name, known)
                share = (ours[name] - theirs[below]) / max(theirs[above] - theirs[below], 1e-9)
                share = min(max(share, _BESIDE), 1 - _BESIDE)
                self.rows[name] = (1 - share) * self.rows[below] + share * self.rows[above]
                self.derived.append(f"{name} between {below} and {above}")

    @staticmethod
    def _neighbours(name: str, known: list[str]) -> tuple[str, str]:
        place = _SPINE.index(name)
        return [k for k in known if _SPINE.index(k) < place][-1], next(k for k in known if _SPINE.index(k) > place)

    def _add_wrist(self, side: str) -> None:
        """Place a missing wrist at the End Site of the elbow, or in line with the upper arm."""
        if f"{side}_wrist" in self.rows:
            return
        elbow = f"{side}_elbow"
        tip = self.ends.get(self.found[elbow])
        end = self._unit(tip) if tip is not None else 2 * self.rows[elbow] - self.rows[f"{side}_shoulder"]
        self._extend(
            f"{side}_wrist", elbow, end, "at the End Site" if tip is not None else "in line with the upper arm"
        )
