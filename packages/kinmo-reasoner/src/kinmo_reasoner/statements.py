"""Which motions do what a timeline says, limb by limb and in its order, and when they do it.

The statements of all motions stand in arrays, those of a motion one after the other. A phrase is a distinct text of a limb
or pair. A wanted statement is met by those of the same limb and kind (`kinmo_reasoner.kinds`); a place or amount that
differs makes the match worse.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.model_folder import load_tensors, save_tensors
from kinmo_core.parsing import parse_json
from kinmo_core.text import Statement, Timeline
from kinmo_core.text.statement import Real
from kinmo_reasoner.meaning import OTHER_AMOUNT, Meaning, Phrase, agreement, meaning

_DISORDER: Final = 0.5  # factor of the score of a motion that does two wanted things in another order
_BOTH: Final = 0.6  # factor of the score where one limb is wanted and its twin does the same
_GOOD: Final = 0.8  # share of the best quality, from which another match of the item counts for the order
_COMMON: Final = 50_000  # statements of a kind, from which it is looked for among given candidates only

Array = np.ndarray


class Moment(NamedTuple):
    """What a motion does of what is wanted, and how well it fits, from 0 to 1."""

    statement: Statement
    quality: float


class _Matches(NamedTuple):
    """The items with a match for one wanted statement, in rising order: quality of the best, and times of the good ones."""

    items: Array
    quality: Array
    start: Array  # of the first match, s
    middle: Array  # of the match whose middle is first
    last: Array  # start of the last match
    end: Array  # of the match that ends last


@dataclass(frozen=True)
class Statements:
    """The statements of many items.

    Args:
        phrases: distinct texts.
        first: (items + 1,) number of the first statement of each item, and of all statements.
        phrase: (statements,) index into `phrases`.
        span: (statements, 2) start and end, s.
        amount: (statements,) NaN where there is none.
    """

    phrases: tuple[Phrase, ...]
    first: Array = field(repr=False)
    phrase: Array = field(repr=False)
    span: Array = field(repr=False)
    amount: Array = field(repr=False)

    @classmethod
    def of(cls, timelines: Iterable[Timeline]) -> Statements:
        """Collect the statements about groups and pairs of one timeline for each item."""
        numbers: dict[Phrase, int] = {}
        first, phrase, span, amount = [0], [], [], []
        for timeline in timelines:
            for one in timeline.statements:
                if one.who != "body":
                    phrase.append(numbers.setdefault(Phrase.of(one), len(numbers)))
                    span.append((one.start, one.end))
                    amount.append(np.nan if one.amount is None else one.amount)
            first.append(len(phrase))
        spans = np.array(span, dtype=np.float32).reshape(-1, 2)
        indices = np.array(phrase, dtype=np.int32)
        return cls(tuple(numbers), np.array(first), indices, spans, np.array(amount, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.first) - 1

    def scores(self, wanted: Timeline, *, among: Array | None = None) -> Array:
        """Return (items,), from 0 to 1, how much of what is wanted each item does.

        The score is the mean over the wanted statements of the quality of the best match. It is multiplied by `_DISORDER`
        where two things are wanted one after the other and done the other way round, or wanted at once and done apart, and
        by `_BOTH` where one arm or leg is wanted and the other does the same at that time.

        Args:
            wanted: statements in other words than the vocabulary's, and those about the body, are not looked for.
            among: numbers of the items that alone are searched for kinds which very many items have; all where None.
        """
        total = np.zeros(len(self), dtype=np.float32)
        found = [(one, self._matches(one, among)) for one in _sought(wanted)]
        for _, matches in found:
            total[matches.items] += matches.quality / len(found)
        for (one, a), (other, b) in combinations(found, 2):
            items, i, j = np.intersect1d(a.items, b.items, assume_unique=True, return_indices=True)
            if one.end <= other.start:
                wrong = a.middle[i] > b.last[j]
            elif min(one.end, other.end) > max(one.start, other.start):
                wrong = ~_overlap(a, i, b, j)
            else:
                continue
            total[items[wrong]] *= _DISORDER
        kinds = {meaning(Phrase.of(one)).kind for one, _ in found}
        for one, matches in found:
            other = one.mirror()
            if "+" in one.who or other.who == one.who or meaning(Phrase.of(other)).kind in kinds:
                continue
            twins = self._matches(other, among)
            items, i, j = np.intersect1d(matches.items, twins.items, assume_unique=True, return_indices=True)
            alike = twins.quality[j] >= _GOOD * matches.quality[i]
            total[items[alike & _overlap(matches, i, twins, j)]] *= _BOTH
        return total

    def answers(self, wanted: Timeline, item: int, *, delay: Real = 0) -> list[tuple[Statement, Moment | None]]:
        """Return each wanted statement that `scores` looks for, with the best match of an item; None without a match.

        Args:
            wanted: what is looked for.
            item: number of the item.
            delay: added to all times, s; the start of an item that is part of a longer motion.
        """
        rows = np.arange(self.first[item], self.first[item + 1])
        found: list[tuple[Statement, Moment | None]] = []
        for one in _sought(wanted):
            quality = self._quality(one, rows)
            best = int(quality.argmax()) if len(rows) and quality.max() > 0 else None
            match = None if best is None else Moment(self._statement(int(rows[best]), delay), float(quality[best]))
            found.append((one, match))
        return found

    def moments(self, wanted: Timeline, item: int, *, delay: Real = 0) -> list[Moment]:
        """Return the matches of `answers`."""
        return [match for _, match in self.answers(wanted, item, delay=delay) if match is not None]

    def save(self, folder: Path) -> None:
        """Write `statements.safetensors` and `phrases.jsonl`."""
        save_tensors(
            {name: torch.from_numpy(getattr(self, name)) for name in _ARRAYS}, folder / "statements.safetensors"
        )
        with atomic_path(folder / "phrases.jsonl") as path, path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(phrase)) + "\n" for phrase in self.phrases)

    @classmethod
    def load(cls, folder: Path) -> Statements:
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing or damaged.
        """
        tensors = load_tensors(folder / "statements.safetensors")
        try:
            lines = (folder / "phrases.jsonl").read_text(encoding="utf-8").splitlines()
            phrases = tuple(Phrase(**parse_json(line, source="phrases.jsonl")) for line in lines)
            return cls(phrases, *(tensors[name].numpy() for name in _ARRAYS))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{folder} is damaged: {' '.join(str(error).split())[:200]}") from None

    @cached_property
    def _item(self) -> Array:
        """Return (statements,) the item of each statement."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.first))

    @cached_property
    def _meanings(self) -> list[Meaning]:
        return [meaning(phrase) for phrase in self.phrases]

    @cached_property
    def _of_kind(self) -> dict[str, Array]:
        """Return the phrases of each kind."""
        found: dict[str, list[int]] = {}
        for number, read in enumerate(self._meanings):
            found.setdefault(read.kind, []).append(number)
        return {kind: np.array(numbers) for kind, numbers in found.items() if kind}

    @cached_property
    def _postings(self) -> dict[str, Array]:
        """Return the statements of each kind, in the order of their items."""
        names = [*self._of_kind]
        of_phrase = np.full(len(self.phrases), len(names))
        for number, kind in enumerate(names):
            of_phrase[self._of_kind[kind]] = number
        kinds = of_phrase[self.phrase]
        order = np.argsort(kinds, kind="stable")
        edges = np.searchsorted(kinds[order], np.arange(len(names) + 1))
        return {kind: order[edges[number] : edges[number + 1]] for number, kind in enumerate(names)}

    def _matches(self, wanted: Statement, among: Array | None) -> _Matches:
        rows = self._postings.get(meaning(Phrase.of(wanted)).kind, np.empty(0, dtype=int))
        if among is not None and len(rows) > _COMMON:
            chosen = np.zeros(len(self), dtype=bool)
            chosen[among] = True
            rows = rows[chosen[self._item[rows]]]
        items = self._item[rows]
        edges = np.flatnonzero(np.diff(items, prepend=-1))
        if not len(edges):
            return _Matches(items, *(np.empty(0, dtype=np.float32),) * 5)
        quality = self._quality(wanted, rows)
        best = np.maximum.reduceat(quality, edges)
        good = quality >= _GOOD * np.repeat(best, np.diff(edges, append=len(rows)))
        start, end = self.span[rows].T
        return _Matches(
            items[edges],
            best,
            np.minimum.reduceat(np.where(good, start, np.inf), edges),
            np.minimum.reduceat(np.where(good, (start + end) / 2, np.inf), edges),
            np.maximum.reduceat(np.where(good, start, -np.inf), edges),
            np.maximum.reduceat(np.where(good, end, -np.inf), edges),
        )

    def _quality(self, wanted: Statement, rows: Array) -> Array:
        """Return (rows,), how well statements fit the wanted one: 0 for other kinds, 1 for the same place and amount."""
        sought = meaning(Phrase.of(wanted))
        of_phrase = np.zeros(len(self.phrases), dtype=np.float32)
        for number in self._of_kind.get(sought.kind, ()):
            of_phrase[number] = agreement(sought, self._meanings[number])
        quality = of_phrase[self.phrase[rows]]
        if wanted.amount is None:
            return quality
        sizes, size = np.abs(self.amount[rows]), abs(float(wanted.amount))
        near = np.minimum(sizes, size) / np.maximum(np.maximum(sizes, size), 1e-6)
        return quality * np.where(np.isnan(sizes), 1, OTHER_AMOUNT + (1 - OTHER_AMOUNT) * near).astype(np.float32)

    def _statement(self, row: int, delay: Real) -> Statement:
        phrase, amount = self.phrases[self.phrase[row]], float(self.amount[row])
        start, end = (self.span[row] + delay).tolist()
        return Statement(phrase.who, start, end, phrase.text, None if np.isnan(amount) else amount, phrase.unit)


_ARRAYS: Final = ("first", "phrase", "span", "amount")


def _overlap(a: _Matches, i: Array, b: _Matches, j: Array) -> Array:
    """Tell where the times of the good matches i of a and j of b overlap."""
    return np.minimum(a.end[i], b.end[j]) > np.maximum(a.start[i], b.start[j])


def _sought(wanted: Timeline) -> list[Statement]:
    return [one for one in wanted.statements if one.who != "body" and meaning(Phrase.of(one)).kind]
