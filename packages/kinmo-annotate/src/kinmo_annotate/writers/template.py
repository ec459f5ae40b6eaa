"""Descriptions without a language model: events in plain sentences, the same for the same motion and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kinmo_annotate.observation import Annotation, Event, Observation
from kinmo_annotate.statements.body import whole_action
from kinmo_annotate.vocabulary import vary
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, mirror_pair

_CLAUSES: Final = 3  # of a group's sentence: what a reader keeps in mind, and what 256 tokens hold for six groups
_PAIR_CLAUSES: Final = 2
_WORDS: Final = (
    160  # of the 15 interactions together, about 230 tokens; the least telling go first where they have more
)


@dataclass(frozen=True)
class TemplateWriter:
    """Writes events as they were seen, limb by limb in the order of time.

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
        """An annotation for each observation. A limb without an event is "unknown"."""
        return [self._write(observation) for observation in observations]

    def _write(self, observation: Observation) -> Annotation:
        by_who: dict[str, list[Event]] = {}
        for event in observation.events:
            by_who.setdefault(event.who, []).append(event)
        groups = {name: self._group(name, by_who.get(name, [])) for name in GROUPS}
        pairs = {pair: self._pair(by_who.get("+".join(pair), [])) for pair in PAIRS}
        text = whole_action(observation, self.seed)
        description = Description(text, groups, _within(pairs, by_who))
        return Annotation(observation.id, description, self.name, observation.events)

    def _group(self, name: str, events: Sequence[Event]) -> str:
        if not events:
            return UNKNOWN
        told = [vary(event, self.seed) for event in most_telling(events, _CLAUSES)]
        text = f"the {name.replace('_', ' ')} {told[0].text}"
        for before, event in pairwise(told):
            # What starts before the last thing is nearly over happens along with it.
            text += f"{' and' if event.start < before.end - 0.2 else ', then'} {event.text}"
        return _sentence(text)

    def _pair(self, events: Sequence[Event]) -> str:
        told = [vary(event, self.seed).text for event in most_telling(events, _PAIR_CLAUSES)]
        return " ".join(map(_sentence, told)) or UNKNOWN


def most_telling(events: Sequence[Event], number: int) -> list[Event]:
    """The largest of the events, in the order of time."""
    largest = sorted(events, key=lambda event: -event.values["size"])[:number]
    return sorted(largest, key=lambda event: event.start)


def _within(pairs: Mapping[tuple[str, str], str], events: Mapping[str, Sequence[Event]]) -> dict[tuple[str, str], str]:
    """The texts of the pairs without the least telling, so that all together stay short enough for a text encoder.

    A pair goes together with its mirror image, else a mirrored motion could lose another text.
    """
    kept = dict(pairs)
    size = {pair: max((e.values["size"] for e in events.get("+".join(pair), [])), default=0.0) for pair in pairs}
    for pair in sorted(pairs, key=lambda pair: max(size[pair], size[mirror_pair(pair)])):
        if sum(len(text.split()) for text in kept.values() if text != UNKNOWN) <= _WORDS:
            break
        kept[pair] = kept[mirror_pair(pair)] = UNKNOWN
    return kept


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
