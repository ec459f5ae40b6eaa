"""Ranks and their figures against a slow implementation that goes through sorted lists, on matrices full of ties."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.errors import InputError
from kinmo_core.metrics import mean_rank, median_rank, ranks, recall

SIZES = st.tuples(st.integers(1, 6), st.integers(1, 6))


def slow_rank(scores: Sequence[float], correct: list[bool], left_out: list[bool]) -> float:
    """Place of the best correct item in the sorted list: the mean place of all that have its score."""
    items = [item for item in range(len(scores)) if correct[item] or not left_out[item]]
    order = sorted(items, key=lambda item: -scores[item])
    best = max(scores[item] for item in items if correct[item])
    places = [place for place, item in enumerate(order) if scores[item] == best]
    return sum(places) / len(places)


@given(size=SIZES, seed=st.integers(0, 10_000))
def test_ranks_with_ties_correct_and_left_out_items(size: tuple[int, int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    similarity = torch.randint(0, 4, size, generator=generator).float()
    correct, left_out = (torch.rand(size, generator=generator) < share for share in (0.3, 0.4))
    correct[:, seed % size[1]] = True
    made = ranks(similarity, correct=correct, left_out=left_out)
    rows = zip(similarity.tolist(), correct.tolist(), left_out.tolist(), strict=True)
    assert made.tolist() == [slow_rank(*row) for row in rows]


@given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=5, max_size=5))
def test_the_diagonal_is_correct_and_nothing_left_out_by_default(rows: list[list[int]]) -> None:
    made = ranks(torch.tensor(rows, dtype=torch.float64))
    diagonal = [[row == column for column in range(5)] for row in range(5)]
    assert made.tolist() == [slow_rank(rows[n], diagonal[n], [False] * 5) for n in range(5)]


@given(found=st.lists(st.integers(0, 40), min_size=1), k=st.integers(1, 12))
def test_figures_of_any_ranks(found: list[int], k: int) -> None:
    rank = torch.tensor(found) / 2
    assert recall(rank, k).item() == pytest.approx(100 * sum(r / 2 < k for r in found) / len(found))
    assert median_rank(rank).item() == pytest.approx(statistics.median(r / 2 for r in found) + 1)
    assert mean_rank(rank, 21).item() == pytest.approx(statistics.mean(r / 2 for r in found) / 21)


def test_a_perfect_model_and_a_constant_one() -> None:
    perfect, constant = ranks(torch.eye(20)), ranks(torch.ones(21, 21))
    assert (recall(perfect, 1), median_rank(perfect), mean_rank(perfect, 20)) == (100, 1, 0)
    assert (recall(constant, 10), median_rank(constant)) == (0, 11)
    assert mean_rank(constant, 21).item() == pytest.approx(10 / 21)  # chance


def test_a_query_without_a_correct_item_is_named() -> None:
    correct = torch.tensor([[True, False], [False, False]])
    with pytest.raises(InputError, match="every query must have a correct item, got none for query 1"):
        ranks(torch.zeros(2, 2), correct=correct)
    with pytest.raises(InputError, match="got none for query 2"):
        ranks(torch.zeros(3, 2))


def test_a_similarity_that_is_no_number_does_not_rank_first():
    similarity = torch.eye(3)
    similarity[1, 2] = torch.nan
    with pytest.raises(InputError, match="similarities must be numbers, got NaN first for query 1 and item 2"):
        ranks(similarity)
