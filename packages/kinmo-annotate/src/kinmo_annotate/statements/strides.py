"""How often a leg passes under the trunk, and the legs pass each other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Swing, swings
from kinmo_annotate.vocabulary import observed

STRIDE: Final = 0.3  # m of a foot past the hip, or past the other foot; a walking one goes by 0.6
_FEWEST: Final = 3  # strides that are told
_PAUSE, _PASS = 20, 40  # frames; longest between two strides that are told together, and of one


def passes(who: str, kind: str, front: NDArray[np.floating], *, each: int, **filled: Any) -> list[Observed]:
    """State that something passes something else forward and back, of all times without a pause between the longest.

    Args:
        who, kind: of the statement.
        front: m that it is ahead.
        each: strides that make one time: 2 of a leg that swings there and back, 1 of legs that pass each other.
        filled: words of the statement.
    """
    runs: list[list[Swing]] = []
    for stride in swings(front, STRIDE):
        if runs and stride.start - runs[-1][-1].end <= _PAUSE and stride.frames <= _PASS:
            runs[-1].append(stride)
        elif stride.frames <= _PASS:
            runs.append([stride])
    run = max(runs, key=len, default=[])
    run = run[: len(run) // each * each]
    if len(run) < _FEWEST:
        return []
    # All of the motion counts, since a description tells how often without telling when.
    clear = len(swings(front, STRIDE / 2)) <= words.CLEAR * len(run)
    often = words.times(len(run) // each) if clear else "again and again"
    return [observed(who, kind, run[0].start, run[-1].end, times=often, **filled)]
