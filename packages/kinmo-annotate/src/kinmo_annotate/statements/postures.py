"""What the whole body does near the floor or head over heels: sits, kneels, crawls, lies, rolls, turns cartwheels.

These are told of the torso. They last from one frame to another, with how the body gets down to them and up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import FPS, SIDES, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Stretch, spans
from kinmo_annotate.vocabulary import Amount, in_time, observed
from kinmo_core.text.statement import SLOT

# Limits were chosen on the train clips of the CMU pack whose captions name the posture, against all others.
_OVER: Final = (
    -10.0
)  # degrees of the spine over the horizon, below which a trunk is upside down if a foot is above the hips
_OVER_FRAMES, _OVER_JOIN = 3, 4
_AROUND: Final = 0.6  # s before and after, within which the body turns over
_TURNED_OVER: Final = 140.0  # degrees of the trunk; a clean cartwheel in the pack has 290, a roll 230
_HAND_DOWN: Final = 0.25  # m of a wrist over the floor
_ROLL: Final = 0.55  # m of the pelvis, which a roll brings to the floor
_HANDSTAND: Final = 0.4  # s, shortest

_LEVEL: Final = 35.0  # degrees of the spine over or under the horizon
_LIE: Final = (0.45, 0.42)  # m of shoulders and pelvis over the floor, most
_FACE: Final = 35.0  # degrees of the breast bone over the horizon, from which a body lies on the back
_KNEE_DOWN: Final = 0.27  # m of a knee over the floor; that of a standing leg is 0.45
_SHIN: Final = 50.0  # degrees of the shin from the vertical; that of a knee on the floor is level
_KNEEL_PELVIS: Final = (0.3, 0.8)  # m; lower down a person sits
_FOURS: Final = (0.3, 0.35, 0.75)  # m of hands, knees and pelvis over the floor, most
_FOURS_SPINE: Final = (-25.0, 45.0)  # degrees over the horizon
_CRAWL: Final = 0.4  # m over the floor, shortest
_SIT_SPINE: Final = 40.0  # degrees over the horizon, least
_SIT_THIGHS: Final = (48.0, 125.0)  # degrees of both thighs from hanging; a high stool leaves them steep
_SIT_PELVIS, _SIT_ON_FLOOR = 0.75, 0.3  # m, most
_SIT_AHEAD: Final = 0.14  # m of the hindmost ankle before the middle of the trunk; without a seat nobody stays so
_SIT_SPEED: Final = 0.25  # m/s of the pelvis, most

_SHORTEST: Final = {"lie": 0.4, "fours": 0.5, "kneel": 0.4, "sit": 0.6}  # s
_JOIN: Final = 8  # frames; shorter breaks do not end a posture
_STANDING: Final = 0.82  # m of the pelvis; .05 of all frames are lower
_CHANGE: Final = 3.0  # s, longest from standing to a posture, or back
_SETTLE: Final = 4  # frames within which a body that has got down comes to rest
_SLACK: Final = 0.4  # s that the trunk sinks before a posture is got to, and rises after it is left
_WHOLE: Final = 0.5  # share of a swing that a posture or a change explains

HELD: Final = ("sit", "kneel", "lie", "fours")  # kinds of statements of a posture that lasts


@dataclass(frozen=True)
class Posture(Stretch):
    """A posture near the floor, or a stretch in which the body is upside down ("over")."""

    kind: str


def find_postures(signals: Signals) -> list[Posture]:
    """Find the stretches in which the body is upside down, lies, is on hands and knees, kneels or sits; by time."""
    over = spans(upside_down(signals), min_frames=_OVER_FRAMES, join=_OVER_JOIN)
    found = [Posture(start, end - 1, "over") for start, end in over]
    free = np.ones(len(signals["height"]), dtype=bool)
    for start, end in over:
        free[max(0, start - _JOIN) : end + _JOIN] = False
    for kind, flags in _flags(signals).items():
        for start, end in spans(flags & free, min_frames=round(_SHORTEST[kind] * FPS), join=_JOIN):
            found.append(Posture(start, end - 1, kind))
            free[start:end] = False
    return sorted(found, key=lambda one: one.start)


def upside_down(signals: Signals) -> NDArray[np.bool_]:
    """Tell in which frames the trunk points down and a foot is above the hips."""
    feet = np.maximum(signals["left_ankle_floor"], signals["right_ankle_floor"])
    return (signals["trunk_rise"] < _OVER) & (feet > signals["height"])


def _flags(signals: Signals) -> dict[str, NDArray[np.bool_]]:
    """Tell in which frames the body is in each posture; the first one that holds is told."""
    rise, height = signals["trunk_rise"], signals["height"]
    hands, knees, ankles = ([signals[f"{side}_{name}_floor"] for side in SIDES] for name in ("hand", "knee", "ankle"))
    thighs, front = ([signals[f"{side}_{name}"] for side in SIDES] for name in ("thigh", "foot_front"))
    speed = np.hypot(np.gradient(signals["travel_x"]), np.gradient(signals["travel_z"])) * FPS
    low, high = _SIT_THIGHS
    level = (
        (np.minimum(*thighs) > low)
        & (np.maximum(*thighs) < high)
        & (np.minimum(*front) - signals["head_ahead"] / 2 > _SIT_AHEAD)
    )
    sits = (rise > _SIT_SPINE) & (speed < _SIT_SPEED) & (np.minimum(*ankles) < height)
    return {
        "lie": (abs(rise) < _LEVEL) & (signals["shoulders_floor"] < _LIE[0]) & (height < _LIE[1]),
        "fours": (np.maximum(*hands) < _FOURS[0])
        & (np.maximum(*knees) < _FOURS[1])
        & (height < _FOURS[2])
        & (rise > _FOURS_SPINE[0])
        & (rise < _FOURS_SPINE[1]),
        "kneel": _kneels(signals, "left") | _kneels(signals, "right"),
        "sit": sits & ((level & (height < _SIT_PELVIS)) | (height < _SIT_ON_FLOOR)),
    }


def _kneels(signals: Signals, side: str) -> NDArray[np.bool_]:
    low, high = _KNEEL_PELVIS
    down = (signals[f"{side}_knee_floor"] < _KNEE_DOWN) & (signals[f"{side}_shin"] > _SHIN)
    height = signals["height"]
    return down & (signals["trunk_rise"] > _LEVEL) & (height > low) & (height < high)


def posture_statements(signals: Signals, postures: Sequence[Posture]) -> list[Observed]:
    """State each posture, how the body gets there from standing, and how it gets up again."""
    found: list[Observed] = []
    for number, one in enumerate(postures):
        if one.kind == "over":
            found.append(_over(signals, one))
            continue
        before = postures[number - 1].end if number else 0
        after = postures[number + 1].start if number + 1 < len(postures) else len(signals["height"]) - 1
        found += [*_changes(signals, one, before, after), _held(signals, one)]
    return in_time(found)


def _over(signals: Signals, one: Posture) -> Observed:
    """Tell a cartwheel, a roll, a handspring, a flip, a handstand, or only that the body is upside down."""
    around = round(_AROUND * FPS)
    start, end = max(0, one.start - around), min(len(signals["height"]) - 1, one.end + around)
    tumble, wheel = (float(signals[name][end] - signals[name][start]) for name in ("tumble", "wheel"))
    during = slice(one.start, one.end + 1)
    hands = min(float(signals[f"{side}_hand_floor"][during].min()) for side in SIDES) < _HAND_DOWN
    if max(abs(tumble), abs(wheel)) > _TURNED_OVER and signals["trunk_rise"][end] > 0:
        if abs(wheel) > abs(tumble):
            return observed("torso", "cartwheel" if hands else "flip_aside", start, end, side=words.side(wheel))
        kind = "roll" if float(signals["height"][start : end + 1].min()) < _ROLL else "handspring" if hands else "flip"
        return observed("torso", kind, start, end, way="forward" if tumble > 0 else "backward")
    if hands and one.frames > _HANDSTAND * FPS:
        return observed("torso", "handstand", *one.span, seconds=_seconds(one))
    return observed("torso", "invert", *one.span)


def _seconds(one: Stretch) -> Amount:
    return Amount((one.frames + 1) / FPS, "seconds", SLOT)


def _changes(signals: Signals, one: Posture, before: int, after: int) -> Iterator[Observed]:
    """State how the body gets down from standing, and up to it, without another posture between."""
    standing, longest = signals["height"] > _STANDING, round(_CHANGE * FPS)
    names = _names(signals, one)
    earlier = np.flatnonzero(standing[max(before, one.start - longest) : one.start])
    if len(earlier):
        start = max(before, one.start - longest) + int(earlier[-1])
        end = min(one.start + _SETTLE, one.end)
        yield observed("torso", f"{one.kind}_down", start, end, size=None, **names)
    later = np.flatnonzero(standing[one.end + 1 : min(after, one.end + longest) + 1])
    if len(later):
        kind = "stand_up" if one.kind == "sit" and not names["place"] else "get_up"
        yield observed("torso", kind, one.end, one.end + 1 + int(later[0]))


def _held(signals: Signals, one: Posture) -> Observed:
    """State the posture itself, with its duration; of hands and knees how far it goes."""
    during = slice(one.start, one.end + 1)
    if one.kind == "fours":
        turn = np.deg2rad(signals["heading"][during])
        dx, dz = (np.gradient(signals[f"travel_{axis}"][during]) for axis in "xz")
        way = float(np.hypot(dx, dz).sum())
        ahead, aside = (
            float((dz * np.cos(turn) + dx * np.sin(turn)).sum()),
            float((dx * np.cos(turn) - dz * np.sin(turn)).sum()),
        )
        if np.hypot(ahead, aside) > _CRAWL:
            return observed("torso", "crawl", *one.span, way=words.way(ahead, aside), distance=words.metres(way))
    return observed("torso", one.kind, *one.span, size=None, seconds=_seconds(one), **_names(signals, one))


def _names(signals: Signals, one: Posture) -> dict[str, str]:
    """Return the words that tell where the body sits, on which knees it kneels, or on which side it lies."""
    during = slice(one.start, one.end + 1)
    if one.kind == "sit":
        return {"place": " on the floor" if float(np.median(signals["height"][during])) < _SIT_ON_FLOOR else ""}
    if one.kind == "kneel":
        left, right = (float(_kneels(signals, side)[during].mean()) for side in SIDES)
        both = min(left, right) > _WHOLE * max(left, right)
        return {"knees": "both knees" if both else f"the {'left' if left > right else 'right'} knee"}
    if one.kind == "lie":
        face, aside = (float(np.median(signals[name][during])) for name in ("chest_up", "across_rise"))
        if abs(face) > _FACE:
            return {"place": "on the back" if face > 0 else "face down"}
        return {"place": f"on the {'right' if aside > 0 else 'left'} side"}
    return {}


def without_heading(signals: Signals, postures: Sequence[Posture]) -> NDArray[np.bool_]:
    """Tell in which frames a body has no heading, since its trunk is upside down or lies."""
    flags = np.zeros(len(signals["height"]), dtype=bool)
    for one in postures:
        if one.kind in ("over", "lie"):
            flags[max(0, one.start - _JOIN) : one.end + _JOIN + 1] = True
    return flags


def off_its_feet(postures: Sequence[Posture], stretch: Stretch) -> bool:
    """Tell whether the body is upside down, lies, crawls or kneels for most of a stretch, so that no leg makes a step."""
    around = {"over": _JOIN, "sit": None}  # frames on both sides that belong to it; who sits may step
    margins = [(one, around.get(one.kind, 0)) for one in postures]
    wide = [Stretch(one.start - more, one.end + more) for one, more in margins if more is not None]
    return sum(max(0, one.overlap(stretch)) for one in wide) > _WHOLE * max(stretch.frames, 1)


def explains(told: Sequence[Observed], one: Observed) -> bool:
    """Tell whether getting to a posture, or going head over heels, explains most of a sink, a rise or a lean."""
    start, end = one.statement.start, one.statement.end
    spans_told = [
        (other.statement.start - _SLACK, other.statement.end + _SLACK) for other in told if other.kind not in HELD
    ]
    shared = [min(end, other_end) - max(start, other_start) for other_start, other_end in spans_told]
    return max(shared, default=0.0) > _WHOLE * (end - start)
