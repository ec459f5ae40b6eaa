"""Words shared by the rules: directions and amounts in a piece of text, and claims made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim

# (who acts, the verb in its plain form, the text from the verb to the next) -> what is claimed.
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
    """The directions that a piece of text names; "out to the side" is a place."""
    text = re.sub(r"\bout (?:to|at) (?:the|its|his|her|their) sides?\b", "", text)
    found = [name for name, pattern in words.DIRECTIONS.items() if re.search(pattern, text)]
    return [name for name in found if not (name == "clockwise" and "counterclockwise" in found)]


def amount(text: str, unit: str) -> float | None:
    """The number before a unit, as in "about 2.4 m"; None if there is none. Centimetres count as metres."""
    if unit == "times" and (match := re.search(r"\b(once|twice|thrice)\b", text)):
        return words.to_number(match[1])
    found = re.search(rf"(?<![\w.]){words.NUMBER}(?:-| )?{_UNITS[unit]}", text)
    if found is not None:
        return words.to_number(found[1])
    centimetres = amount(text, "cm") if unit == "metres" else None
    return None if centimetres is None else centimetres / 100


def claim(what: str, actor: Actor, way: str = "", number: float | int | None = None, *, part: str = "") -> Claim:
    """A claim about who acts, or about another part of the same side."""
    return Claim(what, part or actor.part, actor.side, way=way, number=number)


def each(what: str, actor: Actor, found: Iterable[str], number: float | int | None = None) -> list[Claim]:
    """A claim for each of some directions."""
    return [claim(what, actor, way, number) for way in found]
