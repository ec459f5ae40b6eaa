"""Texts made wrong on purpose: words of one kind are exchanged, and a check that works contradicts most of what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from kinmo_annotate.check.words import NUMBER, to_number
from kinmo_core.text import UNKNOWN, Description

_OPPOSITES: Final = {
    "slowly": "quickly",
    "forward": "backward",
    "outward": "inward",
    "rises": "drops",
    "lifts": "lowers",
    "bends": "straightens",
}
_EITHER: Final = _OPPOSITES | {opposite: word for word, opposite in _OPPOSITES.items()}
_COUNTED: Final = rf"\b(once|twice|{NUMBER[1:-1]}) ((?:short |long )?(?:times|steps?)\b)"
_MORE: Final = 3  # times as many degrees and metres


def _opposite(pattern: str) -> Callable[[str], str]:
    """Return what exchanges each word that a pattern finds for its opposite."""
    return lambda text: re.sub(pattern, lambda found: _EITHER[found[0]], text)


def _more_often(text: str) -> str:
    """Say once more than twice as often: "twice" becomes "5 times", "a step" "3 steps"."""
    text = re.sub(r"\b(once|twice)\b", r"\1 times", text)
    return re.sub(_COUNTED, lambda found: f"{2 * to_number(found[1]) + 1:g} {re.sub('step$', 'steps', found[2])}", text)


def _larger(text: str) -> str:
    """Say three times as many degrees and metres."""
    return re.sub(r"\b\d+(?:\.\d+)?(?= (?:degrees|m)\b)", lambda found: f"{_MORE * float(found[0]):g}", text)


def _exchanged(text: str) -> str:
    """Say the second of two things first: "The left arm drops, then rises." of one that rises, then drops."""
    return re.sub(r"^(The (?:left |right )?\w+) ([^.,]+), then ([^.,]+)\.$", r"\1 \3, then \2.", text)


MUTATIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "tempo": _opposite(r"\b(?:slowly|quickly)\b"),
    "way": _opposite(r"\b(?:forward(?! and back)|backward|outward|inward)\b"),
    "verb": _opposite(r"\b(?:rises|drops|lifts|lowers|bends(?! and)|(?<!and )straightens(?! up))\b"),
    "count": _more_often,
    "amount": _larger,
    "order": _exchanged,
}


def mutate(description: Description, name: str) -> Description:
    """Return a description with the words of one kind, a key of `MUTATIONS`, exchanged; texts without them stay."""

    def change(text: str) -> str:
        return text if text == UNKNOWN else MUTATIONS[name](text)

    groups = {group: change(text) for group, text in description.groups.items()}
    pairs = {pair: change(text) for pair, text in description.interactions.items()}
    return Description(change(description.text), groups, pairs)
