"""Plant feet: a foot that stands on the floor stays where it is, and none goes through it.

Generated feet slide, which people see first. As in Kovar et al., "Footskate Cleanup for Motion Capture Editing" (SCA 2002):
find when a foot stands, hold it at its mean place, and let the correction fade in and out beside it. The knee is left to
`rig.constant_body`, which reaches for the ankles.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from kinmo_core.metrics.kinematics import FOOT_HEIGHT
from kinmo_core.skeleton import HUMANML3D

_SLOW: Final = 2.5  # m/s: a low foot that is faster swings, rather than slides by mistake
_FARTHEST: Final = 0.8  # m: who slides farther in one stance means to
_SMOOTH: Final = 0.25  # s over which speed is averaged
_SHORTEST: Final = 0.15  # s that a foot stands for at least
_FADE: Final = 0.3  # s in which a correction fades beside its stance


def plant_feet(joints: Float[Tensor, "frames 22 3"], *, fps: float = 20.0) -> Float[Tensor, "frames 22 3"]:
    """Hold each foot in place while it stands, and lift it out of the floor.

    Ankle and toes move together; the other joints stay, so that shins change their length until `rig.constant_body` bends
    the knees.

    Args:
        joints: (T, 22, 3) metres, y up, floor at y = 0.
        fps: frames per second.
    """
    planted = joints.clone()
    for side in ("left", "right"):
        ankle, toes = HUMANML3D.index(f"{side}_ankle", f"{side}_foot")
        shift = _shift(joints[:, toes], fps)
        lowest = torch.minimum(joints[:, toes, 1], joints[:, ankle, 1])
        shift[:, 1] = (-lowest).clamp(min=0)
        planted[:, [ankle, toes]] += shift[:, None]
    return planted


def stances(toes: Float[Tensor, "frames 3"], *, fps: float) -> list[tuple[int, int]]:
    """Return the frames [start, end) in which a foot stands: low for a while, and no faster or farther than by mistake."""
    if len(toes) < 2:
        return []
    step = toes[:, [0, 2]].diff(dim=0).norm(dim=-1) * fps
    step = torch.cat([step, step[-1:]])
    window = 2 * round(_SMOOTH * fps / 2) + 1
    speed = F.avg_pool1d(step[None], window, 1, window // 2, count_include_pad=False)[0]
    stands = (speed < _SLOW) & (toes[:, 1] < FOOT_HEIGHT)
    edges = F.pad(stands.int(), (1, 1)).diff()
    spans = zip((edges > 0).nonzero()[:, 0].tolist(), (edges < 0).nonzero()[:, 0].tolist(), strict=True)
    return [(a, b) for a, b in spans if b - a >= _SHORTEST * fps and _way(toes[a:b]) < _FARTHEST]


def _way(toes: Tensor) -> float:
    """Return the size of the patch on which a foot moves, m."""
    flat = toes[:, [0, 2]]
    return float((flat.amax(0) - flat.amin(0)).norm())


def _shift(toes: Tensor, fps: float) -> Tensor:
    """Return the correction (T, 3) along the floor of every frame: whole in a stance, faded beside it."""
    shift = torch.zeros_like(toes)
    spans = stances(toes, fps=fps)
    for start, end in spans:
        shift[start:end, [0, 2]] = toes[start:end, [0, 2]].mean(0) - toes[start:end, [0, 2]]
    fade = _FADE * fps
    outer = [(0, 0), *spans, (len(toes), len(toes))]
    for (_, before), (after, _) in pairwise(outer):
        frame = torch.arange(before, after)
        out = _smooth_step(1 - (frame - before + 1) / min(fade, after - before + 1))
        into = _smooth_step(1 - (after - frame) / min(fade, after - before + 1))
        if before > 0:
            shift[before:after] += out[:, None] * shift[before - 1]
        if after < len(toes):
            shift[before:after] += into[:, None] * shift[after]
    return shift


def _smooth_step(share: Tensor) -> Tensor:
    share = share.clamp(0, 1)
    return share.square() * (3 - 2 * share)
