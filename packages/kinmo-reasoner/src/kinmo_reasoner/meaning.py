"""The phrases of statements, read back: what they say of which limb, where, how often, and how well two of them agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from kinmo_annotate.measures.places import HANGING, PLACES
from kinmo_core.text import Statement
from kinmo_reasoner.kinds import kind_of

_OTHER_PLACE: Final = 0.4  # quality of a match whose place has no word in common with the wanted one
OTHER_AMOUNT: Final = 0.5  # quality of a match whose amount is far from the wanted one
_PACE: Final = re.compile(r"\bat (?:a )?(\w+) pace\b")
_OFTEN: Final = re.compile(r"\b(once|twice|\w+ times|again and again)\b")


@dataclass(frozen=True)
class Phrase:
    """A text of a limb or pair, with the unit of its amount or ""."""

    who: str
    text: str
    unit: str

    @classmethod
    def of(cls, statement: Statement) -> Phrase:
        """Leave out when a statement is true, and its amount."""
        return cls(statement.who, statement.text, statement.unit)


class Meaning(NamedTuple):
    """What a phrase says, "" for what it does not tell."""

    kind: str  # limb, kind and direction; "" for words that are not of the vocabulary
    origin: str  # place that a hand comes from, unless it hangs there
    place: str  # that the text ends with
    often: str  # "once", "twice", "three times", "again and again"
    pace: str  # "running", "walking", "slow"


@cache
def meaning(phrase: Phrase) -> Meaning:
    """Read a phrase."""
    kind = kind_of(Statement(phrase.who, 0, 1, phrase.text, 1 if phrase.unit else None, phrase.unit))
    place = max((place for place in PLACES if phrase.text.endswith(place)), key=len, default="")
    origins = (place for place in PLACES if f" from {place} to " in phrase.text and place not in HANGING)
    often, pace = _OFTEN.search(phrase.text), _PACE.search(phrase.text)
    return Meaning(
        f"{phrase.who} {kind.name} {kind.direction}" if kind else "",
        next(origins, ""),
        place,
        often[0] if often else "",
        pace[1] if pace else "",
    )


@cache
def agreement(wanted: Meaning, found: Meaning) -> float:
    """Return 1 where places, count and pace agree or none are wanted, else the product of what the differences leave."""
    quality = _same_place(wanted.origin, found.origin) * _same_place(wanted.place, found.place)
    for asked, told in ((wanted.often, found.often), (wanted.pace, found.pace)):
        if asked and told and asked != told:
            quality *= OTHER_AMOUNT
    return quality


def _same_place(wanted: str, found: str) -> float:
    """Return 1 for the same place or none wanted, `_OTHER_PLACE` for a place without a word of the wanted one."""
    if not wanted or wanted == found:
        return 1.0
    words, others = set(wanted.split()), set(found.split())
    return _OTHER_PLACE + (1 - _OTHER_PLACE) * len(words & others) / len(words | others)
