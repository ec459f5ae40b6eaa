"""What the 15 pairs of groups do together: who comes near whom, who is above, who moves with or against whom.

Nothing is said of a pair that stays as it is in most motions: hands that hang beside the hips, a head far from the feet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import SIDES, other_side
from kinmo_annotate.observation import Event
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, repeats, spans, swings
from kinmo_annotate.statements.words import FPS, Signals
from kinmo_annotate.vocabulary import event

_TOGETHER: Final = 0.6  # correlation from which two limbs move with each other, or from minus which against


def pair_events(signals: Signals) -> list[Event]:
    """Events of all pairs, by pair, then by time."""
    found = torso_neck(signals)
    for pair in (torso_arm, torso_leg, neck_arm, neck_leg):
        for side in SIDES:
            found += pair(signals, side)
    found += arm_arm(signals)
    for arm, leg in product(SIDES, SIDES):
        found += arm_leg(signals, arm, leg)
    return found + leg_leg(signals)


def torso_neck(signals: Signals) -> list[Event]:
    """Where the head goes relative to the hips, and whether it turns against the chest."""
    ahead, last = signals["head_ahead"], len(signals["head_ahead"]) - 1
    found = []
    for swing in repeats(swings(ahead, 0.2)):
        if isinstance(swing, Repeat):
            found.append(event("torso+neck", "head_sways", *swing.span, size=0.8, times=words.times(swing.count)))
        else:
            kind = "head_forward" if swing.size > 0 else "head_back"
            found.append(event("torso+neck", kind, *swing.span, distance=words.metres(swing.size)))
    if not found and float(np.median(ahead)) > 0.28:
        found = [event("torso+neck", "head_ahead", 0, last, size=0.3, distance=words.metres(float(np.median(ahead))))]
    return found or [event("torso+neck", "head_over", 0, last, size=0.1)]


def torso_arm(signals: Signals, side: str) -> list[Event]:
    """Where the hand is around the trunk, and when it comes close or leaves."""
    who, hand = f"torso+{side}_arm", f"the {side} hand"
    near, past = signals[f"{side}_hand_trunk"], signals[f"{side}_hand_past_middle"]
    found = []
    for start, end in spans((past > 0.06) & (signals[f"{side}_hand_front"] > 0.05), least=4, join=6):
        height = _height(signals, side, (start + end) // 2)
        found.append(event(who, "hand_across", start, end - 1, size=0.7, hand=hand, height=height))
    for swing in repeats(swings(near, 0.18)):
        if isinstance(swing, Repeat):
            found.append(event(who, "hand_to_and_fro", *swing.span, size=0.7, hand=hand))
            continue
        comes = near[swing.end] < 0.35 and signals[f"{side}_hand_level"][swing.end] < 4
        if swing.size > 0 or comes:
            kind = "hand_from_trunk" if swing.size > 0 else "hand_to_trunk"
            place = words.hand_place(signals, side, swing.end)
            found.append(event(who, kind, *swing.span, hand=hand, place=place))
    if found:
        return sorted(found, key=lambda e: e.start)[:2]
    middle = float(np.median(near))
    kind = "hand_far" if middle > 0.5 else "hand_close" if middle < 0.22 else ""
    return [event(who, kind, 0, len(near) - 1, size=0.2, hand=hand)] if kind else []


def _height(signals: Signals, side: str, frame: int) -> str:
    level = float(signals[f"{side}_hand_level"][frame])
    return "hip" if level < 2.25 else "chest" if level < 2.75 else "shoulder" if level < 3.4 else "head"


def torso_leg(signals: Signals, side: str) -> list[Event]:
    """The knee that comes up to the trunk, the hips that sink towards the foot, the foot far out, ahead or behind."""
    who, last = f"torso+{side}_leg", len(signals["height"]) - 1
    found = _while(who, "knee_at_hip", signals[f"{side}_knee_up"] > -0.1, least=3, size=1.0, side=side)
    for swing in repeats(swings(signals[f"{side}_hip_to_foot"], 0.16)):
        if isinstance(swing, Repeat):
            continue  # the leg's own text tells that it bends and straightens
        kind = "hip_to_foot" if swing.size < 0 else "hip_from_foot"
        if not any(min(swing.end / FPS, e.end) > max(swing.start / FPS, e.start) for e in found):
            found.append(event(who, kind, *swing.span, side=side, distance=words.metres(swing.size)))
    strides = swings(signals[f"{side}_foot_front"], 0.3)
    if len(strides) > 2:
        often = words.often(signals[f"{side}_foot_front"], 0.3, round(len(strides) / 2))
        found.append(event(who, "leg_passes", strides[0].start, strides[-1].end, side=side, times=often))
    found = found or _while(who, "leg_out", signals[f"{side}_foot_out"] > 0.4, least=6, side=side)
    if not found and float(signals[f"{side}_foot_off"].max()) < 0.22:
        found.append(event(who, "over_foot", 0, last, size=0.1, side=side))
    return sorted(found, key=lambda e: e.start)[:2]


def neck_arm(signals: Signals, side: str) -> list[Event]:
    """The hand that comes to the head, or rises above it."""
    who, hand = f"neck+{side}_arm", f"the {side} hand"
    near, above = signals[f"{side}_hand_head"] < 0.27, signals[f"{side}_hand_level"] > 4.5
    found = _while(who, "hand_at_head", near, least=3, size=1.0, hand=hand)
    return found + _while(who, "hand_above_head", above, least=3, size=1.1, hand=hand)


def neck_leg(signals: Signals, side: str) -> list[Event]:
    """The head that comes down towards the knee."""
    return _while(f"neck+{side}_leg", "head_at_knee", signals[f"{side}_knee_head"] < 0.6, least=4, size=0.9, side=side)


def arm_arm(signals: Signals) -> list[Event]:
    """Hands together, apart or crossed, one above the other, and arms that move alike or in turn."""
    who, hands, last = "left_arm+right_arm", signals["hands"], len(signals["hands"]) - 1
    found = _arms_bond(signals)
    if together := spans(hands < 0.2, least=3, join=8):
        start, end = together[0][0], together[-1][1] - 1
        left, right = (words.hand_place(signals, side, start) for side in SIDES)
        where = f" {left}" if left == right and "side" not in left else ""  # two hands are not beside one hip
        kind = "hands_stay_together" if end - start > 0.85 * last else "hands_meet"
        found.append(event(who, kind, start, end, size=0.9, where=where, often=_often(together)))
    found += _while(who, "hands_wide", hands > 1.0, least=6)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        hand, other = f"the {side} hand", other_side(side)
        crossed, higher = signals[f"{side}_hand_other_elbow"] < 0.17, sign * signals["hands_height"] > 0.35
        found += _while(who, "hand_at_elbow", crossed, least=4, hand=hand, elbow=f"the {other} elbow")
        found += _while(who, "hand_higher", higher, least=8, hand=hand, other=f"the {other} hand")
    return sorted(found, key=lambda e: e.start)[:3] or _hands_apart(hands)


def _arms_bond(signals: Signals) -> list[Event]:
    """Arms that swing together or in turn, or rise or come down at once."""
    who, last = "left_arm+right_arm", len(signals["hands"]) - 1
    for axis, way in (("hand_up", "up and down"), ("hand_front", "forward and back")):
        left, right = signals[f"left_{axis}"], signals[f"right_{axis}"]
        moves = [swings(values, 0.15) for values in (left, right)]
        bond = _bond(left, right, least=0.15)
        if bond and min(map(len, moves)) > 1:
            return [event(who, "arms_alike" if bond > 0 else "arms_in_turn", 0, last, way=way)]
        alike = len({move[0].size > 0 for move in moves if move}) == 1
        if bond > 0 and axis == "hand_up" and min(map(len, moves)) == 1 and alike:
            start, end = min(m[0].start for m in moves), max(m[0].end for m in moves)
            return [event(who, "arms_rise" if moves[0][0].size > 0 else "arms_lower", start, end)]
    return []


def _hands_apart(hands: NDArray[np.floating]) -> list[Event]:
    if float(np.ptp(hands)) > 0.3:
        return []
    apart = words.metres(float(np.median(hands)))
    return [event("left_arm+right_arm", "hands_apart", 0, len(hands) - 1, size=0.1, distance=apart)]


def _bond(first: NDArray[np.floating], second: NDArray[np.floating], *, least: float) -> float:
    """Correlation of the changes of two numbers that both move by at least `least`; 0 where they do not, or it is weak.

    Of the changes, since two numbers that drift the same way need not swing together.
    """
    if min(np.ptp(first), np.ptp(second)) < least:
        return 0.0
    correlation = float(np.corrcoef(np.gradient(first), np.gradient(second))[0, 1])
    return correlation if abs(correlation) > _TOGETHER else 0.0


def arm_leg(signals: Signals, arm: str, leg: str) -> list[Event]:
    """The hand that reaches knee or foot; the arm that swings with or against the leg."""
    who, hand = f"{arm}_arm+{leg}_leg", f"the {arm} hand"
    found = []
    for part, near in (("knee", 0.24), ("foot", 0.36)):
        touches = signals[f"{arm}_hand_{leg}_{part}"] < near
        found += _while(who, "hand_at_leg", touches, least=3, size=0.9, hand=hand, part=f"the {leg} {part}")
    if found:
        return found
    hand_front, foot_front = signals[f"{arm}_hand_front"], signals[f"{leg}_foot_front"]
    steps = len(swings(foot_front, 0.2)) > 1 and len(swings(hand_front, 0.12)) > 1
    if steps and (bond := _bond(hand_front, foot_front, least=0.15)):
        kind = "swing_with" if bond > 0 else "swing_against"
        return [event(who, kind, 0, len(signals["hands"]) - 1, arm=f"the {arm} arm", leg=f"the {leg} leg")]
    return []


def leg_leg(signals: Signals) -> list[Event]:
    """Feet together, apart, crossed or one ahead; legs that step in turn or bend together."""
    who, last = "left_leg+right_leg", len(signals["feet"]) - 1
    front, apart, feet = signals["feet_front"], signals["feet_apart"], signals["feet"]
    found = []
    strides = swings(front, 0.3)
    if len(strides) > 2:
        often = words.often(front, 0.3, round(len(strides) / 2))
        found.append(event(who, "legs_in_turn", strides[0].start, strides[-1].end, size=1.0, times=often))
    bond = _bond(signals["left_knee"], signals["right_knee"], least=35.0)
    if bond > 0.75 and not strides:
        found.append(event(who, "knees_together", 0, last))
    found += _while(who, "legs_cross", apart < -0.08, least=3, size=0.7)
    found += _while(who, "feet_wide", apart > 0.55, least=6)
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        if not strides:
            foot, other = f"the {side} foot", f"the {other_side(side)} foot"
            found += _while(who, "foot_ahead", sign * front > 0.35, least=10, foot=foot, other=other)
    if not found and float(np.ptp(feet)) < 0.25:
        middle = float(np.median(feet))
        kind = "feet_together" if middle < 0.16 else "feet_stand"
        found.append(event(who, kind, 0, last, size=0.1, distance=words.metres(middle)))
    return sorted(found, key=lambda e: e.start)[:2]


def _while(
    who: str, kind: str, flags: NDArray[np.bool_], *, least: int, size: float = 0.5, **values: str
) -> list[Event]:
    """One event for all stretches of at least `least` frames in which a flag is up, with how `often`; none without any."""
    stretches = spans(flags, least=least, join=8)
    if not stretches:
        return []
    start, end = stretches[0][0], stretches[-1][1] - 1
    return [event(who, kind, start, end, size=size, often=_often(stretches), **values)]


def _often(stretches: Sequence[tuple[int, int]]) -> str:
    """ " twice" for two stretches, nothing for one."""
    return "" if len(stretches) == 1 else f" {words.times(len(stretches))}"
