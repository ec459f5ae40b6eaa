"""What a leg does over time: steps, kicks, lifts of the foot, bends of the knee, or that it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, Swing, moves
from kinmo_annotate.statements.flights import Flight, foot_flights
from kinmo_annotate.statements.postures import Posture, off_its_feet
from kinmo_annotate.statements.torso import Jump
from kinmo_annotate.vocabulary import in_time, observed
from kinmo_core.text.statement import count, in_words

_KNEE: Final = 35.0  # degrees, smallest swing that counts; a knee that stands shifts by 10 to 15
_KNEE_PACE: Final = {"slow": 25.0, "fast": 160.0}  # degrees/s
_KNEE_NOTABLE: Final = {Repeat: 60.0, Swing: 80.0}  # degrees, swings of size 1
_ON_ITS_WAY: Final = {Repeat: 0.15, Swing: 0.4}  # largest share of a knee's swing in which its foot is in the air

# Runs of flights of a foot.
_PAUSE: Final = 2.0  # s; longest between two steps that are told together
_STEP: Final = 0.15  # m that a foot goes at least in the way that is told of it
_TOWARD: Final = 0.35  # share of a step, least, that goes in a direction however the body turns in it
_ASIDE: Final = 0.12  # m that a step goes to a side at least; less is within what the turn of a body makes of it
_SHORT, _LONG = 0.4, 1.5  # m; steps of one foot: a walking stride is 1.2 to 1.4
_HIGH: Final = 0.35  # m; the edge of the pose code "foot_lift"
_KNEE_HIGH: Final = -0.15  # m of the knee over the hip in a step; that of a walk gets to -0.3
_HEEL_HIGH: Final = 100.0  # degrees of the knee in a step; a walk bends it by 60 to 70
_STEP_SIZE: Final = 0.4  # so much is each step worth telling, beside their length in metres

# A leg that stands: medians; a standing ankle is 7 cm behind the hip joint and 5 cm outside of it.
_SHIFT: Final = 0.2  # m that a foot slides, too slow for a step
_STRAIGHT: Final = 20.0  # degrees
_AHEAD, _BEHIND, _OUT, _OFF_THE_FLOOR = 0.08, -0.25, 0.22, 0.2  # m


def leg_statements(signals: Signals, side: str, jumps: Sequence[Jump], postures: Sequence[Posture]) -> list[Observed]:
    """State steps, kicks, lifts of the foot and bends of the knee, or that the leg stands."""
    who, flights = f"{side}_leg", foot_flights(signals, side)
    on_foot = [flight for flight in flights if not off_its_feet(postures, flight)]
    grounded = [flight for flight in on_foot if flight.kicks_in_a_jump or not _in_jump(flight, jumps)]
    found = [_run(who, run) for run in _runs(grounded)]
    if jumps:
        often = words.times(len(jumps))
        found.append(observed(who, "leg_jump", jumps[0].start, jumps[-1].end, times=often))
    found += _knees(who, signals[f"{side}_knee"], (*flights, *jumps))
    if not found and off_its_feet(postures, Stretch(0, len(signals["height"]) - 1)):
        return []
    return in_time(found) or [_stand(signals, side)]


def _in_jump(flight: Flight, jumps: Sequence[Jump]) -> bool:
    return any(jump.start <= (flight.start + flight.end) / 2 <= jump.end for jump in jumps)


def _knees(who: str, knee: NDArray[np.floating], flights: Sequence[Stretch]) -> Iterator[Observed]:
    """State bends of the knee, but for those of a foot on its way, and those that take the weight between steps."""
    for swing in moves(knee, _KNEE):
        on_its_way, shape = sum(max(0, swing.overlap(flight)) for flight in flights), type(swing)
        if on_its_way > _ON_ITS_WAY[shape] * swing.frames:
            continue
        size = abs(swing.size) / _KNEE_NOTABLE[shape]
        if isinstance(swing, Repeat):
            often, angle = in_words(swing.count, "times"), words.degrees(swing.high)
            yield observed(who, "knee_repeat", *swing.span, size=size, times=often, angle=angle)
        else:
            kind = "knee_bend" if swing.size > 0 else "knee_straighten"
            angle, pace = words.degrees(swing.last), words.pace(knee, swing, **_KNEE_PACE)
            yield observed(who, kind, *swing.span, size=size, angle=angle, pace=pace)


def _runs(flights: Sequence[Flight]) -> list[list[Flight]]:
    """Take consecutive flights of one kind, and steps of one direction, together."""
    runs: list[list[Flight]] = []
    for flight in flights:
        if runs and _continues(runs[-1][-1], flight):
            runs[-1].append(flight)
        elif flight.kind:
            runs.append([flight])
    return runs


def _continues(before: Flight, flight: Flight) -> bool:
    if (before.kind, before.kick) != (flight.kind, flight.kick) or flight.start - before.end > _PAUSE * FPS:
        return False
    return flight.kind != "steps" or _way([before]) == _way([flight])


def _run(who: str, flights: Sequence[Flight]) -> Observed:
    """State flights of one kind."""
    kind, span, number = flights[0].kind, (flights[0].start, flights[-1].end), len(flights)
    if kind == "steps":
        return _steps(who, flights)
    if kind in ("knee_lift", "heel_up"):
        return observed(who, kind, *span, times=words.times(number))
    height = words.metres(max(flight.lift for flight in flights))
    way = flights[0].kick or (words.way(flights[0].forward, 0.0) if flights[0].length > _STEP else "forward")
    return observed(who, kind, *span, times=in_words(number, "times"), height=height, way=way)


def _steps(who: str, flights: Sequence[Flight]) -> Observed:
    number, length = len(flights), float(np.mean([flight.length for flight in flights]))
    way, long = _way(flights), "short " if length < _SHORT else "long " if length > _LONG else ""
    steps = f"a {long}step" if number == 1 else f"{count(number)} {long}steps"
    high = _inside(flights)
    span, size = (flights[0].start, flights[-1].end), _STEP_SIZE * number + length
    return observed(who, "steps", *span, size=size, steps=steps, way=way, high=high)


def _way(flights: Sequence[Flight]) -> str:
    """Return the direction of some steps: "to the left"; "while turning" of those that a turn leaves without one."""
    length = float(np.mean([flight.length for flight in flights]))
    ahead, aside = (float(np.mean([getattr(one, axis) for one in flights])) for axis in ("forward", "left"))
    aside = aside if abs(aside) > _ASIDE else 0.0
    return words.way(ahead, aside) if max(abs(ahead), abs(aside)) > _TOWARD * length else "while turning"


def _inside(flights: Sequence[Flight]) -> str:
    """Tell what most of some steps do besides stepping: a high knee, or a heel that is kicked up behind."""
    knee, bend = (float(np.median([getattr(one, name) for one in flights])) for name in ("knee_up", "bend"))
    if knee > _KNEE_HIGH:
        return ", lifting the knee high"
    if bend > _HEEL_HIGH:
        return ", kicking the heel up behind"
    return ", lifting the foot high" if max(flight.lift for flight in flights) > _HIGH else ""


def _stand(signals: Signals, side: str) -> Observed:
    who, last = f"{side}_leg", len(signals["height"]) - 1
    shift = float(np.hypot(np.ptp(signals[f"{side}_foot_x"]), np.ptp(signals[f"{side}_foot_z"])))
    if shift > _SHIFT:
        return observed(who, "leg_shift", 0, last, distance=words.metres(shift))
    knee, lift, front, out = (
        float(np.median(signals[f"{side}_{name}"])) for name in ("knee", "foot_lift", "foot_front", "foot_out")
    )
    bent = ", straight" if knee < _STRAIGHT else words.degrees(knee, ", bent by ")
    bent = bent if np.ptp(signals[f"{side}_knee"]) < _KNEE else ""
    place = ", ahead of the hips" if front > _AHEAD else ", behind the hips" if front < _BEHIND else ""
    place = ", set out to the side" if out > _OUT else place
    kind = "leg_held" if lift > _OFF_THE_FLOOR else "leg_stand"
    return observed(who, kind, 0, last, bent=bent, place=place)
