"""What is claimed of feet: steps, kicks, leaving the floor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.evidence import Evidence, Predicate, by_about
from kinmo_annotate.check.limbs import toward
from kinmo_annotate.check.measure import SIGN, Measures
from kinmo_annotate.check.series import climb


def steps(m: Measures, claim: Claim, side: str) -> Evidence:
    """Takes steps, about as many as are named, of both feet together where no side is said."""
    sides = (side,) if side in SIGN and claim.side != "any" else tuple(SIGN)
    count = sum(len(m.steps(one)) for one in sides)
    words = f"takes {count} steps"
    if claim.number is None:
        return Evidence(count, 1, 2, words)
    # Half a step at either end of a clip is counted or not, and small ones are shuffles to some.
    over = 0.0 if claim.more else (count - claim.number) / (0.6 * claim.number + 1.5)
    return Evidence(-max(over, (claim.number - count) / (0.4 * claim.number + 1)), -1, -0.4, words)


def steps_toward(m: Measures, claim: Claim, side: str) -> Evidence:
    """Takes at least one step, and not far fewer than are said, in a direction as the body faces at that moment."""
    way = "out" if claim.way == "side" else claim.way
    ways = toward(m.steps(side), side, way)
    ways = np.abs(ways) if claim.way == "side" else ways
    count = int((ways > 0.08).sum())
    shuffle = np.diff(m.point("foot", side), axis=0, prepend=m.point("foot", side)[:1])
    gone = toward((m.heading_axes * shuffle[:, None]).sum(-1), side, way).cumsum()
    farthest = max(float(ways.max(initial=0.0)), climb(gone), climb(-gone) if claim.way == "side" else 0.0)
    short = 0.0 if claim.number is None else (0.4 * claim.number - count) / 2
    return Evidence(min((farthest - 0.05) / 0.15, 1 - short), 0, 1, f"goes {claim.way} {farthest:.2f} m in a step")


def kicks(m: Measures, claim: Claim, side: str) -> Evidence:
    """Lifts a foot with speed, about as high as is said."""
    speed, lift = float(m.own_speed("foot", side).max()), float(m.clearance(side).max())
    if claim.number is not None:
        return by_about(
            [m.clearance(side), m.height("foot", side)], claim.number, "is lifted {:.2f} m", rest=0.2, reach=True
        )
    return Evidence(min(speed / 1.0, lift / 0.05), 1, 2.2, f"reaches {speed:.1f} m/s, {lift:.2f} m high")


def lifts_off(m: Measures, claim: Claim, side: str) -> Evidence:
    """The foot leaves the floor."""
    del claim
    lift = float(m.clearance(side).max())
    return Evidence(lift, 0.02, 0.08, f"is {lift:.2f} m above the floor")


PREDICATES: Final[Mapping[str, Predicate]] = {
    "steps": steps,
    "steps toward": steps_toward,
    "kicks": kicks,
    "lifts off": lifts_off,
}
