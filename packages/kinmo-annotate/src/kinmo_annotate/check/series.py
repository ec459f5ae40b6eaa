"""Shapes of a number over time: the largest rise, movements to and fro, runs of frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

Series = Float[np.ndarray, "frames"]
Mask = Bool[np.ndarray, "frames"]


def climb(series: Series) -> float:
    """The largest rise from any moment to a later one."""
    return float((series - np.minimum.accumulate(series)).max())


def swings(series: Series, size: float | int) -> int:
    """How often the series turns back after a way of at least `size`; a wave to and fro turns twice."""
    turns, low, high, rising = 0, series[0], series[0], 0
    for value in series.tolist():
        low, high = min(low, value), max(high, value)
        if rising >= 0 and high - value >= size:
            turns, rising, low = turns + (rising > 0), -1, value
        elif rising <= 0 and value - low >= size:
            turns, rising, high = turns + (rising < 0), 1, value
    return turns


def strokes(series: Series, size: float | int) -> list[tuple[float, float]]:
    """(start, end) of every movement to and fro that is at least `size` long."""
    ends, low, high, rising = [float(series[0])], float(series[0]), float(series[0]), 0
    for value in series.tolist():
        low, high = min(low, value), max(high, value)
        if rising >= 0 and high - value >= size:
            ends, rising, low = [*ends, high], -1, value
        elif rising <= 0 and value - low >= size:
            ends, rising, high = [*ends, low], 1, value
    last = high if rising > 0 else low
    return [(start, end) for start, end in pairwise([*ends, last]) if start != end]


def longest(mask: Mask) -> int:
    """Length of the longest run of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
