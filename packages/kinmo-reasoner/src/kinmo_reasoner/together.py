"""Matches that go together: things that are wanted at once done at once, one after the other in order, and by one side only.

Matches of a wanted statement are arrays with a row for each item, filled up with matches of quality 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from kinmo_core.text import Statement
from kinmo_reasoner.meaning import Phrase, meaning

MISSED: Final = 0.1  # what a wanted statement without a match counts in the geometric mean
_OTHER_TIME: Final = 0.4  # factor of a match at another time than wanted
_AT_ONCE: Final = 0.5  # share of the shorter of two statements, from which they are done at once
_AFTER: Final = 0.3  # s before the end of one statement, from which the middle of another comes after it
_ROUNDING: Final = 1e-6  # s
_BOTH: Final = 0.5  # factor of a match where one limb is wanted and its twin does the same at that time
_GOOD: Final = 0.8  # share of the quality of a match, from which the twin does the same
APART: Final = _OTHER_TIME * _BOTH  # factor of the score of what nobody looked at closely

Array = np.ndarray


class Matches(NamedTuple):
    """(items, R) arrays of the statements of one kind of each item."""

    quality: Array  # from 0 to 1
    start: Array  # s
    end: Array  # s
    until: Array  # s; later than the end for a hand that stays where it was brought


def arrange(matches: Matches, owner: Array, items: int) -> Matches:
    """Arrange (N,) matches in a row for each item.

    Args:
        matches: those of an item one after the other.
        owner: (N,) number of the item that each belongs to, in rising order.
        items: their number.
    """
    counts = np.bincount(owner, minlength=items)
    column = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = Matches(*(np.zeros((items, max(1, counts.max(initial=0)))) for _ in matches))
    for array, values in zip(found, matches, strict=True):
        array[owner, column] = values
    return found


def together(sought: Sequence[Statement], matches: Callable[[Statement], Matches]) -> Array:
    """Return (items,) the geometric mean of the qualities of the matches that go together best.

    One match after the other is taken, and with it, of each other wanted statement, the match that fits it best.

    Args:
        sought: wanted statements, at least one.
        matches: finds those of a statement.
    """
    found = [_by_one_side(one, sought, matches) for one in sought]
    best = np.zeros(len(found[0].quality))
    for one, mine in zip(sought, found, strict=True):
        total = np.log(np.maximum(mine.quality, MISSED))
        for other, theirs in zip(sought, found, strict=True):
            if other is not one:
                fitting = (theirs.quality[:, None] * _in_time(one, mine, other, theirs)).max(-1)
                total += np.log(np.maximum(fitting, MISSED))
        best = np.maximum(best, np.exp(total / len(sought)).max(-1))
    return best


def _by_one_side(one: Statement, sought: Sequence[Statement], matches: Callable[[Statement], Matches]) -> Matches:
    """Return the matches of a statement, worse where the other arm or leg does the same and is not wanted to."""
    found, twin = matches(one), one.mirror()
    kind = meaning(Phrase.of(twin)).kind
    is_wanted = any(meaning(Phrase.of(other)).kind == kind and _is_at_once(one, other) for other in sought)
    if twin.who == one.who or is_wanted:
        return found
    same = matches(twin)
    alike = (same.quality > 0)[:, None] & (same.quality[:, None] >= _GOOD * found.quality[..., None])
    both = (alike & (_common(found, same) > 0)).any(-1)
    return found._replace(quality=np.where(both, _BOTH * found.quality, found.quality))


def _in_time(one: Statement, mine: Matches, other: Statement, theirs: Matches) -> Array:
    """Return (items, R, R'), how well the times of two matches fit the times that are wanted, from `_OTHER_TIME` to 1."""
    if _is_at_once(one, other):
        seconds = np.minimum((mine.end - mine.start)[..., None], (theirs.end - theirs.start)[:, None])
        share = _common(mine, theirs) / np.maximum(seconds, 1e-6)
        return _OTHER_TIME + (1 - _OTHER_TIME) * np.clip(share / _AT_ONCE, 0, 1)
    if one.start < other.start:
        follows = ((theirs.start + theirs.end) / 2)[:, None] > mine.end[..., None] - _AFTER
    else:
        follows = ((mine.start + mine.end) / 2)[..., None] > theirs.end[:, None] - _AFTER
    return np.where(follows, 1.0, _OTHER_TIME)


def _is_at_once(one: Statement, other: Statement) -> bool:
    return min(one.end, other.end) > max(one.start, other.start) + _ROUNDING


def _common(mine: Matches, theirs: Matches) -> Array:
    """Return (items, R, R') the seconds that two matches have in common; negative where there are some between them."""
    until = np.minimum(mine.until[..., None], theirs.until[:, None])
    return until - np.maximum(mine.start[..., None], theirs.start[:, None])
