"""Which motions do what a timeline says, limb by limb and in its order, and when they do it.

The statements of all motions stand in arrays, those of a motion one after the other. A phrase is a distinct text of a limb
or pair. A wanted statement is met by those of the same limb and kind (`kinmo_reasoner.meaning`); a place or amount that
differs makes the match worse. What all motions do is compared statement by statement; the motions that do most of it are
then read closely: whether they do it at one time, or in the wanted order, and with one arm or leg rather than both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
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
from kinmo_reasoner.meaning import MOVES, OTHER_AMOUNT, Meaning, Phrase, agreement, meaning
from kinmo_reasoner.rests import rests
from kinmo_reasoner.together import APART, MISSED, Matches, arrange, together

_COMMON: Final = 50_000  # statements of a kind, from which it is looked for among given candidates only
_CLOSELY: Final = 400  # items that are read closely
_ARMS: Final = ("left_arm", "right_arm")
_FOREVER: Final = 1e4  # s

Array = np.ndarray


class Moment(NamedTuple):
    """What a motion does of what is wanted, and how well it fits, from 0 to 1."""

    statement: Statement
    quality: float


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
        """Collect the statements about groups and pairs of one timeline for each item, and when it rests."""
        numbers: dict[Phrase, int] = {}
        first, phrase, span, amount = [0], [], [], []
        for timeline in timelines:
            for one in (*timeline.statements, *rests(timeline)):
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

        The score is the geometric mean over the wanted statements of the quality of a match; a statement without one counts
        `MISSED`, and nothing at all 0. The `_CLOSELY` best items are scored by the matches that go together, see
        `kinmo_reasoner.together`, and the others as if none did.

        Args:
            wanted: statements in other words than the vocabulary's, and those about the body, are not looked for.
            among: numbers of the items that alone are searched for kinds which very many items have; all where None.
        """
        sought = _sought(wanted)
        common = None if among is None else self._rows_of(among)
        total = np.zeros(len(self), dtype=np.float32)  # of the logarithms of qualities over `MISSED`
        for one in sought:
            items, quality = self._best_matches(one, common)
            total[items] += np.log(np.maximum(quality / MISSED, 1))
        scores = np.zeros(len(self), dtype=np.float32)
        found = np.flatnonzero(total)
        if len(found):
            scores[found] = APART * MISSED * np.exp(total[found] / len(sought))
            count = min(_CLOSELY, len(found))
            best = np.sort(found[np.argpartition(-total[found], count - 1)[:count]])
            scores[best] = self._closely(sought, best)
        return scores

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
    def _kind(self) -> Array:
        """Return (phrases,) the number of each phrase's kind in `_of_kind`; the number after the last for no kind."""
        kinds = np.full(len(self.phrases), len(self._of_kind))
        for number, phrases in enumerate(self._of_kind.values()):
            kinds[phrases] = number
        return kinds

    @cached_property
    def _number(self) -> dict[str, int]:
        """Return the number of each kind."""
        return {kind: number for number, kind in enumerate(self._of_kind)}

    @cached_property
    def _postings(self) -> dict[str, Array]:
        """Return the statements of each kind, in the order of their items."""
        kinds = self._kind[self.phrase]
        order = np.argsort(kinds, kind="stable")
        edges = np.searchsorted(kinds[order], np.arange(len(self._number) + 1))
        return {kind: order[edges[number] : edges[number + 1]] for kind, number in self._number.items()}

    @cached_property
    def _moving_arm(self) -> Array:
        """Return (phrases,) 1 or 2 for what a left or right arm does as a whole, negative for its moves; 0 for others."""
        found = np.zeros(len(self.phrases), dtype=int)
        for number, (phrase, read) in enumerate(zip(self.phrases, self._meanings, strict=True)):
            if phrase.who in _ARMS and " elbow_" not in read.kind:
                found[number] = (1 + _ARMS.index(phrase.who)) * (-1 if read.how in MOVES else 1)
        return found

    def _rows_of(self, items: Array) -> Array:
        """Return the statements of some items, those of an item one after the other."""
        counts = self.first[items + 1] - self.first[items]
        before = np.repeat(self.first[items] - np.append(0, np.cumsum(counts)[:-1]), counts)
        return before + np.arange(len(before))

    def _best_matches(self, wanted: Statement, common: Array | None) -> tuple[Array, Array]:
        """Return the items with a statement of the wanted kind, in rising order, and the quality of the best.

        Args:
            wanted: a statement.
            common: the statements among which alone kinds with more than `_COMMON` are looked for; all where None.
        """
        kind = meaning(Phrase.of(wanted)).kind
        rows = self._postings.get(kind, np.empty(0, dtype=int))
        if common is not None and len(rows) > _COMMON:
            rows = common[self._kind[self.phrase[common]] == self._number[kind]]
        items = self._item[rows]
        edges = np.flatnonzero(np.diff(items, prepend=-1))
        if not len(edges):
            return items, np.empty(0, dtype=np.float32)
        return items[edges], np.maximum.reduceat(self._quality(wanted, rows), edges)

    def _closely(self, sought: Sequence[Statement], items: Array) -> Array:
        """Return (items,) the scores of some items by the matches that go together; see `scores`."""
        rows = self._rows_of(items)
        owner = np.repeat(np.arange(len(items)), self.first[items + 1] - self.first[items])
        until = self._until(rows, owner)

        def matches(one: Statement) -> Matches:
            kind = self._number.get(meaning(Phrase.of(one)).kind, -1)
            chosen = np.flatnonzero(self._kind[self.phrase[rows]] == kind)
            start, end = self.span[rows[chosen]].T
            found = Matches(self._quality(one, rows[chosen]), start, end, until[chosen])
            return arrange(found, owner[chosen], len(items))

        return together(sought, matches)

    def _until(self, rows: Array, owner: Array) -> Array:
        """Return (rows,) until when statements are true, s: a hand stays where it is brought until its arm goes on."""
        until = self.span[rows, 1].copy()
        arms = self._moving_arm[self.phrase[rows]]
        for arm in (1, 2):
            own = np.flatnonzero(np.abs(arms) == arm)
            goes_on = np.append(self.span[rows[own[1:]], 0], _FOREVER)
            goes_on[:-1][owner[own[1:]] != owner[own[:-1]]] = _FOREVER
            until[own] = np.where(arms[own] < 0, np.maximum(until[own], goes_on[: len(own)]), until[own])
        return until

    def _quality(self, wanted: Statement, rows: Array) -> Array:
        """Return (rows,), how well statements fit the wanted one: 0 for other kinds, 1 for the same place and amount."""
        sought = meaning(Phrase.of(wanted))
        of_phrase = np.zeros(len(self.phrases), dtype=np.float32)
        for number in self._of_kind.get(sought.kind, ()):
            of_phrase[number] = agreement(sought, self._meanings[number])
        quality = of_phrase[self.phrase[rows]]
        if wanted.amount is None or wanted.unit == "seconds":  # how long a hold lasts is hardly ever said
            return quality
        sizes, size = np.abs(self.amount[rows]), abs(float(wanted.amount))
        near = np.minimum(sizes, size) / np.maximum(np.maximum(sizes, size), 1e-6)
        if wanted.unit == "degrees" and " turn " not in sought.kind:  # who leans far has leaned a little on the way
            near = np.where(sizes <= size if "_straighten " in sought.kind else sizes >= size, 1, near)
        return quality * np.where(np.isnan(sizes), 1, OTHER_AMOUNT + (1 - OTHER_AMOUNT) * near).astype(np.float32)

    def _statement(self, row: int, delay: Real) -> Statement:
        phrase, amount = self.phrases[self.phrase[row]], float(self.amount[row])
        start, end = (self.span[row] + delay).tolist()
        return Statement(phrase.who, start, end, phrase.text, None if np.isnan(amount) else amount, phrase.unit)


_ARRAYS: Final = ("first", "phrase", "span", "amount")


def _sought(wanted: Timeline) -> list[Statement]:
    return [one for one in wanted.statements if one.who != "body" and meaning(Phrase.of(one)).kind]
