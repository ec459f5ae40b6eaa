"""Descriptions without a language model: statements in plain sentences, the same for the same motion and seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_annotate.observation import Annotation, Observation, Observed
from kinmo_annotate.statements.body import whole_action
from kinmo_annotate.vocabulary import vary
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Statement, mirror_pair
from kinmo_core.text.timeline import group_text, pair_text

_CLAUSES: Final = 3  # of a group's sentence: what a reader keeps in mind, and what 256 tokens hold for six groups
_PAIR_CLAUSES: Final = 2
# Words of the 15 interactions together, about 230 tokens; the least telling go first where they have more.
_MAX_WORDS: Final = 160


@dataclass(frozen=True)
class TemplateWriter:
    """Writes statements limb by limb in the order of time.

    Args:
        seed: chooses among phrases that mean the same.
    """

    seed: int = 0

    @property
    def name(self) -> str:
        return f"template-{self.seed}"

    @property
    def needs_keyframes(self) -> bool:
        return False

    def write(self, observations: Sequence[Observation]) -> list[Annotation]:
        """Write an annotation for each observation. A limb without a statement is "unknown"."""
        return [self._write(observation) for observation in observations]

    def _write(self, observation: Observation) -> Annotation:
        found: dict[str, list[Observed]] = defaultdict(list)
        for one in observation.observed:
            found[one.statement.who].append(one)
        groups = {name: group_text(name, self._vary(found[name], _CLAUSES)) for name in GROUPS}
        pairs = {pair: pair_text(self._vary(found["+".join(pair)], _PAIR_CLAUSES)) for pair in PAIRS}
        action = whole_action(observation, self.seed)
        description = Description(f"{action[0].upper()}{action[1:]}.", groups, _shortened(pairs, found))
        return Annotation(observation.id, description, self.name, observation.timeline_with(action))

    def _vary(self, found: Sequence[Observed], number: int) -> list[Statement]:
        return [vary(one, self.seed).statement for one in most_telling(found, number)]


def most_telling(found: Sequence[Observed], number: int) -> list[Observed]:
    """Return the largest, in the order of time."""
    largest = sorted(found, key=lambda one: -one.size)[:number]
    return sorted(largest, key=lambda one: one.statement.start)


def _shortened(
    pairs: Mapping[tuple[str, str], str], found: Mapping[str, Sequence[Observed]]
) -> dict[tuple[str, str], str]:
    """Leave out the texts of the least telling pairs, so that all together stay short enough for a text encoder.

    A pair goes together with its mirror image; a mirrored motion could lose another text otherwise.
    """
    kept = dict(pairs)
    size = {pair: max((one.size for one in found["+".join(pair)]), default=0.0) for pair in pairs}
    for pair in sorted(pairs, key=lambda pair: max(size[pair], size[mirror_pair(pair)])):
        if sum(len(text.split()) for text in kept.values() if text != UNKNOWN) <= _MAX_WORDS:
            break
        kept[pair] = kept[mirror_pair(pair)] = UNKNOWN
    return kept
