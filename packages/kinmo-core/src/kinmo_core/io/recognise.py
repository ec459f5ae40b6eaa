"""Find the 22 joints in a foreign skeleton, by the names of its joints and by its tree together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from kinmo_core.io.names import Label, read_labels
from kinmo_core.skeleton import HUMANML3D

_LEG: Final = ("hip", "knee", "ankle", "foot")
_ARM: Final = ("collar", "shoulder", "elbow", "wrist")
_SIDES: Final = ("left", "right")
_UNKNOWN_FIT: Final = 0.2  # of a name without a known word: the tree alone says that the joint lies between two others
_SHORT: Final = 0.01  # share of the longest bone below which two joints lie in one place
_SPINE: Final = ("spine1", "spine2", "spine3")


def recognise(
    names: Sequence[str], parents: Sequence[int], offsets: np.ndarray, given: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return the joint of the file for each of the 22 joints that it has.

    Limbs are chains: among the joints of a side, the order from the trunk outwards decides where a name means two things
    (SMPL's L_Foot is a toe, Mixamo's LeftFoot an ankle; LeftShoulder is a collar or a shoulder).

    Args:
        names: of the joints.
        parents: of the joints, -1 for a root; a parent comes before its children.
        offsets: (joints, 3) from the parent, in any unit.
        given: joints that a user has named; the others are found around them.
    """
    labels, lengths, given = read_labels(names), np.linalg.norm(offsets, axis=-1), given or {}
    roots = [joint for joint, parent in enumerate(parents) if parent < 0]
    people = [_person(_Tree(labels, parents, lengths, root), given) for root in roots]
    return max(people, key=len, default={})  # a second root is a second person or a thing that the first one holds


def _person(tree: _Tree, given: Mapping[str, int]) -> dict[str, int]:
    """Return the joints of the tree below one root, and those given."""
    found: dict[str, int] = {}
    for side in _SIDES:
        for slots in (_LEG, _ARM):
            found |= {f"{side}_{slot}": joint for slot, joint in tree.limb(side, slots).items()}
    found |= given
    hips = [found[name] for name in ("left_hip", "right_hip") if name in found]
    arms = [_first(found, f"{side}_collar", f"{side}_shoulder") for side in _SIDES]
    branches = [tree.parents[joint] for joint in arms if joint is not None and tree.parents[joint] >= 0]
    if hips and branches:
        found |= {**tree.trunk(hips, branches), **given}
    return {name: found[name] for name in HUMANML3D.names if name in found}


def _first(found: dict[str, int], *names: str) -> int | None:
    return next((found[name] for name in names if name in found), None)


class _Tree:
    """The joints below one root with what their names say."""

    def __init__(self, labels: Sequence[Label], parents: Sequence[int], lengths: np.ndarray, root: int) -> None:
        self.labels, self.parents = labels, parents
        self.joints = [joint for joint in range(len(parents)) if self.path(joint)[0] == root]
        self.lengths, self.short = lengths, _SHORT * lengths[self.joints[1:]].max(initial=0.0)

    def path(self, joint: int) -> list[int]:
        """Return the joints from the root to `joint`, both included."""
        path = [joint]
        while (joint := self.parents[joint]) >= 0:
            path.append(joint)
        return path[::-1]

    def limb(self, side: str, slots: tuple[str, ...]) -> dict[str, int]:
        """Return the joint for each slot of the chain of one side that fits best."""
        tips = [
            joint
            for joint in self.joints
            if self.labels[joint].side == side and self._is_body(joint) and self.labels[joint].fit.keys() & set(slots)
        ]
        chains = [[j for j in self.path(tip) if self.labels[j].side == side and self._is_body(j)] for tip in tips]
        fits = [self._align(chain, slots) for chain in chains]
        return max(fits, key=lambda fit: fit[0], default=(0.0, {}))[1]

    def _align(self, chain: list[int], slots: tuple[str, ...]) -> tuple[float, dict[str, int]]:
        """Assign joints to slots in order so that their names fit best; of equals, the joints closer to the trunk."""
        best: list[tuple[float, dict[str, int]]] = [(0.0, {})] * (len(slots) + 1)
        for joint in chain:
            label = self.labels[joint]
            for number in range(len(slots), 0, -1):
                slot = slots[number - 1]
                fit = label.fit.get(slot, 0.0) if label.is_known else _UNKNOWN_FIT
                score, taken = max(best[:number], key=lambda entry: entry[0])
                if fit and score + fit > best[number][0]:
                    best[number] = (score + fit, {**taken, slot: joint})
        return max(best, key=lambda entry: entry[0])

    def trunk(self, hips: list[int], branches: list[int]) -> dict[str, int]:
        """Return pelvis, spine, neck and head, given the joints where legs begin and those from which arms hang."""
        branch = self._common(branches)
        pelvis = self._common([*hips, branch])
        named = [joint for joint in self.path(pelvis) if self.labels[joint].words == {"hip"}]
        pelvis = named[-1] if named else pelvis
        upper = self._upper(pelvis, branch)
        below = [joint for joint in upper if not self._is_neck(joint, branch)]
        above = [joint for joint in upper if self._is_neck(joint, branch)]
        found = {"pelvis": pelvis}
        heads = [joint for joint in above if "head" in self.labels[joint].words] or above[1:][-1:]
        necks = [joint for joint in above if joint not in heads[:1]]
        if heads:
            found["head"] = heads[0]
        if necks:
            found["neck"] = necks[0]
        return found | self._spine(pelvis, below, found.get("neck", found.get("head")))

    def _upper(self, pelvis: int, branch: int) -> list[int]:
        """Return the joints from above the pelvis to the head, without those that lie where the joint below them does."""
        tips = [j for j in self.joints if branch in self.path(j)[:-1] and self._is_center(j)]
        heads = [j for j in self.joints if "head" in self.labels[j].words and self._is_center(j)]
        tip = min(heads, key=lambda j: len(self.path(j))) if heads else max(tips, key=self._depth, default=branch)
        path = self.path(tip)
        path = path[path.index(pelvis) + 1 :] if pelvis in path else []
        return [j for j in path if self._is_center(j) and (self.lengths[j] > self.short or j == tip)]

    def _depth(self, joint: int) -> int:
        return len(self.path(joint))

    def _is_body(self, joint: int) -> bool:
        return self.labels[joint].kind == "body"

    def _is_center(self, joint: int) -> bool:
        return self._is_body(joint) and not self.labels[joint].side

    def _is_neck(self, joint: int, branch: int) -> bool:
        words = self.labels[joint].words
        return bool(words & {"neck", "head"}) or (branch in self.path(joint)[:-1] and "chest" not in words)

    def _common(self, joints: list[int]) -> int:
        """Return the last joint that lies on the way to all of `joints`."""
        paths = [self.path(joint) for joint in joints]
        shared = [step[0] for step in zip(*paths, strict=False) if len(set(step)) == 1]
        return shared[-1] if shared else paths[0][0]

    def _spine(self, pelvis: int, chain: list[int], end: int | None) -> dict[str, int]:
        """Assign the joints of the spine, three at most, by how far up they lie between pelvis and `end`, the neck."""
        ours = _heights(("spine1", "spine2", "spine3", "neck"))
        path = self.path(end if end is not None else chain[-1] if chain else pelvis)
        climb = np.cumsum([self.lengths[joint] for joint in path])
        start = climb[path.index(pelvis)] if pelvis in path else 0.0
        total = max(climb[-1] - start, 1e-9)
        theirs = [(climb[path.index(joint)] - start) / total if joint in path else 1.0 for joint in chain]
        best = min(_matchings(len(chain)), key=lambda pairs: sum(abs(ours[a] - theirs[b]) for a, b in pairs))
        return {_SPINE[ours_]: chain[theirs_] for ours_, theirs_ in best}


def _heights(names: tuple[str, ...]) -> list[float]:
    """Return where joints of `HUMANML3D` lie on the way from the pelvis (0) to the last of them (1)."""
    climb = np.cumsum([HUMANML3D.bone_lengths[HUMANML3D.names.index(name)] for name in names])
    return (climb / climb[-1]).tolist()


def _matchings(count: int) -> list[list[tuple[int, int]]]:
    """Return all ways to match three joints to `count` in order, as many of both as can be."""
    size = min(len(_SPINE), count)
    ours, theirs = (list(combinations(range(n), size)) for n in (len(_SPINE), count))
    return [list(zip(a, b, strict=True)) for a in ours for b in theirs]
