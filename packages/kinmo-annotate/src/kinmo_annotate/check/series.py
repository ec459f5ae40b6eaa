"""Shapes of a number over time: the largest rise, movements to and fro, runs of frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

Series = Float[np.ndarray, "frames"]
Mask = Bool[np.ndarray, "frames"]


def climb(series: Series) -> float:
    """Return the largest rise from any frame to a later one."""
    return float((series - np.minimum.accumulate(series)).max())


def swings(series: Series, size: float | int) -> int:
    """Count the reversals between movements of at least `size`; a wave to and fro has two."""
    return max(len(_turning_points(series, size)) - 2, 0)


def strokes(series: Series, size: float | int) -> list[tuple[float, float]]:
    """Return the first and last value of every movement between reversals that is at least `size` long."""
    points = [float(series[0]), *_turning_points(series, size)]
    return [(start, end) for start, end in pairwise(points) if start != end]


def longest(mask: Mask) -> int:
    """Return the length of the longest run of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _turning_points(series: Series, size: float | int) -> list[float]:
    """Return the value at which each movement of at least `size` begins, and the last extreme."""
    points, low, high, rising = [], float(series[0]), float(series[0]), 0
    for value in series.tolist():
        low, high = min(low, value), max(high, value)
        if rising >= 0 and high - value >= size:
            points, rising, low = [*points, high], -1, value
        elif rising <= 0 and value - low >= size:
            points, rising, high = [*points, low], 1, value
    return [*points, high if rising > 0 else low]
