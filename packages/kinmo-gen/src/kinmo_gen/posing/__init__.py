"""Posing: limbs of a motion do what statements say, by geometry rather than by the networks.

What a motion misses of what was said of arms, legs, trunk or head is put onto it. Bones turn to the directions of
`poses.yaml`, smoothly, from what the motion does to what the words say and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from kinmo_annotate.measures.body import other_side
from kinmo_core.features import FPS
from kinmo_core.motion import Motion
from kinmo_core.rig import constant_body
from kinmo_core.text import Statement, Timeline
from kinmo_gen.gestures import minimum_jerk, put_limbs
from kinmo_gen.posing.arms import arm_edit, from_origin, is_clap, is_up, touch_edit
from kinmo_gen.posing.edits import BACK, CYCLE, LINGER, Edit, Span
from kinmo_gen.posing.legs import leg_edit
from kinmo_gen.posing.path import go, tells_the_way
from kinmo_gen.posing.trunk import neck_edit, trunk_edit

__all__ = ["limbs_to_pose", "pose", "statements_of"]

_ORDER: Final = ("torso", "neck", "left_arm", "right_arm", "left_leg", "right_leg")  # arms follow the trunk
PATH: Final = "path"  # stands for where the body goes, beside the limbs
_EDITS: Final = {"arm": arm_edit, "leg": leg_edit, "torso": trunk_edit, "neck": neck_edit}


def pose(motion: Motion, told: Timeline, limbs: Iterable[str]) -> Motion:
    """Make limbs do what a timeline says of them.

    Args:
        motion: at 20 fps, on the rig.
        told: statements in the annotator's vocabulary; those that no geometry is known for are left out, as are those about
            a leg while the body walks on the other.
        limbs: groups that are posed, and `PATH`.
    """
    joints, chosen = motion.joints, set(limbs)
    if PATH in chosen:
        joints = go(joints, list(filter(tells_the_way, told.statements)))
    for limb in _ORDER:
        if limb in chosen:
            joints = _posed(joints, limb, statements_of(limb, told))
    return replace(motion, joints=constant_body(joints))


def limbs_to_pose(motion: Motion, told: Timeline, wanted: Timeline) -> set[str]:
    """Return the limbs of which the words say something that has a pose, and `PATH` where they say how far the body goes.

    With one arm, the other one is posed too if it does not rest.

    Args:
        motion: what the networks made.
        told: what all limbs are told.
        wanted: what the words say.
    """
    found = {limb for limb in _ORDER if statements_of(limb, wanted)}
    if any(map(tells_the_way, wanted.statements)):
        found.add(PATH)
    if len(arms := found & {"left_arm", "right_arm"}) == 1:
        other = f"{other_side(next(iter(arms)).split('_')[0])}_arm"
        if is_up(motion.joints, other) and statements_of(other, told):
            found.add(other)
    return found


def statements_of(limb: str, told: Timeline) -> list[Statement]:
    """Return what a timeline says of a limb, or of an arm in a pair, for which geometry is known, in its order."""
    claps = [one for one in told.of("left_arm+right_arm") if limb.endswith("_arm") and is_clap(one)]
    own = [replace(one, who=limb) for one in claps] or told.of(limb)
    touches = [one for one in told.statements if limb.endswith("_arm") and limb in one.who.split("+")]
    own = [*own, *(one for one in touches if touch_edit(one) is not None)]
    return sorted((one for one in own if _edit_of(one) is not None), key=lambda one: one.start)


def _edit_of(statement: Statement) -> Edit | None:
    if "+" in statement.who:
        return touch_edit(statement)
    limb = statement.who.split("_")[-1]
    return _EDITS[limb](statement) if limb in _EDITS else None


def _posed(joints: Tensor, limb: str, statements: Sequence[Statement]) -> Tensor:
    """Apply the statements of a limb in their order, then lead it back to what it did."""
    before, times = joints, torch.arange(len(joints)) / FPS
    for number, one in enumerate(statements):
        span = Span(times, float(one.start), max(float(one.end), float(one.start) + CYCLE))
        if number == 0 and limb.endswith("_arm"):
            joints = from_origin(joints, one, span)
        if (edit := _edit_of(one)) is not None:
            joints = edit(joints, before, span)
    last = max((float(one.end) for one in statements), default=0.0) + LINGER
    return put_limbs(joints, before, (limb,), minimum_jerk((times - last) / BACK))
