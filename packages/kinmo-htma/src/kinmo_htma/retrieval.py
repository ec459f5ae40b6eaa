"""Retrieval figures by TMR's four protocols (Petrovich et al., ICCV 2023), in two conventions.

The rank of a query is the number of items before the right one, among equal items the average. Half of HumanML3D's clips
are mirrored copies of the other half, whose captions differ in "left" and "right" or not at all. So every figure is given
twice: **raw**, where a copy that ranks before the right item is an error like any other, and **mirror-corrected**, where the
copy is left out of its twin's queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.metrics import median_rank, ranks, recall

RECALL_AT: Final = (1, 2, 3, 5, 10)
BATCH: Final = 32
DISSIMILAR: Final = 100
THRESHOLDS: Final = (0.95, 0.8)  # scores, (cosine + 1) / 2: TMR's, and that of KinMo's supplement
DIRECTIONS: Final = ("text to motion", "motion to text")
CONVENTIONS: Final = ("raw", "mirror-corrected")

Metrics = dict[str, float]


def metrics_of(rank: Tensor) -> Metrics:
    """Return R@k in percent and the median rank, counted from 1, of 0-based ranks (queries,)."""
    return {**{f"R@{k}": float(recall(rank, k)) for k in RECALL_AT}, "MedR": float(median_rank(rank))}


def all_protocols(
    similarity: Tensor, captions: Tensor, keys: Sequence[str], *, dissimilar: Sequence[int] | None = None
) -> dict[str, dict[str, dict[str, Metrics]]]:
    """Measure all protocols: protocol -> convention -> direction -> metrics.

    Args:
        similarity: (N, N) of text i with motion j.
        captions: (N, S) unit vectors of the captions, by a model that is independent of the measured one.
        keys: ids of the clips; a mirrored copy has M + the id of its twin.
        dissimilar: indices of the dissimilar subset; chosen by `dissimilar_subset` where None.
    """
    alike = captions.double() @ captions.double().T
    mirrored = mirrors(keys)
    everything = {"all": _measure(similarity, mirrored)}
    for threshold in THRESHOLDS:
        correct = alike > 2 * threshold - 1
        correct.fill_diagonal_(True)  # despite rounding, a caption agrees with itself
        everything[f"threshold {threshold}"] = _measure(similarity, mirrored, correct)
    subset = list(dissimilar_subset(alike) if dissimilar is None else dissimilar)
    everything[f"dissimilar {len(subset)}"] = _measure(*_sub(subset, similarity, mirrored))
    batches = small_batches(keys)
    if batches:
        parts = [_measure(*_sub(batch, similarity, mirrored)) for batch in batches]
        everything[f"batches of {BATCH}"] = {
            convention: {d: _mean([part[convention][d] for part in parts]) for d in DIRECTIONS}
            for convention in CONVENTIONS
        }
    return everything


def mirrors(keys: Sequence[str]) -> Tensor:
    """Return (N, N), True where one clip is the mirrored copy of the other."""
    number = {key: i for i, key in enumerate(keys)}
    found = torch.zeros(len(keys), len(keys), dtype=torch.bool)
    for key, i in number.items():
        if (twin := number.get(f"M{key}")) is not None:
            found[i, twin] = found[twin, i] = True
    return found


def dissimilar_subset(alike: Tensor, size: int = DISSIMILAR) -> list[int]:
    """Choose items with dissimilar captions greedily and return their indices.

    TMR ships its list without the method. Here: first the caption with the lowest mean similarity to all others, then
    repeatedly the one whose most similar chosen caption is least similar; the first of equals.

    Args:
        alike: (N, N) cosines of the captions.
        size: number of items; all where there are fewer.
    """
    chosen = [int(alike.mean(-1).argmin())]
    closest = alike[chosen[0]].clone()
    while len(chosen) < min(size, len(alike)):
        closest[chosen[-1]] = torch.inf
        chosen.append(int(closest.argmin()))
        closest = torch.maximum(closest, alike[chosen[-1]])
    return sorted(chosen)


def small_batches(keys: Sequence[str]) -> list[list[int]]:
    """Return indices in batches of 32: sorted keys, shuffled by NumPy's legacy generator with seed 0, rest dropped."""
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    shuffled = np.arange(len(keys))
    np.random.RandomState(0).shuffle(shuffled)
    places = [order[i] for i in shuffled]
    return [places[start : start + BATCH] for start in range(0, len(keys) - BATCH + 1, BATCH)]


def _measure(similarity: Tensor, mirrored: Tensor, correct: Tensor | None = None) -> dict[str, dict[str, Metrics]]:
    """Measure both directions, which share `correct` and `mirrored` since these are symmetric."""
    return {
        convention: {
            direction: metrics_of(ranks(s, correct=correct, left_out=left_out))
            for direction, s in zip(DIRECTIONS, (similarity, similarity.T), strict=True)
        }
        for convention, left_out in zip(CONVENTIONS, (None, mirrored), strict=True)
    }


def _sub(chosen: Sequence[int], *matrices: Tensor) -> list[Tensor]:
    return [matrix[list(chosen)][:, list(chosen)] for matrix in matrices]


def _mean(parts: Sequence[Metrics]) -> Metrics:
    return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}
