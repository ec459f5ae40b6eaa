"""Ranks of the right items in a similarity matrix, and what retrieval reports of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def ranks(
    similarity: Tensor, *, correct: Tensor | None = None, left_out: Tensor | None = None
) -> Float[Tensor, " queries"]:
    """Return the rank, from 0, of the best correct item of each query; among equal items the average rank.

    Args:
        similarity: (queries, items), larger is better.
        correct: (queries, items) True for items that answer the query; the diagonal where None.
        left_out: (queries, items) True for items to ignore; correct items are never ignored.

    Returns:
        (queries,) float64.
    """
    similarity = similarity.double()
    if correct is None:
        correct = torch.eye(*similarity.shape, dtype=torch.bool, device=similarity.device)
    best = similarity.masked_fill(~correct, -torch.inf).amax(-1, keepdim=True)
    seen = torch.ones_like(correct) if left_out is None else ~left_out | correct
    before = ((similarity > best) & seen).sum(-1)
    equal = ((similarity == best) & seen).sum(-1)
    return before + (equal - 1) / 2.0


def mean_rank(similarity: Tensor) -> Float[Tensor, ""]:
    """Return the mean rank of the diagonal as a share of the items: 0 is perfect, about 0.5 is chance; scalar float64."""
    return ranks(similarity).mean() / similarity.shape[-1]


def recall_at(rank: Tensor, levels: Sequence[int]) -> dict[int, float]:
    """Return for each level k the percentage of ranks (queries,) that are among the first k."""
    return {k: 100 * float((rank < k).double().mean()) for k in levels}


def median_rank(rank: Tensor) -> float:
    """Return the median of ranks (queries,), counted from 1; of an even number the mean of the middle two."""
    return float(rank.double().quantile(0.5)) + 1
