"""Edits of where the body goes: as far as it is told, and turned as far.

What the motion does already is stretched, which keeps its steps: strides get longer, turns wider. Nothing makes somebody
walk or turn who does not; but who jumps goes and turns in the air, where no foot stands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_annotate.measures.body import smooth, smooth_heading, wrapped
from kinmo_annotate.statements.changes import spans
from kinmo_core.features import FPS
from kinmo_core.planting import plant_feet
from kinmo_core.rotations import rotate_yaw
from kinmo_core.text import Statement
from kinmo_gen.gestures import minimum_jerk
from kinmo_gen.posing.bones import FEET
from kinmo_gen.posing.edits import Edit, Span, is_kind
from kinmo_gen.posing.feet import feet_edit
from kinmo_gen.posing.height import sink, tells_the_height
from kinmo_reasoner.kinds import kind_of

_KINDS: Final = ("jump", "turn", "travel")
_DOES: Final = 0.3  # share of what is told, from which on the motion is said to do it at all
_STRIDE: Final = (0.7, 1.35)  # times its length that a stride may get
_RUNNING_STRIDE: Final = (0.7, 1.8)  # who runs is off the floor for a part of it
_TURNS_ON_THE_SPOT: Final = 0.25  # m that somebody gets who turns and is told to go nowhere
_BESIDE: Final = 0.6  # s between a turn and a travel, from which on somebody stands to turn
_EVEN: Final = (180.0, 3.0)  # degrees and s of a turn, from which on it is made at an even pace
_MORE_TURN: Final = 1.2  # times the turn that the motion makes, at most, may be added
_CLOSE: Final = (0.1, 10.0)  # m and degrees by which a motion may differ
_EASE: Final = 0.4  # s before and after a statement in which strides go over into those beside it
_STEADY: Final = 6.0  # frames: sway of the heading in a step, and of its speed, is smoothed out
_WAYS: Final = {"forward": (0.0, 1.0), "backward": (0.0, -1.0), "to the left": (1.0, 0.0), "to the right": (-1.0, 0.0)}
_OFF: Final = 0.06  # m above where they stand, from which feet are off the floor
_MOST: Final = (0.8, 150.0)  # m and degrees that may be added in the air


def tells_the_way(statement: Statement) -> bool:
    """Tell whether a statement says how far the body goes, turns, sinks or sits, that it jumps, or where the feet are."""
    if feet_edit(statement) is not None or tells_the_height(statement):
        return True
    return statement.who == "torso" and statement.amount is not None and is_kind(statement, *_KINDS)


def _overlap(one: Statement, other: Statement, gap: float = 0.0) -> bool:
    return one.start < other.end + gap and other.start < one.end + gap


def _edit_of(statement: Statement) -> Edit | None:
    if (apart := feet_edit(statement)) is not None:
        return apart
    kind = kind_of(statement)
    if kind is None:
        return None
    amount = float(statement.amount or 0)
    if kind.name == "turn":
        return partial(_turns, amount if kind.direction == "left" else -amount)
    if kind.name == "travel" and kind.direction in _WAYS:
        limits = _RUNNING_STRIDE if "running" in statement.text else _STRIDE
        return partial(_travels, amount, _WAYS[kind.direction], limits)
    return None


def go(joints: Tensor, statements: Sequence[Statement]) -> Tensor:
    """Have joints (T, 22, 3) go, turn and sink as told by `tells_the_way`; feet that slide are planted again."""
    before, times = joints, torch.arange(len(joints)) / FPS
    for one in statements:
        span = Span(times, float(one.start), float(one.end))
        if (edit := _edit_of(one)) is not None:
            jumps = one.who == "torso" and any(_overlap(one, other) for other in statements if is_kind(other, "jump"))
            flight = _flight(joints, span) if jumps else None
            joints = _leap(one, joints, span, flight) if flight else edit(joints, before, span)
            goes = any(_overlap(one, other, _BESIDE) for other in statements if is_kind(other, "travel"))
            if is_kind(one, "turn") and not goes and not jumps:
                joints = _stay(joints, span)
    joints = sink(joints, statements, times)
    return joints if joints is before else plant_feet(joints)


def _turns(degrees: float, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Add to a turn, in proportion to its speed, what it lacks; a circle also gets an even pace."""
    del before
    near = (span.times >= span.start - _EASE) & (span.times <= span.end + _EASE)
    sign = 1.0 if degrees > 0 else -1.0
    steps = wrapped(smooth_heading(joints).diff())
    speed = sign * smooth(torch.cat([steps[:1], steps]), sigma=_STEADY) * near
    there = speed.clamp(min=0)
    made, told = float(there.sum().rad2deg()), abs(degrees)
    lasts = span.end - span.start
    is_circle = told >= _EVEN[0] and lasts >= _EVEN[1]
    if made < _DOES * told or (abs(told - made) < _CLOSE[1] and not is_circle):
        return joints
    turns = math.radians(min(told, (1 + _MORE_TURN) * made))
    if is_circle:
        even = smooth(there, sigma=lasts * FPS / 4) * near
        more = even * (turns / even.sum()) - speed
    else:
        more = there * (turns / there.sum() - 1)
    return _steered(joints, sign * more.cumsum(0))


def _flight(joints: Tensor, span: Span) -> tuple[int, int] | None:
    """Return the longest run of frames [start, end) in a span, in which both feet are off the floor; None without any."""
    lowest = joints[:, FEET, 1].amin(-1)
    up = (lowest > lowest.quantile(0.2) + _OFF) & (span.times >= span.start - _EASE) & (span.times <= span.end + _EASE)
    return max(spans(up.numpy()), key=lambda run: run[1] - run[0], default=None)


def _leap(statement: Statement, joints: Tensor, span: Span, flight: tuple[int, int]) -> Tensor:
    """Add in the air what a travel or a turn lacks."""
    kind, amount = kind_of(statement), float(statement.amount or 0)
    assert kind is not None
    start, end = flight
    passed = ((torch.arange(len(joints)) - start + 1) / (end - start + 1)).clamp(0, 1)
    yaw = smooth_heading(joints)
    if kind.name == "turn":
        told = amount if kind.direction == "left" else -amount
        made = float(wrapped(yaw.diff())[span.during[1:]].sum().rad2deg())
        return _steered(joints, passed * math.radians(max(-_MOST[1], min(_MOST[1], told - made))))
    x, z = _WAYS[kind.direction]
    ahead = rotate_yaw(torch.tensor([x, 0.0, z]), yaw[start])
    gone = joints[span.during, 0]
    lacks = max(-_MOST[0], min(_MOST[0], amount - float((gone[-1] - gone[0]) @ ahead)))
    return joints + (passed[:, None] * lacks * ahead)[:, None]


def _steered(joints: Tensor, yaw: Tensor) -> Tensor:
    """Turn the body of every frame by a yaw (T,) more, rad, and have it go where it then faces."""
    steps = torch.diff(joints[:, 0], dim=0, prepend=joints[:1, 0])
    level = torch.tensor([1.0, 0.0, 1.0])
    root = joints[0, 0] + rotate_yaw(steps * level, yaw).cumsum(0)
    root = root * level + joints[:, 0] * (1 - level)
    return root[:, None] + rotate_yaw(joints - joints[:, :1], yaw[:, None].expand(-1, joints.shape[1]))


def _travels(
    metres: float,
    way: tuple[float, float],
    limits: tuple[float, float],
    joints: Tensor,
    before: Tensor,
    span: Span,
) -> Tensor:
    """Lengthen or shorten the strides along the way that the body goes."""
    del before
    yaw = smooth_heading(joints)
    ahead = rotate_yaw(torch.tensor([way[0], 0.0, way[1]]).expand(len(joints), 3), yaw)
    steps = torch.diff(joints[:, 0], dim=0, prepend=joints[:1, 0])
    made = float(((steps * ahead).sum(-1) * span.during).sum())
    if made < _DOES * metres or abs(metres - made) < _CLOSE[0]:
        return joints
    return _strided(joints, min(max(metres / made, limits[0]), limits[1]) - 1, ahead, span)


def _stay(joints: Tensor, span: Span) -> Tensor:
    """Shorten the strides of somebody who is to turn on the spot."""
    root = joints[span.during, 0] * torch.tensor([1.0, 0.0, 1.0])
    gone = float((root - root[:1]).norm(dim=-1).amax()) if len(root) else 0.0
    if gone <= _TURNS_ON_THE_SPOT:
        return joints
    ahead = F.normalize(root[-1] - root[0], dim=-1).expand(len(joints), 3)
    return _strided(joints, _TURNS_ON_THE_SPOT / gone - 1, ahead, span)


def _strided(joints: Tensor, longer: float, ahead: Tensor, span: Span) -> Tensor:
    """Make strides longer by a share of their length; feet go as much farther ahead (T, 3) of the body or behind it."""
    steps = torch.diff(joints[:, 0], dim=0, prepend=joints[:1, 0])
    rises = minimum_jerk((span.times - span.start) / _EASE + 1)
    share = longer * rises * minimum_jerk((span.end - span.times) / _EASE + 1)
    out = joints + (share[:, None] * steps * torch.tensor([1.0, 0.0, 1.0])).cumsum(0)[:, None]
    beside = ((joints[:, FEET] - joints[:, :1]) * ahead[:, None]).sum(-1, keepdim=True)
    out[:, FEET] += share[:, None, None] * beside * ahead[:, None]
    return out
