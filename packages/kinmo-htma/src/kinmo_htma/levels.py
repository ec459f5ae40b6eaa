"""The three levels of text, and what a model reads at each: sentences, each with the number of the limb or pair it is about.

A limb or pair of which nothing is known is left out, so that a sequence is as long as what there is to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

from torch import Tensor

from kinmo_core.grouping import SIX_GROUPS, TWO_PARTS, Grouping
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description

LEVELS: Final = ("global", "group", "interaction")
PARTS: Final = {"six": SIX_GROUPS, "two": TWO_PARTS}
ROLES: Final = {"global": 1, "group": len(GROUPS), "interaction": len(PAIRS)}  # of six groups; two parts have fewer


class LevelText(NamedTuple):
    """The text of a batch at one level, padded with zeros."""

    states: Tensor  # (B, N, text_dim) vectors of words or of whole sentences
    roles: Tensor  # (B, N) which limb or pair a vector is about; 0 at the global level
    lengths: Tensor  # (B,) real positions, at least one


def check_levels(levels: Sequence[str]) -> tuple[str, ...]:
    """The levels, or an error: at least one, known, none twice."""
    if not levels or len(set(levels)) != len(levels) or not set(levels) <= set(LEVELS):
        raise ValueError(f"levels must be some of {', '.join(LEVELS)}, each once, got {', '.join(levels) or 'none'}")
    return tuple(levels)


def bare(text: str) -> Description:
    """A sentence of whose limbs nothing is known, for models of the global level alone."""
    return Description(text, dict.fromkeys(GROUPS, UNKNOWN), dict.fromkeys(PAIRS, UNKNOWN))


def sentences_of(description: Description, level: str, *, parts: str = "six") -> list[tuple[int, str]]:
    """(number of the limb or pair, sentence) of one level; a single "unknown" where nothing is known.

    Args:
        description: of a motion.
        level: one of `LEVELS`.
        parts: "six" groups, or "two": upper and lower body, each with the sentences of its groups one after the other.
    """
    if parts not in PARTS:
        raise ValueError(f"parts must be one of {', '.join(PARTS)}, got {parts}")
    if level == "global":
        return [(0, description.text)]
    if parts == "six":
        texts = list({"group": description.groups, "interaction": description.interactions}[level].values())
    else:
        texts = _joined(description, level, PARTS[parts])
    return [(number, text) for number, text in enumerate(texts) if text != UNKNOWN] or [(0, UNKNOWN)]


def _joined(description: Description, level: str, grouping: Grouping) -> list[str]:
    """The sentences of the six groups, or of their pairs, by the larger parts that these lie in."""
    part = {group: _part_of(group, grouping) for group in GROUPS}
    if level == "group":
        members = [[text for group, text in description.groups.items() if part[group] == p] for p in grouping.names]
    else:
        members = [
            [text for pair, text in description.interactions.items() if {part[group] for group in pair} == {*parts}]
            for parts in combinations(grouping.names, 2)
        ]
    return [" ".join(text for text in texts if text != UNKNOWN) or UNKNOWN for texts in members]


def _part_of(group: str, grouping: Grouping) -> str:
    """The part with most of the group's joints; the pelvis, of the torso, counts as lower body in `TWO_PARTS`."""
    joints = dict(SIX_GROUPS.groups)[group]
    return max(grouping.groups, key=lambda entry: len(set(entry[1]) & set(joints)))[0]
