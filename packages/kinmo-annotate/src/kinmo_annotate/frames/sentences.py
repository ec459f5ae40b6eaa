"""From the categories of a pose to a sentence about it, for each group and for the whole body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from jaxtyping import Int
from torch import Tensor

from kinmo_annotate.frames.posecodes import POSECODES
from kinmo_core.text import GROUPS

ORDINARY: Final = "The person stands upright with hanging arms."


def pose_sentences(categories: Int[Tensor, "frames codes"]) -> list[str]:
    """Write a sentence about the pose of every frame.

    Args:
        categories: (T, K), as `posecodes.categorize` makes them.

    Returns:
        T sentences; equal poses have equal ones. One without any label is `ORDINARY`.
    """
    rows = categories.tolist()
    known = {row: _sentence(_clauses(row)) or ORDINARY for row in set(map(tuple, rows))}
    return [known[tuple(row)] for row in rows]


def group_sentences(categories: Int[Tensor, "frames codes"], group: str) -> list[str]:
    """Write the same about one group or pair alone; empty where its pose is too ordinary for a word."""
    return [_sentence(_clauses(row, group)) for row in categories.tolist()]


def _clauses(row: Sequence[int], who: str | None = None) -> list[str]:
    """Return the names of the categories of one frame, group by group."""
    called = [
        (code.who, code.labels[category])
        for code, category in zip(POSECODES, row, strict=True)
        if code.labels[category] and who in (None, code.who)
    ]
    order = {name: number for number, name in enumerate(GROUPS)}
    return [label for _, label in sorted(called, key=lambda item: order.get(item[0], len(order)))]


def _sentence(clauses: Sequence[str]) -> str:
    if not clauses:
        return ""
    text = ", ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."
