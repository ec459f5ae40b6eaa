"""Edits of a leg: kicks, lifted knees and feet, while the body stands on the other one or walks."""

from __future__ import annotations

import math
from functools import partial
from typing import Final

import torch
from torch import Tensor

from kinmo_annotate.measures.body import other_side, smooth
from kinmo_annotate.statements.changes import spans
from kinmo_core.features import FPS
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Statement
from kinmo_gen.gestures import put_limbs
from kinmo_gen.posing.bones import aim
from kinmo_gen.posing.edits import Edit, Span, poses, times_of
from kinmo_reasoner.kinds import kind_of

_KICK_SECONDS: Final = 0.8  # s of a kick, there and back
_KNEE_UP: Final = "knee_lift"
_SWINGS: Final = 0.5  # m/s of an ankle that is not on the floor
_STANDS: Final = 0.35  # m: an ankle that moves less while the other leg is lifted carries the body


def leg_edit(statement: Statement) -> Edit | None:
    """Return what makes a leg do what a statement says; None where that is not known."""
    kind = kind_of(statement)
    if kind and kind.name == "steps" and statement.text.endswith("lifting the knee high"):
        return partial(_step_high, statement.who)
    name = f"{kind.name} {kind.direction}".strip() if kind else ""
    return partial(_lift, statement, name) if name in poses("leg") else None


def _lift(statement: Statement, name: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    side, number = statement.who.split("_")[0], times_of(statement, 1)
    if not _stands(before, other_side(side), span):
        return _step_high(statement.who, joints, before, span) if name == _KNEE_UP and number > 1 else joints
    if number > 1:
        weights = span.in_turn(number, second=side == "right")
    elif name.startswith("kick"):
        start = max(span.start, (span.start + span.end - _KICK_SECONDS) / 2)
        weights = span._replace(start=start, end=min(span.end, start + _KICK_SECONDS)).there_and_back(1)
    else:
        weights = span.hold()
    return put_limbs(joints, aim(joints, statement.who, poses("leg")[name]), (statement.who,), weights)


def _step_high(limb: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Lift the knee whenever the foot goes from one place to the next."""
    ankle = before[:, HUMANML3D.names.index(f"{limb.split('_')[0]}_ankle")] * torch.tensor([1.0, 0.0, 1.0])
    speed = smooth(torch.diff(ankle, dim=0, prepend=ankle[:1]), sigma=1.0).norm(dim=-1) * FPS
    weights = torch.zeros_like(speed)
    for start, end in spans(((speed > _SWINGS) & span.during).numpy()):
        weights[start:end] = torch.linspace(0, math.pi, end - start + 2)[1:-1].sin().square()
    return put_limbs(joints, aim(joints, limb, poses("leg")[_KNEE_UP]), (limb,), weights)


def _stands(joints: Tensor, side: str, span: Span) -> bool:
    """Tell whether a foot stays where it is in the time of a statement."""
    ankle = joints[span.during][:, HUMANML3D.names.index(f"{side}_ankle")]
    return len(ankle) > 0 and float((ankle.amax(0) - ankle.amin(0)).max()) < _STANDS
