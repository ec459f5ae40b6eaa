"""How long people take for what a statement says, from recordings: planned statements last no longer than is usual."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from kinmo_core.parsing import read_table
from kinmo_core.text import Statement

FILE: Final = "usual_seconds.yaml"
_SIDE: Final = re.compile(r"\b(left|right)\b|(left|right)(?=_)")
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


def kind(statement: Statement) -> str:
    """Return group or pair and words of a statement, without sides and numbers."""
    return _NUMBER.sub("#", _SIDE.sub("", f"{statement.who}: {statement.text}"))


def no_longer_than_usual(statement: Statement) -> Statement:
    """End a statement where three of four of its kind would have ended; one that says its own duration is left as it is."""
    longest = _table().get(kind(statement))
    if longest is None or statement.unit == "seconds":
        return statement
    if statement.unit == "times":  # most recordings of a kind do it once
        longest *= max(1.0, float(statement.amount or 1))
    if statement.end - statement.start <= longest:
        return statement
    return replace(statement, end=statement.start + longest)


@cache
def _table() -> Mapping[str, float]:
    return read_table(Path(__file__).with_name(FILE))
