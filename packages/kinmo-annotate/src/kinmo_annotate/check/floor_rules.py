"""Rules for verbs of postures near the floor, and of going head over heels."""

from __future__ import annotations

import re
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.phrases import TRUNK, amount, claim, each, ways

_BODY: Final = Actor("body", "")
_LEGS: Final = ("foot", "knee")
_LYING: Final = {  # where the breast bone points -> words
    "up": r"\bon (?:the|his|her|their|its) back\b|\bface_up\b",
    "down": r"\bface_down\b|\bon (?:the|his|her|their|its) (?:stomach|belly|front)\b",
    "right": r"\bon (?:the|his|her|their|its) left side\b",
    "left": r"\bon (?:the|his|her|their|its) right side\b",
}


def kneels(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "kneels down on the left knee"."""
    if actor.part not in (*TRUNK, *_LEGS):
        return []
    named = re.search(r"\b(left|right|both) knees?\b", tail)
    return [Claim("kneels", "knee", named[1] if named else actor.side or "any")]


def sits(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "sits on the floor"."""
    if actor.part not in (*TRUNK, *_LEGS):
        return []
    low = [claim("low", _BODY)] if re.search(r"\bon the (?:floor|ground)\b", tail) else []
    return [claim("sits", _BODY), *low]


def lies(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "lies on the back" and "lies face_down"."""
    if actor.part not in (*TRUNK, *_LEGS):
        return []
    return [claim("lies", _BODY), *each("faces", _BODY, [way for way, said in _LYING.items() if re.search(said, tail)])]


def crawls(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "crawls forward about 1.2 m"; "is on hands and knees" is reworded to "crawls in_place"."""
    if actor.part not in TRUNK:
        return []
    named = [] if "in_place" in tail else [way for way in ways(tail) if way in ("forward", "back", "left", "right")]
    return [claim("crawls", _BODY), *each("travels", _BODY, named, amount(tail, "metres"))]


def turns_over(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "cartwheels to the left", "somersaults forward" and "flips backward"."""
    if actor.part not in TRUNK:
        return []
    ways_of_verb = words.SIDES if verb == "cartwheel" else ("forward", "back", *words.SIDES)
    named = [way for way in ways(tail) if way in ways_of_verb]
    low = [claim("low", _BODY)] if verb == "somersault" else []
    return [*each("turns over", _BODY, named[:1] or [""]), *low]


def handstands(actor: Actor, _verb: str, _tail: str) -> list[Claim]:
    """Read "handstands", to which "stands on the hands" is reworded."""
    return [claim("upside down", _BODY)] if actor.part in (*TRUNK, "wrist") else []


def weighs(_actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "weighs left", to which "shifts the weight over the left foot" is reworded."""
    return each("weight over", _BODY, [way for way in ways(tail) if way in words.SIDES])
