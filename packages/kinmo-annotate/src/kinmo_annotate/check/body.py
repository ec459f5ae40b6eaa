"""Predicates of the whole body and the torso: travel, turns, leaning, postures.

Limits are (wrong, right), chosen on the train and val clips of the CMU pack unless marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, Predicate, amount, pose
from kinmo_annotate.check.measure import SIGN, Measures
from kinmo_annotate.check.series import climb

TRAVEL: Final = Limits(0.2, 0.7)  # m over the floor, forward or back
TRAVEL_ASIDE: Final = Limits(0.15, 0.7)  # m over the floor, to a side or anywhere
TRAVEL_SHORT: Final = 0.5  # share of a named distance that replaces the wrong limit of very short distances
TRAVEL_WRONG: Final = (0.4, 0.2)  # share of a named distance and m by which it may be off
TRAVEL_RIGHT: Final = -0.1  # m, negated, by which it may be off and still be right
CURVE: Final = (30, 0.5, 0.3)  # degrees turned and m walked from which a curve to a side counts as so many m to it
RUN: Final = Limits(1.0, 1.8)  # m/s
RUN_FOOT: Final = 0.5  # speed of the body over the top speed of a foot, which stands during half of a stride
UPRIGHT_SHARE: Final = 0.8  # of the frames; below it a heading is not defined
TURN: Final = Limits(10, 30)  # degrees
TURN_ALLOWANCE: Final = 12  # degrees of error besides a share of the named angle
TWIST: Final = Limits(8, 22)  # degrees
TWIST_ANY: Final = Limits(8, 25)  # degrees, where no side is named
LEAN: Final[Mapping[str, Limits]] = {"forward": Limits(8, 20), "any": Limits(9, 20)}  # degrees off the vertical
LEAN_OTHER: Final = Limits(5, 14)  # degrees; people lean less far back or aside than forward
LEAN_ALLOWANCE: Final = 8  # degrees of error besides a share of the named angle
SQUAT: Final = Limits(1, 2)  # of the larger of two measures, each divided by its unit below
SQUAT_KNEE: Final = 40  # degrees of flexion
SQUAT_DROP: Final = 0.12  # m that the pelvis comes down
STANDING_PELVIS: Final = 0.93  # m over the floor, measured on HumanML3D's skeleton
JUMP: Final = Limits(0.03, 0.10)  # m; feet of the pack's FBX clips float by up to 0.03 m while they stand (measured)
JUMP_ALLOWANCE: Final = 0.15  # m of error besides a share of the named height
RISE_IN_JUMP: Final = (0.05, 0.5)  # m that a pelvis rises without a jump, and share of the rest that is air

_LATERAL, _ONWARD = 0, 1  # columns of `Measures.progress` and `Measures.ground`
_COLUMNS: Final = {"forward": (_ONWARD, 1), "back": (_ONWARD, -1), "left": (_LATERAL, 1), "right": (_LATERAL, -1)}


def travels(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure the distance over the floor in a direction, as seen in the first frame or in every frame."""
    value = _distance(motion, claim.way)
    words = f"goes {claim.way if claim.way != 'any' else 'about'} {value:.2f} m"
    limits = TRAVEL if claim.way in ("forward", "back") else TRAVEL_ASIDE
    if claim.number is None:
        return Evidence(value, limits, words)
    longest, shortest = max(value, motion.path), min(value, float(np.linalg.norm(motion.ground[-1])))
    off = max(claim.number - longest, 0.0 if claim.open_ended else shortest - claim.number, 0.0)
    share, base = TRAVEL_WRONG
    about = Evidence(-off, Limits(-(share * claim.number + base), TRAVEL_RIGHT), words)
    moved = Evidence(value, limits._replace(wrong=min(limits.wrong, TRAVEL_SHORT * claim.number)), words)
    return min(moved, about, key=lambda one: one.score)


def runs(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure the top speed against a walk."""
    feet = [RUN_FOOT * float(motion.speed("foot", one).max()) for one in SIGN]
    return Evidence.of(max(float(motion.speed("body").max()), *feet), RUN, "reaches {:.1f} m/s")


def turns(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure the turn to a side, of body or shoulders, in degrees."""
    yaws = [motion.yaw(), motion.yaw("shoulder")] if claim.part != "hip" else [motion.yaw("hip")]
    signs = [SIGN[claim.way]] if claim.way else [1.0, -1.0]
    turned = [sign * yaw for yaw in yaws for sign in signs]
    value = max(climb(one) for one in turned)
    words = f"turns {claim.way or 'about'} {value:.0f} degrees"
    if motion.upright < UPRIGHT_SHARE:
        return Evidence(0.5, Limits(0, 1), f"{words}, but is upright in only {motion.upright:.0%} of the frames")
    if claim.number is None:
        return Evidence(value, TURN, words)
    return amount(turned, claim.number, f"turns {claim.way} {{:.0f}} degrees", allowance=TURN_ALLOWANCE)


def twists(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure the turn of the shoulders, against the hips or with the whole body, in degrees."""
    sign = SIGN.get(claim.way)
    if sign is None:
        value = max(float(np.ptp(motion.twist)), float(np.ptp(motion.yaw("shoulder"))))
        return Evidence(value, TWIST_ANY, f"twists within {value:.0f} degrees")
    twist = sign * motion.twist
    value = max(climb(twist), float(twist.max()), climb(sign * motion.yaw("shoulder")))
    return Evidence(value, TWIST, f"twists {claim.way} {value:.0f} degrees")


def leans(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far the spine is off the vertical in a direction, or how far it gets there, in degrees."""
    lean = np.abs(motion.lean("left")) if claim.way == "side" else motion.lean(claim.way)
    if claim.number is not None:
        words = f"leans {claim.way} {{:.0f}} degrees"
        return amount([lean], claim.number, words, allowance=LEAN_ALLOWANCE, end_counts=True)
    value = float(np.median(lean)) if claim.lasting else max(float(lean.max()), climb(lean))
    return Evidence(value, LEAN.get(claim.way, LEAN_OTHER), f"leans {claim.way} {value:.0f} degrees")


def squats(motion: Measures, _claim: Claim, _side: str) -> Evidence:
    """Measure how far the knees bend or the pelvis comes down; people call a deep bow a crouch, too."""
    knees = max(float(motion.flexion("knee", one).max()) for one in SIGN)
    drop = STANDING_PELVIS - float(motion.height("body").min())
    words = f"bends a knee {knees:.0f} degrees, pelvis {drop:.2f} m down"
    return Evidence(max(knees / SQUAT_KNEE, drop / SQUAT_DROP), SQUAT, words)


def jumps(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far both feet are off the floor; a number of jumps is not judged, since some people count landings."""
    both = np.minimum(motion.clearance("left"), motion.clearance("right"))
    if claim.number is not None:
        heights = [both, motion.height("body")]
        return amount(heights, claim.number, "jumps {:.2f} m high", allowance=JUMP_ALLOWANCE, end_counts=True)
    base, share = RISE_IN_JUMP
    air = float(both.max())
    value = max(air, share * (climb(motion.height("body")) - base))
    return Evidence(value, JUMP, f"has both feet {air:.2f} m above the floor")


def _distance(motion: Measures, way: str) -> float:
    """Return the distance gone in a direction, metres; for "any" the largest distance from the start."""
    if way == "side":
        return max(_distance(motion, "left"), _distance(motion, "right"))
    if way not in _COLUMNS:
        return float(np.linalg.norm(motion.ground - motion.ground[:1], axis=-1).max())
    column, sign = _COLUMNS[way]
    value = max(climb(sign * motion.progress[:, column]), climb(sign * motion.ground[:, column]))
    # "Walks to the left" is also said of a curve to the left.
    angle, path, metres = CURVE
    curve = way in SIGN and climb(SIGN[way] * motion.yaw()) > angle and motion.path > path
    return max(value, metres if curve else 0.0)


# By predicate: one number with its limits, which are negated where less is truer.
POSTURES: Final[dict[str, Predicate]] = {
    # degrees of the spine off the vertical
    "upright": lambda m, claim, _: pose(m, -m.lean("any"), claim, Limits(-40, -18), "leans {:.0f} degrees", shown=-1),
    # m from the start
    "in place": lambda m, *_: Evidence.of(-_distance(m, "any"), Limits(-1.2, -0.5), "goes {:.2f} m", shown=-1),
}
