"""Edits of an arm: to a place, held there, swung, bent, clapped."""

from __future__ import annotations

from functools import partial
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_annotate.measures.body import OUTWARD
from kinmo_core.rig import bend_limb
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import Statement
from kinmo_gen.gestures import minimum_jerk, put_limbs
from kinmo_gen.posing.bones import about, aim, bend_elbow, turn
from kinmo_gen.posing.edits import BACK, LINGER, Edit, Span, is_counted, poses, times_of
from kinmo_gen.posing.height import to_the_floor
from kinmo_reasoner.kinds import kind_of
from kinmo_reasoner.meaning import Phrase, meaning
from kinmo_reasoner.phrases import HANGING

_SWINGS: Final = {"arm_repeat": 40.0, "arm_strokes": 14.0, "elbow_repeat": 70.0}  # degrees
_RISEN: Final = 0.3  # m from shoulder down to the wrist: an arm whose hand gets higher does not rest
_MOSTLY: Final = 0.5  # share of a statement's time
_AT_TRUNK: Final = ("beside the hip", "on the hip", "behind the hips", "behind the back", "beside the waist")
_CLAP: Final = "the hands clap"
_STRETCHED_DOWN: Final = ((0.15, -1.0, 0.0), (0.15, -1.0, 0.05))
_UP_FROM_HANGING: Final = 160.0  # degrees out to the side
_OPEN, _SHUT = "far in front at chest height", "touching the other hand"


def is_clap(statement: Statement) -> bool:
    """Tell whether the hands clap."""
    return statement.text.startswith(_CLAP)


def arm_edit(statement: Statement) -> Edit | None:
    """Return what makes an arm do what a statement says; None where that is not known."""
    if is_clap(statement):
        return partial(_clap, statement)
    kind = kind_of(statement)
    if kind is None or not kind.name.startswith(("arm_", "elbow_")):
        return None
    place = _place(statement, kind.name)
    if kind.name in _SWINGS:
        return partial(_swing, statement, kind.name, kind.direction, place)
    if kind.name in ("elbow_bend", "elbow_straighten"):
        return partial(_bend, statement)
    return partial(_reach, statement, place) if place else None


def touch_edit(statement: Statement) -> Edit | None:
    """Return what brings a hand to a knee or above the head; None where a statement of a pair says something else."""
    kind = kind_of(statement) if statement.who.count("+") else None
    if kind is not None and kind.name == "hand_above_head" and is_counted(statement):
        return partial(_over_the_head, statement.who.split("+")[1], times_of(statement, 1))
    if kind is None or kind.name != "hand_at_leg" or not statement.text.endswith("knee"):
        return None
    arm, leg = statement.who.split("+")
    return partial(_touch, arm, f"{leg.split('_')[0]}_knee")


def from_origin(joints: Tensor, statement: Statement, span: Span) -> Tensor:
    """Have the arm at the place that a statement says it comes from, until then; one that hangs and swings is left alone."""
    origin = meaning(Phrase.of(statement)).origin
    if (
        not origin
        and f" from {HANGING} to " in statement.text
        and is_up(joints[span.times <= span.start], statement.who)
    ):
        origin = HANGING
    if origin not in poses("arm"):
        return joints
    return put_limbs(joints, aim(joints, statement.who, poses("arm")[origin]), (statement.who,), 1 - span.reach())


def is_up(joints: Tensor, arm: str) -> bool:
    """Tell whether a hand is at times higher than one that rests, joints (T, 22, 3)."""
    shoulder, wrist = HUMANML3D.index(f"{arm.split('_')[0]}_shoulder", f"{arm.split('_')[0]}_wrist")
    height = joints[:, wrist, 1] - joints[:, shoulder, 1]
    return len(joints) > 0 and float(height.max()) > -_RISEN


def _place(statement: Statement, kind: str) -> str:
    """Return the place that a hand is at, or gets to; "" where the statement names none."""
    if kind == "arm_on_hip":
        return "on the hip"
    before, _, after = statement.text.partition(" from ")
    text = after.partition(" to ")[2] if after else before
    named = (place for place in poses("arm") if place in text or text.endswith(place.removeprefix("at ")))
    return max(named, key=len, default="")


def _reach(statement: Statement, place: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    del before
    posed = aim(joints, statement.who, poses("arm")[place], leans=place in _AT_TRUNK)
    weights = span.reach(fast="quickly" in statement.text)
    joints = put_limbs(joints, posed, (statement.who,), weights)
    if place == "near the floor":
        up_again = minimum_jerk((span.times - span.end - LINGER) / BACK)
        joints = to_the_floor(joints, f"{statement.who.split('_')[0]}_wrist", weights * (1 - up_again))
    return joints


def _touch(arm: str, knee: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    del before
    side = arm.split("_")[0]
    shoulder, elbow, wrist, goal = HUMANML3D.index(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist", knee)
    start, end = joints[:, shoulder], joints[:, goal]
    upper, lower = (
        float((joints[:, a] - joints[:, b]).norm(dim=-1).mean()) for a, b in ((elbow, shoulder), (wrist, elbow))
    )
    posed = joints.clone()
    posed[:, elbow] = bend_limb(start, joints[:, elbow], end, upper, lower)
    posed[:, wrist] = posed[:, elbow] + lower * F.normalize(end - posed[:, elbow], dim=-1)
    return put_limbs(joints, posed, (arm,), span.reach())


def _hanging(joints: Tensor, arm: str, weights: Tensor) -> Tensor:
    """Have an arm hang stretched, by weights (T,) from 0 to 1."""
    return put_limbs(joints, aim(joints, arm, torch.tensor(_STRETCHED_DOWN)), (arm,), weights)


def _over_the_head(arm: str, number: int, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Lead a stretched arm out to the side, up over the head, and back down."""
    del before
    side = arm.split("_")[0]
    hangs = _hanging(joints, arm, span.hold())
    outward = OUTWARD[side] * _UP_FROM_HANGING * span.there_and_back(number)
    return turn(hangs, f"{side}_shoulder", about(hangs, "forward", outward))


def _bend(statement: Statement, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    del before
    bent = bend_elbow(joints, statement.who.split("_")[0], float(statement.amount or 0))
    return put_limbs(joints, bent, (statement.who,), span.reach(fast="quickly" in statement.text))


def _clap(statement: Statement, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Hold a hand in front of the chest, and bring it to the other one."""
    del before
    limb = statement.who
    joints = put_limbs(joints, aim(joints, limb, poses("arm")[_OPEN]), (limb,), span.hold())
    shut = aim(joints, limb, poses("arm")[_SHUT])
    return put_limbs(joints, shut, (limb,), span.there_and_back(times_of(statement, 3, span)))


def _swing(statement: Statement, kind: str, way: str, place: str, joints: Tensor, before: Tensor, span: Span) -> Tensor:
    """Swing an arm about its shoulder, or bend it; a hand that is up waves from the elbow."""
    del before
    limb, number, degrees = statement.who, times_of(statement, 3, span), _SWINGS[kind]
    side = limb.split("_")[0]
    if way == "in circles":  # forward and up, over the head, and back down behind
        hangs = torch.where(span.passed < 0.5, 1.0, span.hold())
        joints = _hanging(joints, limb, hangs)
        return turn(joints, f"{side}_shoulder", about(joints, "left", -360 * number * span.passed))
    if place:
        joints = put_limbs(joints, aim(joints, limb, poses("arm")[place]), (limb,), span.hold())
    shoulder, wrist = HUMANML3D.index(f"{side}_shoulder", f"{side}_wrist")
    is_up = bool((joints[span.during, wrist, 1] > joints[span.during, shoulder, 1]).float().mean() > _MOSTLY)
    if kind == "elbow_repeat":
        return turn(joints, f"{side}_elbow", about(joints, "left", -degrees * span.there_and_back(number)))
    if way == "up and down" and not is_up:  # from beside the body outward and back
        outward = 2 * OUTWARD[side] * degrees * span.there_and_back(number)
        return turn(joints, f"{side}_shoulder", about(joints, "forward", outward))
    axis = {"forward and back": "left", "up and down": "forward"}.get(way, "forward" if is_up else "up")
    joint = f"{side}_elbow" if is_up and way == "from side to side" else f"{side}_shoulder"
    return turn(joints, joint, about(joints, axis, degrees * span.to_and_fro(number)))
