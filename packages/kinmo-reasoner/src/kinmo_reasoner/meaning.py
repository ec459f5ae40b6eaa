"""The phrases of statements, read back: what they say of which limb, where, how often, and how well two of them agree.

Where a hand is can be told as a move ("rises to above the head"), as a hold ("stays above the head") or of a pair ("the left
hand is above the head"). All of these are of one kind, "left_arm at", so that each can be found for the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from kinmo_annotate.measures.places import CELLS, HANGING
from kinmo_core.text import Statement
from kinmo_reasoner.kinds import Kind, kind_of

OTHER_AMOUNT: Final = 0.5  # quality of a match whose amount is far from the wanted one
MOVES: Final = frozenset({"arm_up", "arm_down", "arm_forward", "arm_back", "arm_outward", "arm_inward"})
AT: Final = "at"  # kind of all that tells the place of a hand
_HELD: Final = {"arm_hold", "arm_rest", "arm_still"}
_OF_PAIRS: Final = {
    "hand_above_head",
    "hand_touches",
    "hand_stays_at",
    "hand_across",
    "hand_to_trunk",
    "hand_from_trunk",
}
_OTHER_PLACE: Final = 0.2  # quality of a match whose place is far from the wanted one
_STEP_UP: Final = 0.15  # taken off for each height between two places
_STEP_ROUND: Final = 0.2  # taken off for a direction beside the wanted one, and twice for any other
_NEXT: Final = {  # directions that lie side by side around the body
    frozenset(pair.split())
    for pair in ("front far", "front at", "front across", "at across", "beside out", "beside front", "beside behind")
} | {frozenset(("beside", "at"))}
_OTHER_MOVE: Final = 0.85  # quality of a hand that comes to its place in another way than wanted
_OTHER_WAY: Final = 0.5  # quality of another manner of steps, or another way to sit or lie
_PACES: Final = ("slow", "walking", "fast", "running")
_OTHER_PACE: Final = 0.5  # factor for each step between two of `_PACES`

_BARE: Final = {
    place.removeprefix("at "): place for place in CELLS
}  # a hand "rises to the face" and "stays at the face"
_ANY: Final = "|".join(re.escape(name) for name in sorted({*CELLS, *_BARE}, key=len, reverse=True))
_PLACE: Final = re.compile(rf"\b({_ANY})\b")
_ORIGIN: Final = re.compile(rf" from ({_ANY})(?= to )")
_PACE: Final = re.compile(rf"\bat (?:a )?({'|'.join(_PACES)}) pace\b")
_OFTEN: Final = re.compile(r"\b(once|twice|\w+ times|again and again)\b")
_MANNER: Final = {
    "steps": re.compile(r"lifting the (?:knee|foot) high|kicking the heel up behind|short|long"),
    **dict.fromkeys(("lie", "lie_down"), re.compile(r"face down|on the back|on the (?:left|right) side")),
    **dict.fromkeys(("sit", "sit_down"), re.compile(r"on the floor")),
}


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
    how: str  # of a hand: the kind of its move; of steps, sitting and lying: in which manner
    origin: str  # place that a hand comes from, unless it hangs there
    place: str  # where a hand is, or comes to
    often: str  # "once", "twice", "three times", "again and again"
    pace: str  # one of `_PACES`


@cache
def meaning(phrase: Phrase) -> Meaning:
    """Read a phrase."""
    kind = kind_of(Statement(phrase.who, 0, 1, phrase.text, 1 if phrase.unit else None, phrase.unit))
    if kind is None:
        return Meaning("", "", "", "", "", "")
    origin, places = _ORIGIN.search(phrase.text), _PLACE.findall(_ORIGIN.sub("", phrase.text))
    place = _named(places[-1]) if places and "_arm" in phrase.who else ""
    manner, often, pace = (
        pattern.search(phrase.text) if pattern else None for pattern in (_MANNER.get(kind.name), _OFTEN, _PACE)
    )
    arm = _arm(phrase.who, kind) if place else ""
    return Meaning(
        f"{arm} {AT}" if arm else f"{phrase.who} {kind.name} {kind.direction}",
        kind.name if kind.name in MOVES else manner[0] if manner else "",
        _named(origin[1]) if origin and _named(origin[1]) not in HANGING else "",
        place,
        often[0] if often else "",
        pace[1] if pace else "",
    )


def _named(place: str) -> str:
    return place if place in CELLS else _BARE[place]


def _arm(who: str, kind: Kind) -> str:
    """Return the arm of whose hand a kind tells the place, "" for other kinds."""
    if kind.name not in MOVES | _HELD | _OF_PAIRS:
        return ""
    return next(part for part in who.split("+") if part.endswith("_arm"))


@cache
def agreement(wanted: Meaning, found: Meaning) -> float:
    """Return how well two meanings of one kind agree, from 0 to 1.

    It is 1 where place, manner, count and pace agree or none are wanted, else the product of what the differences leave.
    """
    quality = _same_place(wanted.origin, found.origin) * _same_place(wanted.place, found.place)
    if wanted.kind.endswith(f" {AT}"):
        quality *= 1.0 if wanted.how == found.how else _OTHER_MOVE
    elif wanted.how != found.how and (wanted.how or " sit" in wanted.kind):
        quality *= _OTHER_WAY
    if wanted.often and found.often and wanted.often != found.often:
        quality *= OTHER_AMOUNT
    if wanted.pace and found.pace:
        quality *= _OTHER_PACE ** abs(_PACES.index(wanted.pace) - _PACES.index(found.pace))
    return quality


def _same_place(wanted: str, found: str) -> float:
    """Return 1 for the same place or none wanted, and less the further off the place is, to `_OTHER_PLACE`."""
    if not wanted or wanted == found:
        return 1.0
    if not found:
        return _OTHER_PLACE
    (level, direction), (other_level, other) = CELLS[wanted], CELLS[found]
    same = direction == other or not direction or not other
    steps = 0 if same else 1 if frozenset((direction, other)) in _NEXT else 2
    return max(_OTHER_PLACE, 1 - _STEP_UP * abs(level - other_level) - _STEP_ROUND * steps)
