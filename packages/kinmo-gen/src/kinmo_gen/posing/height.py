"""Edits of how high the body is: it sinks over its feet, and sits down on a chair or on the floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

from kinmo_annotate.measures.body import smooth
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Statement
from kinmo_gen.gestures import minimum_jerk
from kinmo_gen.posing.bones import FEET, axis_of
from kinmo_gen.posing.edits import is_kind

_SINKS: Final = "torso_sink"
_DEPTHS: Final = (_SINKS, "torso_rise")
_FLOOR: Final = 0.1  # m: height of a wrist that is near the floor
_LOWEST: Final = 0.6  # m that the pelvis gets lower, at most
_BACK: Final = 0.3  # share of it by which the pelvis goes back, to stay over the feet
_SHIN: Final = float(HUMANML3D.bone_length_tensor()[HUMANML3D.names.index("left_ankle")])
_KNEE_AHEAD: Final = 0.05  # m that a knee is ahead of the ankle
_SITS: Final = ("sit_down", "sit")
_DOWN_AND_BACK: Final = 0.8  # m that the pelvis goes down and back to sit, at most


class _Seat(NamedTuple):
    height: float  # m of the pelvis of somebody who sits there
    feet_ahead: float  # m from it to the hindmost ankle
    leaves: str  # kind of the statement that somebody gets up from it


_CHAIR, _GROUND = _Seat(0.52, 0.36, "stand_up"), _Seat(0.14, 0.68, "get_up")
_UP: Final = torch.tensor([0.0, 1.0, 0.0])
_UPPER: Final = [joint for joint in range(22) if joint not in FEET]


def tells_the_height(statement: Statement) -> bool:
    """Tell whether a statement says how far the body sinks or rises, or that it sits down or gets up."""
    if any(_is_about(statement, seat) for seat in (_CHAIR, _GROUND)):
        return True
    return statement.who == "torso" and statement.amount is not None and is_kind(statement, *_DEPTHS)


def sink(joints: Tensor, statements: Sequence[Statement], times: Tensor) -> Tensor:
    """Have joints (T, 22, 3) sink and sit as told by `tells_the_height`, times (T,) in s; others are left out."""
    told = _told_depth(statements, times)
    joints = lower(joints, (told - _depth(joints)) * (told > 0))
    for seat in (_CHAIR, _GROUND):
        joints = _sit(joints, _seated(statements, seat, times), seat)
    return joints


def lower(joints: Tensor, depth: Tensor) -> Tensor:
    """Lower the body by a depth (T,), m, where it is positive; feet stay, and `constant_body` bends the knees."""
    depth = smooth(depth.clamp(0, _LOWEST), sigma=2.0)
    if not bool(depth.any()):
        return joints
    out = joints.clone()
    out[:, _UPPER] -= (depth[:, None] * (_UP + _BACK * axis_of(joints, "forward")))[:, None]
    return out


def to_the_floor(joints: Tensor, wrist: str, weights: Tensor) -> Tensor:
    """Lower the body until a hand is near the floor, by weights (T,) from 0 to 1."""
    return lower(joints, weights * (joints[:, HUMANML3D.names.index(wrist), 1] - _FLOOR))


def _sit(joints: Tensor, seated: Tensor, seat: _Seat) -> Tensor:
    """Bring the pelvis down and behind the feet, to a seat, by weights (T,) from 0 to 1."""
    if not bool(seated.any()):
        return joints
    ahead = axis_of(joints, "forward")
    ankles = joints[:, HUMANML3D.index("left_ankle", "right_ankle")] - joints[:, :1]
    hindmost = (ankles * ahead[:, None]).sum(-1).amin(-1)
    depth = smooth(((joints[:, 0, 1] - seat.height) * seated).clamp(0, _DOWN_AND_BACK), sigma=2.0)
    behind = smooth(((seat.feet_ahead - hindmost) * seated).clamp(0, _DOWN_AND_BACK), sigma=2.0)
    out = joints.clone()
    out[:, _UPPER] -= (depth[:, None] * _UP + behind[:, None] * ahead)[:, None]
    for side in ("left", "right"):  # a knee that is led over its ankle bends forward
        knee, ankle = (HUMANML3D.names.index(f"{side}_{name}") for name in ("knee", "ankle"))
        over = joints[:, ankle] + _SHIN * _UP + _KNEE_AHEAD * ahead
        out[:, knee] += smooth(seated, sigma=2.0)[:, None] * (over - out[:, knee])
    return out


def _told_depth(statements: Sequence[Statement], times: Tensor) -> Tensor:
    """Return how much lower (T,) than standing the pelvis is told to be, m."""
    depth = torch.zeros_like(times)
    for one in sorted(statements, key=lambda one: one.start):
        if is_kind(one, *_DEPTHS):
            reached = minimum_jerk((times - float(one.start)) / max(float(one.end - one.start), 0.2))
            change = float(one.amount or 0) * reached
            # Who is low and is told to sink, as in "crouches, then walks in a crouch", is as low as told already.
            depth = torch.maximum(depth, change) if is_kind(one, _SINKS) else (depth - change).clamp(min=0)
    return depth


def _is_about(statement: Statement, seat: _Seat) -> bool:
    on_the_floor = "on the floor" in statement.text
    return is_kind(statement, seat.leaves) or (is_kind(statement, *_SITS) and on_the_floor == (seat is _GROUND))


def _seated(statements: Sequence[Statement], seat: _Seat, times: Tensor) -> Tensor:
    """Return how far (T,) the body is told to be on its way to a seat, from 0 to 1."""
    seated = torch.zeros_like(times)
    for one in sorted((one for one in statements if _is_about(one, seat)), key=lambda one: one.start):
        lasts = 0.01 if is_kind(one, "sit") and one.start == 0 else max(float(one.end - one.start), 0.2)
        reached = minimum_jerk((times - float(one.start) + 0.01) / lasts)
        seated = seated * (1 - reached) if is_kind(one, seat.leaves) else torch.maximum(seated, reached)
    return seated


def _depth(joints: Tensor) -> Tensor:
    """Return how much lower (T,) the pelvis is than in most of a motion's upright frames, m."""
    height = joints[:, 0, 1]
    return height.quantile(0.9) - height
