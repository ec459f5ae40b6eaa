"""What an edit is, when it happens, and how often."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import torch
import yaml
from torch import Tensor

from kinmo_core.text import Statement
from kinmo_gen.gestures import minimum_jerk
from kinmo_reasoner.kinds import kind_of
from kinmo_reasoner.meaning import Phrase, meaning

CYCLE: Final = 0.45  # s, least, of what is done again and again
LINGER: Final = 0.8  # s that a limb stays in a pose of which nothing further is said
BACK: Final = 0.9  # s that it takes back to what it did before
_REACH_SECONDS: Final = 1.1  # s that a limb takes to a pose, at most
_FAST_SECONDS: Final = 0.2  # s, where it does so quickly
_AGAIN: Final = 1.0  # s of a cycle of which no number is said
_COUNTS: Final = {"once": 1, "twice": 2, "three times": 3, "four times": 4, "five times": 5, "six times": 6}


class Span(NamedTuple):
    """Times of the frames of a motion, and of a statement in it, s."""

    times: Tensor
    start: float
    end: float

    @property
    def during(self) -> Tensor:
        """Which frames lie in the statement."""
        return (self.times >= self.start) & (self.times <= self.end)

    def reach(self, *, fast: bool = False) -> Tensor:
        """From 0 to 1, the way to a pose."""
        longest = _FAST_SECONDS if fast else _REACH_SECONDS
        return minimum_jerk((self.times - self.start) / min(longest, self.end - self.start))

    def hold(self) -> Tensor:
        """From 0 to 1 at the start, and back at the end."""
        ramp = min(_REACH_SECONDS, self.end - self.start) / 2
        return minimum_jerk((self.times - self.start) / ramp) * minimum_jerk((self.end - self.times) / ramp)

    def there_and_back(self, number: int) -> Tensor:
        """From 0 to 1 and back, `number` times."""
        return (1 - torch.cos(2 * math.pi * number * self.passed)) / 2

    def to_and_fro(self, number: int) -> Tensor:
        """From 0 to 1, to -1 and back to 0, `number` times."""
        return torch.sin(2 * math.pi * number * self.passed)

    def in_turn(self, number: int, *, second: bool) -> Tensor:
        """From 0 to 1 and back, `number` times, each time in the first or the second half of its cycle."""
        return (-self.to_and_fro(number) if second else self.to_and_fro(number)).clamp(min=0)

    @property
    def passed(self) -> Tensor:
        """From 0 to 1, at an even pace."""
        return ((self.times - self.start) / (self.end - self.start)).clamp(0, 1)


Edit = Callable[[Tensor, Tensor, Span], Tensor]
"""From joints (T, 22, 3) as they are, as they were before this limb was posed, and a span, to edited joints."""


def is_kind(statement: Statement, *names: str) -> bool:
    """Tell whether a statement is of one of some kinds of the annotator's vocabulary."""
    kind = kind_of(statement)
    return kind is not None and kind.name in names


def is_counted(statement: Statement) -> bool:
    """Tell whether a statement says how often something is done."""
    return statement.unit == "times" or meaning(Phrase.of(statement)).often in _COUNTS


def times_of(statement: Statement, usual: int, span: Span | None = None) -> int:
    """Return how often something is done: as said, else as often as there is time for, else `usual`."""
    often = meaning(Phrase.of(statement)).often
    if statement.unit == "times" and statement.amount is not None:
        number = round(float(statement.amount))
    elif often in _COUNTS:
        number = _COUNTS[often]
    elif often and span is not None:
        number = round((span.end - span.start) / _AGAIN)
    else:
        number = usual
    most = number if span is None else int((span.end - span.start) / CYCLE)
    return max(1, min(number, most))


@cache
def poses(limb: str) -> Mapping[str, Tensor]:
    """Return the poses of arm or leg by name, directions (2, 3) of its bones."""
    read = yaml.safe_load(Path(__file__).with_name("poses.yaml").read_text(encoding="utf-8"))
    return {name: torch.tensor(bones) for name, bones in read[limb].items()}
