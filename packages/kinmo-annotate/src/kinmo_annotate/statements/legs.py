"""What a leg does over time: steps, kicks, lifts of the foot, bends of the knee, or that it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from kinmo_annotate.measures import FPS, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, Swing, moves, spans
from kinmo_annotate.statements.postures import Posture, off_its_feet
from kinmo_annotate.statements.torso import Jump
from kinmo_annotate.vocabulary import in_time, observed
from kinmo_core.text.statement import count, in_words

_KNEE: Final = 35.0  # degrees, smallest swing that counts; a knee that stands shifts by 10 to 15
_KNEE_PACE: Final = {"slow": 25.0, "fast": 160.0}  # degrees/s
_KNEE_NOTABLE: Final = {Repeat: 60.0, Swing: 80.0}  # degrees, swings of size 1
_ON_ITS_WAY: Final = {Repeat: 0.15, Swing: 0.4}  # largest share of a knee's swing in which its foot is in the air

# Flights of a foot.
_MOVING: Final = 0.45  # m/s; a standing foot is slower, by the measurement of the CMU pack 0.02 to 0.07
_OF_TOP_SPEED: Final = 0.3  # the foot of a runner hardly stops; it stands where it is slow against its own swing,
_SWING_SECONDS: Final = 1.5  # the fastest in so much time
_FLIGHT_FRAMES: Final = 3  # shortest
_PAUSE: Final = 2.0  # s; longest between two steps that are told together

_KICK_LIFT, _KICK_SPEED = 0.3, 3.0  # m, m/s
_KICK_THIGH, _KICK_BEND = 45.0, 70.0  # degrees, least of the thigh and most of the knee
# Other flights, m.
_KNEE_UP: Final = -0.1  # of the knee above the hip, from which on a knee is lifted to hip height
_KNEE_AHEAD: Final = 0.5  # longest way of a foot whose knee is lifted on the spot
_STEP: Final = 0.15  # shortest
_LIFT: Final = 0.1  # of a foot that does not step
_SHORT, _LONG = 0.4, 1.5  # steps of one foot: a walking stride is 1.2 to 1.4 m
_HIGH: Final = 0.35  # the edge of the pose code "foot_lift"
_STEP_SIZE: Final = 0.4  # so much is each step worth telling, beside their length in metres

# A leg that stands: medians; a standing ankle is 7 cm behind the hip joint and 5 cm outside of it.
_SHIFT: Final = 0.2  # m that a foot slides, too slow for a step
_STRAIGHT: Final = 20.0  # degrees
_AHEAD, _BEHIND, _OUT, _OFF_THE_FLOOR = 0.08, -0.25, 0.22, 0.2  # m


@dataclass(frozen=True)
class Flight(Stretch):
    """A foot moves through the air, or over the floor, from one stand to the next."""

    forward: float  # m; its way as the body sees it halfway
    left: float  # m; the same
    lift: float  # m; highest above the floor that it left or came to
    thigh: float  # degrees; largest angle of the thigh to the front
    knee_up: float  # m; highest of the knee above the hip
    speed: float  # m/s; highest
    bend: float  # degrees; of the knee while the foot is highest

    @property
    def length(self) -> float:
        """Way over the floor, m."""
        return float(np.hypot(self.forward, self.left))

    @property
    def kind(self) -> str:
        """Kind of the statement; empty for a foot that only shuffles."""
        swung = self.lift > _KICK_LIFT and self.thigh > _KICK_THIGH and self.bend < _KICK_BEND
        if swung and self.speed > _KICK_SPEED:
            return "kick"
        if self.knee_up > _KNEE_UP and self.length < _KNEE_AHEAD:
            return "knee_lift"
        if self.length >= _STEP:
            return "steps"
        return "foot_lift" if self.lift > _LIFT else ""


def foot_flights(signals: Signals, side: str) -> list[Flight]:
    """Find the stretches in which a foot moves faster than a standing one."""
    x, z, lift = signals[f"{side}_foot_x"], signals[f"{side}_foot_z"], signals[f"{side}_foot_lift"]
    speed = np.sqrt(np.gradient(x) ** 2 + np.gradient(z) ** 2 + np.gradient(lift) ** 2) * FPS
    top_speed = maximum_filter1d(speed, size=round(_SWING_SECONDS * FPS) + 1)
    moving = spans(speed > np.maximum(_MOVING, _OF_TOP_SPEED * top_speed), min_frames=_FLIGHT_FRAMES, join=1)
    rests = [(_to_rest(speed, start, -1), _to_rest(speed, end - 1, 1)) for start, end in moving]
    return [_flight(signals, side, speed, start, end) for start, end in rests]


def _flight(signals: Signals, side: str, speed: NDArray[np.floating], start: int, end: int) -> Flight:
    x, z, lift = signals[f"{side}_foot_x"], signals[f"{side}_foot_z"], signals[f"{side}_foot_lift"]
    turn = np.deg2rad(signals["heading"])[(start + end) // 2]
    dx, dz = x[end] - x[start], z[end] - z[start]
    during = slice(start, end + 1)
    top = start + int(np.argmax(lift[during]))
    return Flight(
        start,
        end,
        forward=dz * np.cos(turn) + dx * np.sin(turn),
        left=dx * np.cos(turn) - dz * np.sin(turn),
        lift=float(lift[top] - min(lift[start], lift[end])),
        thigh=float(signals[f"{side}_thigh_front"][during].max()),
        knee_up=float(signals[f"{side}_knee_up"][during].max()),
        speed=float(speed[during].max()),
        bend=float(signals[f"{side}_knee"][top]),
    )


def _to_rest(speed: NDArray[np.floating], frame: int, step: int) -> int:
    """Go from a frame on, forward or back, to where the speed rises again, or is that of a standing foot."""
    while 0 <= frame + step < len(speed) and speed[frame] > _MOVING and speed[frame + step] < speed[frame]:
        frame += step
    return frame


def leg_statements(signals: Signals, side: str, jumps: Sequence[Jump], postures: Sequence[Posture]) -> list[Observed]:
    """State steps, kicks, lifts of the foot and bends of the knee, or that the leg stands."""
    who, flights = f"{side}_leg", foot_flights(signals, side)
    grounded = [f for f in flights if not any(jump.start <= (f.start + f.end) / 2 <= jump.end for jump in jumps)]
    grounded = [flight for flight in grounded if not off_its_feet(postures, flight)]
    found = [_run(who, run) for run in _runs(grounded)]
    if jumps:
        often = words.times(len(jumps))
        found.append(observed(who, "leg_jump", jumps[0].start, jumps[-1].end, times=often))
    found += _knees(who, signals[f"{side}_knee"], (*flights, *jumps))
    if not found and off_its_feet(postures, Stretch(0, len(signals["height"]) - 1)):
        return []
    return in_time(found) or [_stand(signals, side)]


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
            angle, pace = words.degrees(swing.last), words.pace(swing, **_KNEE_PACE)
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
    if before.kind != flight.kind or flight.start - before.end > _PAUSE * FPS:
        return False
    ways = {words.way(one.forward, one.left) for one in (before, flight)}
    return flight.kind != "steps" or len(ways) == 1


def _run(who: str, flights: Sequence[Flight]) -> Observed:
    """State flights of one kind."""
    kind, span, number = flights[0].kind, (flights[0].start, flights[-1].end), len(flights)
    if kind == "steps":
        return _steps(who, flights)
    if kind == "knee_lift":
        return observed(who, kind, *span, times=words.times(number))
    height = words.metres(max(flight.lift for flight in flights))
    way = words.way(flights[0].forward, 0.0) if flights[0].length > _STEP else "forward"
    return observed(who, kind, *span, times=in_words(number, "times"), height=height, way=way)


def _steps(who: str, flights: Sequence[Flight]) -> Observed:
    number, length = len(flights), float(np.mean([flight.length for flight in flights]))
    way = words.way(float(np.mean([f.forward for f in flights])), float(np.mean([f.left for f in flights])))
    long = "short " if length < _SHORT else "long " if length > _LONG else ""
    steps = f"a {long}step" if number == 1 else f"{count(number)} {long}steps"
    high = ", lifting the foot high" if max(flight.lift for flight in flights) > _HIGH else ""
    span, size = (flights[0].start, flights[-1].end), _STEP_SIZE * number + length
    return observed(who, "steps", *span, size=size, steps=steps, way=way, high=high)


def _stand(signals: Signals, side: str) -> Observed:
    who, last = f"{side}_leg", len(signals["height"]) - 1
    shift = float(np.hypot(np.ptp(signals[f"{side}_foot_x"]), np.ptp(signals[f"{side}_foot_z"])))
    if shift > _SHIFT:
        return observed(who, "leg_shift", 0, last, distance=words.metres(shift))
    knee, lift, front, out = (
        float(np.median(signals[f"{side}_{name}"])) for name in ("knee", "foot_lift", "foot_front", "foot_out")
    )
    bent = ", straight" if knee < _STRAIGHT else words.degrees(knee, ", bent by ")
    place = ", ahead of the hips" if front > _AHEAD else ", behind the hips" if front < _BEHIND else ""
    place = ", set out to the side" if out > _OUT else place
    kind = "leg_held" if lift > _OFF_THE_FLOOR else "leg_stand"
    return observed(who, kind, 0, last, bent=bent, place=place)
