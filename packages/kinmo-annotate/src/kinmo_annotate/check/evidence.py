"""`Evidence`: a measured number between the value where a claim is clearly wrong and the value where it is clearly right.

The shares below were chosen on the train and val clips of the CMU pack: people round amounts and start to count late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from kinmo_annotate.check.claims import Claim
from kinmo_annotate.check.measure import Measures
from kinmo_annotate.check.series import Series, climb, strokes, swings

Real = float | int  # to the type checker of the tests an int is not a float

HELD_SHARE: Final = 0.6  # of the seconds that a text names, for which a pose must be held
STROKE_SHARES: Final = (0.2, 0.5, 0.9)  # of the amount: smallest movements that are told apart, since people merge some
SMALLEST_STROKE: Final = 1e-3  # m or degrees, so that an amount of 0 does not make every frame a movement
AMOUNT_WRONG: Final = 0.4  # of the amount, by which an amount may be off before it is wrong
AMOUNT_RIGHT: Final = 0.2  # of the amount and of the allowance, by which an amount may be off and still be right


class Limits(NamedTuple):
    """Value below which a claim is contradicted, and value from which it is fully supported."""

    wrong: Real
    right: Real


REPEATS: Final = Limits(1, 2)  # reversals of a movement to and fro whose number is not named
REPEATS_OFF: Final = Limits(-1, -0.25)  # deviation from a named number, 1 being the largest allowed
REPEATS_MISSED: Final = (0.75, 0.15)  # times and share of the number by which a text may name too many
REPEATS_UNCOUNTED: Final = (1.0, 0.5)  # times and share of the number by which a text may name too few


@dataclass(frozen=True)
class Evidence:
    """A measured number against the limits of a claim."""

    value: Real  # the larger, the truer the claim
    limits: Limits  # in the unit of the value
    words: str  # the number as a phrase without its subject: "rises 0.02 m"
    frames: Series | None = None  # score of every frame, for predicates that describe a pose

    @staticmethod
    def of(value: Real, limits: Limits, words: str, *, shown: Real = 1) -> Evidence:
        """Judge a number; `words` is a format string for it times `shown`, -1 where a negated measure is judged."""
        return Evidence(float(value), limits, words.format(value * shown))

    @property
    def score(self) -> float:
        """Linear in the value, 0 at the wrong and 1 at the right limit."""
        return (self.value - self.limits.wrong) / (self.limits.right - self.limits.wrong)


Predicate = Callable[[Measures, Claim, str], Evidence]  # (motion, claim, side that is tried)


def pose(motion: Measures, series: Series, claim: Claim, limits: Limits, words: str, *, shown: Real = 1) -> Evidence:
    """Judge a pose by its best frame; a lasting pose by its median frame, or by its best stretch of the named seconds.

    Args:
        motion: gives the frame rate.
        series: per frame, the larger the truer.
        claim: says whether and how long the pose lasts.
        limits: in the unit of the series.
        words: format string for the value times `shown`.
        shown: -1 where the series is a negated measure.
    """
    value = float(series.max())
    if claim.lasting and claim.seconds:
        frames = min(max(1, round(HELD_SHARE * claim.seconds * motion.fps)), len(series))
        value = float(np.lib.stride_tricks.sliding_window_view(series, frames).min(-1).max())
    elif claim.lasting:
        value = float(np.median(series))
    scores = (series - limits.wrong) / (limits.right - limits.wrong)
    return Evidence(value, limits, words.format(value * shown), scores)


def amount(
    series: Sequence[Series], number: Real, words: str, *, allowance: Real, end_counts: bool = False
) -> Evidence:
    """Judge whether one of the movements within some series is about as large as named.

    Args:
        series: per frame; only rises count.
        number: the size that the text names.
        words: format string for the size that comes closest.
        allowance: error that is accepted besides `AMOUNT_WRONG` of the number, in the unit of the series.
        end_counts: also accept the value reached, not only the size of the movement: "leans to 40 degrees".
    """
    sizes = [0.0]
    for one in series:
        for share in STROKE_SHARES:
            moved = strokes(one, max(share * number, SMALLEST_STROKE))
            sizes += [end - start for start, end in moved if end > start]
            sizes += [end for _, end in moved if end_counts]
        sizes += [float(one.max())] * end_counts + [climb(one)]
    best = min(sizes, key=lambda size: abs(size - number))
    limits = Limits(-(AMOUNT_WRONG * number + allowance), -(AMOUNT_RIGHT * number + AMOUNT_RIGHT * allowance))
    return Evidence(-abs(best - number), limits, words.format(best))


def change(
    series: Sequence[Series], claim: Claim, limits: Limits, words: str, *, allowance: Real, end_counts: bool = False
) -> Evidence:
    """Judge the largest rise within some series, or the `amount` that the claim names."""
    if claim.number is not None:
        return amount(series, claim.number, words, allowance=allowance, end_counts=end_counts)
    return Evidence.of(max(climb(one) for one in series), limits, words)


def repeats(claim: Claim, series: Sequence[Series], sizes: Sequence[Real]) -> Evidence:
    """Judge a movement to and fro, and how often it happens where the claim names a number.

    A wave has two reversals, yet some people count each of them, and small waves are seen by some only. So the number must
    lie between the lowest and the highest count over all series and sizes.

    Args:
        claim: may name how often; with `open_ended` there may be more.
        series: measures that may show the movement.
        sizes: smallest movements that count, in the unit of the series.
    """
    reversals = [swings(one, size) for one in series for size in sizes]
    most = max(reversals)
    words = f"turns back {most} times"
    number = claim.number
    if number is None:
        return Evidence(most, REPEATS, words)
    fewest = min([(count + 1) / 2 for count in reversals if count] or [0.0])
    base, share = REPEATS_UNCOUNTED
    too_few = 0.0 if claim.open_ended else (fewest - number) / (base + share * number)
    base, share = REPEATS_MISSED
    too_many = (number - 0.75 * most - 1) / (base + share * number)
    return Evidence(-max(too_many, too_few, 0.0), REPEATS_OFF, words)
