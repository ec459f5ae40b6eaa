"""Statements read back as kinds of the annotator's vocabulary, to compare timelines by what they say rather than how."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from kinmo_annotate.vocabulary import PHRASES
from kinmo_core.text import Statement

_OTHER: Final = r".*?"
_FREE: Final = {"steps": r"\w+ (?:short |long )?steps?"}  # where any words would take in a direction
_ASIDE: Final = "to the (?:left|right)"
_SLOTS: Final = {  # words of a phrase that tell a direction or a side, which are part of what is said
    "way": rf"(?:forward|backward) and {_ASIDE}|forward and back|forward|backward|{_ASIDE}|up and down|from side to side|"
    rf"in circles|out to the side|tilted {_ASIDE}|bowed|tipped back",
    "side": r"left|right",
    "knees": r"both knees|the left knee|the right knee",
}
_LIMBS: Final = {"arm": ("arm", "elbow"), "leg": ("knee", "heel", "foot", "leg", "kick", "steps")}


class Kind(NamedTuple):
    """What a statement says, apart from amounts, pace and places."""

    name: str  # key of `kinmo_annotate.vocabulary.PHRASES`
    direction: str  # "forward", "left", ...; "" for kinds without one


@lru_cache(maxsize=2**14)
def kind_of(statement: Statement) -> Kind | None:
    """Return the kind of a statement in the plainest words of the vocabulary; None for other words."""
    for name, pattern in _patterns():
        if _fits(name, statement.who) and (found := pattern.fullmatch(statement.text)):
            return Kind(name, " ".join(found.groupdict(default="").values()))
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Compile the phrases, those with most plain letters first."""
    plain = sorted(PHRASES.items(), key=lambda item: -len(re.sub(r"\{\w+\}", "", item[1][0])))
    return [(name, re.compile(_pattern(options[0]))) for name, options in plain]


def _pattern(phrase: str) -> str:
    parts = re.split(r"\{(\w+)\}", phrase)
    words = (f"(?P<{name}>{_SLOTS[name]})" if name in _SLOTS else _FREE.get(name, _OTHER) for name in parts[1::2])
    text = re.escape(parts[0]).replace(r"\ ", " ")
    for word, rest in zip(words, parts[2::2], strict=True):
        text += word + re.escape(rest).replace(r"\ ", " ")
    return text


def _fits(name: str, who: str) -> bool:
    """Tell whether a kind can be said of a group or pair: those of arms and legs are named after them."""
    if "+" in who or "_" not in who:
        return True
    limb = who.split("_")[1]
    return any(part in name for part in _LIMBS[limb])
