"""Rules about movements of the arms. A rule about one side asks that the other arm does not do the same at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from kinmo_core.features import FPS
from kinmo_gen.follow.body import FORWARD, LEFT, OTHER, UP, Array, Body
from kinmo_gen.follow.hands import BROUGHT_SECONDS, CLOSE_HANDS, LOW, PLACES, distance, from_shoulder, wrist
from kinmo_gen.follow.spans import Rule, Span, runs, series, swings, together, without

_UPRIGHT: Final = 60.0  # degrees between trunk and vertical
_ARM_MOVES: Final = 0.25  # s before and after a stroke, in which the other arm makes none
_PUNCH_REACH: Final = 0.43  # m from shoulder to wrist at the end of a punch
_PUNCH_LEVEL: Final = 0.36  # m, the level part of it
_PUNCH_HEIGHT: Final = 0.35  # m, the vertical part, up or down
_BENT: Final = 0.35  # m from shoulder to wrist before a punch
_PUNCH_SPEED: Final = 1.1  # m/s of the wrist from the shoulder; jabs in boxing come to 1.2 to 1.6 after smoothing
_THROW_SPEED: Final = 3.0  # m/s
_STROKE_SECONDS: Final = 0.45
_WAVE: Final = 0.07  # m, least stroke of a waving hand, seen from the elbow
_WAVE_BELOW: Final = 0.1  # m, that a waving wrist may be below the shoulder
_WAVE_ELBOW: Final = 0.2  # m, that the elbow may move meanwhile
_WAVE_SECONDS: Final = 2.5
_CLAP: Final = 0.1  # m, that hands part between two claps
_CLAP_APART: Final = 0.9  # m, the furthest that they part
_CLAP_SECONDS: Final = 1.0  # longest time of a clap
_EXTENDED: Final = 0.33  # m from shoulder to wrist while an arm circles
_SWING_SECONDS: Final = 1.0  # longest time of a swing in one direction
_FLAP: Final = 0.1  # m, up and down, of both elbows
_WINGS: Final = 0.1  # m from the shoulders outward to the elbows, most of the time


def _upright(rule: Rule) -> Rule:
    """Keep the spans in which the trunk is up: in a cartwheel or a roll the arms do all sorts of things."""
    return lambda body: [span for span in rule(body) if body.tilt[slice(*span)].max() < _UPRIGHT]


def _strokes(rule: Callable[[Body, str], list[Span]], side: str) -> Rule:
    """Return the strokes of one arm while the other makes none, of any arm alone, or of both at the same time."""
    margin = round(_ARM_MOVES * FPS)

    def follow(body: Body) -> list[Span]:
        left, right = rule(body, "left"), rule(body, "right")
        alone = {"left": _apart(left, right, margin), "right": _apart(right, left, margin)}
        alone["any"] = sorted(alone["left"] + alone["right"])
        return together(lambda _: left, lambda _: right)(body) if side == "both" else alone[side]

    return _upright(follow)


def _apart(spans: list[Span], others: list[Span], margin: int) -> list[Span]:
    """Keep the spans that are at least `margin` frames away from all others."""
    return [a for a in spans if not any(b[0] - margin < a[1] and a[0] < b[1] + margin for b in others)]


def punches(side: str) -> Rule:
    """Stretch a bent arm fast at about the height of the shoulder."""
    return _strokes(_punches, side)


def _punches(body: Body, side: str) -> list[Span]:
    vector = from_shoulder(body, side)
    reach, before = np.linalg.norm(vector, axis=-1), round(_STROKE_SECONDS * FPS)
    level = np.hypot(vector[:, FORWARD], vector[:, LEFT])  # a boxer stands sideways: forward is not where the fist goes
    out = (level > _PUNCH_LEVEL) & (reach > _PUNCH_REACH) & (np.abs(vector[:, UP]) < _PUNCH_HEIGHT)
    found = []
    for start, end in runs(out, hold=0.05):
        first = max(0, start - before)
        bent = reach[first : start + 1].min() < _BENT
        if bent and _fastest(reach[first : start + 2]) > _PUNCH_SPEED:
            found.append((first, end))
    return found


def _fastest(way: Array) -> float:
    """Return the greatest speed in the direction of growth, m/s."""
    return float(np.diff(way).max(initial=0.0)) * FPS


def throws(side: str) -> Rule:
    """Bring a hand fast from beside or behind the head to the front."""
    return _strokes(_throws, side)


def _throws(body: Body, side: str) -> list[Span]:
    vector = from_shoulder(body, side)
    back = (vector[:, FORWARD] < 0.0) & (vector[:, UP] > -0.05)
    found = []
    for start, end in runs(back, hold=0.05):
        last = min(len(body), end + round(_STROKE_SECONDS * FPS))
        if vector[end - 1 : last, FORWARD].max() > 0.3 and _fastest(vector[end - 1 : last, FORWARD]) > _THROW_SPEED:
            found.append((start, last))
    return found


def waves(side: str, count: int = 3) -> Rule:
    """Move a raised hand to and fro from the elbow, while the other hand is down; for `both`, move both."""

    def follow(body: Body) -> list[Span]:
        found = {each: _waves(body, each, count) for each in ("left", "right")}
        if side == "both":
            return together(lambda _: found["left"], lambda _: found["right"])(body)
        other_down = PLACES["low"](body, OTHER[side]) > -LOW / 2
        return [span for span in found[side] if other_down[slice(*span)].all()]

    return _upright(follow)


def _waves(body: Body, side: str, count: int) -> list[Span]:
    place, elbow = wrist(body, side), body.at(f"{side}_elbow")
    raised = np.minimum(place[:, UP] - body.height(f"{side}_shoulder"), place[:, UP] - elbow[:, UP])
    found = []
    for axis in (FORWARD, LEFT):
        for first, end in series((place - elbow)[:, axis], _WAVE, count, _WAVE_SECONDS):
            quiet = np.ptp(elbow[first:end], axis=0).max() < _WAVE_ELBOW
            if quiet and raised[first:end].min() > -_WAVE_BELOW:
                found.append((first, end))
    return sorted(found)


def claps(count: int) -> Rule:
    """Bring the hands together at least `count` times."""

    def follow(body: Body) -> list[Span]:
        apart = distance(body, "left_wrist", "right_wrist")
        found = series(apart, _CLAP, 2 * count - 1, _CLAP_SECONDS * count)
        return [(a, b) for a, b in found if apart[a] < CLOSE_HANDS and apart[a:b].max() < _CLAP_APART]

    return _upright(follow)


def circles(side: str, degrees: float = 360.0) -> Rule:
    """Lead a stretched arm round the shoulder, seen from the side or from the front."""
    return _strokes(lambda body, each: _circles(body, each, degrees), side)


def _circles(body: Body, side: str, degrees: float) -> list[Span]:
    vector = from_shoulder(body, side)
    found = []
    for axis in (FORWARD, LEFT):
        plane = np.hypot(vector[:, axis], vector[:, UP])
        for start, end in runs(plane > _EXTENDED, hold=0.4, bridge=0.1):
            angle = np.unwrap(np.arctan2(vector[start:end, axis], vector[start:end, UP]))
            if np.degrees(np.ptp(angle)) >= degrees:
                found.append((start, end))
    return found


def swings_arm(side: str, axis: str, metres: float, count: int) -> Rule:
    """Swing a hand to and fro.

    Args:
        side: left or right, and the other hand does not; or both.
        axis: forward, up or outward.
        metres: least stroke.
        count: least number of times that the hand turns round.
    """
    column = {"forward": FORWARD, "up": UP, "outward": LEFT}[axis]

    def swung(body: Body, each: str, turns: int) -> list[Span]:
        return series(from_shoulder(body, each)[:, column], metres, turns, _SWING_SECONDS * turns)

    def follow(body: Body) -> list[Span]:
        if side == "both":
            return together(lambda b: swung(b, "left", count), lambda b: swung(b, "right", count))(body)
        return without(lambda b: swung(b, side, count), lambda b: swung(b, OTHER[side], 2))(body)

    return _upright(follow)


def flaps(count: int) -> Rule:
    """Raise and lower both arms together and outward at least `count` times."""

    def follow(body: Body) -> list[Span]:
        left, right = ((body.at(f"{each}_elbow") - body.at(f"{each}_shoulder")) for each in ("left", "right"))
        outward = np.minimum(left[:, LEFT], -right[:, LEFT])
        found = series(np.minimum(left[:, UP], right[:, UP]), _FLAP, 2 * count - 1, 2 * _SWING_SECONDS * count)
        return [span for span in found if np.median(outward[slice(*span)]) > _WINGS]

    return _upright(follow)


def bends_elbow(side: str, degrees: float) -> Rule:
    """Bend a straight elbow by at least `degrees`, and not the other one at the same time."""

    def bends(body: Body, each: str) -> list[Span]:
        bend = body.elbow(each)
        frames = swings(np.append(bend, bend[-1:] - 180), degrees)
        return [(max(0, frame - 20), frame + 1) for frame in frames if _rises(bend, frame, degrees)]

    return _strokes(bends, side)


def _rises(values: Array, frame: int, size: float) -> bool:
    """Tell whether a value at a turning point lies that much above its lowest in the two seconds before."""
    since = max(0, frame - round(BROUGHT_SECONDS * FPS))
    return bool(values[min(frame, len(values) - 1)] - values[since : frame + 1].min() >= size)
