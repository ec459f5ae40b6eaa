"""What the neck does over time: turns and nods of the head against the chest."""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_annotate import words
from kinmo_annotate.changes import Repeat, repeats, swings
from kinmo_annotate.observation import Event
from kinmo_annotate.wording import event, in_time
from kinmo_annotate.words import Signals

_TURN: Final = 28.0  # degrees, smallest swing that counts
_NOD: Final = 22.0


def neck_events(signals: Signals) -> list[Event]:
    """Turns and nods of the head against the chest; nothing where it just looks ahead."""
    found = []
    for swing in repeats(swings(signals["head_turn"], _TURN)):
        if isinstance(swing, Repeat):
            often = words.often(signals["head_turn"], _TURN, swing.count)
            found.append(event("neck", "shake", swing.start, swing.end, size=swing.size / 30, times=often))
        elif abs(swing.last) < 16:
            found.append(event("neck", "face_front", swing.start, swing.end, size=abs(swing.size) / 60))
        else:
            side = "left" if swing.last > 0 else "right"
            found.append(
                event(
                    "neck",
                    "look",
                    swing.start,
                    swing.end,
                    size=abs(swing.size) / 40,
                    side=side,
                    angle=words.degrees(swing.last),
                )
            )
    for swing in repeats(swings(signals["nod"], _NOD)):
        if isinstance(swing, Repeat):
            often = words.often(signals["nod"], _NOD, swing.count)
            found.append(event("neck", "nods", swing.start, swing.end, size=swing.size / 30, times=often))
        else:
            kind = "bow" if swing.size > 0 else "look_up"
            quick = words.pace(swing.size, swing.end - swing.start, slow=15.0, fast=110.0)
            found.append(
                event(
                    "neck",
                    kind,
                    swing.start,
                    swing.end,
                    size=abs(swing.size) / 40,
                    angle=words.degrees(swing.size),
                    pace=quick,
                )
            )
    return in_time(found) or _neck_hold(signals)


def _neck_hold(signals: Signals) -> list[Event]:
    turn, nod = float(np.median(signals["head_turn"])), float(np.median(signals["nod"]))
    last = len(signals["nod"]) - 1
    if abs(turn) > 22:
        return [event("neck", "turned", 0, last, side="left" if turn > 0 else "right")]
    if nod > 62 or nod < 12:
        return [event("neck", "tipped", 0, last, way="bowed" if nod > 62 else "tipped back")]
    return []
