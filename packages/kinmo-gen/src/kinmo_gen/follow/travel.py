"""Rules about where the body goes: travelling, steps, jumps, turns, climbing."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from kinmo_core.features import FPS
from kinmo_gen.follow.body import OTHER, Array, Body, Mask
from kinmo_gen.follow.spans import Rule, Span, runs

UPRIGHT: Final = 50.0  # degrees between trunk and vertical
ON_FEET: Final = 0.6  # m, height of the pelvis; 0.95 when standing
_MOVING: Final = 0.25  # m/s of the pelvis; it sways more slowly
_WITHIN: Final = math.cos(math.radians(45))  # of the direction of travel
_PAUSE: Final = 0.3  # s, that travels and turns bridge
_STEP_SPEED: Final = 0.5  # m/s of a foot that is on its way
_STEP_LIFT: Final = 0.06  # m of the whole foot above its lowest place
_STEP_SECONDS: Final = 0.15
_TURNING: Final = 15.0  # degrees/s
_CLEARANCE: Final = 0.06  # m of both feet over the floor before and after a jump; runners come to 0.05
_FLIGHT: Final = 0.15  # s
_LONGEST_FLIGHT: Final = 1.0  # s; who stays up longer hangs or stands on something
_FLIGHT_TILT: Final = 75.0  # degrees between trunk and vertical; more is a flip or a cartwheel
_PELVIS_RISE: Final = 0.12  # m from the take-off crouch; walkers and runners come to 0.08
_AROUND: Final = 0.4  # s before and after a flight that belong to the jump
_FOOT_JOINTS: Final = ("left_ankle", "left_foot", "right_ankle", "right_foot")


def upright(body: Body) -> Mask:
    """Return the frames (T,) in which the person is on the feet with the trunk up."""
    return (body.tilt < UPRIGHT) & (body.height("pelvis") > ON_FEET)


def _lifted(body: Body, side: str) -> Mask:
    """Return the frames (T,) in which a foot moves or is off the floor."""
    heights = np.minimum(body.height(f"{side}_ankle"), body.height(f"{side}_foot"))
    return (body.speed(f"{side}_ankle") > _STEP_SPEED) | (heights > heights.min() + _STEP_LIFT)


def on_the_way(body: Body, side: str) -> list[Span]:
    """Return the steps of one foot, from leaving the floor to standing again, in which the other foot stands at times."""
    other = _lifted(body, OTHER[side])
    found = runs(_lifted(body, side), hold=_STEP_SECONDS, bridge=0.0)
    return [span for span in found if not other[slice(*span)].all()]


def steps(body: Body, span: Span) -> int:
    """Count the steps of both feet that have their middle in a span."""
    found = [step for side in OTHER for step in on_the_way(body, side)]
    return sum(span[0] <= (start + end) / 2 < span[1] for start, end in found)


def _speed_towards(body: Body, direction: str) -> Array:
    forward, left = body.velocity.T
    speeds = {"forward": forward, "backward": -forward, "left": left, "right": -left}
    return np.hypot(forward, left) if direction == "any" else speeds[direction]


def travels(
    direction: str, metres: float, slowest: float = _MOVING, fastest: float = math.inf, most: float = math.inf
) -> Rule:
    """Go on the feet, with at least two steps.

    Args:
        direction: seen from the body: forward, backward, left, right, or any.
        metres: shortest way.
        slowest: m/s, at all times.
        fastest: m/s, on average.
        most: longest way, metres.
    """

    def follow(body: Body) -> list[Span]:
        towards, speed = _speed_towards(body, direction), np.hypot(*body.velocity.T)
        mask = (towards >= _WITHIN * speed) & (speed >= slowest) & upright(body)
        found = runs(mask, hold=0.4, bridge=_PAUSE)
        return [s for s in found if _goes(towards[slice(*s)]) and steps(body, s) >= 2]

    def _goes(towards: Array) -> bool:
        return bool(metres <= towards.sum() / FPS <= most and towards.mean() <= fastest)

    return follow


def steps_in_place(count: int, within: float = 0.5) -> Rule:
    """Step at least `count` times while the pelvis stays inside a square of `within` metres."""

    def follow(body: Body) -> list[Span]:
        span = (0, len(body))
        return [span] if _extent(body, span) <= within and steps(body, span) >= count else []

    return follow


def _extent(body: Body, span: Span) -> float:
    """Return the longer side of the rectangle in which the pelvis stays, m."""
    return float(np.ptp(body.joints[slice(*span), 0][:, [0, 2]], axis=0).max())


def turns(side: str, degrees: float, most: float = math.inf, within: float = math.inf) -> Rule:
    """Turn the whole body, standing or going.

    Args:
        side: left, right or any.
        degrees: least angle of a turn in one direction.
        most: largest angle, degrees.
        within: metres in which the pelvis stays meanwhile.
    """

    def follow(body: Body) -> list[Span]:
        rate = np.degrees(np.gradient(body.heading)) * FPS if len(body) > 1 else np.zeros(len(body))
        found = []
        for sign in {"left": [1], "right": [-1], "any": [1, -1]}[side]:
            for start, end in runs((sign * rate > _TURNING) & upright(body), bridge=_PAUSE):
                if degrees <= sign * rate[start:end].sum() / FPS <= most and _extent(body, (start, end)) <= within:
                    found.append((start, end))
        return sorted(found)

    return follow


def flights(body: Body, joints: tuple[str, ...] = _FOOT_JOINTS) -> list[Span]:
    """Return the spans in which these joints are off the floor that they leave and come back to."""
    lowest = np.min([body.height(name) for name in joints], axis=0)
    reach = round(FPS)
    ground = np.array(
        [max(lowest[max(0, i - reach) : i + 1].min(), lowest[i : i + reach].min()) for i in range(len(body))]
    )
    return runs(lowest - ground > _CLEARANCE, hold=_FLIGHT, bridge=0.0)


def jumps(
    direction: str = "any",
    metres: float = 0.0,
    within: float = math.inf,
    turn: str = "any",
    degrees: float = 0.0,
    rise: float = _PELVIS_RISE,
) -> Rule:
    """Leave the floor with both feet.

    Args:
        direction: of the jump: forward, backward, left, right or any.
        metres: least length of the jump.
        within: largest length of the jump, metres.
        turn: left or right, for a turn in the air; or any.
        degrees: least turn in the air.
        rise: least way of the pelvis from the crouch before to the top, metres.
    """

    def follow(body: Body) -> list[Span]:
        found = []
        for start, end in flights(body):
            first, last = max(0, start - round(_AROUND * FPS)), min(len(body), end + round(_AROUND * FPS))
            pelvis = body.height("pelvis")
            rose = pelvis[start:end].max() - pelvis[first : start + 1].min()
            way = _speed_towards(body, direction)[first:last].sum() / FPS
            turned = {"left": 1, "right": -1, "any": 0}[turn] * np.degrees(body.heading[last - 1] - body.heading[first])
            level = end - start <= _LONGEST_FLIGHT * FPS and body.tilt[first:last].max() < _FLIGHT_TILT
            if level and rose >= rise and metres <= way <= within and turned >= degrees:
                found.append((first, last))
        return found

    return follow


def climbs(metres: float) -> Rule:
    """Go up, or down where `metres` is negative, by steps or a slope: both feet stand that much higher in the end."""

    def follow(body: Body) -> list[Span]:
        feet = [np.minimum(body.height(f"{side}_ankle"), body.height(f"{side}_foot")) for side in ("left", "right")]
        ends = round(0.5 * FPS)
        gained = [foot[-ends:].min() - foot[:ends].min() for foot in feet]
        rose = min(gained) >= metres if metres > 0 else max(gained) <= metres
        moved = np.hypot(*body.velocity.T).sum() / FPS >= abs(metres) and bool(upright(body).mean() > 0.8)
        return [(0, len(body))] if rose and moved else []

    return follow
