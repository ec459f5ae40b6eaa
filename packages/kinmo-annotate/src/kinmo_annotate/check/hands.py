"""Predicates of hands: on the hip, crossed arms, claps, small movements to and fro.

Limits are (wrong, right), in metres unless marked, chosen on the train and val clips of the CMU pack. Distances are between
joints: a hand ends about 0.1 m beyond the wrist.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, pose, repeats
from kinmo_annotate.check.measure import FORWARD, LEFT, OTHER, UP, Measures
from kinmo_annotate.check.series import Series, strokes

HIP_NEAR: Final = Limits(-0.36, -0.26)  # of a wrist from the hip joint of its side, negated
HIP_BENT: Final = Limits(30, 55)  # degrees of flexion of the elbow
FOLDED: Final = Limits(-0.34, -0.22)  # of a wrist from the other upper arm, the farther of the two, negated
CLAP_NEAR: Final = Limits(-0.32, -0.22)  # between the wrists, negated
CLAP_SIZES: Final = (0.04, 0.08, 0.15)  # smallest movements apart and together that count
SMALL_SIZES: Final = (0.015, 0.03, 0.06)  # smallest strokes that count
SMALL: Final = Limits(-0.35, -0.2)  # median stroke along the axis where it is largest, negated

_AXES: Final = {"up": (UP,), "forward": (FORWARD,), "side": (LEFT,)}


def on_hip(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Score how near the hip a hand is while its elbow is bent, so that a hand that hangs is not on the hip."""
    near = _scores(-motion.distance(("wrist", side), ("hip", side)), HIP_NEAR)
    bent = _scores(motion.flexion("elbow", side), HIP_BENT)
    return pose(motion, np.minimum(near, bent), claim, Limits(0, 1), "is on the hip to {:.1f}")


def folded(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure how far the hands of crossed arms are from the other upper arm."""
    farther = np.max([_from_arm(motion, side) for side in OTHER], axis=0)
    return pose(motion, -farther, claim, FOLDED, "is within {:.2f} m of the other arm", shown=-1)


def claps(motion: Measures, claim: Claim, _side: str) -> Evidence:
    """Measure whether the hands meet, and count how often if the text names a number."""
    gap = motion.distance(("wrist", "left"), ("wrist", "right"))
    met = Evidence.of(-gap.min(), CLAP_NEAR, "comes within {:.2f} m of the other", shown=-1)
    counted = [met] if claim.number is None else [met, repeats(claim, [-gap], CLAP_SIZES)]
    return min(counted, key=lambda one: one.score)


def small(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Count small strokes and judge their size."""
    series = [
        view[:, axis] for view in motion.views("wrist", side) for axis in _AXES.get(claim.way, (UP, FORWARD, LEFT))
    ]
    found = repeats(claim, series, SMALL_SIZES)
    sizes = [np.median([abs(b - a) for a, b in moved]) for one in series if (moved := strokes(one, SMALL_SIZES[0]))]
    size = Evidence.of(-min(sizes, default=0.0), SMALL, "moves by {:.2f} m at a time", shown=-1)
    return min(found, size, key=lambda one: one.score)


def _scores(series: Series, limits: Limits) -> Series:
    return (series - limits.wrong) / (limits.right - limits.wrong)


def _from_arm(motion: Measures, side: str) -> Series:
    """Return the distance of a wrist from elbow, shoulder or middle of the other upper arm, metres."""
    wrist, shoulder, elbow = (
        motion.point(*part) for part in (("wrist", side), ("shoulder", OTHER[side]), ("elbow", OTHER[side]))
    )
    return np.min([np.linalg.norm(wrist - one, axis=-1) for one in (elbow, (elbow + shoulder) / 2, shoulder)], axis=0)
