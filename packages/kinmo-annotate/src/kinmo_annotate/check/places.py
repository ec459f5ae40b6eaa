"""What is claimed of where a part is: heights, nearness, sides of the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Predicate, at_all, by_about, repeated
from kinmo_annotate.check.measure import FORWARD, LEFT, OTHER, SIGN, UP, Measures
from kinmo_annotate.check.series import Series, climb

# Landmark -> (part, metres below it, metres above it) of the band that it names.
_BANDS: Final = {
    "ankle": ("foot", -0.05, 0.15),
    "knee": ("knee", -0.10, 0.10),
    "thigh": ("knee", 0.00, 0.40),
    "hip": ("hip", -0.08, 0.20),
    "belly": ("belly", -0.15, 0.08),
    "chest": ("chest", -0.10, 0.15),
    "shoulder": ("shoulder", -0.08, 0.08),
    "chin": ("head", -0.15, 0.05),
    "head": ("head", -0.12, 0.15),
    "crown": ("head", 0.10, 0.20),
    "floor": ("", -0.10, 0.10),
}


def _heights(m: Measures, part: str, side: str, landmark: str) -> list[Series]:
    """Height of a part over a landmark, metres, against the vertical and, for arms, along the spine."""
    if not landmark:
        return [m.height(part, side)]
    reference = side if landmark in ("knee", "foot") and part not in ("wrist", "elbow") else ""
    between = m.point(part, side) - m.point(landmark, reference)
    return [between[:, UP]] if part in ("foot", "knee") else [between[:, UP], (between * m.spine).sum(-1)]


def level(m: Measures, claim: Claim, side: str) -> Evidence:
    """At, above or below a landmark, against the world's vertical or along the spine."""
    landmark, bottom, top = _BANDS[claim.place]
    heights = _heights(m, claim.part, side, landmark)
    if claim.way == "above":
        limits, margins = (
            (-0.13, 0.02),
            [one - (top if landmark == "shoulder" else max(top - 0.07, 0)) for one in heights],
        )
    elif claim.way == "below":
        limits, margins = (-0.13, 0.02), [bottom - one for one in heights]
    else:
        limits, margins = (-0.15, -0.03), [-np.maximum(one - top, bottom - one) for one in heights]
    words = f"comes to {_shown(heights[0], claim):+.2f} m of the {claim.place}"
    return at_all(m, np.max(margins, axis=0), claim, *limits, words)


def _shown(height: Series, claim: Claim) -> float:
    if claim.lasting:
        return float(np.median(height))
    return float({"above": height.max(), "below": height.min()}.get(claim.way, height[np.abs(height).argmin()]))


def placed(m: Measures, claim: Claim, side: str) -> Evidence:
    """In front, behind, across, out to the side."""
    if claim.part in ("foot", "knee"):
        return _foot_placed(m, claim, side)
    views = m.views(claim.part, side)
    if claim.way in ("front", "behind"):
        sign = 1.0 if claim.way == "front" else -1.0
        series = np.max([sign * view[:, FORWARD] for view in views], axis=0)
        limits = (0.0, 0.15) if claim.way == "front" else (0.02, 0.08)
        return at_all(m, series, claim, *limits, f"is {{:+.2f}} m {claim.way}")
    outward = np.max([SIGN[side] * view[:, LEFT] for view in views], axis=0)
    if claim.way == "across":
        inward = np.max([-SIGN[side] * view[:, LEFT] for view in views], axis=0)
        return at_all(m, inward, claim, -0.15, 0.0, "is {:+.2f} m across the midline")
    return at_all(m, outward, claim, 0.28, 0.45, "is {:.2f} m out to its side")


def _foot_placed(m: Measures, claim: Claim, side: str) -> Evidence:
    view, other = m.views(claim.part, side)[0], m.views(claim.part, OTHER[side])[0]
    if claim.way in ("front", "behind"):
        sign = 1.0 if claim.way == "front" else -1.0
        series = np.maximum(sign * view[:, FORWARD], sign * (view - other)[:, FORWARD] / 2)
        return at_all(m, series, claim, 0.0, 0.12, f"is {{:+.2f}} m {claim.way}")
    series = SIGN[side] * view[:, LEFT]
    if claim.way == "across":
        return at_all(m, -series, claim, -0.08, 0.02, "is {:+.2f} m across the midline")
    return at_all(m, series, claim, 0.18, 0.32, "is {:.2f} m out to its side")


def hangs(m: Measures, claim: Claim, side: str) -> Evidence:
    """At the side of the body, near the hip."""
    return at_all(
        m, -m.distance((claim.part, side), ("hip", side)), claim, -0.45, -0.30, "is {:.2f} m from its hip", shown=-1
    )


# Metres between two joints from which on "near" is clearly wrong, and below which it is clearly right.
_NEAR: Final = {
    frozenset({"wrist"}): (0.35, 0.20),
    frozenset({"wrist", "hip"}): (0.40, 0.27),
    frozenset({"wrist", "head"}): (0.38, 0.26),
    frozenset({"wrist", "knee"}): (0.38, 0.25),
    frozenset({"foot"}): (0.42, 0.25),
    frozenset({"knee"}): (0.38, 0.22),
    frozenset({"head", "knee"}): (0.65, 0.45),
}
_NEAR_ELSE: Final = (0.45, 0.30)
_BESIDE: Final = 0.50
_APART: Final = {
    frozenset({"wrist"}): (0.25, 0.45),
    frozenset({"foot"}): (0.20, 0.35),
    frozenset({"knee"}): (0.18, 0.3),
}
_WIDE: Final = {frozenset({"wrist"}): (0.40, 0.60), frozenset({"foot"}): (0.28, 0.45), frozenset({"knee"}): (0.25, 0.4)}
_APART_ELSE: Final = (0.25, 0.45)


_TRUNK: Final = ("chest", "body")


def _sides(claim: Claim) -> tuple[str, ...]:
    """Sides of the second part: the one that is said, else both."""
    if claim.place in ("head", *_TRUNK):
        return ("",)
    return (claim.place_side,) if claim.place_side in SIGN else tuple(SIGN)


def _distance(m: Measures, claim: Claim, side: str, *, farthest: bool = False) -> Series:
    """Between the parts of a claim; where the second has no side, to that of its pair which suits the claim."""
    if claim.place in _TRUNK and claim.part not in _TRUNK:
        trunk = [m.distance((claim.part, side), (one, "")) for one in ("chest", "belly", "waist", "body")]
        return np.min(trunk, axis=0)
    if claim.place == "leg":
        legs = [
            m.distance((claim.part, side), (one, which)) for which in _sides(claim) for one in ("knee", "foot", "hip")
        ]
        return np.min(legs, axis=0)
    if claim.part == claim.place:
        return m.distance((claim.part, side), (claim.place, OTHER[side]))
    found = [m.distance((claim.part, side), (claim.place, one)) for one in _sides(claim)]
    return np.max(found, axis=0) if farthest else np.min(found, axis=0)


def near(m: Measures, claim: Claim, side: str) -> Evidence:
    """Close to another part of the body; the trunk is wide, so any height of it will do."""
    if claim.place in _TRUNK:
        return at_all(m, -_distance(m, claim, side), claim, -0.48, -0.32, "comes within {:.2f} m", shown=-1)
    wrong, right = _NEAR.get(frozenset({claim.part, claim.place}), _NEAR_ELSE)
    if claim.way == "beside":
        wrong = _BESIDE
    return at_all(m, -_distance(m, claim, side), claim, -wrong, -right, "comes within {:.2f} m", shown=-1)


def apart(m: Measures, claim: Claim, side: str) -> Evidence:
    """Away from another part of the body, by about so much."""
    distance = _distance(m, claim, side, farthest=True)
    if claim.number is not None:
        words = "has a distance of that but for {:.2f} m"
        return at_all(m, -np.abs(distance - claim.number), claim, -(0.4 * claim.number + 0.1), -0.08, words, shown=-1)
    limits = _WIDE if claim.way == "wide" else _APART
    found = limits.get(frozenset({claim.part, claim.place}), _APART_ELSE)
    return at_all(m, distance, claim, *found, "is {:.2f} m away")


def approaches(m: Measures, claim: Claim, side: str) -> Evidence:
    """Gets closer to another part."""
    distance = _distance(m, claim, side)
    if claim.number is not None:
        return by_about([-distance], claim.number, "comes {:.2f} m closer", rest=0.12)
    value = climb(-distance)
    return Evidence(value, 0.05, 0.20, f"comes {value:.2f} m closer")


def parts(m: Measures, claim: Claim, side: str) -> Evidence:
    """Gets farther from another part."""
    distance = _distance(m, claim, side, farthest=True)
    if claim.number is not None:
        return by_about([distance], claim.number, "goes {:.2f} m away", rest=0.12)
    value = climb(distance)
    return Evidence(value, 0.05, 0.20, f"goes {value:.2f} m away")


def comes_and_goes(m: Measures, claim: Claim, side: str) -> Evidence:
    """Leaves another part and returns, so many times."""
    aside = claim.part == "head"  # a head that goes out over the hips stays as far from them
    distance = m.aside(("head", ""), (claim.place, "")) if aside else _distance(m, claim, side)
    return repeated(claim, [distance], (0.05, 0.1, 0.2))


def over(m: Measures, claim: Claim, side: str) -> Evidence:
    """Above another part as seen from above."""
    distance = np.min([m.aside((claim.part, side), (claim.place, one)) for one in _sides(claim)], axis=0)
    return at_all(m, -distance, claim, -0.40, -0.22, "is {:.2f} m off", shown=-1)


def passes(m: Measures, claim: Claim, side: str) -> Evidence:
    """Two legs, or a leg and the body, take turns in being ahead."""
    del side
    if claim.place == "foot":
        series = (m.views("foot", "left")[0] - m.views("foot", "right")[0])[:, FORWARD]
    else:
        series = m.views("foot", claim.side)[0][:, FORWARD]
    return repeated(claim, [series], (0.08, 0.15, 0.3))


def crosses(m: Measures, claim: Claim, side: str) -> Evidence:
    """Reaches the other side's place: the left limb comes as far right as the right one, or past the middle."""
    view, other = m.views(claim.part, side)[0], m.views(claim.part, OTHER[side])[0]
    beyond = np.maximum(-SIGN[side] * view[:, LEFT], SIGN[side] * (other - view)[:, LEFT])
    return at_all(m, beyond, claim, -0.10, 0.0, "comes {:+.2f} m across")


def higher(m: Measures, claim: Claim, side: str) -> Evidence:
    """Above its twin."""
    series = m.height(claim.part, side) - m.height(claim.part, OTHER[side])
    if claim.negated:  # "lower than": denied only if its opposite never fails
        value = float(np.median(series) if claim.lasting else series.min())
        return Evidence(value, -0.08, 0.08, f"is {value:+.2f} m above the other")
    return at_all(m, series, claim, 0.03, 0.12, "is {:+.2f} m above the other")


def ahead(m: Measures, claim: Claim, side: str) -> Evidence:
    """In front of its twin, or a head ahead of the hips by so much."""
    if claim.part == "head":
        forward = m.views("head")[0][:, FORWARD]
        off = forward - (claim.number or 0.2)
        return at_all(m, -np.abs(off), claim, -0.2, -0.06, f"is {float(np.median(forward)):.2f} m ahead of the hips")
    series = (m.views(claim.part, side)[0] - m.views(claim.part, OTHER[side])[0])[:, FORWARD]
    if claim.negated:
        value = float(np.median(series) if claim.lasting else series.min())
        return Evidence(value, -0.06, 0.10, f"is {value:+.2f} m ahead of the other")
    return at_all(m, series, claim, -0.06, 0.10, "is {:+.2f} m ahead of the other")


PREDICATES: Final[Mapping[str, Predicate]] = {
    "level": level,
    "placed": placed,
    "hangs": hangs,
    "near": near,
    "apart": apart,
    "approaches": approaches,
    "parts": parts,
    "comes and goes": comes_and_goes,
    "over": over,
    "passes": passes,
    "crosses": crosses,
    "higher": higher,
    "ahead": ahead,
}
