"""How people word what a statement says: the verb phrases of `wordings.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from kinmo_core.parsing import read_table
from kinmo_core.text import Statement
from kinmo_core.text.statement import SLOT, TURNS_FROM, count, times

_ENOUGH_TO_SQUAT: Final = 0.25  # m that the hips sink; less is a slight bend
_SHORT: Final = {  # what stands for a regular expression in the forms of the file
    SLOT: r"\{\}",
    "{n}": r"(?:\{\}|again and again)",
    "{side}": "(?P<side>left|right)",
    "{pace}": "(?P<pace> slowly| quickly| slightly)?",
    "{ways}": "(?: forward| back| outward| inward)?(?: and (?:up|down))?",
}


@dataclass(frozen=True)
class Clause:
    """A verb phrase.

    Args:
        verb: in its plain form.
        rest: what follows; `{their}` stands for the possessive.
    """

    verb: str
    rest: str


@dataclass(frozen=True)
class _Form:
    text: re.Pattern[str]
    weight: float
    phrases: tuple[str, ...]


def clauses_of(statement: Statement) -> tuple[float, tuple[Clause, ...]]:
    """Return how often people mention what a statement says, and the clauses that say it; 0 and none if nobody does."""
    for form in _forms().get(re.sub("left_|right_", "", statement.who), ()):
        found = form.text.fullmatch(statement.text)
        if found and not _slight(statement):
            words = {"n": _times(statement), "limb": _limb(statement)}
            words |= {name: value or "" for name, value in found.groupdict().items()}
            if words.get("goal", "").startswith("the "):
                words["goal"] = f"to {words['goal']}"
            return form.weight, tuple(_clauses(form, words, statement))
    return 0.0, ()


@cache
def _forms() -> dict[str, tuple[_Form, ...]]:
    table = read_table(Path(__file__).with_name("wordings.yaml"))
    return {who: tuple(_form(**row) for row in rows) for who, rows in table.items()}


def _form(form: str, weight: float | int, phrases: list[str]) -> _Form:
    for short, expression in _SHORT.items():
        form = form.replace(short, expression)
    return _Form(re.compile(form), float(weight), tuple(phrases))


def _slight(statement: Statement) -> bool:
    """Tell whether the hips go up or down too little to be called squatting or standing up."""
    amount = statement.amount
    return (
        statement.who == "torso"
        and statement.text.startswith(("sinks", "rises"))
        and amount is not None
        and amount < _ENOUGH_TO_SQUAT
    )


def _clauses(form: _Form, words: dict[str, str], statement: Statement) -> Iterator[Clause]:
    for phrase in form.phrases:
        verb, rest = phrase.split("|")
        yield Clause(verb, " ".join(rest.format(**words, their="{their}").split()))
    if statement.text.startswith("turns") and statement.unit == "degrees" and (statement.amount or 0.0) >= TURNS_FROM:
        yield Clause("spin", f"around to the {words['side']}")


def _times(statement: Statement) -> str:
    if statement.unit != "times" or statement.amount is None:
        return ""
    number = round(statement.amount)
    return times(number) if number < 3 else f"{count(number)} times"


def _limb(statement: Statement) -> str:
    found = re.search("left|right", statement.who if statement.who.count("_") == 1 else statement.text)
    return found[0] if found else ""
