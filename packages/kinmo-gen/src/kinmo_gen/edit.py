"""Edit a motion: some limbs do something else for some time, everything else stays (KinMo, Table 10).

An edit is a change of the timeline. kinmo-annotate writes what the motion does, the instructions replace what they are
about, and the ids of these limbs in this time are drawn anew, between those of the motion that stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_annotate.observe import observe
from kinmo_core.errors import InputError
from kinmo_core.features import DIM, FPS, canonicalize, encode
from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.motion import Motion
from kinmo_core.planting import plant_feet
from kinmo_core.rig import constant_body
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import heading
from kinmo_core.text import GROUPS, Timeline
from kinmo_gen.choice import Choice, best_of, posed
from kinmo_gen.conditions import TOKENS_PER_SECOND
from kinmo_gen.generator import Generator, joints_of
from kinmo_gen.gestures import minimum_jerk, put_limbs
from kinmo_gen.instructions import Instruction, instruct
from kinmo_gen.length import MAX_SECONDS, MIN_SECONDS
from kinmo_gen.tokenizer import DOWNSAMPLE
from kinmo_reasoner.offline import OfflineReasoner

_CARRYING: Final = ("torso", "left_leg", "right_leg")  # groups that move feet on the floor
_ROOM: Final = 2  # tokens before and after an instruction that are drawn anew as well, to get there and back


def edit(
    generator: Generator,
    motion: Motion,
    instructions: Sequence[Instruction],
    *,
    candidates: int = 1,
    poses: bool = True,
    seed: int | None = None,
) -> Choice:
    """Let limbs of a motion do what they are told; the other limbs, and other times, keep their angles.

    With the torso, the path of the body changes too, and goes on from there. Feet that stand are held in place where torso
    or legs are told something, as the generator is set.

    Args:
        generator: with ids for each group.
        motion: HumanML3D's joints, any frame rate, 0.4 to 120 seconds.
        instructions: what limbs do, at least one.
        candidates: edits of which the one that does most of what it is told is chosen.
        poses: whether limbs that miss what they are told are posed; see `kinmo_gen.posing`.
        seed: makes the result repeatable.

    Returns:
        The edited motion at 20 fps, on the rig, where the given one stands, and what it misses of the instructions.

    Raises:
        InputError: no instruction, one that does not fit the motion, a motion too short or too long, or a model whose ids
            are of the whole body.
    """
    if not instructions:
        raise InputError("an edit must tell a limb what to do, got no instruction")
    if generator.tokenizer.parts != len(GROUPS) or not isinstance(generator.reasoner, OfflineReasoner):
        raise InputError("the model must have ids for each group and hear statements to edit limbs")
    if not MIN_SECONDS <= motion.seconds <= MAX_SECONDS:
        raise InputError(f"the motion must last {MIN_SECONDS} to {MAX_SECONDS:g} seconds, got {motion.seconds:g}")
    motion = motion.resample(FPS)
    joints, seconds = motion.joints, motion.seconds
    base = constant_body(canonicalize(joints))
    timeline = instruct(observe(motion).timeline, instructions, generator.reasoner)
    wanted = instruct(Timeline((), seconds), instructions, generator.reasoner)
    tokens = -(-len(joints) // DOWNSAMPLE)
    redrawn = _redrawn(instructions, seconds, tokens)
    plants_feet = generator.plants_feet and any(one.limb in _CARRYING for one in instructions)
    features = generator.redraw(_features(base, tokens), redrawn, [timeline] * candidates, seed=seed)
    choices = []
    for made in features:
        limbs = joints_of(made, plants_feet=False)[: len(base)]
        together = _put_together(base, limbs, redrawn)
        together = constant_body(plant_feet(together, fps=FPS) if plants_feet else together)
        one = best_of([replace(motion, joints=together)], wanted)
        choices.append(posed(one, timeline, wanted) if poses else one)
    best = max(choices, key=lambda choice: choice.score)
    return replace(best, motion=replace(best.motion, joints=_back_to(joints, best.motion.joints)))


def _redrawn(instructions: Sequence[Instruction], seconds: float, tokens: int) -> Tensor:
    """Return which ids are drawn anew, (tokens, groups)."""
    redrawn = torch.zeros(tokens, len(GROUPS), dtype=torch.bool)
    for one in instructions:
        start, end = (edge * TOKENS_PER_SECOND for edge in one.span(seconds))
        redrawn[max(0, int(start) - _ROOM) : -int(-end // 1) + _ROOM, SIX_GROUPS.index(one.limb)] = True
    return redrawn


def _features(joints: Tensor, tokens: int) -> Tensor:
    """Return features (4 * tokens, 263) of joints (T, 22, 3); the last frame is repeated."""
    features = encode(joints)
    missing = tokens * DOWNSAMPLE - len(features)
    return F.pad(features.T[None], (0, missing), mode="replicate")[0].T.view(-1, DIM)


def _put_together(base: Tensor, made: Tensor, redrawn: Tensor) -> Tensor:
    """Put the limbs that were drawn anew, in their time, onto `base` (T, 22, 3), which they are led to and from.

    What the pelvis does cannot be taken for a while only: with a new torso, the other limbs are put on the new body instead.
    """
    weights = {group: _weights(redrawn[:, number], len(base)) for number, group in enumerate(GROUPS)}
    joints, other = (made, base) if bool(redrawn[:, GROUPS.index("torso")].any()) else (base, made)
    for group in GROUPS:
        share = weights[group] if other is made else 1 - weights[group]
        if group != "torso" and bool(share.any()):
            joints = put_limbs(joints, other, (group,), share)
    return joints


def _weights(redrawn: Tensor, frames: int) -> Tensor:
    """Return the share of the new limb in each frame, from 0 to 1: smooth over the tokens around the instruction."""
    on = redrawn.float().repeat_interleave(DOWNSAMPLE)[:frames]
    ramp = _ROOM * DOWNSAMPLE
    padded = F.pad(on[None, None], (ramp, ramp), mode="replicate")
    inside = -F.max_pool1d(-padded, 2 * ramp + 1, stride=1)  # drawn anew, and so is all around it
    share = F.avg_pool1d(F.pad(inside, (ramp, ramp), mode="replicate"), 2 * ramp + 1, stride=1)[0, 0]
    return minimum_jerk(share)


def _back_to(place: Tensor, joints: Tensor) -> Tensor:
    """Move joints (T, 22, 3) of a motion that starts at the origin, facing +z, to where `place` starts and stands."""
    turned = rotate_yaw(joints, heading(place[0]) - heading(joints[0]))
    shift = place[0, 0] - turned[0, 0]
    shift = torch.stack([shift[0], place[..., 1].min() - joints[..., 1].min(), shift[2]])
    return turned + shift
