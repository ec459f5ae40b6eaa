"""What a leg does over time: steps, kicks, lifts of the foot, bends of the knee; else that it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from kinmo_annotate.observation import Event
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, Swing, repeats, spans, swings
from kinmo_annotate.statements.torso import Jump
from kinmo_annotate.statements.words import FPS, Signals
from kinmo_annotate.vocabulary import event, in_time

_KNEE: Final = 35.0  # degrees, smallest swing that counts; a knee that stands shifts by 10 to 15
_MOVING: Final = 0.45  # m/s; a standing foot is slower, by the measurement of the pack 0.02 to 0.07


@dataclass(frozen=True)
class Flight(Stretch):
    """A foot moves through the air, or over the floor, from one stand to the next.

    Args:
        forward, left: its way as the body sees it halfway, m.
        lift: highest above the floor that it left or came to, m.
        thigh: largest angle of the thigh to the front, degrees.
        knee_up: highest of the knee above the hip, m.
        speed: highest, m/s.
        bend: of the knee while the foot is highest, degrees.
    """

    forward: float
    left: float
    lift: float
    thigh: float
    knee_up: float
    speed: float
    bend: float

    @property
    def length(self) -> float:
        """Way over the floor, m."""
        return float(np.hypot(self.forward, self.left))


def foot_flights(signals: Signals, side: str) -> list[Flight]:
    """The stretches in which a foot moves for 0.15 s faster than a standing one."""
    x, z, lift = signals[f"{side}_foot_x"], signals[f"{side}_foot_z"], signals[f"{side}_foot_lift"]
    speed = np.sqrt(np.gradient(x) ** 2 + np.gradient(z) ** 2 + np.gradient(lift) ** 2) * FPS
    heading = np.deg2rad(signals["heading"])
    # The foot of a runner hardly stops; it stands where it is slow against its own swing.
    top_speed = maximum_filter1d(speed, size=round(1.5 * FPS) + 1)
    found = []
    for start, end in spans(speed > np.maximum(_MOVING, 0.3 * top_speed), least=3, join=1):
        start, last = _to_rest(speed, start, -1), _to_rest(speed, end - 1, 1)
        turn = heading[(start + last) // 2]
        dx, dz = x[last] - x[start], z[last] - z[start]
        top = start + int(np.argmax(lift[start : last + 1]))
        found.append(
            Flight(
                start,
                last,
                forward=dz * np.cos(turn) + dx * np.sin(turn),
                left=dx * np.cos(turn) - dz * np.sin(turn),
                lift=float(lift[top] - min(lift[start], lift[last])),
                thigh=float(signals[f"{side}_thigh_front"][start : last + 1].max()),
                knee_up=float(signals[f"{side}_knee_up"][start : last + 1].max()),
                speed=float(speed[start : last + 1].max()),
                bend=float(signals[f"{side}_knee"][top]),
            )
        )
    return found


def _to_rest(speed: NDArray[np.floating], frame: int, step: int) -> int:
    """From a frame on, forward or back, to where the speed rises again, or is that of a standing foot."""
    while 0 <= frame + step < len(speed) and speed[frame] > _MOVING and speed[frame + step] < speed[frame]:
        frame += step
    return frame


def leg_events(signals: Signals, side: str, jumps: Sequence[Jump]) -> list[Event]:
    """Steps, kicks, lifts of the foot, bends of the knee; else that it stands."""
    who, flights = f"{side}_leg", foot_flights(signals, side)
    grounded = [f for f in flights if not any(j.start <= (f.start + f.end) / 2 <= j.end for j in jumps)]
    kinds = [(kind, flight) for flight in grounded if (kind := _flight_kind(flight))]
    found = [_told(who, kind, run) for kind, run in _runs(kinds)]
    if jumps:
        found.append(event(who, "leg_jump", jumps[0].start, jumps[-1].end, size=1.5, times=words.times(len(jumps))))
    for swing in repeats(swings(signals[f"{side}_knee"], _KNEE)):
        on_its_way = sum(max(0, swing.overlap(other)) for other in (*flights, *jumps))
        # The knee of a foot that is on its way bends anyway; between the steps of a walk it takes the weight.
        if on_its_way <= (0.15 if isinstance(swing, Repeat) else 0.4) * swing.frames:
            found.append(_knee(who, swing))
    return in_time(found) or [_leg_stand(signals, side)]


def _knee(who: str, swing: Swing | Repeat) -> Event:
    if isinstance(swing, Repeat):
        angle, often = words.degrees(swing.high), words.times(swing.count)
        return event(who, "knee_repeat", *swing.span, size=swing.size / 60, times=often, angle=angle)
    kind = "knee_bend" if swing.size > 0 else "knee_straighten"
    angle, quick = words.degrees(swing.last), words.pace(swing, slow=25.0, fast=160.0)
    return event(who, kind, *swing.span, size=abs(swing.size) / 80, angle=angle, pace=quick)


def _flight_kind(flight: Flight) -> str:
    """Empty for a foot that only shuffles."""
    if flight.lift > 0.3 and flight.thigh > 45 and flight.bend < 70 and flight.speed > 3.0:
        return "kick"
    if flight.knee_up > -0.1 and flight.length < 0.5:
        return "knee_lift"
    if flight.length >= 0.15:
        return "step"
    return "foot_lift" if flight.lift > 0.1 else ""


def _runs(kinds: Sequence[tuple[str, Flight]]) -> list[tuple[str, list[Flight]]]:
    """Consecutive flights of one kind, and steps of one direction, taken together; at most 2 s between them."""
    out: list[tuple[str, list[Flight]]] = []
    for kind, flight in kinds:
        if out and out[-1][0] == kind and flight.start - out[-1][1][-1].end <= 2 * FPS:
            before = out[-1][1][-1]
            same = words.way(before.forward, before.left) == words.way(flight.forward, flight.left)
            if kind != "step" or same:
                out[-1][1].append(flight)
                continue
        out.append((kind, [flight]))
    return out


def _told(who: str, kind: str, flights: Sequence[Flight]) -> Event:
    first, last = flights[0].start, flights[-1].end
    number = len(flights)
    lift = max(flight.lift for flight in flights)
    values = {"times": words.times(number), "height": words.metres(lift)}
    if kind == "step":
        mean = float(np.mean([flight.length for flight in flights]))
        direction = words.way(float(np.mean([f.forward for f in flights])), float(np.mean([f.left for f in flights])))
        # Steps of one foot: a walking stride is 1.2 to 1.4 m.
        size = "short " if mean < 0.4 else "long " if mean > 1.5 else ""
        steps = f"a {size}step" if number == 1 else f"{words.count(number)} {size}steps"
        high = ", lifting the foot high" if lift > 0.35 else ""
        return event(who, "steps", first, last, size=0.4 * number + mean, steps=steps, way=direction, high=high)
    if kind == "kick":
        direction = words.way(flights[0].forward, 0.0)
        values["way"] = direction if flights[0].length > 0.15 else "forward"
    return event(who, kind, first, last, size=2.0 if kind == "kick" else 1.0, **values)


def _leg_stand(signals: Signals, side: str) -> Event:
    knee, lift, front, out = (
        float(np.median(signals[f"{side}_{name}"])) for name in ("knee", "foot_lift", "foot_front", "foot_out")
    )
    shift = float(np.hypot(np.ptp(signals[f"{side}_foot_x"]), np.ptp(signals[f"{side}_foot_z"])))
    if shift > 0.2:  # too slow for a step
        return event(f"{side}_leg", "leg_shift", 0, len(signals["height"]) - 1, distance=words.metres(shift))
    bent = ", straight" if knee < 20 else f", bent by {words.degrees(knee)}"
    # A standing ankle is 7 cm behind the hip joint and 5 cm outside of it.
    place = ", ahead of the hips" if front > 0.08 else ", behind the hips" if front < -0.25 else ""
    place = ", set out to the side" if out > 0.22 else place
    kind = "leg_held" if lift > 0.2 else "leg_stand"
    return event(f"{side}_leg", kind, 0, len(signals["height"]) - 1, size=0.1, bent=bent, place=place)
