"""Metrics of motions against their texts, by Euclidean distance in a joint embedding (Guo et al., CVPR 2022)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.metrics._samples import checked_two, draw, seeded


def r_precision(
    text: Tensor, motion: Tensor, *, batch: int = 32, top_k: int = 3, seed: int = 0
) -> Float[Tensor, " top_k"]:
    """Return the share of texts whose own motion is among the 1, 2, ..., `top_k` nearest of `batch` motions.

    The pairs are shuffled and cut into batches, and an incomplete batch is dropped, as in the published protocol, whose
    numbers hold for batches of 32 only. For motions at exactly the same distance the result is the expectation over their
    random order, so embeddings that are all equal score k / batch, not 0 or 1.

    Args:
        text: (N, dim), row i belongs to row i of `motion`; N >= batch.
        motion: (N, dim)
        batch: motions that compete for a text.
        top_k: largest rank.
        seed: of the shuffling.

    Returns:
        (top_k,) float64.
    """
    text, motion = _pairs(text, motion, min_samples=batch)
    if not 1 <= top_k <= batch:
        raise ValueError(f"top_k must be between 1 and batch = {batch}, got {top_k}")
    order = draw(seeded(seed), len(text), len(text) // batch * batch).view(-1, batch)
    # The expansion by a matrix product would round equal distances apart and break the ties.
    distance = torch.cdist(text[order], motion[order], compute_mode="donot_use_mm_for_euclid_dist")
    own = distance.diagonal(dim1=-2, dim2=-1)[..., None]
    closer, equal = (distance < own).sum(-1, keepdim=True), (distance == own).sum(-1, keepdim=True)
    ranks = torch.arange(1, top_k + 1, dtype=torch.float64, device=text.device)
    return ((ranks - closer) / equal).clamp(0, 1).mean((0, 1))


def mm_dist(text: Tensor, motion: Tensor) -> Float[Tensor, ""]:
    """Return the mean Euclidean distance of texts (N, dim) and their motions (N, dim); scalar float64."""
    text, motion = _pairs(text, motion, min_samples=1)
    return (text - motion).norm(dim=-1).mean()


def _pairs(text: Tensor, motion: Tensor, *, min_samples: int) -> tuple[Tensor, Tensor]:
    text, motion = checked_two(text, motion, min_samples=min_samples, names=("text", "motion"))
    if len(text) != len(motion):
        raise InputError(f"text and motion must have the same number of samples, got {len(text)} and {len(motion)}")
    return text, motion
