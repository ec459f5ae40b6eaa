"""What the torso does over time: travel, turns, jumps, sinking and rising, leaning, twisting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.observation import Event
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, repeats, spans, swings
from kinmo_annotate.statements.words import FPS, Signals
from kinmo_annotate.vocabulary import event, in_time

# Smallest swings that count, degrees and metres: about twice what a person does who means to stand still.
_TURN: Final = 30.0
_SINK: Final = 0.13
_PITCH: Final = 20.0
_LEAN: Final = 16.0
_TWIST: Final = 28.0


@dataclass(frozen=True)
class Jump(Stretch):
    """Both feet leave the floor and come back; height in metres."""

    height: float


def find_jumps(signals: Signals) -> list[Jump]:
    """Both feet rise and come down within 1.2 s, and the hips fly with them: not a step up.

    8 cm are a jump on the spot; between the steps of a run both feet fly too, there it takes 30 cm.
    """
    lowest, hips = signals["lowest"], signals["height"]
    travel = np.hypot(_rate(signals["travel_x"]), _rate(signals["travel_z"]))
    found = []
    for up, down in pairwise(swings(lowest, 0.08)):
        if not (up.size > 0 > down.size) or down.end - up.start > 1.2 * FPS:
            continue
        top = up.end + int(np.argmax(hips[up.end : max(down.start, up.end) + 1]))
        height = min(up.size, -down.size)
        flies = hips[top] - (hips[up.start] + hips[down.end]) / 2 > 0.04
        upright = signals["trunk_up"][top] > 0  # the feet of a handstand are up without a jump
        if flies and upright and (height > 0.3 or travel[top] < 1.5):
            found.append(Jump(up.start, down.end, height))
    return found


def _rate(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Change a second."""
    return np.gradient(values) * FPS


def torso_events(signals: Signals, jumps: Sequence[Jump]) -> list[Event]:
    """Travel, turns, jumps, sinking and rising, leaning, twisting; else that it stays."""
    found = [*_travel_events(signals), *_turn_events(signals), *_jump_events(jumps)]
    found += [*_height_events(signals, jumps), *_lean_events(signals), *_twist_events(signals)]
    return in_time(found) or _sway_events(signals) or [_still(signals)]


def _sway_events(signals: Signals) -> list[Event]:
    """Of a person who stays in place: the weight goes from foot to foot."""
    return [
        event("torso", "sways", *swing.span, times=words.times(swing.count))
        for swing in repeats(swings(signals["travel_x"], 0.05))
        if isinstance(swing, Repeat)
    ]


def _still(signals: Signals) -> Event:
    return event("torso", "still", 0, len(signals["height"]) - 1, size=0.1, place=_posture(signals))


def _posture(signals: Signals) -> str:
    """How the trunk is held all the time."""
    pitch, height = float(np.median(signals["pitch"])), float(np.median(signals["height"]))
    low = "low, " if height < 0.78 else ""
    if pitch > 80:
        return f"{low}level"
    if pitch > 50:
        return f"{low}bent far forward"
    return f"{low}leaning forward" if pitch > 20 else f"{low}leaning back" if pitch < -15 else f"{low}upright"


def _travel_events(signals: Signals) -> Iterator[Event]:
    """Stretches in which the pelvis moves on; a direction each, as the body sees it."""
    x, z, heading = signals["travel_x"], signals["travel_z"], np.deg2rad(signals["heading"])
    step = np.stack([_rate(x), _rate(z)])
    speed = np.hypot(*step)
    forward = step[1] * np.cos(heading) + step[0] * np.sin(heading)
    left = step[0] * np.cos(heading) - step[1] * np.sin(heading)
    for start, end in spans(speed > 0.3, least=int(0.4 * FPS), join=int(0.8 * FPS)):
        ahead, aside = forward[start:end].sum() / FPS, left[start:end].sum() / FPS
        length = speed[start:end].sum() / FPS
        if np.hypot(ahead, aside) < max(0.3, 0.35 * length):
            continue  # to and fro, or round in a circle: the turns say so
        way, distance = words.way(ahead, aside), words.metres(length)
        gait = _gait(float(np.quantile(speed[start:end], 0.9)))  # starting and stopping are slow in any gait
        yield event("torso", "travel", start, end - 1, size=length, way=way, distance=distance, pace=gait)


def _gait(speed: float) -> str:
    """Pace of the whole body, m/s."""
    if speed < 0.7:
        return "at a slow pace"
    return "at walking pace" if speed < 1.8 else "at a fast pace" if speed < 2.4 else "at running pace"


def _turn_events(signals: Signals) -> Iterator[Event]:
    for swing in repeats(swings(signals["heading"], _TURN), cycles=2, gap=10):
        size = abs(swing.size) / 60
        if isinstance(swing, Repeat):
            yield event("torso", "turns", *swing.span, size=size, times=words.times(swing.count))
        else:
            side, angle = words.side(swing.size), words.degrees(swing.size)
            quick = words.pace(swing, slow=25.0, fast=140.0)
            yield event("torso", "turn", *swing.span, size=size, side=side, angle=angle, pace=quick)


def _jump_events(jumps: Sequence[Jump]) -> Iterator[Event]:
    if jumps:
        often, height = words.times(len(jumps)), words.metres(float(np.mean([jump.height for jump in jumps])))
        yield event("torso", "jump", jumps[0].start, jumps[-1].end, size=2.0, times=often, height=height)


def _height_events(signals: Signals, jumps: Sequence[Jump]) -> Iterator[Event]:
    height = signals["height"].copy()
    for jump in jumps:  # what the hips do in a jump is part of it
        height[jump.start : jump.end + 1] = np.linspace(height[jump.start], height[jump.end], jump.frames + 1)
    for swing in repeats(swings(height, _SINK)):
        size, distance = 3 * abs(swing.size), words.metres(swing.size)
        if isinstance(swing, Repeat):
            often = words.times(swing.count)
            yield event("torso", "bounce", *swing.span, size=size, distance=distance, times=often)
        else:
            kind = "torso_rise" if swing.size > 0 else "torso_sink"
            deep = " close to the floor" if swing.size < 0 and swing.last < 0.45 else ""
            quick = words.pace(swing, slow=0.15, fast=0.9)
            yield event("torso", kind, *swing.span, size=size, distance=distance, pace=quick, deep=deep)


def _lean_events(signals: Signals) -> Iterator[Event]:
    pitch, lean = signals["pitch"], signals["lean"]
    for swing in repeats(swings(pitch, _PITCH)):
        if isinstance(swing, Repeat):
            often = words.often(pitch, _PITCH, swing.count)
            yield event("torso", "bows", *swing.span, size=swing.size / 30, times=often)
        elif signals["trunk_up"][swing.start : swing.end + 1].min() < 0.1:
            yield event("torso", "invert", *swing.span, size=2.0)
        elif abs(swing.last) < 15:
            yield event("torso", "straighten", *swing.span, size=abs(swing.size) / 45)
        else:
            eased = np.sign(swing.first) == np.sign(swing.last) and abs(swing.last) < abs(swing.first)
            kind, way = "lean_more" if eased else "lean", "forward" if swing.last > 0 else "backward"
            yield event("torso", kind, *swing.span, size=abs(swing.size) / 30, way=way, angle=words.degrees(swing.last))
    for swing in repeats(swings(lean, _LEAN)):
        if isinstance(swing, Repeat):
            often = words.often(lean, _LEAN, swing.count)
            yield event("torso", "rocks", *swing.span, size=swing.size / 20, times=often)
        elif abs(swing.last) >= 14:
            side, angle = words.side(swing.last), words.degrees(swing.last)
            yield event("torso", "tip", *swing.span, size=abs(swing.size) / 25, side=side, angle=angle)


def _twist_events(signals: Signals) -> Iterator[Event]:
    for swing in repeats(swings(signals["twist"], _TWIST)):
        if isinstance(swing, Repeat):
            often = words.often(signals["twist"], _TWIST, swing.count)
            yield event("torso", "twists", *swing.span, size=swing.size / 40, times=often)
        elif abs(swing.last) >= 18:
            yield event("torso", "twist", *swing.span, size=abs(swing.size) / 45, side=words.side(swing.last))
