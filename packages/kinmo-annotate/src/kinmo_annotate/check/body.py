"""What is claimed of the whole body and the torso: travel, turns, leaning, postures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Predicate, at_all, by_about
from kinmo_annotate.check.measure import SIGN, Measures
from kinmo_annotate.check.series import climb

_LATERAL, _ONWARD = 0, 1  # columns of `Measures.progress` and `Measures.ground`


def travels(m: Measures, claim: Claim, side: str) -> Evidence:
    """Goes over the floor, in a direction as seen in the first frame or in every frame, and about as far as is said."""
    del side
    value = _way(m, claim.way)
    words = f"goes {claim.way if claim.way != 'any' else 'about'} {value:.2f} m"
    low = 0.15 if claim.way in ("left", "right", "side", "any") else 0.2
    if claim.number is None:
        return Evidence(value, low, 0.7, words)
    longest, shortest = max(value, m.path), min(value, float(np.linalg.norm(m.ground[-1])))
    off = max(claim.number - longest, 0.0 if claim.more else shortest - claim.number, 0.0)
    about = Evidence(-off, -(0.4 * claim.number + 0.2), -0.1, words)
    return min(Evidence(value, min(low, 0.5 * claim.number), 0.7, words), about, key=lambda one: one.score)


def _way(m: Measures, way: str) -> float:
    column, sign = {
        "forward": (_ONWARD, 1),
        "back": (_ONWARD, -1),
        "left": (_LATERAL, 1),
        "right": (_LATERAL, -1),
    }.get(way, (_LATERAL, 0))
    if sign:
        found = max(climb(sign * m.progress[:, column]), climb(sign * m.ground[:, column]))
        # "Walks to the left" may be a curve: who turns that way while walking has gone there too.
        turned = climb(SIGN.get(way, 0.0) * m.yaw()) if way in SIGN else 0.0
        return max(found, 0.3 if turned > 30 and m.path > 0.5 else 0.0)
    if way == "side":
        return max(_way(m, "left"), _way(m, "right"))
    return float(np.linalg.norm(m.ground - m.ground[:1], axis=-1).max())


def in_place(m: Measures, claim: Claim, side: str) -> Evidence:
    """Ends about where it began."""
    del claim, side
    value = _way(m, "any")
    return Evidence(-value, -1.2, -0.5, f"goes {value:.2f} m")


def runs(m: Measures, claim: Claim, side: str) -> Evidence:
    """Moves faster than a walk."""
    del claim, side
    value = max(float(m.speed("body").max()), *(0.5 * float(m.speed("foot", one).max()) for one in SIGN))
    return Evidence(value, 1.0, 1.8, f"reaches {value:.1f} m/s")


def turns(m: Measures, claim: Claim, side: str) -> Evidence:
    """Turns to a side, by about so many degrees."""
    del side
    yaws = [m.yaw(), m.yaw("shoulders")] if claim.part != "hip" else [m.yaw("hips")]
    signs = [SIGN[claim.way]] if claim.way else [1.0, -1.0]
    amounts = [climb(sign * yaw) for yaw in yaws for sign in signs]
    value = max(amounts)
    words = f"turns {claim.way or 'about'} {value:.0f} degrees"
    if m.upright < 0.8:  # who lies or flips has no heading to turn
        return Evidence(0.5, 0, 1, f"{words}, but is upright in only {m.upright:.0%} of the frames")
    if claim.number is None:
        return Evidence(value, 10, 30, words)
    return by_about(
        [sign * yaw for yaw in yaws for sign in signs], claim.number, f"turns {claim.way} {{:.0f}} degrees", rest=12
    )


def twists(m: Measures, claim: Claim, side: str) -> Evidence:
    """Turns the shoulders against the hips, or with the whole body."""
    del side
    sign = SIGN.get(claim.way)
    if sign is None:
        value = max(float(np.ptp(m.twist)), float(np.ptp(m.yaw("shoulders"))))
        return Evidence(value, 8, 25, f"twists within {value:.0f} degrees")
    value = max(climb(sign * m.twist), float((sign * m.twist).max()), climb(sign * m.yaw("shoulders")))
    return Evidence(value, 8, 22, f"twists {claim.way} {value:.0f} degrees")


def leans(m: Measures, claim: Claim, side: str) -> Evidence:
    """Is off the vertical in some direction, or gets there. Backwards a person leans less than any other way."""
    del side
    if claim.way == "any":
        lean = m.lean("any")
    elif claim.way == "side":
        lean = np.abs(m.lean("left"))
    else:
        lean = m.lean(claim.way)
    value = float(np.median(lean)) if claim.lasting else max(float(lean.max()), climb(lean))
    words = f"leans {claim.way} {value:.0f} degrees"
    if claim.number is not None:
        return by_about([lean], claim.number, f"leans {claim.way} {{:.0f}} degrees", rest=8, reach=True)
    low, high = {"forward": (8, 20), "any": (9, 20)}.get(claim.way, (5, 14))
    return Evidence(value, low, high, words)


def upright(m: Measures, claim: Claim, side: str) -> Evidence:
    """Holds or brings the spine near the vertical."""
    del side
    return at_all(m, -m.lean("any"), claim, -40, -18, "leans {:.0f} degrees", shown=-1)


def squats(m: Measures, claim: Claim, side: str) -> Evidence:
    """Bends the knees or comes down; people say "crouches" of a deep bow too."""
    del claim, side
    knees = max(float(m.flexion("knee", one).max()) for one in SIGN)
    drop = 0.93 - float(m.height("body").min())  # 0.93 m is the height of a standing pelvis on this skeleton
    return Evidence(max(knees / 40, drop / 0.12), 1, 2, f"bends a knee {knees:.0f} degrees, pelvis {drop:.2f} m down")


def sits(m: Measures, claim: Claim, side: str) -> Evidence:
    """Bends hips and knees."""
    del claim, side
    bend = float(np.max([np.minimum(m.flexion("hip", one), m.flexion("knee", one)).max() for one in SIGN]))
    return Evidence(bend, 40, 70, f"bends hip and knee {bend:.0f} degrees")


def kneels(m: Measures, claim: Claim, side: str) -> Evidence:
    """Brings a knee to the floor."""
    del claim, side
    height = min(float(m.height("knee", one).min()) for one in SIGN)
    return Evidence(-height, -0.35, -0.2, f"has a knee {height:.2f} m above the floor")


def lies(m: Measures, claim: Claim, side: str) -> Evidence:
    """Brings the spine near the horizontal, low."""
    del claim, side
    value = float(m.lean("any").max())
    return Evidence(value, 45, 75, f"leans {value:.0f} degrees")


_AIR: Final = (0.03, 0.10)  # m: feet of the pack's FBX clips float by up to 0.03 m when they stand


def jumps(m: Measures, claim: Claim, side: str) -> Evidence:
    """Has both feet off the floor; the number of times is not held against a sentence, since landings count as hops."""
    del side
    both = np.minimum(m.clearance("left"), m.clearance("right"))
    if claim.number is not None:
        return by_about([both, m.height("body")], claim.number, "jumps {:.2f} m high", rest=0.15, reach=True)
    air, rise = float(both.max()), climb(m.height("body"))
    return Evidence(max(air, 0.5 * (rise - 0.05)), *_AIR, f"has both feet {air:.2f} m above the floor")


PREDICATES: Final[Mapping[str, Predicate]] = {
    "travels": travels,
    "in place": in_place,
    "runs": runs,
    "turns": turns,
    "twists": twists,
    "leans": leans,
    "upright": upright,
    "squats": squats,
    "sits": sits,
    "kneels": kneels,
    "lies": lies,
    "jumps": jumps,
}
