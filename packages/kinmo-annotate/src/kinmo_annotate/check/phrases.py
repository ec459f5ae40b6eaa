"""Parts of sentences that the rules share: directions, amounts, and claims about an actor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim

# (actor, verb in its base form, text from the verb to the next verb) -> claims. A rule's docstring quotes what it reads.
Rule = Callable[[Actor, str, str], list[Claim]]

LIMBS: Final = frozenset({"wrist", "elbow", "knee", "foot", "shoulder", "hip"})
TRUNK: Final = frozenset({"body", "chest"})

_UNITS: Final = {
    "degrees": r"\s*(?:degrees?|°)",
    "metres": r"\s*(?:an? )?(?:m|met(?:re|er)s?)\b",
    "cm": r"\s*(?:cm|centimet(?:re|er)s?)\b",
    "seconds": r"\s*(?:s|sec|seconds?)\b",
    "times": r"\s*(?:more )?(?:times|swings|waves|cycles|repetitions|reps|jumps|hops)\b",
    "steps": r"\s*(?:(?:more|big|small|short|long|quick|slow|large|forward|backward|sideways) )?(?:steps?|strides?|paces)\b",
}


def ways(text: str) -> list[str]:
    """Return the directions that a text names, keys of `words.DIRECTIONS`; "out to the side" is a place instead."""
    text = re.sub(r"\bout (?:to|at) (?:the|its|his|her|their) sides?\b", "", text)
    found = [name for name, pattern in words.DIRECTIONS.items() if re.search(pattern, text)]
    return [name for name in found if not (name == "clockwise" and "counterclockwise" in found)]


def amount(text: str, unit: str) -> float | None:
    """Return the number before a unit, as in "about 2.4 m", or None; centimetres count as metres."""
    if unit == "times" and (match := re.search(r"\b(once|twice|thrice)\b", text)):
        return words.to_number(match[1])
    found = re.search(rf"(?<![\w.]){words.NUMBER}(?:-| )?{_UNITS[unit]}", text)
    if found is not None:
        return words.to_number(found[1])
    centimetres = amount(text, "cm") if unit == "metres" else None
    return None if centimetres is None else centimetres / 100


def claim(predicate: str, actor: Actor, way: str = "", number: float | int | None = None, *, part: str = "") -> Claim:
    """Make a claim about an actor, or about another part on the same side."""
    return Claim(predicate, part or actor.part, actor.side, way=way, number=number)


def each(predicate: str, actor: Actor, found: Iterable[str], number: float | int | None = None) -> list[Claim]:
    """Make a claim for each of some directions."""
    return [claim(predicate, actor, way, number) for way in found]


def pair(predicate: str, part: str, way: str = "", number: float | int | None = None) -> Claim:
    """Make a claim about a left and a right part, such as both hands."""
    return Claim(predicate, part, "left", way, part, "right", number)
