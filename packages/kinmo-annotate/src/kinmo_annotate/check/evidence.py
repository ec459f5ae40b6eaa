"""`Evidence`: how far a measured number lies from where a statement becomes clearly wrong and where clearly right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.measure import Measures
from kinmo_annotate.check.series import Series, climb, strokes, swings

Real = float | int  # to the type checker of the tests an int is no float


@dataclass(frozen=True)
class Evidence:
    """A measured number against two limits.

    Args:
        value: the larger, the truer the statement.
        low: below it the statement is clearly wrong.
        high: from it on the statement is clearly right.
        words: the number as a phrase after its subject: "rises 0.02 m".
        frames: of a pose, the score of every frame.
    """

    value: Real
    low: Real
    high: Real
    words: str
    frames: Series | None = None

    @property
    def score(self) -> float:
        """0 at `low`, 1 at `high`."""
        return (self.value - self.low) / (self.high - self.low)


Predicate = Callable[[Measures, Claim, str], Evidence]


def at_all(
    m: Measures, series: Series, claim: Claim, low: Real, high: Real, words: str, *, shown: Real = 1
) -> Evidence:
    """Evidence of a pose: of its best frame, or where it is said to last, of its median frame or best while.

    Args:
        m: the motion.
        series: per frame, the larger the truer.
        claim: says whether and how long the pose lasts.
        low, high: limits of `Evidence`.
        words: a format string for the value times `shown`.
    """
    value = float(series.max())
    if claim.lasting and claim.seconds:
        frames = min(max(1, round(0.6 * claim.seconds * m.fps)), len(series))  # some begin to count later than others
        value = float(np.lib.stride_tricks.sliding_window_view(series, frames).min(-1).max())
    elif claim.lasting:
        value = float(np.median(series))
    return Evidence(value, low, high, words.format(value * shown), (series - low) / (high - low))


def by_about(series: Sequence[Series], wanted: Real, words: str, *, rest: Real, reach: bool = False) -> Evidence:
    """Evidence that one of the movements within some series is about as large as said.

    Args:
        series: per frame; only what rises counts.
        wanted: the size that the text gives.
        words: a format string for the closest size.
        rest: off by two fifths of `wanted` and this more is clearly wrong.
        reach: whether the height reached may be what is meant, too: "leans to 40 degrees".
    """
    found = [0.0]
    for one in series:
        for part in (0.2, 0.5, 0.9):
            moved = [(start, end) for start, end in strokes(one, max(part * wanted, 1e-3)) if end > start]
            found += [end - start for start, end in moved]
            found += [end for _, end in strokes(one, max(part * wanted, 1e-3)) if reach]
        found += [float(one.max())] * reach + [climb(one)]
    best = min(found, key=lambda size: abs(size - wanted))
    return Evidence(-abs(best - wanted), -(0.4 * wanted + rest), -(0.2 * wanted + 0.2 * rest), words.format(best))


def repeated(claim: Claim, series: Sequence[Series], sizes: Sequence[Real]) -> Evidence:
    """Evidence of a movement to and fro, about so many times by one of the ways to count.

    A wave is two turns, yet some count each way, and one sees a small wave that another does not.
    """
    turns = [swings(one, size) for one in series for size in sizes]
    most = max(turns)
    words = f"turns back {most} times"
    number = claim.number
    if number is None:
        return Evidence(most, 1, 2, words)
    fewest = min([(turn + 1) / 2 for turn in turns if turn] or [0.0])
    # Small ones may have gone uncounted, but none is made up.
    fewer = 0.0 if claim.more else (fewest - number) / (1 + 0.5 * number)
    return Evidence(-max((number - 0.75 * most - 1) / (0.75 + 0.15 * number), fewer, 0.0), -1, -0.25, words)
