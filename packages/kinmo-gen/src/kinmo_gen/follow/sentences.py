"""The list of sentences, each with the rule that a motion has to obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from kinmo_core.data.captions import mirror_text
from kinmo_core.motion import Motion
from kinmo_core.parsing import read_table
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.expression import parse_rule
from kinmo_gen.follow.spans import Rule

HALVES: Final = ("tuned", "unseen")
_LIST: Final = Path(__file__).with_name("sentences.yaml")


@dataclass(frozen=True)
class Sentence:
    """A sentence and its rule.

    Args:
        number: place in the list, from 1.
        text: the sentence.
        family: what it is about, such as "arms".
        rule: expression of `parse_rule`.
        half: "tuned", for the choice of settings and checkpoints, or "unseen", for results.
    """

    number: int
    text: str
    family: str
    rule: str
    half: str

    @property
    def sided(self) -> bool:
        """Whether the sentence names left or right."""
        return mirror_text(self.text) != self.text

    @cached_property
    def _rule(self) -> Rule:
        return parse_rule(self.rule)

    @cached_property
    def _mirrored(self) -> Rule:
        return parse_rule(mirror_text(self.rule))

    def follows(self, motion: Motion | Body) -> bool:
        """Tell whether a motion does somewhere what the sentence says."""
        return bool(self._rule(_body(motion)))

    def mistakes_side(self, motion: Motion | Body) -> bool:
        """Tell whether a motion does what the mirrored sentence says, and not what the sentence says."""
        body = _body(motion)
        return self.sided and bool(self._mirrored(body)) and not self._rule(body)


def _body(motion: Motion | Body) -> Body:
    return Body.of(motion) if isinstance(motion, Motion) else motion


@cache
def sentences() -> tuple[Sentence, ...]:
    """Return the whole list, mirror images behind their originals.

    In each family the originals are sorted by their words; the first, third, ... are tuned, the others unseen, and a mirror
    image is in the half of its original.
    """
    families = read_table(_LIST)
    listed: list[Sentence] = []
    for family, rules in families.items():
        for place, (text, rule) in enumerate(sorted(rules.items())):
            for words in dict.fromkeys((text, mirror_text(text))):
                expression = rule if words == text else mirror_text(rule)
                listed.append(Sentence(len(listed) + 1, words, family, expression, HALVES[place % 2]))
    return tuple(listed)


def half_of(half: str) -> Sequence[Sentence]:
    """Return the sentences of a half, or of both."""
    return [sentence for sentence in sentences() if half in (sentence.half, "both")]
