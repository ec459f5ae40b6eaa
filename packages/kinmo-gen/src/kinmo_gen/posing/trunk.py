"""Edits of trunk and head: leans, twists, bows, nods."""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
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
        return partial(_trunk_repeats, statement, kind.name)
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
        return partial(_head_repeats, statement, kind.name)
    sign = -1 if kind.name == "look_up" or kind.direction in _BACKWARD else 1
    return partial(_head_tips, kind.name, sign * _degrees(statement)) if kind.name in _AXES else None


def _degrees(statement: Statement) -> float:
    return float(statement.amount or 0) if statement.unit == "degrees" else 0.0


def _trunk_leans(kind: str, degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    bent = bend(before, _AXES[kind], (degrees - tilt(before, _AXES[kind])) * _STRAIGHTER)
    return put_limbs(joints, bent, ("torso",), span.reach())


def _twists(degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Twist and come back: directions of bones, by which limbs are led back, do not tell a twist of the spine."""
    del before
    back = 1 - minimum_jerk((span.times - span.end - LINGER) / BACK)
    return bend(joints, "up", degrees * span.reach() * back)


def _trunk_repeats(statement: Statement, kind: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    del before
    axis, degrees = _REPEATED[kind]
    return bend(joints, axis, degrees * _STRAIGHTER * _wave(statement, kind, span))


def _head_tips(kind: str, degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    tipped = turn(before, "neck", about(before, _AXES[kind], torch.full((len(before),), degrees * _HEAD)))
    return put_limbs(joints, tipped, ("neck",), span.reach())


def _head_repeats(statement: Statement, kind: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    del before
    axis, degrees = _REPEATED[kind]
    return turn(joints, "neck", about(joints, axis, degrees * _HEAD * _wave(statement, kind, span)))


def _wave(statement: Statement, kind: str, span: Span) -> Tensor:
    number = times_of(statement, 2, span)
    return span.there_and_back(number) if kind in ("bows", "nods") else span.to_and_fro(number)
