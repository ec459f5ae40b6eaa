"""Predicates of manner: to and fro, fast or slow, still, in step; and those of the head.

Limits are (wrong, right), chosen on the train and val clips of the CMU pack unless marked. There is one joint beyond the
neck, so limits of the head are low, and nothing is said of a head that turns, which looks like one that tilts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, amount, pose, repeats
from kinmo_annotate.check.limbs import extent
from kinmo_annotate.check.measure import FORWARD, LEFT, OTHER, SIGN, UP, Measures
from kinmo_annotate.check.series import Series, climb, longest

SWING: Final = (0.03, 0.1, 0.2)  # m: smallest swings of a limb that count
SWING_COUNTED: Final = (0.05, 0.1, 0.2)  # m, where the text names a number
SWING_BODY: Final = (3, 6, 12)  # degrees or cm
SWING_ELBOW: Final = (10, 25)  # degrees
NOD_SIZES: Final = (2, 4, 10)  # degrees
NOD: Final = Limits(0.5, 2)  # reversals, where no number is named
HEAD_TILT: Final = Limits(5, 14)  # degrees to a side
TILT_ALLOWANCE: Final = 8  # degrees of error besides a share of the named angle
HEAD_UPRIGHT: Final = Limits(-22, -12)  # degrees to a side, negated
HEAD_AT_REST: Final = 42  # degrees that the bone of the head stands forward at rest (measured on the pack)
LOOK: Final = Limits(4, 15)  # degrees
LOOK_ALLOWANCE: Final = 8  # degrees of error besides a share of the named angle
# Tempo: of train statements with a time, the top speed of 98 % of the fast arms is over 2.0 m/s and the mean of 98 % of the
# slow ones under 0.7 m/s.
SLOW: Final = Limits(-1.4, -0.8)  # m/s of a limb, negated
SLOW_BODY: Final = Limits(-1.8, -1.2)  # m/s, negated; people call a walk of 1.2 slow
SLOW_TURN: Final = Limits(-80, -30)  # degrees/s on average, negated
MOVING_SHARE: Final = 0.25  # of the top speed, from which a part moves
SLOW_PERCENTILE: Final = 25  # of the speeds, where the text also tells of something else that may be fast
FAST: Final = Limits(1.0, 2.0)  # m/s of a limb
FAST_BODY: Final = Limits(1.0, 1.5)  # m/s of body, hands or feet
FAST_TURN: Final = Limits(100, 200)  # degrees/s at its fastest
TURN_AS_SPEED: Final = 100  # degrees/s of a turn that count as 1 m/s, where the text does not tell what is fast
PAUSE_SHARE: Final = 0.5  # of the named seconds
PAUSE_SECONDS: Final = 0.2  # shortest pause
PAUSE_CLIP: Final = 0.6  # of the motion, which the wanted pause never exceeds
STILL_SPEED: Final = 0.4  # m/s of a limb relative to the body
STILL_SPEED_WORLD: Final = 0.25  # m/s of feet, head and trunk in the world
STILL_PLACE: Final = Limits(-0.4, -0.15)  # m that feet, head or trunk cover, negated
STILL_LIMB: Final = Limits(-0.35, -0.1)  # m that a limb covers relative to the body, negated
IN_STEP: Final = Limits(-0.2, 0.4)  # correlation
IN_STEP_SECONDS: Final = 1.2  # of a window: the claim may hold in a part of the motion only
IN_STEP_STRIDE: Final = 5  # frames between windows
IN_STEP_PERCENTILE: Final = 75  # of the correlations in the windows
IN_STEP_MOVING: Final = 0.3  # of the deviation over the whole motion, from which a limb moves in a window
ACTIVE: Final = Limits(0.6, 1.3)  # mean speed over that of the other side
ACTIVE_REST: Final = 0.05  # m/s of a side at rest, so that the ratio is finite

_AXES: Final = {"forward": (FORWARD,), "side": (LEFT,), "up": (UP,), "": (LEFT, UP, FORWARD)}
_TRUNK: Final = ("body", "chest", "head")


def swings(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Count movements to and fro."""
    if claim.part in ("body", "chest", "hip"):
        return repeats(claim, _sway(motion, claim.way), SWING_BODY)
    axes = _AXES[claim.way]
    series = [view[:, axis] for view in motion.views(claim.part, side) for axis in axes]
    if claim.part == "foot" and UP in axes:
        series = [*series, motion.clearance(side)]
    found = repeats(claim, series, SWING if claim.number is None else SWING_COUNTED)
    if claim.part != "wrist" or found.score >= 0:
        return found
    return max(found, repeats(claim, [motion.flexion("elbow", side)], SWING_ELBOW), key=lambda one: one.score)


def nods(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Count movements of the head to and fro, up and down or to the sides."""
    sideways = claim.way == "side"
    found = repeats(claim, [motion.head("left")] if sideways else [motion.head("down"), motion.pitch], NOD_SIZES)
    return found if claim.number is not None else Evidence(found.value, NOD, found.words)


def head_tilts(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far the head tilts to a side of the chest, or gets there, in degrees."""
    tilt = motion.head(claim.way)
    if claim.number is not None:
        words = f"tilts {claim.way} {{:.0f}} degrees"
        return amount([tilt], claim.number, words, allowance=TILT_ALLOWANCE, end_counts=True)
    value = float(np.median(tilt)) if claim.lasting else max(float(tilt.max()), climb(tilt))
    return Evidence(value, HEAD_TILT, f"tilts {claim.way} {value:.0f} degrees")


def head_upright(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far to a side of the chest the head is tilted."""
    return pose(motion, -np.abs(motion.head("left")), claim, HEAD_UPRIGHT, "is tilted {:.0f} degrees", shown=-1)


def looks(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far up or down the head is, or moves, in degrees."""
    sign = 1 if claim.way == "down" else -1
    series = [sign * (motion.head("down") - HEAD_AT_REST), sign * motion.pitch]
    if claim.number is not None:
        words = f"tilts {claim.way} {{:.0f}} degrees"
        return amount(series, claim.number, words, allowance=LOOK_ALLOWANCE, end_counts=True)
    value = max(float(series[0].max()), *(climb(one) for one in series))
    return Evidence(value, LOOK, f"tilts {claim.way} {value:.0f} degrees")


def tempo(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Compare the speed with one that is clearly slow or fast: of a turn its rate, else that of body or limb.

    Who is fast is so at least once; who is slow is so on average while moving or, if the text tells of more, for a part
    of the time.
    """
    if claim.place == "turn" and claim.timed:
        rate = np.abs(np.gradient(motion.yaw())) * motion.fps if len(motion) > 1 else np.zeros(1)
        value = float(rate.max() if claim.way == "fast" else rate.mean())
        words = f"turns by {value:.0f} degrees a second"
        return Evidence(value, FAST_TURN, words) if claim.way == "fast" else Evidence(-value, SLOW_TURN, words)
    body = claim.part in ("body", "chest")
    speed = motion.speed("body") if body else motion.own_speed(claim.part, side)
    if claim.way == "slow":
        moving = speed[speed >= MOVING_SHARE * speed.max()]
        value = float(np.percentile(speed, SLOW_PERCENTILE) if claim.open_ended and not claim.timed else moving.mean())
        return Evidence(-value, SLOW_BODY if body else SLOW, f"moves at {value:.1f} m/s")
    value = float(speed.max())
    if not body:
        return Evidence(value, FAST, f"reaches {value:.1f} m/s")
    others = [float(motion.own_speed(part, one).max()) for part in ("wrist", "foot") for one in SIGN]
    turn = float(np.abs(np.gradient(motion.yaw())).max()) * motion.fps / TURN_AS_SPEED if len(motion) > 1 else 0.0
    fastest = value if claim.timed else max(value, turn, *others)
    return Evidence(fastest, FAST_BODY, f"reaches {fastest:.1f} m/s")


def still(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how little a part moves, or its longest pause where a while is named; a body stands still if its feet do."""
    if claim.seconds or claim.way == "once":
        return _pause(motion, claim, side)
    if claim.part in _TRUNK:
        value = max(float(np.ptp(motion.point("foot", one), axis=0)[[0, 2]].max()) for one in SIGN)
        value = value if claim.part == "body" else min(value, float(np.ptp(motion.point(claim.part), axis=0).max()))
        return Evidence(-value, STILL_PLACE, f"goes {value:.2f} m")
    if claim.part == "foot":
        return Evidence.of(-np.ptp(motion.point("foot", side), axis=0).max(), STILL_PLACE, "goes {:.2f} m", shown=-1)
    return Evidence.of(-extent(motion, claim.part, side), STILL_LIMB, "moves within {:.2f} m", shown=-1)


def in_step(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Correlate the positions of two limbs along an axis of the body, or the flexion of two joints."""
    partner = claim.place_side if claim.place_side in SIGN else OTHER[side]
    how, _, axis = claim.way.partition(" ")
    if axis == "bend":
        first, second = motion.flexion(claim.part, side), motion.flexion(claim.place, partner)
    else:
        index = _AXES[axis or "forward"][0]
        first, second = motion.views(claim.part, side)[0][:, index], motion.views(claim.place, partner)[0][:, index]
        if axis == "side":  # hands that move out together move in opposite directions
            second = SIGN[side] * SIGN[partner] * second
    found = np.array(_correlations(first, second, round(IN_STEP_SECONDS * motion.fps)))
    value = float(np.percentile(found if how == "together" else -found, IN_STEP_PERCENTILE))
    return Evidence(value, IN_STEP, f"goes {how} with the {partner} {claim.place} at a correlation of {value:+.2f}")


def active(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Compare the mean speeds of both sides: a text that names one hand is wrong if only the other one moves."""
    own, other = (float(motion.own_speed(claim.part, one).mean()) for one in (side, OTHER[side]))
    return Evidence(own / max(other, ACTIVE_REST), ACTIVE, f"moves at {own:.2f} m/s on average")


def _sway(motion: Measures, way: str) -> Sequence[Series]:
    """Return measures of the body, in degrees and centimetres, whose changes people call swaying."""
    ground, rise = 100 * motion.ground, 100 * motion.height("body")
    return {
        "forward": [motion.lean("forward"), ground[:, 1]],
        "side": [motion.lean("left"), ground[:, 0], motion.twist, motion.yaw("shoulder")],
        "up": [rise, 100 * motion.height("head")],
        "turn": [motion.twist, motion.yaw(), motion.yaw("shoulder")],
        "": [*(motion.lean(one) for one in ("forward", "left")), *ground.T, rise, motion.twist, motion.yaw()],
    }[way]


def _pause(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure the longest run of frames in which a part is slow; limits in frames."""
    wanted = min(max(PAUSE_SECONDS, PAUSE_SHARE * claim.seconds) * motion.fps, PAUSE_CLIP * len(motion))
    world = claim.part in (*_TRUNK, "foot")
    speed = motion.speed(claim.part, side) if world else motion.own_speed(claim.part, side)
    pause = longest(speed < (STILL_SPEED_WORLD if world else STILL_SPEED))
    return Evidence(pause, Limits(wanted, 2 * wanted), f"is still for {pause / motion.fps:.1f} s")


def _correlations(first: Series, second: Series, window: int) -> list[float]:
    """Return the correlations in the windows in which both series move."""
    found: list[float] = []
    for start in range(0, max(1, len(first) - window + 1), IN_STEP_STRIDE):
        parts = [(one[start : start + window], one.std()) for one in (first, second)]
        if all(part.std() > max(IN_STEP_MOVING * whole, 1e-6) for part, whole in parts):
            found.append(float(np.corrcoef(parts[0][0], parts[1][0])[0, 1]))
    return found or [0.0]
