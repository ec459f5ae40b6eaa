"""What the 15 pairs of groups do together: who comes near whom, who is above, who moves with or against whom.

Nothing is stated of a pair that stays as it is in most motions: hands that hang beside the hips, a head far from the feet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, product
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.measures import ACROSS, HANGING, SIDES, Signals, other_side
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Swing, bond_of, moves, spans, swings
from kinmo_annotate.statements.hands import clap_statements, crossed_statements, hip_statements, touch_statements
from kinmo_annotate.statements.postures import upside_down
from kinmo_annotate.statements.strides import STRIDE, passes
from kinmo_annotate.vocabulary import observed

# Smallest swings that count, m.
_HEAD: Final = 0.2  # of the head over the hips
_HAND: Final = 0.18  # of a hand to or from the trunk
_HIP: Final = 0.16  # of a hip to or from its foot
_STANDS: Final = 0.12  # of a foot over the floor that stands, most; the heel may come up
_ARMS: Final = 0.15  # of both hands in one direction
_STEP: Final = 0.2  # of a foot whose arm swings with it
_ARM_SWING: Final = 0.12  # of a hand that swings with a foot
_SWINGS: Final = 0.7  # correlation of changes from which an arm swings with a leg or against it
_STILL: Final = {"hands": 0.3, "feet": 0.25}  # m; a distance that changes less stays

_KNEES_TOGETHER: Final = 0.75  # correlation of changes from which two knees bend together
_KNEE: Final = 35.0  # degrees, smallest range of a knee for it, that of a swing which counts

# Near and far, m between joints; a wrist is a hand's length short of what the hand touches.
_HEAD_AHEAD: Final = 0.28
_ASIDE: Final = 20.0  # degrees of a trunk that leans to a side, from which the head is not over the hips
_CLOSE, _BESIDE = 0.28, 0.35  # a hand that has come to the trunk, or to hang beside it
_HAND_CLOSE, _HAND_FAR = 0.22, 0.5  # a hand that stays close to the trunk, or far from it
_UNDER: Final = 0.22  # of a foot from the middle of the hips, both feet of a person who stands
_HANDS_TOGETHER: Final = 0.2  # as in the pose code "hands"
_AT_LEG: Final = {"knee": 0.24, "foot": 0.3}
_FEET_TOGETHER: Final = 0.16  # as in the pose code "feet"
_HEAD_LEVEL: Final = 4.0  # rung of `hand_level`

_TOUCH, _REACH, _HOLD = 3, 4, 6  # frames; shortest stretches that are told
_JOIN: Final = 8  # frames; shorter breaks do not end a stretch
_CLEAR: Final = 14  # frames; breaks that are longer end one for any viewer
_ALL_THE_TIME: Final = 0.85  # share of the motion

# What holds while a number is within limits. Kind: number with "@" for the side, limits in m, shortest stretch in frames.
_WHILE: Final[Mapping[str, tuple[str, float, float, int]]] = {
    "knee_at_hip": ("@_knee_up", -0.1, inf, _TOUCH),  # of the knee above the hip
    "leg_out": ("@_foot_out", 0.4, inf, _HOLD),  # of a foot from the hips
    "hand_at_head": ("@_hand_head", -inf, 0.27, _TOUCH),
    "hand_above_head": ("@_hand_level", 4.5, inf, _TOUCH),  # rungs of `hand_level`
    "head_at_knee": ("@_knee_head", -inf, 0.5, _REACH),
    "hands_wide": ("hands", 1.0, inf, _HOLD),
    "hand_at_elbow": ("@_hand_other_elbow", -inf, 0.17, _REACH),  # as in the pose code
    "hand_higher": ("@_hand_higher", 0.35, inf, 8),
    "legs_cross": ("feet_apart", -inf, -0.08, _TOUCH),  # of the left foot to the left of the right one
    "feet_wide": ("feet_apart", 0.55, inf, _HOLD),
    "foot_ahead": ("@_foot_ahead", 0.35, inf, 10),  # as in the pose code "feet_front"
}

_MAX_STATEMENTS, _MAX_OF_ARMS = 2, 3  # about a pair, and about the two arms


def pair_statements(signals: Signals) -> list[Observed]:
    """State what all pairs do, by pair, then by time."""
    found = torso_neck(signals)
    for pair in (torso_arm, torso_leg):
        for side in SIDES:
            found += pair(signals, side)
    for side in SIDES:
        touches = touch_statements(signals, side)
        near = () if touches else ("hand_at_head",)
        found += [*touches, *_while(signals, f"neck+{side}_arm", side, *near, "hand_above_head")]
    for side in SIDES:
        found += _while(signals, f"neck+{side}_leg", side, "head_at_knee")
    found += arm_arm(signals)
    for arm, leg in product(SIDES, SIDES):
        found += arm_leg(signals, arm, leg)
    return found + leg_leg(signals)


def torso_neck(signals: Signals) -> list[Observed]:
    """State where the head goes relative to the hips."""
    who, ahead = "torso+neck", signals["head_ahead"]
    found = []
    for swing in moves(ahead, _HEAD):
        if isinstance(swing, Repeat):
            found.append(observed(who, "head_sways", *swing.span, times=words.often(ahead, _HEAD, swing)))
        else:
            kind = "head_forward" if swing.size > 0 else "head_back"
            found.append(observed(who, kind, *swing.span, distance=words.metres(swing.size)))
    if not found and float(np.ptp(ahead)) < _HEAD and float(np.abs(signals["lean"]).max()) < _ASIDE:
        middle = float(np.median(ahead))
        kind = "head_ahead" if middle > _HEAD_AHEAD else "head_over"
        found.append(observed(who, kind, 0, len(ahead) - 1, distance=words.metres(middle)))
    return found


def torso_arm(signals: Signals, side: str) -> list[Observed]:
    """State where the hand is around the trunk, and when it comes close or leaves."""
    who, hand, near = f"torso+{side}_arm", f"the {side} hand", signals[f"{side}_hand_trunk"]
    places = signals[f"{side}_hand_place"]
    found = hip_statements(signals, side)
    across = np.isin(places, ACROSS)
    for start, end in spans(across, min_frames=_REACH, join=_HOLD):
        place = words.hand_place(signals, side, start + int(np.argmax(across[start:end])))
        found.append(observed(who, "hand_across", start, end - 1, hand=hand, place=place))
    for swing in moves(near, _HAND):
        if isinstance(swing, Repeat):
            found.append(observed(who, "hand_to_and_fro", *swing.span, hand=hand))
            continue
        place = words.hand_place(signals, side, swing.end)
        close = near[swing.end] < (_BESIDE if place in HANGING else _CLOSE)
        if swing.size > 0 or (close and signals[f"{side}_hand_level"][swing.end] < _HEAD_LEVEL):
            kind = "hand_from_trunk" if swing.size > 0 else "hand_to_trunk"
            found.append(observed(who, kind, *swing.span, hand=hand, place=place))
    if found or float(np.ptp(near)) > _HAND:
        return _first(found)
    middle = float(np.median(near))
    kind = "hand_far" if middle > _HAND_FAR else "hand_close" if middle < _HAND_CLOSE else ""
    return [observed(who, kind, 0, len(near) - 1, hand=hand)] if kind else []


def torso_leg(signals: Signals, side: str) -> list[Observed]:
    """State when the knee comes up to the trunk, the hips sink towards the foot, the leg passes or is far out."""
    who, front, lift = f"torso+{side}_leg", signals[f"{side}_foot_front"], signals[f"{side}_foot_lift"]
    found = _while(signals, who, side, "knee_at_hip")
    for swing in moves(signals[f"{side}_hip_to_foot"], _HIP):
        # The leg's own text tells of a repetition, and of a foot in the air.
        if isinstance(swing, Swing) and float(lift[swing.start : swing.end + 1].max()) < _STANDS:
            kind = "hip_to_foot" if swing.size < 0 else "hip_from_foot"
            one = observed(who, kind, *swing.span, side=side, distance=words.metres(swing.size))
            first = one.statement
            if not any(min(first.end, o.statement.end) > max(first.start, o.statement.start) for o in found):
                found.append(one)
    found += passes(who, "leg_passes", front, each=2, side=side)
    found = found or _while(signals, who, side, "leg_out", where=lift < _STANDS)
    if not found and float(signals[f"{side}_foot_off"].max()) < _UNDER:
        found = [observed(who, "foot_under", 0, len(front) - 1, side=side)]
    return _first(found)


def arm_arm(signals: Signals) -> list[Observed]:
    """State of the hands whether they clap, are together or apart, of the arms whether they cross, move alike or in turn."""
    who, hands = "left_arm+right_arm", signals["hands"]
    claps, crossed = clap_statements(signals), crossed_statements(signals)
    found = [*_arms_bond(signals), *claps, *crossed, *_while(signals, who, "", "hands_wide")]
    found += [] if claps else _hands_together(signals)
    for side in SIDES:
        found += _while(signals, who, side, *(() if crossed else ("hand_at_elbow",)), "hand_higher")
    if not found and float(np.ptp(hands)) <= _STILL["hands"]:
        found = [observed(who, "hands_apart", 0, len(hands) - 1, distance=words.metres(float(np.median(hands))))]
    return _first(found, _MAX_OF_ARMS)


def _hands_together(signals: Signals) -> list[Observed]:
    hands = signals["hands"]
    stretches = spans(hands < _HANDS_TOGETHER, min_frames=_TOUCH, join=_JOIN)
    start, end = (stretches[0][0], stretches[-1][1] - 1) if stretches else (0, 0)
    where = words.both_hands(signals, start)
    kind = "hands_stay_together" if end - start > _ALL_THE_TIME * (len(hands) - 1) else "hands_meet"
    return _together("left_arm+right_arm", kind, stretches, where=where)


def _arms_bond(signals: Signals) -> list[Observed]:
    """State whether the arms swing together or in turn, or rise or come down at once."""
    who = "left_arm+right_arm"
    for axis, way in (("hand_up", "up and down"), ("hand_front", "forward and back")):
        left, right = signals[f"left_{axis}"], signals[f"right_{axis}"]
        both = [swings(values, _ARMS) for values in (left, right)]
        bond, fewest = bond_of(left, right, min_range=_ARMS), min(map(len, both))
        if abs(bond) > _SWINGS and fewest > 2:
            span = min(found[0].start for found in both), max(found[-1].end for found in both)
            return [observed(who, "arms_alike" if bond > 0 else "arms_in_turn", *span, way=way)]
        alike = len({found[0].size > 0 for found in both if found}) == 1
        if bond > 0 and axis == "hand_up" and 0 < fewest < 3 and alike:
            start, end = min(found[0].start for found in both), max(found[0].end for found in both)
            return [observed(who, "arms_rise" if both[0][0].size > 0 else "arms_lower", start, end)]
    return []


def arm_leg(signals: Signals, arm: str, leg: str) -> list[Observed]:
    """State when the hand reaches knee or foot, or that the arm swings with or against the leg."""
    who, hand = f"{arm}_arm+{leg}_leg", f"the {arm} hand"
    found = []
    for part, near in _AT_LEG.items():
        touches = spans(signals[f"{arm}_hand_{leg}_{part}"] < near, min_frames=_TOUCH, join=_JOIN)
        found += _together(who, "hand_at_leg", touches, hand=hand, leg=leg, part=part)
    if found:
        return found
    hand_front, foot_front = signals[f"{arm}_hand_front"], signals[f"{leg}_foot_front"]
    both = swings(foot_front, _STEP), swings(hand_front, _ARM_SWING)
    bond = bond_of(hand_front, foot_front, min_range=_ARMS)
    if abs(bond) > _SWINGS and min(map(len, both)) > 2:
        kind = "swing_with" if bond > 0 else "swing_against"
        span = min(found[0].start for found in both), max(found[-1].end for found in both)
        return [observed(who, kind, *span, arm=f"the {arm} arm", leg=f"the {leg} leg")]
    return []


def leg_leg(signals: Signals) -> list[Observed]:
    """State of the feet whether they are together, apart, crossed or one ahead, and whether the legs move in turn."""
    who, front, feet = "left_leg+right_leg", signals["feet_front"], signals["feet"]
    last, stride = len(feet) - 1, bool(swings(front, STRIDE))
    found = passes(who, "legs_in_turn", front, each=1)
    bond = bond_of(signals["left_knee"], signals["right_knee"], min_range=_KNEE)
    if bond > _KNEES_TOGETHER and not stride:
        found.append(observed(who, "knees_together", 0, last))
    found += _while(signals, who, "", "legs_cross", "feet_wide")
    for side in () if stride else SIDES:
        found += _while(signals, who, side, "foot_ahead")
    if not found and float(np.ptp(feet)) < _STILL["feet"]:
        middle = float(np.median(feet))
        kind = "feet_together" if middle < _FEET_TOGETHER else "feet_stand"
        found = [observed(who, kind, 0, last, distance=words.metres(middle))]
    return _first(found)


def _while(
    signals: Signals, who: str, side: str, *kinds: str, where: NDArray[np.bool_] | bool = True
) -> list[Observed]:
    """State which kinds of `_WHILE` hold, of a side, or "" for both, in the frames where a flag is up."""
    names = {"side": side, "other": other_side(side), "hand": f"the {side} hand"} if side else {}
    found = []
    for kind in kinds:
        name, low, high, min_frames = _WHILE[kind]
        values = signals[name.replace("@", side)]
        upright = ~upside_down(signals)  # heights and sides of a body that is upside down are not seen as such
        stretches = spans(where & upright & (values > low) & (values < high), min_frames=min_frames, join=_JOIN)
        found += _together(who, kind, stretches, **names)
    return found


def _together(who: str, kind: str, stretches: Sequence[tuple[int, int]], **filled: Any) -> list[Observed]:
    """Make one statement of all stretches, with how `often` if more than once; none without any."""
    if not stretches:
        return []
    # A number is said only where it does not depend on how long a break is one.
    clear = all(after[0] - before[1] > _CLEAR for before, after in pairwise(stretches))
    often = words.times(len(stretches), " ") if len(stretches) > 1 and clear else ""
    return [observed(who, kind, stretches[0][0], stretches[-1][1] - 1, often=often, **filled)]


def _first(found: Iterable[Observed], number: int = _MAX_STATEMENTS) -> list[Observed]:
    return sorted(found, key=lambda one: one.statement.start)[:number]
