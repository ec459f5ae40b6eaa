"""What the torso does over time: travel, turns, jumps, sinking and rising, leaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from kinmo_annotate.measures import FPS, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, goes_along, moves, repeats, spans, swings
from kinmo_annotate.statements.postures import Posture, explains, posture_statements, without_heading
from kinmo_annotate.statements.sideways import sideways_statements
from kinmo_annotate.vocabulary import in_time, observed
from kinmo_core.text.statement import in_words

# Smallest swings that count: about twice what a person does who means to stand still.
_TURN: Final = 30.0  # degrees
_SLIGHT: Final = 20.0  # degrees; of a heading without the sway of a walk, which is up to 30 from step to step
_STEADY: Final = 5.0  # frames; takes that sway out, and with it one of four straight walks that would turn
_TURN_GAP: Final = 10  # frames; longer pauses end a turning to and fro
_HIPS: Final = (
    0.3  # share of a turn, least, that the hips do; of less it is the shoulders that twist, and the twist is told
)
_SINK: Final = 0.13  # m
_PITCH: Final = 20.0  # degrees

_UPRIGHT: Final = 15.0  # degrees; a swing of pitch that ends within these has come back to upright

# Swings of size 1, which anybody would mention: degrees, and metres of the pelvis.
_NOTABLE: Final = {"turn": 60.0, "sink": 1 / 3, "lean": 30.0, "straighten": 45.0}

# Jumps: 8 cm are a jump on the spot; between the steps of a run both feet fly too, there it takes 30 cm.
_JUMP: Final = 0.08  # m of the lower foot
_JUMP_IN_RUN: Final = 0.3  # m
_RUN: Final = 1.5  # m/s
_JUMP_SECONDS: Final = 1.2  # longest
_FLIGHT: Final = 0.04  # m that the hips rise in a jump; they do not fall back after a step up

# Travel of the pelvis.
_TRAVEL: Final = 0.3  # m/s and m, above the sway of a person who stands
_TRAVEL_SECONDS: Final = 0.4  # shortest
_TRAVEL_PAUSE: Final = 0.8  # s; shorter pauses do not end a travel
_STRAIGHT: Final = 0.35  # of the way, as a straight line; below it a person goes to and fro, or round in a circle
_GAITS: Final = (  # m/s from which a pace counts; people change from walking to running at about 2 m/s
    (2.4, "at running pace"), (1.8, "at a fast pace"), (0.7, "at walking pace"), (0.0, "at a slow pace"),
)  # fmt: skip
_TOP_SHARE: Final = 0.9  # quantile of the speed that tells the pace: starting and stopping are slow in any

# Speeds below and above which a swing is told as slow or quick.
_TURN_PACE: Final = {"slow": 25.0, "fast": 140.0}  # degrees/s
_SINK_PACE: Final = {"slow": 0.15, "fast": 0.9}  # m/s

# Postures that are held all the time; the edges of the pose codes "height" and "pitch".
_FLOOR, _LOW = 0.45, 0.78  # m
_HELD: Final = 1.5  # smallest swings that count, within which pitch and height are held
_POSTURES: Final = ((80.0, "level"), (50.0, "bent far forward"), (20.0, "leaning forward"), (-15.0, "upright"))


@dataclass(frozen=True)
class Jump(Stretch):
    """Both feet leave the floor and come back; height in metres."""

    height: float


def find_jumps(signals: Signals) -> list[Jump]:
    """Find where both feet rise and come down shortly after, and the hips fly with them: not a step up."""
    lowest, hips = signals["lowest"], signals["height"]
    travel = np.hypot(_rate(signals["travel_x"]), _rate(signals["travel_z"]))
    found = []
    for up, down in pairwise(swings(lowest, _JUMP)):
        if not (up.size > 0 > down.size) or down.end - up.start > _JUMP_SECONDS * FPS:
            continue
        top = up.end + int(np.argmax(hips[up.end : max(down.start, up.end) + 1]))
        height = min(up.size, -down.size)
        flies = hips[top] - (hips[up.start] + hips[down.end]) / 2 > _FLIGHT
        upright = signals["trunk_up"][top] > 0  # the feet of a handstand are up without a jump
        if flies and upright and (height > _JUMP_IN_RUN or travel[top] < _RUN):
            found.append(Jump(up.start, down.end, height))
    return found


def _rate(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the change a second."""
    return np.gradient(values) * FPS


def torso_statements(signals: Signals, jumps: Sequence[Jump], postures: Sequence[Posture]) -> list[Observed]:
    """State how the torso travels, turns, jumps, sinks, leans and twists, its postures, or that it stays in place."""
    told, lost = posture_statements(signals, postures), without_heading(signals, postures)
    found = [*_travel(signals, lost), *_turns(signals, lost), *_jumps(jumps)]
    found += [*_height(signals, jumps), *_leans(signals), *sideways_statements(signals)]
    return in_time([*told, *(one for one in found if not explains(told, one))]) or _stays(signals)


def _stays(signals: Signals) -> list[Observed]:
    """State how the trunk is held all the time, if it is."""
    if max(np.ptp(signals["pitch"]) / _PITCH, np.ptp(signals["height"]) / _SINK) > _HELD:
        return []
    pitch, height = np.median(signals["pitch"]), np.median(signals["height"])
    posture = next((name for edge, name in _POSTURES if pitch > edge), "leaning back")
    place = f"low, {posture}" if height < _LOW else posture
    return [observed("torso", "still", 0, len(signals["height"]) - 1, place=place)]


def _travel(signals: Signals, lost: NDArray[np.bool_]) -> Iterator[Observed]:
    """State each stretch in which the pelvis moves on, with its direction as the body sees it, or last saw it."""
    known = np.maximum.accumulate(np.where(lost, 0, np.arange(len(lost))))
    x, z, heading = signals["travel_x"], signals["travel_z"], np.deg2rad(signals["heading"][known])
    step = np.stack([_rate(x), _rate(z)])
    speed = np.hypot(*step)
    forward = step[1] * np.cos(heading) + step[0] * np.sin(heading)
    left = step[0] * np.cos(heading) - step[1] * np.sin(heading)
    for start, end in spans(speed > _TRAVEL, min_frames=int(_TRAVEL_SECONDS * FPS), join=int(_TRAVEL_PAUSE * FPS)):
        ahead, aside, length = (values[start:end].sum() / FPS for values in (forward, left, speed))
        if np.hypot(ahead, aside) < max(_TRAVEL, _STRAIGHT * length):
            continue  # the turns tell of it
        top_speed = float(np.quantile(speed[start:end], _TOP_SHARE))
        pace = next(name for edge, name in _GAITS if top_speed >= edge)
        way, distance = words.way(ahead, aside), words.metres(length)
        yield observed("torso", "travel", start, end - 1, size=length, way=way, distance=distance, pace=pace)


def _turns(signals: Signals, lost: NDArray[np.bool_]) -> Iterator[Observed]:
    heading = np.where(lost, 0.0, np.diff(signals["heading"], prepend=signals["heading"][0])).cumsum()
    hips = heading + signals["hips_turn"]
    large = repeats(swings(heading, _TURN), gap=_TURN_GAP)
    slight = [
        swing
        for swing in swings(gaussian_filter1d(heading, _STEADY, mode="nearest"), _SLIGHT)
        if abs(swing.size) < _TURN and not any(swing.overlap(one) > 0 for one in large)
    ]
    for swing in [*large, *slight]:
        if goes_along(hips, swing) < _HIPS * abs(swing.size):
            continue
        size = abs(swing.size) / _NOTABLE["turn"]
        if isinstance(swing, Repeat):
            yield observed("torso", "turns", *swing.span, size=size, times=words.times(swing.count))
        else:
            side, angle = words.side(swing.size), words.degrees(swing.size)
            pace = words.pace(heading, swing, **_TURN_PACE) if abs(swing.size) >= _TURN else " slightly"
            yield observed("torso", "turn", *swing.span, size=size, side=side, angle=angle, pace=pace)


def _jumps(jumps: Sequence[Jump]) -> Iterator[Observed]:
    if jumps:
        span, often = (jumps[0].start, jumps[-1].end), in_words(len(jumps), "times")
        height = words.metres(float(np.mean([jump.height for jump in jumps])))
        yield observed("torso", "jump", *span, times=often, height=height)


def _height(signals: Signals, jumps: Sequence[Jump]) -> Iterator[Observed]:
    height = signals["height"].copy()
    for jump in jumps:  # what the hips do in a jump is part of it
        height[jump.start : jump.end + 1] = np.linspace(height[jump.start], height[jump.end], jump.frames + 1)
    for swing in moves(height, _SINK):
        size, distance = abs(swing.size) / _NOTABLE["sink"], words.metres(swing.size)
        if isinstance(swing, Repeat):
            often = in_words(swing.count, "times")
            yield observed("torso", "bounce", *swing.span, size=size, distance=distance, times=often)
        else:
            kind = "torso_rise" if swing.size > 0 else "torso_sink"
            deep = " close to the floor" if swing.size < 0 and swing.last < _FLOOR else ""
            pace = words.pace(height, swing, **_SINK_PACE)
            yield observed("torso", kind, *swing.span, size=size, distance=distance, pace=pace, deep=deep)


def _leans(signals: Signals) -> Iterator[Observed]:
    pitch = signals["pitch"]
    for swing in moves(pitch, _PITCH):
        size = abs(swing.size) / _NOTABLE["lean"]
        if isinstance(swing, Repeat):
            often = words.often(pitch, _PITCH, swing)
            yield observed("torso", "bows", *swing.span, size=size, times=often)
        elif abs(swing.last) < _UPRIGHT:
            yield observed("torso", "straighten", *swing.span, size=abs(swing.size) / _NOTABLE["straighten"])
        else:
            eased = np.sign(swing.first) == np.sign(swing.last) and abs(swing.last) < abs(swing.first)
            kind, way = "lean_more" if eased else "lean", "forward" if swing.last > 0 else "backward"
            yield observed("torso", kind, *swing.span, size=size, way=way, angle=words.degrees(swing.last))
