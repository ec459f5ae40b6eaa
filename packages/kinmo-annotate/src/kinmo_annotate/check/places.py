"""Predicates of position: heights, nearness, sides of the body.

Limits are (wrong, right), in metres unless marked, chosen on the train and val clips of the CMU pack. Distances are between
joints: a hand ends about 0.1 m beyond the wrist and a crown about 0.15 m above the joint of the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Limits, Predicate, change, pose, repeats
from kinmo_annotate.check.measure import FORWARD, LEFT, OTHER, SIGN, UP, Measures
from kinmo_annotate.check.series import Series

Band = tuple[str, float, float]  # part, lower end and upper end of the heights over it
BANDS: Final[Mapping[str, Band]] = {  # by landmark
    "ankle": ("foot", -0.05, 0.15), "knee": ("knee", -0.10, 0.10), "thigh": ("knee", 0.00, 0.40),
    "hip": ("hip", -0.08, 0.20), "belly": ("belly", -0.15, 0.08), "chest": ("chest", -0.10, 0.15),
    "shoulder": ("shoulder", -0.08, 0.08), "chin": ("head", -0.15, 0.05), "head": ("head", -0.12, 0.15),
    "crown": ("head", 0.10, 0.20), "floor": ("", -0.10, 0.10),  # over the floor itself
}  # fmt: skip
BEYOND_BAND: Final = Limits(-0.13, 0.02)  # above or below a band
WITHIN_BAND: Final = Limits(-0.15, -0.03)
ABOVE_EARLY: Final = 0.07  # below the upper end of a band "above" already holds, except above the shoulders
PLACED: Final[Mapping[str, Limits]] = {  # of an arm; "across" is past the midline, "out" beside it
    "front": Limits(0.0, 0.15), "behind": Limits(0.02, 0.08), "across": Limits(-0.15, 0.0), "out": Limits(0.28, 0.45),
    "far": Limits(0.25, 0.40), "beside": Limits(-0.30, -0.18), "on": Limits(-0.42, -0.28),  # the last two are negated
}  # fmt: skip
LEG_PLACED: Final[Mapping[str, Limits]] = {
    "front": Limits(0.0, 0.12), "behind": Limits(0.0, 0.12), "across": Limits(-0.08, 0.02), "out": Limits(0.18, 0.32),
}  # fmt: skip
NEAR: Final[Mapping[frozenset[str], Limits]] = {  # between two parts, negated
    frozenset({"wrist"}): Limits(-0.35, -0.20), frozenset({"wrist", "hip"}): Limits(-0.40, -0.27),
    frozenset({"wrist", "head"}): Limits(-0.38, -0.26), frozenset({"wrist", "knee"}): Limits(-0.38, -0.25),
    frozenset({"foot"}): Limits(-0.42, -0.25), frozenset({"knee"}): Limits(-0.38, -0.22),
    frozenset({"head", "knee"}): Limits(-0.65, -0.45),
}  # fmt: skip
NEAR_OTHER: Final = Limits(-0.45, -0.30)
NEAR_TRUNK: Final = Limits(-0.48, -0.32)  # from the spine: the trunk is wide
BESIDE_OUT: Final = (
    0.25  # m out to the side, short of which a hand is as little "beside" as one that far in front or behind
)
BESIDE: Final = -0.50  # wrong limit of "beside", which is said of larger distances than "near"
APART: Final[Mapping[str, Limits]] = {  # between the twins of a part
    "wrist": Limits(0.25, 0.45), "foot": Limits(0.20, 0.35), "knee": Limits(0.18, 0.3),
}  # fmt: skip
WIDE_APART: Final[Mapping[str, Limits]] = {
    "wrist": Limits(0.4, 0.6), "foot": Limits(0.28, 0.45), "knee": Limits(0.25, 0.4),
}  # fmt: skip
APART_OTHER: Final = Limits(0.25, 0.45)
APART_OFF: Final = (0.4, 0.1, 0.08)  # error of a named distance: wrong from this share and metres on, right below these
DISTANCE: Final = Limits(0.05, 0.20)  # change of a distance
DISTANCE_ALLOWANCE: Final = 0.12  # error besides a share of a named change
COME_AND_GO: Final = (0.05, 0.1, 0.2)  # smallest changes of distance that count
OVER: Final = Limits(-0.40, -0.22)  # as seen from above, negated
HANGS: Final = Limits(-0.45, -0.30)  # from the hip joint of the side, negated
CROSS: Final = Limits(-0.10, 0.0)  # past the midline or past the twin
PASS: Final = (0.08, 0.15, 0.3)  # smallest swings of a foot that count
HIGHER: Final = Limits(0.03, 0.12)  # over the twin
NEVER_LOWER: Final = Limits(-0.08, 0.08)  # lowest height over the twin that refutes "lower"
AHEAD: Final = Limits(-0.06, 0.10)  # in front of the twin
HEAD_AHEAD: Final = 0.2  # of the hips, where the text names no distance
HEAD_AHEAD_OFF: Final = Limits(-0.2, -0.06)

_TRUNK: Final = ("chest", "body")


def level(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Compare the height with a landmark, against the vertical or along the spine: at, above or below it."""
    landmark, bottom, top = BANDS[claim.place]
    heights = _heights(motion, claim.part, side, landmark)
    limits = BEYOND_BAND if claim.way in ("above", "below") else WITHIN_BAND
    if claim.way == "above":
        start = top if landmark == "shoulder" else max(top - ABOVE_EARLY, 0)
        margins = [one - start for one in heights]
    elif claim.way == "below":
        margins = [bottom - one for one in heights]
    else:
        margins = [-np.maximum(one - top, bottom - one) for one in heights]
    words = f"comes to {_shown(heights[0], claim):+.2f} m of the {claim.place}"
    return pose(motion, np.max(margins, axis=0), claim, limits, words)


def placed(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far a part is in front, behind, across the midline or out to its side."""
    leg = claim.part in ("foot", "knee")
    views = motion.views(claim.part, side)
    if claim.way == "on":
        return pose(
            motion, -_from_spine(motion, side), claim, PLACED["on"], "comes within {:.2f} m of the spine", shown=-1
        )
    if claim.way == "beside":
        series = [np.minimum(-np.abs(v[:, FORWARD]), SIGN[side] * v[:, LEFT] - BESIDE_OUT) for v in views]
        words = "is {:.2f} m off a place beside the body"
        return pose(motion, np.max(series, axis=0), claim, PLACED["beside"], words, shown=-1)
    if claim.way in ("front", "far", "behind"):
        sign, words = -1.0 if claim.way == "behind" else 1.0, f"is {{:+.2f}} m {claim.way}"
        series = [sign * view[:, FORWARD] for view in views]
        if leg:  # half the way between the feet: a step puts one foot in front of the body and the other behind it
            series.append(sign * _lead(motion, claim.part, side) / 2)
    else:
        sign = SIGN[side] if claim.way == "out" else -SIGN[side]
        series = [sign * view[:, LEFT] for view in views]
        words = "is {:.2f} m out to its side" if claim.way == "out" else "is {:+.2f} m across the midline"
    return pose(motion, np.max(series, axis=0), claim, (LEG_PLACED if leg else PLACED)[claim.way], words)


def near(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how close two parts are; of the trunk, the nearest height counts."""
    limits = NEAR.get(frozenset({claim.part, claim.place}), NEAR_OTHER)
    if claim.place in _TRUNK:
        limits = NEAR_TRUNK
    elif claim.way == "beside":
        limits = limits._replace(wrong=BESIDE)
    return pose(motion, -_distance(motion, claim, side), claim, limits, "comes within {:.2f} m", shown=-1)


def apart(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far two parts are apart."""
    distance = _distance(motion, claim, side, farthest=True)
    if claim.number is not None:
        share, base, right = APART_OFF
        words = "has a distance of that but for {:.2f} m"
        off = -np.abs(distance - claim.number)
        return pose(motion, off, claim, Limits(-(share * claim.number + base), -right), words, shown=-1)
    table = WIDE_APART if claim.way == "wide" else APART
    limits = table.get(claim.part, APART_OTHER) if claim.part == claim.place else APART_OTHER
    return pose(motion, distance, claim, limits, "is {:.2f} m away")


def higher(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure the height of a limb over its twin; "lower" is the negated claim."""
    series = motion.height(claim.part, side) - motion.height(claim.part, OTHER[side])
    return _over_twin(motion, series, claim, HIGHER, NEVER_LOWER, "is {:+.2f} m above the other")


def ahead(motion: Measures, claim: Claim, side: str) -> Evidence:
    """Measure how far a limb is in front of its twin, or the head ahead of the hips; "behind" is the negated claim."""
    if claim.part == "head":
        forward = motion.views("head")[0][:, FORWARD]
        words = f"is {float(np.median(forward)):.2f} m ahead of the hips"
        return pose(motion, -np.abs(forward - (claim.number or HEAD_AHEAD)), claim, HEAD_AHEAD_OFF, words)
    series = _lead(motion, claim.part, side)
    return _over_twin(motion, series, claim, AHEAD, AHEAD, "is {:+.2f} m ahead of the other")


def _lead(motion: Measures, part: str, side: str) -> Series:
    """Return how far a limb is in front of its twin, metres."""
    return (motion.views(part, side)[0] - motion.views(part, OTHER[side])[0])[:, FORWARD]


def _past_midline(motion: Measures, part: str, side: str) -> Series:
    """Return how far a limb is past the midline, or past its twin, metres."""
    view, other = motion.views(part, side)[0], motion.views(part, OTHER[side])[0]
    return np.maximum(-SIGN[side] * view[:, LEFT], SIGN[side] * (other - view)[:, LEFT])


def _from_above(motion: Measures, claim: Claim, side: str) -> Series:
    """Return the distance between the parts of a claim as seen from above, metres."""
    return np.min([motion.aside((claim.part, side), (claim.place, one)) for one in _sides(claim)], axis=0)


def _over_twin(motion: Measures, series: Series, claim: Claim, limits: Limits, denied: Limits, words: str) -> Evidence:
    """Judge a limb against its twin; a negated claim is wrong only if its opposite holds in every frame."""
    if claim.negated:
        value = float(np.median(series) if claim.lasting else series.min())
        return Evidence(value, denied, words.format(value))
    return pose(motion, series, claim, limits, words)


def _heights(motion: Measures, part: str, side: str, landmark: str) -> list[Series]:
    """Return the height over a landmark, metres, against the vertical and, for arms, along the spine."""
    if not landmark:
        return [motion.height(part, side)]
    reference = side if landmark in ("knee", "foot") and part not in ("wrist", "elbow") else ""
    between = motion.point(part, side) - motion.point(landmark, reference)
    return [between[:, UP]] if part in ("foot", "knee") else [between[:, UP], (between * motion.spine).sum(-1)]


def _shown(height: Series, claim: Claim) -> float:
    if claim.lasting:
        return float(np.median(height))
    return float({"above": height.max(), "below": height.min()}.get(claim.way, height[np.abs(height).argmin()]))


def _from_spine(motion: Measures, side: str) -> Series:
    """Return the distance of a hand from the nearest part of the trunk, metres."""
    parts = ("body", "waist", "belly", "chest", "shoulder")
    return np.min([motion.distance(("wrist", side), (part, "")) for part in parts], axis=0)


def _sides(claim: Claim) -> tuple[str, ...]:
    """Return the side of the second part that is named, or both."""
    if claim.place in ("head", *_TRUNK):
        return ("",)
    return (claim.place_side,) if claim.place_side in SIGN else tuple(SIGN)


def _distance(motion: Measures, claim: Claim, side: str, *, farthest: bool = False) -> Series:
    """Return the distance between the parts of a claim, metres; without a named side to the nearest or farthest."""
    own = (claim.part, side)
    if claim.place in _TRUNK and claim.part not in _TRUNK:
        others = [(part, "") for part in ("chest", "belly", "waist", "body")]
    elif claim.place == "leg":
        others = [(part, which) for which in _sides(claim) for part in ("knee", "foot", "hip")]
    elif claim.part == claim.place:
        others = [(claim.place, OTHER[side])]
    else:
        distances = [motion.distance(own, (claim.place, which)) for which in _sides(claim)]
        return np.max(distances, axis=0) if farthest else np.min(distances, axis=0)
    return np.min([motion.distance(own, other) for other in others], axis=0)


def _passes(motion: Measures, claim: Claim) -> Evidence:
    """Count how often two feet, or a foot and the body, take turns in being ahead; feet pass each other in each turn."""
    if claim.place != "foot":
        return repeats(claim, [motion.views("foot", claim.side)[0][:, FORWARD]], PASS)
    halved = claim if claim.number is None else replace(claim, number=claim.number / 2)
    return repeats(halved, [_lead(motion, "foot", "left")], PASS)


DISTANCES: Final[dict[str, Predicate]] = {  # by predicate; negated where less is truer
    "hangs": lambda m, claim, side: pose(
        m, -m.distance((claim.part, side), ("hip", side)), claim, HANGS, "is {:.2f} m from its hip", shown=-1
    ),
    "over": lambda m, claim, side: pose(m, -_from_above(m, claim, side), claim, OVER, "is {:.2f} m off", shown=-1),
    "crosses": lambda m, claim, side: pose(
        m, _past_midline(m, claim.part, side), claim, CROSS, "comes {:+.2f} m across"
    ),
    "approaches": lambda m, claim, side: change(
        [-_distance(m, claim, side)], claim, DISTANCE, "comes {:.2f} m closer", allowance=DISTANCE_ALLOWANCE
    ),
    "parts": lambda m, claim, side: change(
        [_distance(m, claim, side, farthest=True)], claim, DISTANCE, "goes {:.2f} m away", allowance=DISTANCE_ALLOWANCE
    ),
    # A head that moves out over the hips keeps its distance from them, so it is seen from above.
    "comes and goes": lambda m, claim, side: repeats(
        claim, [(_from_above if claim.part == "head" else _distance)(m, claim, side)], COME_AND_GO
    ),
    "passes": lambda m, claim, _: _passes(m, claim),
}
