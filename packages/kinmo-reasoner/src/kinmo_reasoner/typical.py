"""What limbs usually do in similar motions: limb by limb, what one motion holds that is most like what the others hold.

A single motion that is looked up holds much that is its own: a person who walks and happens to scratch the head. What most
of ten similar motions hold is what the words of their captions imply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from kinmo_core.text import BODY, WHO, Timeline
from kinmo_reasoner.kinds import Kind, kind_of

Said = Mapping[str, Counter[Kind | None]]  # by group or pair: how often each kind is said
_LIMBS: Final = tuple(who for who in WHO if who != BODY)


def most_typical(timelines: Sequence[Timeline], seconds: float) -> Timeline:
    """Compose a timeline of some seconds: each group and pair from the timeline whose statements are most like the others'.

    Args:
        timelines: at least one; of equally typical ones the first is taken.
        seconds: duration; the timelines are stretched to it.
    """
    said = [_said(timeline) for timeline in timelines]
    chosen = {who: max(range(len(said)), key=lambda i, who=who: (_likeness(said, who, i), -i)) for who in _LIMBS}
    stretched = {i: timelines[i].stretch(seconds) for i in set(chosen.values())}
    return Timeline(tuple(s for who, i in chosen.items() for s in stretched[i].of(who)), seconds)


@lru_cache(maxsize=4096)
def _said(timeline: Timeline) -> Said:
    said: dict[str, Counter[Kind | None]] = {who: Counter() for who in _LIMBS}
    for statement in timeline.statements:
        if statement.who != BODY:
            said[statement.who][kind_of(statement)] += 1
    return said


def _likeness(said: Sequence[Said], who: str, place: int) -> float:
    """Return the sum of the F1 of one limb's kinds against those in the other timelines."""
    mine = said[place][who]
    total = 0.0
    for other, theirs in enumerate(one[who] for one in said):
        both, size = (mine & theirs).total(), mine.total() + theirs.total()
        total += 0.0 if other == place else 2 * both / size if size else 1.0
    return round(total, 6)
