"""What the neck does over time: turns and nods of the head against the chest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from kinmo_annotate.observation import Event
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, repeats, swings
from kinmo_annotate.statements.words import Signals
from kinmo_annotate.vocabulary import event, in_time

_TURN: Final = 28.0  # degrees, smallest swing that counts
_NOD: Final = 22.0


def neck_events(signals: Signals) -> list[Event]:
    """Turns and nods of the head against the chest; nothing where it just looks ahead."""
    return in_time([*_turn_events(signals), *_nod_events(signals)]) or _neck_hold(signals)


def _turn_events(signals: Signals) -> Iterator[Event]:
    for swing in repeats(swings(signals["head_turn"], _TURN)):
        if isinstance(swing, Repeat):
            often = words.often(signals["head_turn"], _TURN, swing.count)
            yield event("neck", "shake", *swing.span, size=swing.size / 30, times=often)
        elif abs(swing.last) < 16:
            yield event("neck", "face_front", *swing.span, size=abs(swing.size) / 60)
        else:
            side, angle = words.side(swing.last), words.degrees(swing.last)
            yield event("neck", "look", *swing.span, size=abs(swing.size) / 40, side=side, angle=angle)


def _nod_events(signals: Signals) -> Iterator[Event]:
    for swing in repeats(swings(signals["nod"], _NOD)):
        if isinstance(swing, Repeat):
            often = words.often(signals["nod"], _NOD, swing.count)
            yield event("neck", "nods", *swing.span, size=swing.size / 30, times=often)
        else:
            kind, angle = "bow" if swing.size > 0 else "look_up", words.degrees(swing.size)
            quick = words.pace(swing, slow=15.0, fast=110.0)
            yield event("neck", kind, *swing.span, size=abs(swing.size) / 40, angle=angle, pace=quick)


def _neck_hold(signals: Signals) -> list[Event]:
    turn, nod = float(np.median(signals["head_turn"])), float(np.median(signals["nod"]))
    last = len(signals["nod"]) - 1
    if abs(turn) > 22:
        return [event("neck", "turned", 0, last, side=words.side(turn))]
    if nod > 62 or nod < 12:
        return [event("neck", "tipped", 0, last, way="bowed" if nod > 62 else "tipped back")]
    return []
