"""How well queries find their items: ranks, and the figures taken from them."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinmo_core.errors import InputError


def ranks(
    similarity: Float[Tensor, "queries items"],
    *,
    correct: Bool[Tensor, "queries items"] | None = None,
    left_out: Bool[Tensor, "queries items"] | None = None,
) -> Float[Tensor, " queries"]:
    """Return the rank of the best correct item of each query: the number of items before it.

    Among items of equal similarity the rank is the mean of their places, so a constant similarity ranks in the middle.

    Args:
        similarity: (queries, items), larger is better.
        correct: (queries, items) True for items that answer the query, at least one for each; by default the diagonal.
        left_out: (queries, items) True for items that do not count, unless they are correct; by default none.

    Returns:
        (queries,) float64, from 0.

    Raises:
        InputError: a query without a correct item, or a similarity that is NaN, which would rank first.
    """
    similarity = similarity.double()
    if bool(similarity.isnan().any()):
        query, item = similarity.isnan().nonzero()[0].tolist()
        raise InputError(f"similarities must be numbers, got NaN first for query {query} and item {item}")
    if correct is None:
        correct = torch.eye(*similarity.shape, dtype=torch.bool, device=similarity.device)
    if not bool(correct.any(-1).all()):
        raise InputError(
            f"every query must have a correct item, got none for query {int(correct.any(-1).int().argmin())}"
        )
    best = similarity.masked_fill(~correct, -torch.inf).amax(-1, keepdim=True)
    counted = torch.ones_like(correct) if left_out is None else ~left_out | correct
    before = ((similarity > best) & counted).sum(-1)
    equal = ((similarity == best) & counted).sum(-1)
    return before + (equal - 1).double() / 2


def mean_rank(rank: Float[Tensor, " queries"], items: int) -> Float[Tensor, ""]:
    """Return the mean of 0-based ranks as a share of the number of items: 0 is perfect, 0.5 is chance; scalar float64."""
    return rank.double().mean() / items


def median_rank(rank: Float[Tensor, " queries"]) -> Float[Tensor, ""]:
    """Return the median of 0-based ranks counted from 1, "MedR": 1 is perfect; scalar float64."""
    return rank.double().quantile(0.5) + 1


def recall(rank: Float[Tensor, " queries"], k: int) -> Float[Tensor, ""]:
    """Return the share of queries whose correct item is among the first `k`, in percent, "R@k"; scalar float64."""
    return 100 * (rank < k).double().mean()
