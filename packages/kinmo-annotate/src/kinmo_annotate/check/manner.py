"""What is claimed of how parts move: to and fro, fast or slow, not at all, with or against each other, and of the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Predicate, at_all, by_about, repeated
from kinmo_annotate.check.limbs import extent
from kinmo_annotate.check.measure import FORWARD, LEFT, OTHER, SIGN, UP, Measures
from kinmo_annotate.check.series import Series, climb, longest

_AXES: Final = {"forward": (FORWARD,), "side": (LEFT,), "up": (UP,), "": (LEFT, UP, FORWARD)}


def swing(m: Measures, claim: Claim, side: str) -> Evidence:
    """Goes to and fro."""
    if claim.part in ("body", "chest", "hip"):
        return repeated(claim, _sway(m, claim.way), (3, 6, 12))
    axes = _AXES[claim.way]
    series = [view[:, axis] for view in m.views(claim.part, side) for axis in axes]
    if claim.part == "foot":
        series = [*series, m.clearance(side)] if UP in axes else series
    found = repeated(claim, series, (0.03 if claim.number is None else 0.05, 0.1, 0.2))
    if claim.part != "wrist" or found.score >= 0:
        return found
    return max(found, repeated(claim, [m.flexion("elbow", side)], (10, 25)), key=lambda one: one.score)


def _sway(m: Measures, way: str) -> Sequence[Series]:
    """Leaning and place of the body, in degrees and centimetres, whose changes alike are seen as swaying."""
    ground, rise = 100 * m.ground, 100 * m.height("body")
    return {
        "forward": [m.lean("forward"), ground[:, 1]],
        "side": [m.lean("left"), ground[:, 0], m.twist, m.yaw("shoulders")],
        "up": [rise, 100 * m.height("head")],
        "turn": [m.twist, m.yaw(), m.yaw("shoulders")],
        "": [m.lean("forward"), m.lean("left"), ground[:, 0], ground[:, 1], rise, m.twist, m.yaw()],
    }[way]


def nods(m: Measures, claim: Claim, side: str) -> Evidence:
    """The head goes to and fro, about as often as is said."""
    del side
    sideways = [m.head("left"), 0.2 * m.yaw("shoulders")]
    series = sideways if claim.way == "side" else [m.head("down"), m.pitch]
    found = repeated(claim, series, (2, 4, 10))
    return found if claim.number is not None else Evidence(found.value, 0.5, 2, found.words)


def head_turns(m: Measures, claim: Claim, side: str) -> Evidence:
    """To a side; the joint in the head says little, so the limits are low, and the body may turn instead."""
    del side
    angles = m.head("left")
    if not claim.way:
        value = max(float(np.ptp(angles)), 0.2 * float(np.ptp(m.yaw("shoulders"))))
        return Evidence(value, 3, 8, f"turns within {value:.0f} degrees")
    sign = SIGN[claim.way]
    value = max(float((sign * angles).max()), climb(sign * angles), 0.2 * climb(sign * m.yaw("shoulders")))
    return Evidence(value, 3, 9, f"turns {claim.way} {value:.0f} degrees")


def head_straight(m: Measures, claim: Claim, side: str) -> Evidence:
    """In line with the chest."""
    del side
    return at_all(m, -np.abs(m.head("left")), claim, -22, -10, "is turned {:.0f} degrees", shown=-1)


def looks(m: Measures, claim: Claim, side: str) -> Evidence:
    """Up or down, by where the head is or by where it goes. The bone of the head stands 42 degrees forward at rest."""
    del side
    sign = 1 if claim.way == "down" else -1
    series = [sign * (m.head("down") - 42), sign * m.pitch]
    if claim.number is not None:
        return by_about(series, claim.number, f"tilts {claim.way} {{:.0f}} degrees", rest=8, reach=True)
    value = max(float(series[0].max()), *(climb(one) for one in series))
    return Evidence(value, 4, 15, f"tilts {claim.way} {value:.0f} degrees")


def tempo(m: Measures, claim: Claim, side: str) -> Evidence:
    """Slow or fast, by the highest speed; the limits are speeds that hardly a clip's limb stays below or goes beyond."""
    body = claim.part in ("body", "chest")
    value = float(m.speed("body").max()) if body else float(m.own_speed(claim.part, side).max())
    words = f"reaches {value:.1f} m/s"
    if claim.way == "slow":
        if claim.more:  # whoever is fast in something else may be slow in this
            value = float(np.percentile(m.speed("body") if body else m.own_speed(claim.part, side), 25))
        return Evidence(-value, -2.6 if body else -4.0, -1.2, words)
    if not body:
        return Evidence(value, 0.5, 2.0, words)
    hands = [float(m.own_speed("wrist", one).max()) for one in SIGN]
    turn = float(np.abs(np.gradient(m.yaw())).max()) * m.fps / 100 if len(m) > 1 else 0.0
    return Evidence(max(value, turn, *hands), 0.5, 1.5, words)


def still(m: Measures, claim: Claim, side: str) -> Evidence:
    """Does not move: for a while where that is said, else at all. Standing still is about feet, not arms."""
    trunk = claim.part in ("body", "chest", "head")
    if claim.seconds or claim.way == "once":
        wanted = min(max(0.2, 0.5 * claim.seconds) * m.fps, 0.6 * len(m))
        speed = m.speed(claim.part, side) if trunk or claim.part == "foot" else m.own_speed(claim.part, side)
        pause = longest(speed < (0.25 if trunk or claim.part == "foot" else 0.4))
        return Evidence(pause, wanted, 2 * wanted, f"is still for {pause / m.fps:.1f} s")
    if trunk:
        value = max(float(np.ptp(m.point("foot", one), axis=0)[[0, 2]].max()) for one in SIGN)
        value = value if claim.part == "body" else min(value, float(np.ptp(m.point(claim.part), axis=0).max()))
        return Evidence(-value, -0.4, -0.15, f"goes {value:.2f} m")
    if claim.part == "foot":
        value = float(np.ptp(m.point("foot", side), axis=0).max())
        return Evidence(-value, -0.4, -0.15, f"goes {value:.2f} m")
    value = extent(m, claim.part, side)
    return Evidence(-value, -0.35, -0.1, f"moves within {value:.2f} m")


def in_step(m: Measures, claim: Claim, side: str) -> Evidence:
    """Two limbs go with or against each other, by the correlation of where they are along an axis of the body."""
    partner = claim.place_side if claim.place_side in SIGN else OTHER[side]
    how, _, axis = claim.way.partition(" ")
    if axis == "bend":
        first, second = m.flexion(claim.part, side), m.flexion(claim.place, partner)
    else:
        index = _AXES[axis or "forward"][0]
        first, second = m.views(claim.part, side)[0][:, index], m.views(claim.place, partner)[0][:, index]
        if axis == "side":  # hands that go out together go opposite ways
            second = SIGN[side] * SIGN[partner] * second
    # In windows of a second: what is said may be true of a part of the clip only.
    found = np.array(_correlations(first, second, round(1.2 * m.fps)))
    value = float(np.percentile(found if how == "together" else -found, 75))
    return Evidence(value, -0.2, 0.4, f"goes {how} with the {partner} {claim.place} at a correlation of {value:+.2f}")


def _correlations(first: Series, second: Series, window: int) -> list[float]:
    """In the windows in which both move."""
    found: list[float] = []
    for start in range(0, max(1, len(first) - window + 1), 5):
        one, two = first[start : start + window], second[start : start + window]
        if one.std() > max(0.3 * first.std(), 1e-6) and two.std() > max(0.3 * second.std(), 1e-6):
            found.append(float(np.corrcoef(one, two)[0, 1]))
    return found or [0.0]


def active(m: Measures, claim: Claim, side: str) -> Evidence:
    """Is the side that acts: a text that names one hand only is wrong if the other does nearly all."""
    own, other = (float(m.own_speed(claim.part, one).mean()) for one in (side, OTHER[side]))
    ratio = own / max(other, 0.05)
    return Evidence(ratio, 0.6, 1.3, f"moves at {own:.2f} m/s on average")


PREDICATES: Final[Mapping[str, Predicate]] = {
    "swings": swing,
    "nods": nods,
    "head turns": head_turns,
    "head straight": head_straight,
    "looks": looks,
    "tempo": tempo,
    "still": still,
    "in step": in_step,
    "active": active,
}
