"""What hands do that no large move shows: small strokes again and again, rests on the hip, claps, crossed arms, touches.

The thresholds were chosen on the train and val clips of the CMU pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

import numpy as np

from kinmo_annotate.measures import FPS, PLACES, SIDES, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Stretch, Swing, spans, swings
from kinmo_annotate.vocabulary import Amount, observed

Span = tuple[int, int]  # first and last frame

# Small strokes: patting, hammering, stirring, scrubbing.
_STROKE: Final = 0.03  # m; markers tremble by less than 0.01 m
_STROKE_MAX: Final = 0.2  # m; larger ones are swings
_STROKES: Final = 3  # times there and back
_HALF: Final = 0.6  # s there or back; a body that breathes or shifts its weight is slower
_STEADY: Final = {
    "feet_front": 0.3,
    "travel_x": 0.4,
    "travel_z": 0.4,
}  # m; more in the span is a walk, which sways the arms
_FOOT_OFF: Final = 0.2  # m; feet that leave the floor shake the arms

# A hand on the hip.
_ON_HIP: Final = 0.13  # m from where the wrist of a hand on the hip is (`pairs.HAND_ON_HIP`)
_ELBOW_BENT: Final = 70.0  # degrees; a hanging arm has less
_ELBOW_OUT: Final = 0.03  # m of the elbow outward from the hand
_REST: Final = 0.6  # s of a hand or of crossed arms that rest

# Claps: hands that meet, part and meet again.
_CLAP: Final = 0.22  # m between the wrists; the hands touch
_CLAP_OPEN: Final = 0.1  # m by which they part
_CLAP_GAP: Final = 0.9  # s from one clap to the next
_CLAPS: Final = 3
_QUICK: Final = 0.55  # s from one clap to the next; hands that meet more slowly need not clap

_CROSSED: Final = 0.21  # m of each wrist from the other upper arm

_TOUCH: Final = 3  # frames; shorter touches are none
_JOIN: Final = 8  # frames; shorter breaks do not end a stretch
_LONG: Final = 1.2  # s, from which a touch has a duration


@dataclass(frozen=True)
class Strokes(Stretch):
    """A hand goes back and forth a little."""

    count: int  # times there and back
    size: float  # m, mean of its strokes


def strokes(signals: Signals, side: str) -> Iterator[tuple[str, Strokes]]:
    """Find small repetitions of a hand along the body's axes while the body keeps its place; with the name of the axis."""
    for name in ("hand_up", "hand_front", "hand_out"):
        found = swings(signals[f"{side}_{name}"], _STROKE)
        for small, run in groupby(found, lambda swing: abs(swing.size) < _STROKE_MAX and swing.frames <= _HALF * FPS):
            for part in _unbroken(list(run)) if small else ():
                if len(part) >= 2 * _STROKES and _is_steady(signals, part[0].start, part[-1].end):
                    size = float(np.mean([abs(swing.size) for swing in part]))
                    yield name, Strokes(part[0].start, part[-1].end, len(part) // 2, size)


def _unbroken(run: Sequence[Swing]) -> list[list[Swing]]:
    """Split where the hand rests between two strokes."""
    parts = [[run[0]]]
    for before, swing in pairwise(run):
        if swing.start - before.end > _HALF * FPS:
            parts.append([])
        parts[-1].append(swing)
    return parts


def _is_steady(signals: Signals, start: int, end: int) -> bool:
    """Tell whether the body neither walks nor treads."""
    lifted = max(float(signals[f"{side}_foot_lift"][start : end + 1].max()) for side in SIDES)
    moved = (float(np.ptp(signals[name][start : end + 1])) < most for name, most in _STEADY.items())
    return lifted < _FOOT_OFF and all(moved)


def on_hip(signals: Signals, side: str) -> list[Span]:
    """Find where a hand rests on the hip with the elbow out."""
    near = signals[f"{side}_hand_hip"] < _ON_HIP
    akimbo = (signals[f"{side}_elbow"] > _ELBOW_BENT) & (signals[f"{side}_elbow_out"] > _ELBOW_OUT)
    found = spans(near & akimbo, min_frames=round(_REST * FPS), join=_JOIN)
    return [(start, end - 1) for start, end in found]


def hip_statements(signals: Signals, side: str) -> list[Observed]:
    """State of the pair of trunk and arm that the hand is on the hip."""
    who, hand = f"torso+{side}_arm", f"the {side} hand"
    return [observed(who, "hand_on_hip", *span, hand=hand, side=side) for span in on_hip(signals, side)]


def touch_statements(signals: Signals, side: str) -> list[Observed]:
    """State that a hand touches the face or the head: for how long, or how often."""
    found = []
    for part in ("face", "head"):
        at = signals[f"{side}_hand_place"] == PLACES.index(f"at the {part}")
        touches = spans(at, min_frames=_TOUCH, join=_JOIN)
        if not touches:
            continue
        start, end = touches[0][0], touches[-1][1] - 1
        hand = f"the {side} hand"
        if len(touches) > 1:
            often = words.times(len(touches), " ")
            found.append(observed(f"neck+{side}_arm", "hand_touches", start, end, often=often, hand=hand, part=part))
        elif (end - start) / FPS >= _LONG:
            found.append(
                observed(
                    f"neck+{side}_arm", "hand_stays_at", start, end, seconds=_seconds(start, end), hand=hand, part=part
                )
            )
        else:
            found.append(observed(f"neck+{side}_arm", "hand_touches", start, end, often="", hand=hand, part=part))
    return found


def clap_statements(signals: Signals) -> list[Observed]:
    """State that the hands clap, or meet and part more slowly: how often and where."""
    hands, found = signals["hands"], []
    for run in _claps(signals):
        start, end = run[0].start, run[-1].end
        where = words.both_hands(signals, int(start + np.argmin(hands[start : end + 1])))
        quick = (end - run[0].end) / FPS / (len(run) - 1) < _QUICK
        kind = "clap" if quick else "hands_meet_and_part"
        found.append(observed("left_arm+right_arm", kind, start, end, times=words.times(len(run)), where=where))
    return found


def _claps(signals: Signals) -> list[list[Swing]]:
    """Find runs of moves in which the hands come together."""
    closing = [swing for swing in swings(signals["hands"], _CLAP_OPEN) if swing.size < 0 and swing.last < _CLAP]
    runs: list[list[Swing]] = []
    for swing in closing:
        if runs and swing.end - runs[-1][-1].end <= _CLAP_GAP * FPS:
            runs[-1].append(swing)
        else:
            runs.append([swing])
    return [run for run in runs if len(run) >= _CLAPS]


def crossed_statements(signals: Signals) -> list[Observed]:
    """State that the arms are crossed, each hand at the other upper arm."""
    crossed = np.maximum(signals["left_hand_other_arm"], signals["right_hand_other_arm"]) < _CROSSED
    found = spans(crossed, min_frames=round(_REST * FPS), join=_JOIN)
    return [
        observed("left_arm+right_arm", "arms_crossed", start, end - 1, seconds=_seconds(start, end - 1))
        for start, end in found
    ]


def _seconds(start: int, end: int) -> Amount:
    return Amount((end - start) / FPS, "seconds")
