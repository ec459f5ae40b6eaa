"""Agreement of two annotators, prompts or language models: Cohen's kappa and Gwet's AC1.

Each limb of each motion has a category. If people have rated the descriptions, it is their rating, from lines such as
`{"id": "000001", "ratings": {"torso": "good", "left_arm": "bad"}}`. Otherwise it is the first movement that the sentence of
the limb names, by the table `VERBS`: a coarse measure, but two texts of different categories describe different movements.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, PAIRS, read_records

ITEMS: Final = ("text", *GROUPS, *("+".join(pair) for pair in PAIRS))  # that can have a rating
_SHOWN: Final = 80  # characters of a wrong value in an error message

# A sentence has the category whose pattern matches first in it; of two that match at the same place, the upper one. "Moves",
# "goes" and "comes" tell no direction, so "go" counts only if no other pattern matches.
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
    """Agreement of two raters on the same items."""

    items: int
    same: float  # share of the items with the same category
    kappa: float  # Cohen's; NaN if both raters used only one and the same category, for which it is undefined
    ac1: float  # Gwet's


def agreement(first: Sequence[str], second: Sequence[str], *, categories: int | None = None) -> Agreement:
    """Compute the agreement beyond chance of two raters; kappa and AC1 are at most 1, and 0 by chance.

    Kappa (Cohen 1960) takes as chance the product of the raters' own frequencies. AC1 (Gwet 2008) does not collapse if
    nearly all items are of one category.

    Args:
        first, second: (N,) category of each item by each rater.
        categories: number of categories that the raters could choose from; the number that they used if None.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"each item must have two ratings, got {len(first)} and {len(second)} ratings")
    names, codes = np.unique([*first, *second], return_inverse=True)
    table = np.zeros(
        (len(names), len(names))
    )  # (Q, Q) share of the items with category q by the first, r by the second
    np.add.at(table, (codes[: len(first)], codes[len(first) :]), 1)
    table /= len(first)
    same = float(np.trace(table))
    of_first, of_second = table.sum(1), table.sum(0)
    by_chance = float(of_first @ of_second)
    kappa = (same - by_chance) / (1 - by_chance) if len(names) > 1 else math.nan
    mean = (of_first + of_second) / 2
    by_chance = float(mean @ (1 - mean)) / max((categories or len(names)) - 1, 1)
    return Agreement(len(first), same, kappa, (same - by_chance) / (1 - by_chance))


def category(sentence: str) -> str:
    """Return the first movement that a sentence about a limb names: a key of `VERBS`, or "other"."""
    text = sentence.strip().lower()
    places = {name: found.start() for name, pattern in VERBS.items() if (found := re.search(pattern, text))}
    if len(places) > 1:
        places.pop("go", None)
    return min(places, key=places.__getitem__, default="other")


def compare(
    first: Path, second: Path, field: Literal["ratings", "text"] | None = None
) -> tuple[str, dict[str, Agreement]]:
    """Compute the agreement of two files on the motions that both contain.

    Args:
        first, second: JSONL files, of annotations or of ratings.
        field: what to compare; if None, "ratings" if both files have them, otherwise "text".

    Returns:
        The field, and the agreement for each limb, with "all" last.

    Raises:
        InputError: a file cannot be read or lacks the field, or the files have no rated limb in common.
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
    # All limbs have the same scale: "bad" was possible also for a limb to which nobody gave it.
    scale = len({name for pair in ordered["all"] for name in pair})
    return field, {item: agreement(*zip(*rows, strict=True), categories=scale) for item, rows in ordered.items()}


def _ratings(record: Mapping[str, Any], place: str) -> dict[str, str]:
    ratings = record.get("ratings")
    if not isinstance(ratings, dict) or not ratings:
        raise InputError(f'{place}: want "ratings" as an object such as {{"torso": "good"}}, got {ratings!r:.{_SHOWN}}')
    for item, value in ratings.items():
        if item not in ITEMS:
            raise InputError(
                f"{place}: a rating must be about text, a group or a pair of groups, got {item!r:.{_SHOWN}}"
            )
        if not isinstance(value, str | int):
            raise InputError(f"{place}: the rating of {item} must be a word or a whole number, got {value!r:.{_SHOWN}}")
    return {item: str(value) for item, value in ratings.items()}


def _categories(record: Mapping[str, Any], place: str) -> dict[str, str]:
    groups = record.get("groups")
    if not isinstance(groups, dict) or not all(isinstance(groups.get(name), str) for name in GROUPS):
        raise InputError(
            f'{place}: want "groups" with a sentence for each of {", ".join(GROUPS)}, got {groups!r:.{_SHOWN}}'
        )
    return {name: category(groups[name]) for name in GROUPS}
