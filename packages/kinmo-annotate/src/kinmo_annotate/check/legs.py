"""Predicates of the feet: steps, kicks, leaving the floor.

Limits are (wrong, right), chosen on the train and val clips of the CMU pack.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, amount
from kinmo_annotate.check.limbs import toward
from kinmo_annotate.check.measure import SIGN, Measures
from kinmo_annotate.check.series import climb

STEPS: Final = Limits(1, 2)  # steps, where no number is named
STEPS_OFF: Final = Limits(-1, -0.4)  # deviation from a named number, 1 being the largest allowed
STEPS_OVER: Final = (0.6, 1.5)  # share of the number and steps: half a step at each end of a clip is counted or not
STEPS_UNDER: Final = (0.4, 1.0)  # share of the number and steps: small steps are shuffles to some people
STEP_TOWARD: Final = 0.08  # m in a direction, from which a step counts for it
FARTHEST: Final = Limits(0.05, 0.20)  # m that a foot goes in a direction in one step
STEPS_TOWARD_MIN: Final = 0.4  # share of the named number of steps that must go in the direction
STEPS_TOWARD_SLACK: Final = 2  # missing steps that make the claim wrong, from that share down
KICK: Final = Limits(1, 2.2)  # of speed and height, each divided by its unit below
KICK_SPEED: Final = 1.0  # m/s relative to the body
KICK_HEIGHT: Final = 0.05  # m over the floor
KICK_ALLOWANCE: Final = 0.2  # m of error besides a share of the named height
OFF_FLOOR: Final = Limits(0.02, 0.08)  # m over the floor


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
    lift = float(motion.clearance(side).max())
    return Evidence(lift, OFF_FLOOR, f"is {lift:.2f} m above the floor")
