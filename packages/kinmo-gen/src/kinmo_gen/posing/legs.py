"""Edits of a leg: kicks, lifted knees and feet, while the body stands on the other one."""

from __future__ import annotations

from functools import partial
from typing import Final

from torch import Tensor

from kinmo_annotate.measures.body import other_side
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Statement
from kinmo_gen.gestures import put_limbs
from kinmo_gen.posing.bones import aim
from kinmo_gen.posing.edits import Edit, Span, poses, times_of
from kinmo_reasoner.kinds import kind_of

_KICK_SECONDS: Final = 0.8  # s of a kick, there and back
_STANDS: Final = 0.35  # m: an ankle that moves less while the other leg is lifted carries the body


def leg_edit(statement: Statement) -> Edit | None:
    """Return what makes a leg do what a statement says; None where that is not known."""
    kind = kind_of(statement)
    name = f"{kind.name} {kind.direction}".strip() if kind else ""
    return partial(_lift, statement, name) if name in poses("leg") else None


def _lift(statement: Statement, name: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    side, number = statement.who.split("_")[0], times_of(statement, 1)
    if not _stands(before, other_side(side), span):
        return joints
    if number > 1:
        weights = span.in_turn(number, second=side == "right")
    elif name.startswith("kick"):
        start = max(span.start, (span.start + span.end - _KICK_SECONDS) / 2)
        weights = span._replace(start=start, end=min(span.end, start + _KICK_SECONDS)).there_and_back(1)
    else:
        weights = span.hold()
    return put_limbs(joints, aim(joints, statement.who, poses("leg")[name]), (statement.who,), weights)


def _stands(joints: Tensor, side: str, span: Span) -> bool:
    """Tell whether a foot stays where it is in the time of a statement."""
    ankle = joints[span.during][:, HUMANML3D.names.index(f"{side}_ankle")]
    return len(ankle) > 0 and float((ankle.amax(0) - ankle.amin(0)).max()) < _STANDS
