"""`Condition`: what a generator is told, a sentence about the whole motion and statements about its parts in their time.

A part is a group or a pair of groups. Statements are vectors of their phrases; when they start and end is counted in
tokens, so that each token knows what its limbs do just then, what comes next and how soon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.features import FPS
from kinmo_core.text import GROUPS, UNITS, WHO, Statement, Timeline
from kinmo_gen.tokenizer import DOWNSAMPLE

LEVELS: Final = ("body", "group", "interaction")  # each adds to what the ones before it say
PARTS: Final = WHO[1:]  # groups, then pairs
REACH: Final = 5.0  # tokens (1 s): a token hears what ended or starts within this of it
TOKENS_PER_SECOND: Final = FPS / DOWNSAMPLE
LONGEST_STATEMENT: Final = 9.95  # s, of HumanML3D's clips
_PART: Final = {part: number for number, part in enumerate(PARTS)}
_PADDING: Final = -1  # as a part: no statement
# Amounts of this size become 1, so that all units have the same range.
_UNIT_SIZES: Final = {"degrees": 90.0, "metres": 1.0, "times": 2.0, "seconds": 1.0, "metres a second": 1.0}


class Condition(NamedTuple):
    """Conditions of B motions, with S statements each, padded; without the first dimension, of one motion.

    A part that is `told` does what its statements say and nothing else of note, also where it has none; a part that is not
    told is free, and its statements are not heard.
    """

    text: Tensor  # (B, text_dim) sentence vectors
    has_text: Tensor  # (B,) False: no sentence
    phrases: Tensor  # (B, S, text_dim) vectors of the statements
    parts: Tensor  # (B, S) numbers in PARTS, -1 for padding
    spans: Tensor  # (B, S, 2) start and end in tokens from the start of the motion; may lie outside it
    amounts: Tensor  # (B, S, units) about 0 to 2, 0 without an amount
    told: Tensor  # (B, parts) True where the part is told what to do

    def heard(self) -> Tensor:
        """Return which statements are heard, (B, S)."""
        return (self.parts >= 0) & self.told.gather(-1, self.parts.clamp(min=0))

    def up_to(self, level: str) -> Condition:
        """Return the condition with the parts up to a level of `LEVELS` only: the sentence, groups, then pairs."""
        parts = {"body": 0, "group": len(GROUPS), "interaction": len(PARTS)}[level]
        return self._replace(told=self.told & (torch.arange(len(PARTS), device=self.told.device) < parts))

    def free(self) -> Condition:
        """Return the condition that says nothing."""
        return self._replace(has_text=torch.zeros_like(self.has_text), told=torch.zeros_like(self.told))

    def rows(self, index: Tensor) -> Condition:
        """Choose some motions of the batch."""
        return Condition(*(field[index] for field in self))

    def to(self, device: torch.device) -> Condition:
        """Move to a device."""
        return Condition(*(field.to(device) for field in self))


def stack(conditions: Sequence[Condition]) -> Condition:
    """Make a batch of conditions of one motion each, padded to the most statements."""
    columns = dict(zip(Condition._fields, zip(*conditions, strict=True), strict=True))
    padded = {name: pad_sequence(list(columns[name]), batch_first=True) for name in ("phrases", "spans", "amounts")}
    padded["parts"] = pad_sequence(list(columns["parts"]), batch_first=True, padding_value=_PADDING)
    whole = {name: torch.stack(columns[name]) for name in ("text", "has_text", "told")}
    return Condition(**padded, **whole)


def concatenate(conditions: Sequence[Condition]) -> Condition:
    """Put batches of the same number of statements one after the other."""
    return Condition(*(torch.cat(fields) for fields in zip(*conditions, strict=True)))


def short_statements(timeline: Timeline) -> Timeline:
    """Cut statements that go on for longer than training motions do into parts, which share distances and counts.

    "Travels forward about 60 m" in 50 seconds becomes seven times "travels forward about 9 m".
    """
    parts: list[Statement] = []
    for one in timeline.statements:
        number = math.ceil((one.end - one.start) / LONGEST_STATEMENT)
        amount = one.amount
        if amount is not None and one.unit in ("metres", "times"):
            amount = amount / number if one.unit == "metres" else max(1, round(amount / number))
        edges = [one.start + (one.end - one.start) * k / number for k in range(number + 1)]
        parts += [replace(one, start=a, end=b, amount=amount) for a, b in pairwise(edges)]
    return Timeline(tuple(parts), timeline.seconds)


def phrases_of(timeline: Timeline) -> list[str]:
    """Return the phrases whose vectors `condition` needs: those of groups and pairs, amounts in words."""
    return [statement.sentence for statement in timeline.statements if statement.who in _PART]


def condition(
    text: Tensor | None, timeline: Timeline | None, vectors: Mapping[str, Tensor], text_dim: int
) -> Condition:
    """Make the condition of one motion; parts without a statement are free.

    Args:
        text: (text_dim,) sentence vector; None without a sentence.
        timeline: what groups and pairs do; statements about the body are left out, since the sentence tells them.
        vectors: of `phrases_of(timeline)`.
        text_dim: size of a vector.
    """
    statements = [s for s in timeline.statements if s.who in _PART] if timeline is not None else []
    parts = torch.tensor([_PART[s.who] for s in statements], dtype=torch.long)
    told = torch.zeros(len(PARTS), dtype=torch.bool)
    told[parts] = True
    return Condition(
        text=torch.zeros(text_dim) if text is None else text,
        has_text=torch.tensor(text is not None),
        phrases=torch.stack([vectors[s.sentence] for s in statements]) if statements else torch.zeros(0, text_dim),
        parts=parts,
        spans=torch.tensor([[s.start, s.end] for s in statements]).view(-1, 2) * TOKENS_PER_SECOND,
        amounts=torch.tensor([_amounts(s) for s in statements]).view(-1, len(UNITS)),
        told=told,
    )


def crop(condition: Condition, start: float, length: int) -> Condition:
    """Return the condition of `length` tokens from token `start` of the motion of one condition.

    Statements keep their whole span, so that one that is half over is known to be; those out of reach are left out, but
    their part stays told.
    """
    spans = condition.spans - start
    near = (spans[:, 0] < length + REACH) & (spans[:, 1] > -REACH)
    return condition._replace(
        phrases=condition.phrases[near],
        parts=condition.parts[near],
        spans=spans[near],
        amounts=condition.amounts[near],
    )


def _amounts(statement: Statement) -> list[float]:
    size = 0.0 if statement.amount is None else abs(float(statement.amount)) / _UNIT_SIZES[statement.unit]
    return [(size + 1.0) ** 0.5 - 1.0 if unit == statement.unit else 0.0 for unit in UNITS]
