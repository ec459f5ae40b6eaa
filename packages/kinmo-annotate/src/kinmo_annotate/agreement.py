"""How far two annotators, two prompts or two language models agree: Cohen's kappa and Gwet's AC1.

What is compared is a category for each limb of each motion. Where people have rated descriptions, it is their rating, from
lines such as `{"id": "000001", "ratings": {"torso": "good", "left_arm": "bad"}}`. Otherwise it is what the sentence of the
limb says first, by the small table `VERBS`: coarse, but two texts that differ in it do not describe the same movement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, PAIRS, read_records

ITEMS: Final = ("text", *GROUPS, *("+".join(pair) for pair in PAIRS))  # what a rating may be about

# Category of a sentence: that of the pattern which comes first in it, of those that start together the upper one. "Moves",
# "goes" and "comes" say nothing without a direction, so "go" is what remains.
VERBS: Final[Mapping[str, str]] = {
    "unknown": r"^\W*unknown\W*$",
    "still": r"\b(still|stay|kee?p|remain|rest|hold|held|motionless|stationary|hang|not\b|stand|moves only a little)",
    "over": r"\b((turn|go)(es|s)? )?(upside down|head over heels)",
    "swing": r"\b(swing|swung|sway|wav|rock|shak|nod|circl|oscillat|pump|bob|(turn|twist)s? (from side|back and|one way)"
    r"|(bend|lean)s? forward and back|from side to side|forward and back|back and forth|up and down|down and up)",
    "up": r"\b(rais|lift|ris(e|ing)|rose\b|upward|up\b|climb|tips? up)",
    "down": r"\b(lower|drop|sink|sank|fall|fell|downward|down\b|descend)",
    "bend": r"\b(bend|bent|flex|curl|fold|crouch|squat|kneel|sit|lean|tilt|tip|bow|arch|hunch)",
    "stretch": r"\b(stretch|straighten|extend|unfold|unbend|comes? upright)",
    "turn": r"\b(turn|twist|rotat|spin|pivot|look|comes back to the front)",
    "step": r"\b(step|walk|stride|strode|march|runs?\b|running|jog|stamp)",
    "jump": r"\b(jump|hop|leap|bounc|skip|pushes off|leaves the floor|lands)",
    "kick": r"\bkick",
    "forward": r"\b(forward|ahead|reach|push|punch|throw|grab|point)",
    "back": r"\b(back\b|backward|pull)",
    "outward": r"\b(outward|open|spread|out to the side)",
    "inward": r"\b(inward|across|together)",
    "go": r"\b(mov|shift|slid|drift|com(e|ing)|go(es)?\b|carr)",
}


@dataclass(frozen=True)
class Agreement:
    """Two raters on the same items.

    Args:
        items: how many.
        same: share of them with the same category.
        kappa: Cohen's; NaN where it is undefined, since both used one and the same category throughout.
        ac1: Gwet's.
    """

    items: int
    same: float
    kappa: float
    ac1: float


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Agreement beyond what each rater's own frequencies make likely (Cohen 1960).

    Args:
        first, second: (N,) category that each rater gave to each item.

    Returns:
        At most 1; 0 as by chance; NaN where both used one and the same category throughout.
    """
    table = _table(first, second)
    observed = float(np.trace(table))
    chance = float(table.sum(0) @ table.sum(1))
    return float("nan") if np.count_nonzero(table) == 1 and observed else (observed - chance) / (1 - chance)


def gwet_ac1(first: Sequence[str], second: Sequence[str], *, categories: int | None = None) -> float:
    """Agreement beyond chance that does not collapse where nearly all items are of one category (Gwet 2008).

    Args:
        first, second: (N,) category that each rater gave to each item.
        categories: how many the raters could choose from; as many as they used where None.

    Returns:
        At most 1; 0 as by chance.
    """
    table = _table(first, second)
    observed = float(np.trace(table))
    share = (table.sum(0) + table.sum(1)) / 2
    chance = float((share * (1 - share)).sum()) / max((categories or len(table)) - 1, 1)
    return (observed - chance) / (1 - chance)


def agreement(first: Sequence[str], second: Sequence[str], *, categories: int | None = None) -> Agreement:
    """All figures at once; arguments as of `gwet_ac1`."""
    same = float(np.trace(_table(first, second)))
    return Agreement(len(first), same, cohen_kappa(first, second), gwet_ac1(first, second, categories=categories))


def category(sentence: str) -> str:
    """What a sentence about a limb says first: a name in `VERBS`, "unknown", or "other"."""
    text = sentence.strip().lower()
    places = {name: found.start() for name, pattern in VERBS.items() if (found := re.search(pattern, text))}
    if len(places) > 1:
        places.pop("go", None)
    return min(places, key=places.__getitem__, default="other")


def compare(
    first: Path, second: Path, field: Literal["ratings", "text"] | None = None
) -> tuple[str, dict[str, Agreement]]:
    """Agreement of two files on the motions that are in both.

    Args:
        first, second: JSONL files, of annotations or of ratings.
        field: what to compare; ratings where None and both files have them, else what the texts say.

    Returns:
        The field, and agreement by limb, with "all" last.

    Raises:
        InputError: a file cannot be read or lacks the field, or they have no rated limb in common.
    """
    one, other = dict(read_records(first)), dict(read_records(second))
    common = [id for id in one if id in other]
    if not common:
        raise InputError(f"{first} and {second} have no id in common, so there is nothing to compare")
    if field is None:
        field = "ratings" if all("ratings" in rows[id] for rows in (one, other) for id in common) else "text"
    read = _ratings if field == "ratings" else _categories
    pairs: dict[str, list[tuple[str, str]]] = {}
    for id in common:
        here, there = read(one[id], f"{first}: {id}"), read(other[id], f"{second}: {id}")
        for item in ITEMS:
            if item in here and item in there:
                pairs.setdefault(item, []).append((here[item], there[item]))
    if not pairs:
        raise InputError(f"{first} and {second} rate no limb of the same motion")
    ordered = {item: pairs[item] for item in ITEMS if item in pairs}
    ordered["all"] = [pair for of_item in ordered.values() for pair in of_item]
    # One scale for all limbs: a limb for which nobody used "bad" could have got it all the same.
    scale = len({name for pair in ordered["all"] for name in pair})
    return field, {item: agreement(*zip(*rows, strict=True), categories=scale) for item, rows in ordered.items()}


def _table(first: Sequence[str], second: Sequence[str]) -> np.ndarray:
    """(Q, Q) share of the items that got category q from the first and r from the second rater."""
    if len(first) != len(second) or not len(first):
        raise ValueError(f"want two ratings of each item, got {len(first)} and {len(second)}")
    names, codes = np.unique(np.asarray([*first, *second]), return_inverse=True)
    table = np.zeros((len(names), len(names)))
    np.add.at(table, (codes[: len(first)], codes[len(first) :]), 1)
    return table / len(first)


def _ratings(record: Mapping[str, Any], place: str) -> dict[str, str]:
    ratings = record.get("ratings")
    if not isinstance(ratings, dict) or not ratings:
        raise InputError(f'{place}: want "ratings" as an object such as {{"torso": "good"}}, got {ratings!r:.80}')
    for item, value in ratings.items():
        if item not in ITEMS:
            raise InputError(f"{place}: a rating must be about text, a group or a pair of groups, got {item!r:.80}")
        if not isinstance(value, str | int):
            raise InputError(f"{place}: the rating of {item} must be a word or a whole number, got {value!r:.80}")
    return {item: str(value) for item, value in ratings.items()}


def _categories(record: Mapping[str, Any], place: str) -> dict[str, str]:
    groups = record.get("groups")
    if not isinstance(groups, dict) or not all(isinstance(groups.get(name), str) for name in GROUPS):
        raise InputError(f'{place}: want "groups" with a sentence for each of {", ".join(GROUPS)}, got {groups!r:.80}')
    return {name: category(groups[name]) for name in GROUPS}
