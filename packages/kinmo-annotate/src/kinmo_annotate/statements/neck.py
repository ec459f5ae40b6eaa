"""What the neck does over time: turns and nods of the head against the chest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from kinmo_annotate.measures import Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, moves
from kinmo_annotate.vocabulary import in_time, observed

# All in degrees.
_TURN: Final = 28.0  # smallest swing that counts: a head on a walking body sways by 10 to 15 to each side
_NOD: Final = 22.0
_FRONT: Final = 16.0  # a turn that ends within this has come back to the front
_NOTABLE: Final = {"shake": 30.0, "face_front": 60.0, "look": 40.0, "nods": 30.0, "nod": 40.0}  # swings of size 1
_NOD_PACE: Final = {"slow": 15.0, "fast": 110.0}  # degrees/s

# Held all the time: a little inside of the edges of the pose codes "head_turn" and "nod".
_TURNED, _BOWED, _TIPPED_BACK = 22.0, 62.0, 12.0


def neck_statements(signals: Signals) -> list[Observed]:
    """State turns and nods of the head against the chest; nothing where it just looks ahead."""
    return in_time([*_turns(signals), *_nods(signals)]) or _holds(signals)


def _turns(signals: Signals) -> Iterator[Observed]:
    turn = signals["head_turn"]
    for swing in moves(turn, _TURN):
        if isinstance(swing, Repeat):
            often = words.often(turn, _TURN, swing.count)
            yield observed("neck", "shake", *swing.span, size=swing.size / _NOTABLE["shake"], times=often)
        elif abs(swing.last) < _FRONT:
            yield observed("neck", "face_front", *swing.span, size=abs(swing.size) / _NOTABLE["face_front"])
        else:
            size, side, angle = abs(swing.size) / _NOTABLE["look"], words.side(swing.last), words.degrees(swing.last)
            yield observed("neck", "look", *swing.span, size=size, side=side, angle=angle)


def _nods(signals: Signals) -> Iterator[Observed]:
    nod = signals["nod"]
    for swing in moves(nod, _NOD):
        if isinstance(swing, Repeat):
            often = words.often(nod, _NOD, swing.count)
            yield observed("neck", "nods", *swing.span, size=swing.size / _NOTABLE["nods"], times=often)
        else:
            kind, size = "bow" if swing.size > 0 else "look_up", abs(swing.size) / _NOTABLE["nod"]
            angle, pace = words.degrees(swing.size), words.pace(swing, **_NOD_PACE)
            yield observed("neck", kind, *swing.span, size=size, angle=angle, pace=pace)


def _holds(signals: Signals) -> list[Observed]:
    turn, nod = float(np.median(signals["head_turn"])), float(np.median(signals["nod"]))
    last = len(signals["nod"]) - 1
    if abs(turn) > _TURNED:
        return [observed("neck", "turned", 0, last, side=words.side(turn))]
    if nod > _BOWED or nod < _TIPPED_BACK:
        return [observed("neck", "tipped", 0, last, way="bowed" if nod > _BOWED else "tipped back")]
    return []
