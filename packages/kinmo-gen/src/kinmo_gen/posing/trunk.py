"""Edits of trunk and head: leans, twists, bows, nods."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from torch import Tensor

from kinmo_core.text import Statement
from kinmo_gen.gestures import minimum_jerk, put_limbs
from kinmo_gen.posing.bones import about, bend, tilt, turn
from kinmo_gen.posing.edits import BACK, LINGER, Edit, Span, times_of
from kinmo_reasoner.kinds import kind_of

_STRAIGHTER: Final = 1.2  # the line from pelvis to neck turns less than a spine that bends joint by joint
_HEAD: Final = 1.3  # a head turns by more than kinmo-annotate reads, which smooths
_TWIST: Final = 45.0  # degrees, of which no angle is said
_REPEATED: Final = {  # axis and degrees of what is done several times; to and fro but for bows and nods
    "bows": ("left", 45.0),
    "rocks": ("forward", 22.0),
    "twists": ("up", 45.0),
    "nods": ("left", 24.0),
    "head_rocks": ("forward", 24.0),
}
_AXES: Final = {  # axis of what is done by an angle
    "lean": "left",
    "straighten": "left",
    "tip": "forward",
    "bow": "left",
    "look_up": "left",
    "head_tilt": "forward",
}
_BACKWARD: Final = ("backward", "left", "to the left")  # directions of negative angles


def trunk_edit(statement: Statement) -> Edit | None:
    """Return what makes the trunk do what a statement says; None where that is not known."""
    kind = kind_of(statement)
    if kind is None:
        return None
    if kind.name in _REPEATED:
        return partial(_repeats, _bend_trunk, statement, kind.name)
    sign = -1 if kind.direction in _BACKWARD else 1
    if kind.name == "twist":
        return partial(_twists, -sign * _TWIST)
    return partial(_trunk_leans, kind.name, sign * _degrees(statement)) if kind.name in _AXES else None


def neck_edit(statement: Statement) -> Edit | None:
    """Return what makes the head do what a statement says; None where that is not known."""
    kind = kind_of(statement)
    if kind is None:
        return None
    if kind.name in _REPEATED:
        return partial(_repeats, _turn_head, statement, kind.name)
    sign = -1 if kind.name == "look_up" or kind.direction in _BACKWARD else 1
    return partial(_head_tips, kind.name, sign * _degrees(statement)) if kind.name in _AXES else None


def _degrees(statement: Statement) -> float:
    return float(statement.amount or 0) if statement.unit == "degrees" else 0.0


def _trunk_leans(kind: str, degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    bent = _bend_trunk(before, _AXES[kind], degrees - tilt(before, _AXES[kind]))
    return put_limbs(joints, bent, ("torso",), span.reach())


def _twists(degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Twist and come back: directions of bones, by which limbs are led back, do not tell a twist of the spine."""
    del before
    back = 1 - minimum_jerk((span.times - span.end - LINGER) / BACK)
    return bend(joints, "up", degrees * span.reach() * back)


def _head_tips(kind: str, degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    tipped = _turn_head(before, _AXES[kind], before.new_full(before.shape[:1], degrees))
    return put_limbs(joints, tipped, ("neck",), span.reach())


def _repeats(
    rotate: Callable[[Tensor, str, Tensor], Tensor],
    statement: Statement,
    kind: str,
    joints: Tensor,
    before: Tensor,
    span: Span,
) -> Tensor:
    del before
    axis, degrees = _REPEATED[kind]
    wave = span.there_and_back if kind in ("bows", "nods") else span.to_and_fro
    return rotate(joints, axis, degrees * wave(times_of(statement, 2, span)))


def _bend_trunk(joints: Tensor, axis: str, degrees: Tensor) -> Tensor:
    return bend(joints, axis, degrees * _STRAIGHTER)


def _turn_head(joints: Tensor, axis: str, degrees: Tensor) -> Tensor:
    return turn(joints, "neck", about(joints, axis, degrees * _HEAD))
