"""Rules about what is done on the floor: crawling, rolls, cartwheels, push-ups, sit-ups."""

from __future__ import annotations

from typing import Final

import numpy as np

from kinmo_core.features import FPS
from kinmo_core.skeleton import HUMANML3D
from kinmo_gen.follow.body import LEFT, OUTWARD, UP, Body, unit
from kinmo_gen.follow.posture import ON_FLOOR, POSTURES
from kinmo_gen.follow.spans import Rule, Span, runs, swings

_TUCKED: Final = 0.75  # m, largest height of the pelvis in most of a roll
_ROLLING: Final = 20.0  # degrees/s
_PRESS: Final = 0.1  # m, that the neck moves in a push-up
_SIT_UP: Final = 35.0  # degrees, that the trunk moves in a sit-up
_WHEEL: Final = 0.3  # m to the side, from before to after a cartwheel
_WHEEL_SECONDS: Final = 0.5  # before and after the body is upside down
_PAUSE: Final = 0.5  # s, that these rules bridge


def crawls(metres: float) -> Rule:
    """Crawl, on hands and knees or on the belly."""

    def follow(body: Body) -> list[Span]:
        speed = np.hypot(*body.velocity.T)
        found = runs(POSTURES["face_down"](body), hold=0.5, bridge=_PAUSE)
        return [span for span in found if speed[slice(*span)].sum() / FPS >= metres]

    return follow


def rolls(degrees: float) -> Rule:
    """Roll head over heels near the floor by at least `degrees`, backward where negative."""

    def follow(body: Body) -> list[Span]:
        if len(body) < 2:
            return []
        pelvis, neck, left, right = (
            body.joints[:, i] for i in HUMANML3D.index("pelvis", "neck", "left_hip", "right_hip")
        )
        trunk, axis = unit(neck - pelvis), unit(left - right)
        rate = np.degrees((np.cross(trunk, np.gradient(trunk, axis=0)) * axis).sum(-1)) * FPS
        rate = rate * np.sign(degrees)
        near, over = body.height("pelvis") < _TUCKED, body.height("neck") < body.height("pelvis")
        found = runs(rate > _ROLLING, hold=0.3, bridge=_PAUSE)
        return [
            s
            for s in found
            if rate[slice(*s)].sum() / FPS >= abs(degrees)
            and bool(near[slice(*s)].mean() > 0.5 and over[slice(*s)].any())
        ]

    return follow


def rolls_over(degrees: float) -> Rule:
    """Turn about the length of the body while lying."""

    def follow(body: Body) -> list[Span]:
        found = []
        for start, end in runs(POSTURES["lying"](body), hold=0.4, bridge=_PAUSE):
            angle = np.unwrap(np.arctan2(body.chest[start:end, LEFT], body.chest[start:end, UP]))
            if np.degrees(np.ptp(angle)) >= degrees:
                found.append((start, end))
        return found

    return follow


def push_ups(count: int) -> Rule:
    """Lower and raise the chest above hands that stay on the floor."""

    def follow(body: Body) -> list[Span]:
        found = runs(POSTURES["plank"](body), hold=0.5, bridge=_PAUSE)
        return [(a, b) for a, b in found if len(swings(body.height("neck")[a:b], _PRESS)) >= 2 * count - 1]

    return follow


def sit_ups(count: int) -> Rule:
    """Raise and lower the trunk while the pelvis stays on the floor."""

    def follow(body: Body) -> list[Span]:
        found = runs(body.height("pelvis") < ON_FLOOR, hold=0.5, bridge=_PAUSE)
        return [(a, b) for a, b in found if len(swings(body.tilt[a:b], _SIT_UP)) >= 2 * count - 1]

    return follow


def cartwheels(side: str) -> Rule:
    """Wheel over both hands to a side."""

    def follow(body: Body) -> list[Span]:
        found = []
        for start, end in runs(POSTURES["upside_down"](body), hold=0.1):
            first, last = start - round(_WHEEL_SECONDS * FPS), min(end + round(_WHEEL_SECONDS * FPS), len(body))
            if first < 0:
                continue  # the beginning is missing, and with it the side
            before, after = body.joints[first, 0], body.joints[last - 1, 0]
            # Turning over exchanges left and right of the world, so the heading is that of the frame before.
            ahead, aside = body.part(first, first + 1).along((after - before)[None])
            if aside[0] * OUTWARD[side] > max(_WHEEL, abs(ahead[0])):
                found.append((first, last))
        return found

    return follow
