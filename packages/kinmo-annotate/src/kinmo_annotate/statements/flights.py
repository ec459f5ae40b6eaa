"""Flights of a foot from one stand to the next, and what they are: a step, a kick, a lift of knee, heel or foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from kinmo_annotate.measures import FPS, Signals, other_side
from kinmo_annotate.statements.changes import Stretch, spans

_MOVING: Final = 0.45  # m/s; a standing foot is slower, by the measurement of the CMU pack 0.02 to 0.07
_OF_TOP_SPEED: Final = 0.3  # the foot of a runner hardly stops; it stands where it is slow against its own swing,
_SWING_SECONDS: Final = 1.5  # the fastest in so much time
_FLIGHT_FRAMES: Final = 3  # shortest
_IN_THE_AIR: Final = 0.15  # m over the other foot, at which a foot that stops for a moment does not stand
_MOMENT: Final = 8  # frames; on stairs a foot stands for longer


class _Kick(NamedTuple):
    """Limits of a kick: all but the last two from below."""

    angle: float  # degrees of the line from hip to ankle, from hanging to the way of the kick
    lift: float  # m of the foot
    speed: float  # m/s of the foot against the hips
    length: float  # m that the foot goes over the floor
    body: float  # m/s of the pelvis


# Chosen on the train and val clips: said of 28 of the 47 whose captions name a kick and of 23 others, most of them
# dances that swing a leg; two are the leg that trails in a very long step.
_KICKS: Final = {
    "forward": (
        _Kick(42, 0.15, 2.0, 9, 1.8),
        _Kick(36, 0.15, 4.5, 9, 1.8),
        _Kick(36, 0.15, 5.0, 9, 9),
    ),  # a ball, a run-up
    "backward": (_Kick(42, 0.2, 2.0, 0.5, 0.8), _Kick(58, 0.35, 1.6, 1.3, 0.8)),
    "out to the side": (_Kick(45, 0.25, 2.0, 0.4, 0.8), _Kick(58, 0.5, 2.5, 1.2, 1.2)),
}
_STRETCHED: Final = 75.0  # degrees; most of the knee of a leg that kicks
_ALONG: Final = 0.8  # of the reach from the hips, least, that counts for a way
_IN_A_JUMP: Final = 50.0  # degrees; legs swing less in a leap

_KNEE_UP: Final = -0.1  # m of the knee above the hip, from which on a knee is lifted to hip height
_KNEE_LIFT: Final = 0.2  # m, least, of the foot whose knee is lifted; the knees of a body that squats are as high
_KNEE_AHEAD: Final = 0.5  # m; longest way of a foot whose knee is lifted on the spot
_HEEL_BEND, _HEEL_THIGH = (
    75.0,
    25.0,
)  # degrees, least of the knee and most of the thigh, of a heel that is kicked up behind
_STEP: Final = 0.15  # m, shortest
_LIFT: Final = 0.1  # m of a foot that does not step


@dataclass(frozen=True)
class Flight(Stretch):
    """A foot moves through the air, or over the floor, from one stand to the next."""

    length: float  # m; its way over the floor
    forward: float  # m; the part of the way that is forward as the body sees it all the time, also while it turns
    left: float  # m; the same to the left
    lift: float  # m; highest above the floor that it left or came to
    thigh: float  # degrees; largest angle of the thigh to the front
    knee_up: float  # m; highest of the knee above the hip
    bend: float  # degrees; of the knee, largest
    kick: str  # its way; "" for a foot that does not kick
    kick_angle: float  # degrees of the leg from hanging, in that way

    @property
    def kind(self) -> str:
        """Kind of the statement; empty for a foot that only shuffles."""
        if self.kick:
            return "kick"
        if self.knee_up > _KNEE_UP and self.lift > _KNEE_LIFT and self.length < _KNEE_AHEAD:
            return "knee_lift"
        if self.length >= _STEP:
            return "steps"
        if self.lift <= _LIFT:
            return ""
        return "heel_up" if self.bend > _HEEL_BEND and self.thigh < _HEEL_THIGH else "foot_lift"

    @property
    def kicks_in_a_jump(self) -> bool:
        """Whether it kicks even if both feet are in the air."""
        return bool(self.kick) and self.kick_angle > _IN_A_JUMP


def foot_flights(signals: Signals, side: str) -> list[Flight]:
    """Find the stretches in which a foot moves faster than a standing one."""
    x, z, lift = signals[f"{side}_foot_x"], signals[f"{side}_foot_z"], signals[f"{side}_foot_lift"]
    speed = _speed(x, z, lift)
    top_speed = maximum_filter1d(speed, size=round(_SWING_SECONDS * FPS) + 1)
    moving = spans(speed > np.maximum(_MOVING, _OF_TOP_SPEED * top_speed), min_frames=_FLIGHT_FRAMES, join=1)
    rests = [(_to_rest(speed, start, -1), _to_rest(speed, end - 1, 1)) for start, end in moving]
    other = signals[f"{other_side(side)}_foot_lift"]
    joined: list[tuple[int, int]] = []
    for start, end in rests:
        before = joined[-1][1] if joined else -len(lift)
        between = slice(min(before, start), max(before, start) + 1)
        if joined and start - before <= _MOMENT and (lift - other)[between].min() > _IN_THE_AIR:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    body = _speed(signals["travel_x"], signals["travel_z"])
    own = _speed(signals[f"{side}_foot_front"], signals[f"{side}_foot_out"], lift)
    return [_flight(signals, side, body, own, start, end) for start, end in joined]


def _speed(*axes: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.sqrt(sum(np.gradient(axis) ** 2 for axis in axes)) * FPS


def _flight(
    signals: Signals, side: str, body: NDArray[np.floating], own: NDArray[np.floating], start: int, end: int
) -> Flight:
    x, z, lift = signals[f"{side}_foot_x"], signals[f"{side}_foot_z"], signals[f"{side}_foot_lift"]
    dx, dz = x[end] - x[start], z[end] - z[start]
    turns = np.deg2rad(signals["heading"][[start, (start + end) // 2, end]])
    during = slice(start, end + 1)
    ground, length = float(min(lift[start], lift[end])), float(np.hypot(dx, dz))
    kick, angle = _kick(signals, side, during, ground, length, float(own[during].max()), float(body[during].mean()))
    return Flight(
        start,
        end,
        length=length,
        forward=_common(dz * np.cos(turns) + dx * np.sin(turns)),
        left=_common(dx * np.cos(turns) - dz * np.sin(turns)),
        lift=float(lift[during].max()) - ground,
        thigh=float(signals[f"{side}_thigh_front"][during].max()),
        knee_up=float(signals[f"{side}_knee_up"][during].max()),
        bend=float(signals[f"{side}_knee"][during].max()),
        kick=kick,
        kick_angle=angle,
    )


def _common(parts: NDArray[np.floating]) -> float:
    """Return what is common to the way in one direction as a body sees it before, in and after a turn."""
    return float(np.sign(parts[0]) * np.abs(parts).min()) if abs(np.sign(parts).sum()) == len(parts) else 0.0


def _kick(
    signals: Signals, side: str, during: slice, ground: float, length: float, speed: float, body: float
) -> tuple[str, float]:
    """Return the way of a kick and the angle of the leg at its top, or "" and 0."""
    front, out, reach, lift, knee = (
        signals[f"{side}_{name}"][during] for name in ("foot_front", "foot_out", "hip_to_foot", "foot_lift", "knee")
    )
    level = np.hypot(front, out)
    down = np.sqrt(np.maximum(reach**2 - level**2, 0.0))
    for way, along in (("forward", front), ("backward", -front), ("out to the side", np.abs(out))):
        for kick in _KICKS[way]:
            if speed < kick.speed or length > kick.length or body > kick.body:
                continue
            shown = (knee < _STRETCHED) & (along > _ALONG * level) & (lift - ground > kick.lift)
            angle = float(np.where(shown, np.degrees(np.arctan2(along, down)), 0.0).max())
            if angle > kick.angle:
                return way, angle
    return "", 0.0


def _to_rest(speed: NDArray[np.floating], frame: int, step: int) -> int:
    """Go from a frame on, forward or back, to where the speed rises again, or is that of a standing foot."""
    while 0 <= frame + step < len(speed) and speed[frame] > _MOVING and speed[frame + step] < speed[frame]:
        frame += step
    return frame
