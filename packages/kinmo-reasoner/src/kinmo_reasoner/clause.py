"""`Clause`: one action of a sentence, in short form, with how it is done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from kinmo_reasoner.words import LIMBS, Lexicon, Word, limb_of

Link = Literal["then", "while", "and"]
AGAIN_AND_AGAIN: Final = 0  # as a number of times
SIDES: Final = ("L", "R", "B")
PARTS: Final = "|".join(word for words in LIMBS.values() for word in words)
LIMB: Final = re.compile(rf"(?:\b(?P<side>[LRB]|one)\b (?:[a-z]+ )?)?\b(?P<part>{PARTS})\b")
_FAST_GAITS: Final = {"hurry": "walk", "sprint": "run", "dash": "run"}
_TIMES: Final = re.compile(r"X(\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class Manner:
    """How an action is done: numbers as in the sentence, None where it names none."""

    times: int | None = None
    steps: int | None = None
    degrees: float | None = None
    metres: float | None = None
    pace: str = ""  # "", "slow" or "fast"
    length: str = ""  # "", "long" or "short"


@dataclass(frozen=True)
class Clause:
    """One action.

    Args:
        text: words in short form, without the manner.
        link: how it goes on from the clause before: after it, along with it, or either.
        negated: whether it is said not to happen.
        manner: numbers and pace.
    """

    text: str
    link: Link = "and"
    negated: bool = False
    manner: Manner = field(default_factory=Manner)

    @property
    def limb(self) -> str | None:
        """The limb that is named first: "arm", "leg" or None."""
        found = LIMB.search(self.text)
        return limb_of(found["part"]) if found else None

    @property
    def side(self) -> str | None:
        """Side of the first limb that is named, or of no limb ("a left punch"); L, R, B or None."""
        found = LIMB.search(self.text)
        if found and found["side"] in SIDES:
            return found["side"]
        bare = re.search(r"(?<!to )\b([LRB])\b", self.text)
        return bare[1] if bare and not found else None

    @property
    def direction(self) -> str | None:
        """L or R where a direction is named rather than a limb."""
        text = re.sub(rf"\b[LRB] (?:[a-z]+ )?(?:{PARTS})\b", "", self.text)
        found = re.search(r"\bto ([LR])\b|\b([LR])\b", text)
        return (found[1] or found[2]) if found else None


def read_manner(words: Sequence[Word], lexicon: Lexicon) -> tuple[str, Manner]:
    """Take numbers, pace and size out of a clause."""
    manner, kept = Manner(), []
    for word in words:
        base = word.base
        if base == "XX":
            manner = replace(manner, times=AGAIN_AND_AGAIN)
        elif number := _TIMES.match(base):
            manner = replace(manner, times=round(float(number[1])))
        elif base[0] == "N" and base[1:].isdigit():
            manner = replace(manner, steps=int(base[1:]))
        elif re.fullmatch(r"A\d+(\.\d+)?", base):
            manner = replace(manner, degrees=float(base[1:]))
            kept.append(base)
        elif re.fullmatch(r"D\d+(\.\d+)?", base):
            manner = replace(manner, metres=float(base[1:]))
        elif base in lexicon.sets["slow"] or base in lexicon.sets["fast"]:
            manner = replace(manner, pace="slow" if base in lexicon.sets["slow"] else "fast")
            if base in _FAST_GAITS:
                kept.append(_FAST_GAITS[base])
        elif base == "step" and kept and kept[-1] in lexicon.sets["long"] | lexicon.sets["short"]:
            manner = replace(manner, length="long" if kept[-1] in lexicon.sets["long"] else "short")
            kept[-1] = "step"
        else:
            kept.append(base)
    return " ".join(kept), manner
