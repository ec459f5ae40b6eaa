"""Predicates of the movement of limbs: raising, moving, reaching, bending, steps and kicks.

Limits are (wrong, right). They were chosen on the train and val clips of the CMU pack, so that a careful viewer would accept
everything between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, amount, change, pose
from kinmo_annotate.check.measure import FORWARD, LEFT, SIGN, UP, Measures, Path3
from kinmo_annotate.check.series import Series, climb, strokes

RISE: Final[Mapping[str, Limits]] = {  # m up or down, by part
    "wrist": Limits(0.10, 0.25), "elbow": Limits(0.05, 0.15), "knee": Limits(0.05, 0.15), "foot": Limits(0.04, 0.12),
}  # fmt: skip
MOVE: Final[Mapping[str, Limits]] = {  # m in a direction, by part
    "wrist": Limits(0.06, 0.20), "elbow": Limits(0.04, 0.12), "knee": Limits(0.04, 0.15), "foot": Limits(0.05, 0.20),
}  # fmt: skip
MOVE_OTHER: Final = Limits(0.04, 0.12)  # m, for the other parts
MOVE_BODY: Final = Limits(0.08, 0.30)  # m that any joint covers
RISE_ALLOWANCE: Final = 0.12  # m of error besides a share of the named height
MOVE_ALLOWANCE: Final = 0.15  # m of error besides a share of the named distance
RAISED: Final = -0.35  # m over the shoulders, from which "raised" may mean an arm that is up from the start
REACH: Final = Limits(0.06, 0.22)  # m
HELD_OUT: Final = {  # m from the middle of the shoulders, from which a hand counts as held in a direction
    "forward": 0.10, "back": -0.05, "out": 0.25, "side": 0.25, "left": 0.2, "right": 0.2, "in": -0.1, "up": -0.2,
    "down": 0.2,
}  # fmt: skip
REACH_ELBOW: Final = Limits(-80, -40)  # degrees of flexion, negated, of an arm that reaches without a direction
BEND: Final = Limits(1, 1.7)  # of the two measures below, each divided by its unit
BENT: Final = 30  # degrees of flexion of a joint that is bent
BENDS: Final = 8  # degrees by which a joint bends or straightens at least
BENT_ALWAYS: Final = 9  # stands for the movement where a state is described, far over any limit
BENT_OFF: Final = Limits(-30, -12)  # degrees off a named flexion that is held
BEND_ALLOWANCE: Final = 8  # degrees of error besides a share of the named flexion
STRAIGHTEN: Final = Limits(1, 2.5)  # of the movement over `BENDS`, and of the flexion that is left, below
NOT_STRAIGHT: Final = (100, 20)  # degrees of flexion that count 0, and degrees less for each 1
STRAIGHTEN_OFF: Final = Limits(-25, -10)  # degrees off a named flexion
STRAIGHT_ELBOW: Final = Limits(-65, -35)  # degrees of flexion, negated; a relaxed elbow is bent by about 30
STRAIGHT_KNEE: Final = Limits(-45, -25)  # degrees of flexion, negated
STEPS: Final = Limits(1, 2)  # steps, where no number is named
STEPS_OFF: Final = Limits(-1, -0.4)  # deviation from a named number, 1 being the largest allowed
STEPS_OVER: Final = (0.35, 1.5)  # share of the number and steps: half a step at each end of a clip is counted or not
STEPS_UNDER: Final = (0.2, 0.8)  # share of the number and steps: small steps are shuffles to some people
STEP_TOWARD: Final = 0.08  # m in a direction, from which a step counts for it
FARTHEST: Final = Limits(0.05, 0.20)  # m that a foot goes in a direction in one step
STEPS_TOWARD_MIN: Final = 0.4  # share of the named number of steps that must go in the direction
STEPS_TOWARD_SLACK: Final = 2  # missing steps that make the claim wrong, from that share down
KICK: Final = Limits(1, 2.2)  # of speed and height, each divided by its unit below
KICK_SPEED: Final = 1.4  # m/s relative to the body
KICK_HEIGHT: Final = 0.08  # m over the floor
KICK_ALLOWANCE: Final = 0.2  # m of error besides a share of the named height
OFF_FLOOR: Final = Limits(0.02, 0.08)  # m over the floor

_DIRECTIONS: Final = {"left": (LEFT, 1.0), "right": (LEFT, -1.0), "forward": (FORWARD, 1.0), "back": (FORWARD, -1.0),
                      "up": (UP, 1.0), "down": (UP, -1.0)}  # fmt: skip
_OUTWARD: Final = {"out": 1.0, "side": 1.0, "in": -1.0}


def rises(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far the part goes up; an arm that is described as raised may be up from the start."""
    series = course(motion, claim, side)
    found = change(series, claim, limits(claim), "rises {:.2f} m", allowance=RISE_ALLOWANCE)
    if claim.number is None and claim.lasting and claim.part in ("wrist", "elbow"):
        return replace(found, value=max(found.value, *(float(one.max()) - RAISED for one in series[1:])))
    return found


def drops(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far the part goes down."""
    series = course(motion, claim, side)
    return change(series, claim, limits(claim), "drops {:.2f} m", allowance=RISE_ALLOWANCE)


def moves(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far the part moves in a direction, or at all."""
    if claim.part in ("body", "chest"):
        return Evidence.of(max(np.ptp(motion.joints, axis=0).max(), motion.path), MOVE_BODY, "moves {:.2f} m")
    if not claim.way:
        value = max(extent(motion, claim.part, side), np.ptp(motion.point(claim.part, side), axis=0).max())
        return Evidence.of(value, limits(claim), "moves within {:.2f} m")
    series = course(motion, claim, side)
    if claim.way == "side":
        series += [-one for one in series]
    return change(series, claim, limits(claim), f"moves {claim.way} {{:.2f}} m", allowance=MOVE_ALLOWANCE)


def reaches(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far the part reaches in a direction, by position or movement; without one, how straight the arm is."""
    if claim.part in ("foot", "knee") or claim.way:
        views = motion.views(claim.part, side)
        value = max(climb(toward(view, side, claim.way or "forward")) for view in views)
        if claim.part in ("wrist", "elbow"):
            held = max(float(toward(view, side, claim.way).max()) for view in views[1:])
            value = max(value, held - HELD_OUT[claim.way])
        return Evidence(value, REACH, f"reaches {claim.way or 'forward'} {value:.2f} m")
    return Evidence.of(-motion.flexion("elbow", side).min(), REACH_ELBOW, "straightens to {:.0f} degrees", shown=-1)


def bends(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure whether a joint is bent and, unless a state is described, bends further."""
    flexion = motion.flexion(claim.part, side)
    largest, change = float(flexion.max()), climb(flexion)
    if claim.number is not None and claim.lasting:
        return pose(motion, -np.abs(flexion - claim.number), claim, BENT_OFF, "is off by {:.0f} degrees", shown=-1)
    if claim.number is not None:
        words = "bends to or by {:.0f} degrees"
        return amount([flexion], claim.number, words, allowance=BEND_ALLOWANCE, end_counts=True)
    value = min(largest / BENT, BENT_ALWAYS if claim.lasting else change / BENDS)
    return Evidence(value, BEND, f"bends to {largest:.0f} degrees, by {change:.0f}")


def straightens(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far a joint straightens, or how close to a named flexion it gets by straightening."""
    flexion = motion.flexion(claim.part, side)
    change, smallest = climb(-flexion), float(flexion.min())
    words = f"straightens by {change:.0f} to {smallest:.0f} degrees"
    if claim.number is not None:
        ends = [end for start, end in strokes(flexion, BENDS) if start > end]
        off = min(abs(end - claim.number) for end in [*ends, smallest])
        return Evidence(min(-off, (change - BENDS) / 2), STRAIGHTEN_OFF, words)
    zero, unit = NOT_STRAIGHT
    return Evidence(min(change / BENDS, (zero - smallest) / unit), STRAIGHTEN, words)


def straight(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how straight a joint is."""
    found = STRAIGHT_ELBOW if claim.part == "elbow" else STRAIGHT_KNEE
    return pose(motion, -motion.flexion(claim.part, side), claim, found, "is bent {:.0f} degrees", shown=-1)


def steps(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Count the steps, of both feet together where the text names no side."""
    sides = (side,) if side in SIGN and claim.side != "any" else tuple(SIGN)
    count = sum(len(motion.steps(one)) for one in sides)
    words = f"takes {count} steps"
    if claim.number is None:
        return Evidence(count, STEPS, words)
    share, base = STEPS_OVER
    over = 0.0 if claim.open_ended else (count - claim.number) / (share * claim.number + base)
    share, base = STEPS_UNDER
    return Evidence(-max(over, (claim.number - count) / (share * claim.number + base)), STEPS_OFF, words)


def steps_toward(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure the farthest step in a direction, as the body faces at that moment; steps are counted if a number is named."""
    way = "out" if claim.way == "side" else claim.way
    lengths = toward(motion.steps(side), side, way)
    lengths = np.abs(lengths) if claim.way == "side" else lengths
    count = int((lengths > STEP_TOWARD).sum())
    foot = motion.point("foot", side)
    shuffle = np.diff(foot, axis=0, prepend=foot[:1])
    gone = toward((motion.heading_axes * shuffle[:, None]).sum(-1), side, way).cumsum()
    farthest = max(float(lengths.max(initial=0.0)), climb(gone), climb(-gone) if claim.way == "side" else 0.0)
    short = 0.0 if claim.number is None else (STEPS_TOWARD_MIN * claim.number - count) / STEPS_TOWARD_SLACK
    length = Evidence(farthest, FARTHEST, "").score
    return Evidence(min(length, 1 - short), Limits(0, 1), f"goes {claim.way} {farthest:.2f} m in a step")


def kicks(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how fast and high a foot is lifted, or whether it gets about as high as named."""
    clearance = motion.clearance(side)
    if claim.number is not None:
        heights = [clearance, motion.height("foot", side)]
        return amount(heights, claim.number, "is lifted {:.2f} m", allowance=KICK_ALLOWANCE, end_counts=True)
    speed, lift = float(motion.own_speed("foot", side).max()), float(clearance.max())
    return Evidence(min(speed / KICK_SPEED, lift / KICK_HEIGHT), KICK, f"reaches {speed:.1f} m/s, {lift:.2f} m high")


def lifts_off(motion: Measures, _claim: Claim, side: str) -> Evidence:
    """Measure how far a foot leaves the floor."""
    return Evidence.of(motion.clearance(side).max(), OFF_FLOOR, "is {:.2f} m above the floor")


def limits(claim: Claim) -> Limits:
    """Return the limits of "rises", "drops" or "moves" for the part of a claim, metres."""
    return (MOVE if claim.predicate == "moves" else RISE).get(claim.part, MOVE_OTHER)


def course(motion: Measures, claim: Claim, side: str) -> list[Series]:
    """Return the measures, metres, that grow while a limb "rises", "drops" or "moves"; one for each view of the body."""
    if claim.predicate == "moves":
        return [toward(view, side, claim.way) for view in motion.views(claim.part, side)]
    sign = 1 if claim.predicate == "rises" else -1
    return [sign * one for one in _heights(motion, claim.part, side)]


def toward(view: Path3, side: str, way: str) -> Series:
    """Return the position along a direction, metres; "out" leads away from the body on the side of the limb."""
    axis, sign = _DIRECTIONS.get(way) or (LEFT, _OUTWARD[way] * SIGN.get(side, 1.0))
    return view[:, axis] * sign


def extent(motion: Measures, part: str, side: str) -> float:
    """Return the largest distance, metres, that a part covers along any axis of the body."""
    return min(float(np.ptp(view, axis=0).max()) for view in motion.views(part, side))


def _heights(motion: Measures, part: str, side: str) -> tuple[Series, ...]:
    """Return the heights whose rise may be meant: of a leg over the floor, of an arm also against the body."""
    if part == "foot":
        return (motion.clearance(side),)
    if part in ("knee", "body", "chest", "head", "hip"):
        return (motion.height(part, side),)
    if part == "shoulder":
        return (motion.views(part, side)[0][:, UP], motion.height(part, side))
    return tuple(view[:, UP] for view in motion.views(part, side))
