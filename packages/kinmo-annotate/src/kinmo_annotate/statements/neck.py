"""What the neck does over time: nods, bows and tilts of the head against the chest.

Nothing is said of turns: the 22 joints do not hold where the face looks. Nothing is said either where the chest moves under
a head that stays as it is, since who watches sees the chest move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Swing, goes_along, moves
from kinmo_annotate.vocabulary import in_time, observed

# Degrees. Quantiles are read off, to about .03, from the train and val clips of the second CMU pack.
_NOD: Final = 25.0  # smallest swing that counts; the audit could hardly see one of 20
_TILT: Final = 24.0  # the same; .80 of the clips
_UPRIGHT: Final = 12.0  # a tilt that ends within this has come back upright; .91 of the frames
_RAISED: Final = 50.0  # of a head that is upright to the front, most; its bone leans forward by 20 to 45
_BOTH: Final = 0.2  # share of a swing, least, that goes to either side of the middle
_TILTS: Final = 16.0  # smallest tilt at the end of a swing; as the smallest lean of a trunk that walks
_TURNING: Final = 20.0  # of the body, from which a tilt may be a head that looks ahead into the turn; a slight turn
_ASIDE: Final = 45.0  # tilt of a head, from which it neither bows nor lifts
_SPINNING: Final = 40.0  # degrees/s of the body, from which no move of the head is seen
_UP: Final = 45.0  # degrees of the trunk over the horizon, least; of a body that bends over who watches sees the trunk
_PACE: Final = 12.0  # degrees/s of a swing in one direction, least; a slower one is not seen as a move of the head
_OWN: Final = 0.5  # smallest share of a swing against the chest that the head does in the room
_ALIKE: Final = 0.7  # correlation of both angles, least
_NOTABLE: Final = {"nods": 30.0, "nod": 40.0, "head_rocks": 30.0, "head_tilt": 40.0}  # swings of size 1
_NOD_PACE: Final = {"slow": 15.0, "fast": 110.0}  # degrees/s

# Held all the time, by the median: a little inside of the edges of the pose codes "nod" and "head_tilt".
_BOWED, _TIPPED_BACK, _TILTED = 62.0, 12.0, 20.0  # .98, .01 and .97 of the frames are below


def neck_statements(signals: Signals) -> list[Observed]:
    """State nods and tilts of the head against the chest; nothing where it is held as most heads are."""
    return in_time([*_tilts(signals), *_nods(signals)]) or _holds(signals)


def _tilts(signals: Signals) -> Iterator[Observed]:
    tilt = signals["head_tilt"]
    heading = signals["heading"]
    for swing in _own(signals, moves(tilt, _TILT), tilt, signals["head_roll"]):
        if isinstance(swing, Swing) and np.ptp(heading[swing.start : swing.end + 1]) > _TURNING:
            continue
        if isinstance(swing, Repeat):
            if min(-swing.low, swing.high) < _BOTH * swing.size:
                continue  # to one side and back
            often = words.often(tilt, _TILT, swing)
            yield observed("neck", "head_rocks", *swing.span, size=swing.size / _NOTABLE["head_rocks"], times=often)
            continue
        size = abs(swing.size) / _NOTABLE["head_tilt"]
        if abs(swing.last) < _UPRIGHT:
            if abs(signals["head_roll"][swing.end]) > _UPRIGHT or signals["head_pitch"][swing.end] > _RAISED:
                continue  # upright against a chest that is not
            yield observed("neck", "head_upright", *swing.span, size=size / 2)
        elif abs(swing.last) > _TILTS:
            side, angle = words.side(swing.last), words.degrees(swing.last)
            yield observed("neck", "head_tilt", *swing.span, size=size, side=side, angle=angle)


def _nods(signals: Signals) -> Iterator[Observed]:
    nod = signals["nod"]
    for swing in _own(signals, moves(nod, _NOD), nod, signals["head_pitch"]):
        if np.abs(signals["head_tilt"][swing.start : swing.end + 1]).max() > _ASIDE:
            continue
        if isinstance(swing, Repeat):
            often = words.often(nod, _NOD, swing)
            yield observed("neck", "nods", *swing.span, size=swing.size / _NOTABLE["nods"], times=often)
        else:
            kind, size = "bow" if swing.size > 0 else "look_up", abs(swing.size) / _NOTABLE["nod"]
            angle, pace = words.degrees(swing.size), words.pace(nod, swing, **_NOD_PACE)
            yield observed("neck", kind, *swing.span, size=size, angle=angle, pace=pace)


def _own(
    signals: Signals, found: Iterable[Repeat | Swing], chest: NDArray[np.floating], room: NDArray[np.floating]
) -> Iterator[Repeat | Swing]:
    """Return the swings against an upright chest that the head does itself, by its angles to the chest and in the room."""
    seen = np.unwrap(room, period=360)
    for swing in found:
        during = slice(swing.start, swing.end + 1)
        if (
            signals["trunk_rise"][during].min() < _UP
            or np.ptp(signals["heading"][during]) * FPS > _SPINNING * swing.frames
        ):
            continue
        if isinstance(swing, Swing) and abs(swing.size) * FPS < _PACE * swing.frames:
            continue
        if (
            goes_along(seen, swing) >= _OWN * abs(swing.size)
            and np.corrcoef(seen[during], chest[during])[0, 1] > _ALIKE
        ):
            yield swing


def _holds(signals: Signals) -> list[Observed]:
    tilt, nod = float(np.median(signals["head_tilt"])), float(np.median(signals["nod"]))
    last = len(signals["nod"]) - 1
    if np.ptp(signals["head_tilt"]) > _TILT or np.ptp(signals["nod"]) > _NOD:
        return []  # the chest moves under the head
    if np.median(signals["trunk_rise"]) < _UP:
        return []
    if abs(tilt) > _TILTED:
        return [observed("neck", "tipped", 0, last, way=f"tilted to the {words.side(tilt)}")]
    if nod > _BOWED or nod < _TIPPED_BACK:
        return [observed("neck", "tipped", 0, last, way="bowed" if nod > _BOWED else "tipped back")]
    return []
