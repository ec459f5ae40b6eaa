"""Does an evaluator tell a right motion from a wrong one? Recordings beside altered copies, each held against its caption.

A judge that a mirrored motion fools says nothing about left and right, so its FID and R-precision do not either.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.data.captions import sides_of
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.features import decode, encode_raw
from kinmo_core.groups import combine, from_groups, to_groups
from kinmo_core.motion import mirror_joints
from kinmo_core.progress import with_progress
from kinmo_gen.judge import Judge, Results, samples_of, write_results
from kinmo_gen.model_folder import SHIPPED

JITTER: Final = 0.02  # m, standard deviation of each coordinate in each frame
_ARMS: Final = ("left_arm", "right_arm")
_LEGS: Final = ("left_leg", "right_leg")
Altered = Callable[[Tensor, Tensor, torch.Generator], Tensor]
"""From joints (T, 22, 3) of a clip and of another one to those of the altered clip."""

ALTERATIONS: Final[dict[str, Altered]] = {
    "mirrored": lambda joints, _, __: mirror_joints(joints),
    "jittered": lambda joints, _, random: joints + JITTER * torch.randn(joints.shape, generator=random),
    "slowed": lambda joints, _, __: _half_speed(joints),
    "other arms": lambda joints, other, _: _exchange(joints, other, _ARMS),
    "other legs": lambda joints, other, _: _exchange(joints, other, _LEGS),
}


def separate(data: Path, splits: Sequence[str], out: Path, *, evaluators: Sequence[Path] = ()) -> Results:
    """Measure how often each evaluator finds the recording nearer to its caption than an altered copy, in percent.

    "shuffled" is the recording of any other clip of the split, all of them in turn. "mirrored" counts captions that name a
    side; of the others the mirrored copy shows the same, so a judge should be at 50 there ("no side"). A clip counts once,
    with the mean over its captions; mirrored copies are left out, since they are no clips of their own.

    Args:
        data: HumanML3D directory.
        splits: names of split lists; one table each.
        out: folder for `metrics.json` and `metrics.md`.
        evaluators: model folders with an evaluator, beside the shipped one.

    Returns:
        split -> evaluator -> alteration -> percent of each clip.
    """
    judges = {"shipped": Judge(SHIPPED / "cmu")} | {str(path): Judge(path) for path in evaluators}
    found = samples_of(HumanML3DFolder(data), splits)
    out.mkdir(parents=True, exist_ok=True)
    results: Results = {}
    for split, samples in found.items():
        clips = [sample for sample in samples if not sample.id.startswith("M")]
        joints = [decode(sample.features()) for sample in clips]
        recorded = [encode_raw(clip) for clip in joints]
        altered = {name: _alter(name, clips, joints) for name in ALTERATIONS}
        results[split] = {name: _shares(judge, clips, recorded, altered) for name, judge in judges.items()}
    write_results(results, out)
    return results


def _alter(name: str, samples: Sequence[Sample], joints: Sequence[Tensor]) -> list[Tensor]:
    """Return the features of every clip after an alteration; the other clip is the next one of the list."""
    made = []
    for number, sample in enumerate(with_progress(samples, name)):
        random = torch.Generator().manual_seed(zlib.crc32(sample.key.encode()))
        made.append(encode_raw(ALTERATIONS[name](joints[number], joints[(number + 1) % len(joints)], random)))
    return made


def _shares(
    judge: Judge, samples: Sequence[Sample], recorded: Sequence[Tensor], altered: dict[str, list[Tensor]]
) -> dict[str, list[float]]:
    """Return for each alteration the percent of every clip that has captions for it."""
    captions = [caption for sample in samples for caption in sample.captions]
    clip = torch.tensor([number for number, sample in enumerate(samples) for _ in sample.captions])
    text = judge.embed_texts(captions).double()
    real = judge.embed_motions(recorded).double()
    own = (text - real[clip]).norm(dim=-1)
    others = torch.cdist(text, real)
    others[torch.arange(len(text)), clip] = torch.nan
    nearer = {"shuffled": _nearer(own[:, None], others).nanmean(-1)}
    for name, clips in altered.items():
        nearer[name] = _nearer(own, (text - judge.embed_motions(clips).double()[clip]).norm(dim=-1))
    sided = torch.tensor([any(sides_of(caption.text)) for caption in captions])
    nearer["no side"] = torch.where(sided, torch.nan, nearer["mirrored"])
    nearer["mirrored"] = torch.where(sided, nearer["mirrored"], torch.nan)
    return {name: _by_clip(values, clip, len(samples)) for name, values in nearer.items()}


def _nearer(own: Tensor, other: Tensor) -> Tensor:
    """Return 1 where the own motion is nearer, 0 where the other one is, 0.5 where neither is; nan stays."""
    return 0.5 + 0.5 * (other - own).sign() + 0 * other


def _by_clip(values: Tensor, clip: Tensor, clips: int) -> list[float]:
    """Return the mean in percent of each clip that has a value which is not nan."""
    means = (values[clip == number].nanmean() for number in range(clips))
    return [100 * float(mean) for mean in means if not bool(mean.isnan())]


def _half_speed(joints: Tensor) -> Tensor:
    """Play (T, 22, 3) at half speed, (2 T - 1, 22, 3)."""
    rows = joints.flatten(1).T[None]
    slow = F.interpolate(rows, 2 * len(joints) - 1, mode="linear", align_corners=True)
    return slow[0].T.unflatten(1, joints.shape[1:])


def _exchange(joints: Tensor, other: Tensor, limbs: Sequence[str]) -> Tensor:
    """Give a clip the limbs of another one, which is played to and fro as long as it takes."""
    there_and_back = torch.arange(len(joints)) % (2 * len(other) - 2)
    other = other[torch.minimum(there_and_back, 2 * len(other) - 2 - there_and_back)]
    return from_groups(combine(to_groups(joints), to_groups(other), groups=limbs))
