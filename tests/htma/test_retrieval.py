"""Ranks and protocols against a slow implementation that goes through sorted lists, on matrices full of ties."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.metrics import ranks
from kinmo_htma.retrieval import (
    CONVENTIONS,
    DIRECTIONS,
    all_protocols,
    dissimilar_subset,
    metrics_of,
    mirrors,
    small_batches,
)


def slow_rank(scores: list[float], is_right: Callable[[int], bool], is_left_out: Callable[[int], bool]) -> float:
    """Place of the best right item in the sorted list, the mean place of all that have its score."""
    items = [item for item in range(len(scores)) if is_right(item) or not is_left_out(item)]
    order = sorted(items, key=lambda item: -scores[item])
    best = max(scores[item] for item in items if is_right(item))
    places = [place for place, item in enumerate(order) if scores[item] == best]
    return sum(places) / len(places)


def slow_metrics(found: list[float]) -> dict[str, float]:
    recalls = {f"R@{k}": 100 * sum(rank < k for rank in found) / len(found) for k in (1, 2, 3, 5, 10)}
    return {**recalls, "MedR": statistics.median(found) + 1}


def slow_protocol(
    similarity: list[list[float]],
    keys: list[str],
    chosen: list[int],
    right: Callable[[int, int], bool],
    corrected: bool,
) -> dict[str, dict[str, float]]:
    def twin(a: int, b: int) -> bool:
        return corrected and (keys[a] == f"M{keys[b]}" or keys[b] == f"M{keys[a]}")

    found: dict[str, list[float]] = {direction: [] for direction in DIRECTIONS}
    for q in range(len(chosen)):
        for direction in DIRECTIONS:
            scores = [
                similarity[chosen[q]][i] if direction == DIRECTIONS[0] else similarity[i][chosen[q]] for i in chosen
            ]
            rank = slow_rank(
                scores, lambda i, q=q: right(chosen[q], chosen[i]), lambda i, q=q: twin(chosen[q], chosen[i])
            )
            found[direction].append(rank)
    return {direction: slow_metrics(values) for direction, values in found.items()}


def random_case(size: int, seed: int) -> tuple[Tensor, Tensor, list[str]]:
    """Similarities out of few values, captions that sometimes agree, keys with and without mirrored copies."""
    rng = np.random.default_rng(seed)
    similarity = torch.from_numpy(rng.integers(0, 6, (size, size)) / 5)
    captions = rng.standard_normal((size, 3)) + 2
    captions[rng.integers(size, size=size // 3)] = captions[0]
    captions /= np.linalg.norm(captions, axis=1, keepdims=True)
    numbers = rng.permutation(size)
    keys = [f"{'M' * int(n % 2)}{n // 2:06d}" for n in numbers.tolist()]
    return similarity, torch.from_numpy(captions), keys


@pytest.mark.parametrize(("size", "seed"), [(7, 0), (33, 1), (70, 2), (130, 3)])
def test_all_figures_are_those_of_the_slow_implementation(size: int, seed: int):
    similarity, captions, keys = random_case(size, seed)
    made = all_protocols(similarity, captions, keys)
    subset = dissimilar_subset(captions @ captions.T)
    cosine = (captions @ captions.T).tolist()
    expected: dict[str, tuple[list[list[int]], Callable[[int, int], bool]]] = {
        "all": ([list(range(size))], lambda a, b: a == b),
        "threshold 0.95": ([list(range(size))], lambda a, b: a == b or (cosine[a][b] + 1) / 2 > 0.95),
        "threshold 0.8": ([list(range(size))], lambda a, b: a == b or (cosine[a][b] + 1) / 2 > 0.8),
        f"dissimilar {len(subset)}": ([subset], lambda a, b: a == b),
    }
    if size >= 32:
        expected["batches of 32"] = (small_batches(keys), lambda a, b: a == b)
    assert list(made) == list(expected)
    for protocol, (batches, right) in expected.items():
        for convention in CONVENTIONS:
            parts = [
                slow_protocol(similarity.tolist(), keys, batch, right, corrected=convention == CONVENTIONS[1])
                for batch in batches
            ]
            for direction in DIRECTIONS:
                for metric, value in made[protocol][convention][direction].items():
                    mean = sum(part[direction][metric] for part in parts) / len(parts)
                    assert value == pytest.approx(mean), (protocol, convention, direction, metric)


def test_a_perfect_model_ranks_first_and_a_constant_one_in_the_middle():
    assert metrics_of(ranks(torch.eye(20))) == {"R@1": 100, "R@2": 100, "R@3": 100, "R@5": 100, "R@10": 100, "MedR": 1}
    constant = metrics_of(ranks(torch.ones(21, 21)))
    assert constant == {"R@1": 0, "R@2": 0, "R@3": 0, "R@5": 0, "R@10": 0, "MedR": 11}


def test_the_mirrored_copy_is_no_miss_but_others_are():
    """Clip 0's copy comes before it, and so does a stranger."""
    keys = ["000001", "M000001", "000002"]
    similarity = torch.tensor([[0.5, 0.9, 0.7], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert ranks(similarity).tolist() == [2, 0, 0]
    assert ranks(similarity, left_out=mirrors(keys)).tolist() == [1, 0, 0]


def test_a_mirrored_copy_that_answers_the_query_stays():
    """Its caption says the same, so by threshold it is right."""
    keys = ["000001", "M000001", "000002"]
    similarity = torch.tensor([[0.5, 0.9, 0.7], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    correct = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.bool)
    assert ranks(similarity, correct=correct, left_out=mirrors(keys)).tolist() == [0, 0, 0]


def test_batches_are_those_of_numpys_seed_0():
    """Order by key, not by place. 70 clips make two batches; golden: the first places of RandomState(0)'s shuffle of 70."""
    keys = [f"{n:06d}" for n in reversed(range(70))]
    batches = small_batches(keys)
    assert [len(batch) for batch in batches] == [32, 32]
    assert [keys[i] for i in batches[0][:4]] == ["000026", "000027", "000048", "000022"]
    assert len({i for batch in batches for i in batch}) == 64
    assert small_batches(keys[:31]) == []


def test_the_dissimilar_subset_has_no_two_that_are_alike():
    generator = torch.Generator().manual_seed(0)
    different = torch.nn.functional.normalize(torch.randn(40, 64, generator=generator), dim=-1)
    captions = different.repeat(3, 1)
    chosen = dissimilar_subset(captions @ captions.T, 40)
    assert sorted(i % 40 for i in chosen) == list(range(40))
    assert len(dissimilar_subset(captions @ captions.T, 500)) == 120
