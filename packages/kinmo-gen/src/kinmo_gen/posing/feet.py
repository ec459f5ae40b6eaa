"""Edit of both feet: apart and together, one after the other, or with a jump where it is said how often."""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
from torch import Tensor

from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Statement
from kinmo_gen.gestures import minimum_jerk
from kinmo_gen.posing.bones import axis_of
from kinmo_gen.posing.edits import Edit, Span, is_counted, times_of
from kinmo_reasoner.kinds import kind_of

_LEGS: Final = "left_leg+right_leg"
_APART: Final = 0.7  # m between ankles that are wide apart
_TOGETHER: Final = 0.18  # m between them where they are together
_STEP_SECONDS: Final = 0.35  # s of a step to the side
_LIFT: Final = 0.08  # m that a foot is off the floor in the middle of its way
_SIDES: Final = ("left", "right")
_LEG: Final = float(HUMANML3D.bone_length_tensor()[list(HUMANML3D.index("left_knee", "left_ankle"))].sum())


def feet_edit(statement: Statement) -> Edit | None:
    """Return what puts the feet apart or together; None where a statement says something else."""
    kind = kind_of(statement) if statement.who == _LEGS else None
    if kind is None or kind.name not in ("feet_wide", "feet_together"):
        return None
    return partial(_place, statement, _APART if kind.name == "feet_wide" else _TOGETHER)


def _place(statement: Statement, apart: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Move the feet beside each other, `apart` m; the body sinks by what legs that are set out are lower."""
    del before
    ankles = [joints[:, HUMANML3D.names.index(f"{side}_ankle")] for side in _SIDES]
    across = (ankles[0] - ankles[1]) * torch.tensor([1.0, 0.0, 1.0])
    outward = axis_of(joints, "left")
    if is_counted(statement):  # each time from feet that are together
        out = span.there_and_back(times_of(statement, 1, span))
        placed, way = [span.hold()] * 2, [out] * 2
        width = _TOGETHER + (apart - _TOGETHER) * out
    else:
        placed = way = [_step(span, later) for later in (0.0, _STEP_SECONDS)]
        width = torch.full_like(span.times, apart)
    lifts = [_LIFT * 4 * share * (1 - share) for share in way]
    sunk = _LEG - (_LEG**2 - (width * placed[1] / 2).square()).sqrt()
    made, up = joints.clone(), torch.tensor([0.0, 1.0, 0.0])
    made += ((torch.stack(lifts).amin(0) - sunk)[:, None] * up)[:, None]
    goal = (width[:, None] * outward - across) / 2  # of the left foot, from where it is
    for side, sign, share, lift in zip(_SIDES, (1.0, -1.0), placed, lifts, strict=True):
        feet = HUMANML3D.index(f"{side}_ankle", f"{side}_foot")
        made[:, feet] = joints[:, feet] + (sign * share[:, None] * goal + lift[:, None] * up)[:, None]
    return made


def _step(span: Span, later: float) -> Tensor:
    """Return how far (T,) a foot is on its way to its place, from 0 to 1; it goes back there unless the motion ends."""
    there = minimum_jerk((span.times - span.start - later) / _STEP_SECONDS)
    if span.end + _STEP_SECONDS > float(span.times[-1]):
        return there
    return there * minimum_jerk((span.end - span.times + later) / _STEP_SECONDS)
