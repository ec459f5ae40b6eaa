"""The three levels of text, and what a model reads at each: sentences with the number of the limb or pair they are about.

A limb or pair without a known text is left out, so that sequences stay short.
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
ROLES: Final = {"global": 1, "group": len(GROUPS), "interaction": len(PAIRS)}  # for six groups; two parts need fewer


class LevelText(NamedTuple):
    """The text of a batch at one level, padded with zeros."""

    states: Tensor  # (B, N, text_dim) vectors of words or of whole sentences
    roles: Tensor  # (B, N) number of the limb or pair of each vector; 0 at the global level
    lengths: Tensor  # (B,) real positions, at least one


def check_levels(levels: Sequence[str]) -> tuple[str, ...]:
    """Check that there is at least one level, each known and none twice, and return them."""
    if not levels or len(set(levels)) != len(levels) or not set(levels) <= set(LEVELS):
        raise ValueError(f"levels must be some of {', '.join(LEVELS)}, each once, got {', '.join(levels) or 'none'}")
    return tuple(levels)


def bare(text: str) -> Description:
    """Make a description of a sentence without limb texts, for models of the global level only."""
    return Description(text, dict.fromkeys(GROUPS, UNKNOWN), dict.fromkeys(PAIRS, UNKNOWN))


def sentences_of(description: Description, level: str, *, parts: str = "six") -> list[tuple[int, str]]:
    """Return (number of the limb or pair, sentence) for one level; a single "unknown" where no text is known.

    Args:
        description: description of a motion.
        level: one of `LEVELS`.
        parts: "six" groups, or "two" (upper and lower body), each with the concatenated sentences of its groups.
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
    """Concatenate the sentences of groups, or of pairs, that lie in the same larger part or pair of parts."""
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
    """Return the part with most of the group's joints; the pelvis, of the torso, is lower body in `TWO_PARTS`."""
    joints = dict(SIX_GROUPS.groups)[group]
    return max(grouping.groups, key=lambda entry: len(set(entry[1]) & set(joints)))[0]
