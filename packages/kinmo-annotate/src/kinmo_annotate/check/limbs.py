"""What is claimed of arms, legs and head, against the joints.

Every number here is a limit of what a careful viewer would let pass, set on the train and val clips of the CMU pack: below
`low` a statement is clearly wrong, from `high` on it is clearly right, and between the two nobody is convicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Predicate, at_all, by_about
from kinmo_annotate.check.measure import FORWARD, LEFT, SIGN, UP, Measures, Path3
from kinmo_annotate.check.series import Series, climb, strokes

_RISE: Final = {"wrist": (0.10, 0.25), "elbow": (0.05, 0.15), "knee": (0.05, 0.15), "foot": (0.04, 0.12)}
_MOVE: Final = {"wrist": (0.06, 0.20), "elbow": (0.04, 0.12), "knee": (0.04, 0.15), "foot": (0.05, 0.20)}
_SMALL: Final = (0.04, 0.12)


def _vertical(m: Measures, part: str, side: str) -> tuple[Series, ...]:
    """Heights whose rise may be meant: of a leg against the floor, of an arm against the body."""
    if part == "foot":
        return (m.clearance(side),)
    if part in ("knee", "body", "chest", "head", "hip"):
        return (m.height(part, side),)
    if part == "shoulder":
        return (m.views(part, side)[0][:, UP], m.height(part, side))
    return tuple(view[:, UP] for view in m.views(part, side))


def rises(m: Measures, claim: Claim, side: str) -> Evidence:
    """Goes up; an arm that is said to be raised may be up from the start."""
    series = _vertical(m, claim.part, side)
    if claim.number is not None:
        return by_about(series, claim.number, "rises {:.2f} m", rest=0.12)
    value = max(climb(one) for one in series)
    words = f"rises {value:.2f} m"
    if claim.lasting and claim.part in ("wrist", "elbow"):
        value = max(value, *(float(one.max()) + 0.35 for one in series[1:]))
    return Evidence(value, *limits(claim), words)


def drops(m: Measures, claim: Claim, side: str) -> Evidence:
    """Goes down."""
    series = [-one for one in _vertical(m, claim.part, side)]
    if claim.number is not None:
        return by_about(series, claim.number, "drops {:.2f} m", rest=0.12)
    value = max(climb(one) for one in series)
    return Evidence(value, *limits(claim), f"drops {value:.2f} m")


def toward(view: Path3, side: str, way: str) -> Series:
    """Position along a direction as a limb of this side sees it: "out" leads away from the body."""
    sign = SIGN.get(side, 1.0)
    axis, factor = {
        "left": (LEFT, 1.0),
        "right": (LEFT, -1.0),
        "out": (LEFT, sign),
        "side": (LEFT, sign),
        "in": (LEFT, -sign),
        "forward": (FORWARD, 1.0),
        "back": (FORWARD, -1.0),
        "up": (UP, 1.0),
        "down": (UP, -1.0),
    }[way]
    return view[:, axis] * factor


def course(m: Measures, claim: Claim, side: str) -> Sequence[Series]:
    """What grows while a limb goes as "rises", "drops" or "moves" say: metres, in each view of the body."""
    if claim.what == "moves":
        return [toward(view, side, claim.way) for view in m.views(claim.part, side)]
    sign = 1 if claim.what == "rises" else -1
    return [sign * one for one in _vertical(m, claim.part, side)]


def limits(claim: Claim) -> tuple[float, float]:
    """`low` and `high` of such a movement, metres."""
    return (_MOVE if claim.what == "moves" else _RISE).get(claim.part, _SMALL)


def moves(m: Measures, claim: Claim, side: str) -> Evidence:
    """Goes some way in a direction, or at all."""
    if claim.part in ("body", "chest"):
        value = max(float(np.ptp(m.joints, axis=0).max()), m.path)
        return Evidence(value, 0.08, 0.30, f"moves {value:.2f} m")
    if not claim.way:
        value = max(extent(m, claim.part, side), float(np.ptp(m.point(claim.part, side), axis=0).max()))
        return Evidence(value, *limits(claim), f"moves within {value:.2f} m")
    series = [toward(view, side, claim.way) for view in m.views(claim.part, side)]
    if claim.way == "side":
        series += [-one for one in series]
    if claim.number is not None:
        return by_about(series, claim.number, f"moves {claim.way} {{:.2f}} m", rest=0.15)
    value = max(climb(one) for one in series)
    return Evidence(value, *limits(claim), f"moves {claim.way} {value:.2f} m")


def extent(m: Measures, part: str, side: str) -> float:
    """Largest way, along any axis of the body, that a part covers relative to it."""
    return min(float(np.ptp(view, axis=0).max()) for view in m.views(part, side))


# From where on a hand counts as held that way, metres from the middle of the shoulders.
_HELD: Final = {
    "forward": 0.10, "back": -0.05, "out": 0.25, "side": 0.25, "left": 0.2, "right": 0.2, "in": -0.1, "up": -0.2,
    "down": 0.2,
}  # fmt: skip


def reaches(m: Measures, claim: Claim, side: str) -> Evidence:
    """Stretches out: towards a direction by position or movement, else by the length of the limb."""
    if claim.part in ("foot", "knee") or claim.way:
        views = m.views(claim.part, side)
        value = max(climb(toward(view, side, claim.way or "forward")) for view in views)
        if claim.part in ("wrist", "elbow"):
            held = max(float(toward(view, side, claim.way).max()) for view in views[1:])
            value = max(value, held - _HELD[claim.way])
        return Evidence(value, 0.06, 0.22, f"reaches {claim.way or 'forward'} {value:.2f} m")
    least = float(m.flexion("elbow", side).min())
    return Evidence(-least, -80, -40, f"straightens to {least:.0f} degrees")


def bends(m: Measures, claim: Claim, side: str) -> Evidence:
    """Is bent, and where it is no state also gets more so."""
    flexion = m.flexion(claim.part, side)
    most, more = float(flexion.max()), climb(flexion)
    words = f"bends to {most:.0f} degrees, by {more:.0f}"
    if claim.number is not None and claim.lasting:
        return at_all(m, -np.abs(flexion - claim.number), claim, -30, -12, "is off by {:.0f} degrees", shown=-1)
    if claim.number is not None:
        return by_about([flexion], claim.number, "bends to or by {:.0f} degrees", rest=8, reach=True)
    return Evidence(min(most / 30, 9 if claim.lasting else more / 8), 1, 1.7, words)


def straightens(m: Measures, claim: Claim, side: str) -> Evidence:
    """Gets straighter."""
    flexion = m.flexion(claim.part, side)
    less, least = climb(-flexion), float(flexion.min())
    words = f"straightens by {less:.0f} to {least:.0f} degrees"
    if claim.number is not None:
        ends = [end for start, end in strokes(flexion, 8) if start > end] or [least]
        off = min(abs(end - claim.number) for end in [*ends, least])
        return Evidence(min(-off, (less - 8) / 2), -25, -10, words)
    return Evidence(min(less / 8, (100 - least) / 20), 1, 2.5, words)


def straight(m: Measures, claim: Claim, side: str) -> Evidence:
    """Is straight."""
    low, high = (-65, -35) if claim.part == "elbow" else (-45, -25)
    return at_all(m, -m.flexion(claim.part, side), claim, low, high, "is bent {:.0f} degrees", shown=-1)


PREDICATES: Final[Mapping[str, Predicate]] = {
    "rises": rises,
    "drops": drops,
    "moves": moves,
    "reaches": reaches,
    "bends": bends,
    "straightens": straightens,
    "straight": straight,
}
