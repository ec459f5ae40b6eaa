"""Pauses: kinmo-annotate tells what happens, so that a person of whom nothing is told stands still."""

from __future__ import annotations

from typing import Final

from kinmo_core.text import GROUPS, Statement, Timeline
from kinmo_reasoner.kinds import kind_of

_SHORTEST: Final = 0.7  # s
_STILL: Final = {"still", "leg_stand", "leg_held", "tipped", "arm_hold", "arm_rest", "arm_still", "arm_on_hip"}
_RESTS: Final = {
    "torso": "stays upright in place",
    **dict.fromkeys(("left_leg", "right_leg"), "stays planted on the floor"),
}


def rests(timeline: Timeline) -> list[Statement]:
    """Return what torso and legs do where no group moves or sits, kneels or lies for `_SHORTEST`: they rest."""
    told = [one for one in timeline.statements if one.who in GROUPS and not _is_still(one)]
    found: list[Statement] = []
    since = 0.0
    for start, end in [*((float(one.start), float(one.end)) for one in told), (float(timeline.seconds),) * 2]:
        if start - since >= _SHORTEST:
            found += [Statement(who, since, start, text) for who, text in _RESTS.items()]
        since = max(since, end)
    return found


def _is_still(statement: Statement) -> bool:
    kind = kind_of(statement)
    return kind is not None and kind.name in _STILL
