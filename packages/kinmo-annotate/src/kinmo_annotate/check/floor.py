"""Predicates of postures near the floor, and of going head over heels.

Limits are (wrong, right), chosen on the train and val clips of the CMU pack.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits
from kinmo_annotate.check.measure import FORWARD, LEFT, OTHER, SIGN, UP, Measures
from kinmo_annotate.check.series import Series, climb

SIT: Final = Limits(40, 70)  # degrees by which hip and knee of one side are bent at once
KNEEL: Final = Limits(-0.38, -0.25)  # m of a knee over the floor, negated
LIE: Final = Limits(45, 70)  # degrees of the spine off the vertical
LIE_CHEST: Final = Limits(-0.8, -0.5)  # m of the chest over the floor, negated
FACING: Final = Limits(-15, 30)  # degrees of the breast bone, or of a side, over the horizon
LOW: Final = Limits(-0.75, -0.5)  # m of the pelvis over the floor, negated
CRAWL: Final = Limits(-0.55, -0.35)  # m of the highest of hands and knees over the floor, negated
GET_UP: Final = Limits(0.08, 0.25)  # m that the pelvis comes up
TURN_OVER: Final = Limits(60, 130)  # degrees that the spine turns over within the motion
WEIGHT: Final = Limits(0.02, 0.07)  # m that the pelvis moves toward one ankle
STANCE: Final = 0.15  # m; feet that are closer count as so far apart
UPSIDE_DOWN: Final = Limits(-20, 10)  # degrees of the spine under the horizon, while a foot is above the hips


def sits(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how far hip and knee of one side are bent at once."""
    bent = max(np.minimum(motion.flexion("hip", side), motion.flexion("knee", side)).max() for side in SIGN)
    return Evidence.of(bent, SIT, "bends hip and knee {:.0f} degrees")


def kneels(motion: Measures, _claim: Claim, side: str) -> Evidence:
    """Measure how low a knee gets."""
    return Evidence.of(-motion.height("knee", side).min(), KNEEL, "is {:.2f} m above the floor", shown=-1)


def lies(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how far the spine is off the vertical while the chest is low."""
    lean, chest = motion.lean("any"), motion.height("chest")
    low = (-chest - LIE_CHEST.wrong) / (LIE_CHEST.right - LIE_CHEST.wrong)
    level = (lean - LIE.wrong) / (LIE.right - LIE.wrong)
    words = f"leans {lean.max():.0f} degrees, chest {chest.min():.2f} m above the floor"
    return Evidence(float(np.minimum(low, level).max()), Limits(0, 1), words)


def faces(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure where the breast bone points while the spine is most level: up, down, or to a side of the person."""
    front, left = motion.spine_axes[:, FORWARD, UP], motion.spine_axes[:, LEFT, UP]
    # Who lies on the right side has the left side up.
    rise = {"up": front, "down": -front, "left": left, "right": -left}[claim.way]
    level = motion.lean("any") >= np.percentile(motion.lean("any"), 75)
    value = float(np.degrees(np.arcsin(np.clip(rise[level].max(), -1, 1))))
    return Evidence(value, FACING, f"is {claim.way} by {value:.0f} degrees")


def low(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how low the pelvis gets."""
    return Evidence.of(-motion.height("body").min(), LOW, "has the pelvis {:.2f} m above the floor", shown=-1)


def crawls(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how low both hands and both knees are at once."""
    highest = np.max([motion.height(part, side) for part in ("wrist", "knee") for side in SIGN], axis=0)
    return Evidence.of(-highest.min(), CRAWL, "has hands and knees {:.2f} m above the floor", shown=-1)


def gets_up(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how far the pelvis comes up."""
    return Evidence.of(climb(motion.height("body")), GET_UP, "rises {:.2f} m")


def turns_over(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far the spine turns over, about the axis from side to side or from front to back."""
    about_left, about_front = _turned(motion, LEFT), _turned(motion, FORWARD)
    turned = {"forward": about_left, "back": -about_left, "left": -about_front, "right": about_front}
    value = max(climb(one) for way, one in turned.items() if claim.way in ("", way))
    return Evidence(value, TURN_OVER, f"turns over {claim.way or 'about'} {value:.0f} degrees")


def upside_down(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how far the spine points down while a foot is above the hips."""
    feet = np.maximum(motion.height("foot", "left"), motion.height("foot", "right"))
    under = np.where(feet > motion.height("body"), -np.degrees(np.arcsin(np.clip(motion.spine[:, UP], -1, 1))), -90.0)
    return Evidence.of(under.max(), UPSIDE_DOWN, "points {:.0f} degrees below the horizon")


def weight_over(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far the pelvis moves toward the foot of one side, along the line between the ankles."""
    own, other = (motion.point("foot", side)[:, [0, 2]] for side in (claim.way, OTHER[claim.way]))
    off = motion.point("body")[:, [0, 2]] - (own + other) / 2
    apart = own - other
    value = climb((off * apart).sum(-1) / np.maximum(np.linalg.norm(apart, axis=-1), STANCE))
    return Evidence(value, WEIGHT, f"moves {value:.2f} m toward the {claim.way} foot")


def _turned(motion: Measures, axis: int) -> Series:
    """Return the angle that the spine has turned about an axis of the body so far, degrees."""
    spine, about = motion.spine, motion.spine_axes[:, axis]
    step = (np.cross(spine[:-1], spine[1:]) * about[:-1]).sum(-1)
    return np.concatenate([[0.0], np.degrees(np.arcsin(np.clip(step, -1, 1))).cumsum()])
