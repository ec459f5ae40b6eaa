"""Lists of sentences with what their timelines must and must not hold, and how many of these demands a reasoner meets.

The form of a list is explained at the head of `tests/reasoner/sentences.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from kinmo_core.errors import InputError
from kinmo_core.files import read_text
from kinmo_core.parsing import parse_yaml
from kinmo_core.text import WHO, Reasoner, Statement, Timeline

HALVES: Final = ("tuned", "unseen")
_SIDES: Final = {limb: (f"left_{limb}", f"right_{limb}") for limb in ("arm", "leg")}  # either side; with an s: both


@dataclass(frozen=True)
class Demand:
    """One thing that a timeline must or must not hold.

    Args:
        text: as the list has it.
        holds: tells whether a timeline does.
    """

    text: str
    holds: Callable[[Timeline], bool]


@dataclass(frozen=True)
class Case:
    """A sentence with its demands."""

    sentence: str
    must: tuple[Demand, ...]
    must_not: tuple[Demand, ...]


@dataclass(frozen=True)
class Verdict:
    """The demands that a plan does not meet, and the contradictions that it holds."""

    case: Case
    plan: Timeline
    missing: tuple[Demand, ...]
    contradictions: tuple[Demand, ...]


@dataclass(frozen=True)
class Score:
    """How well a reasoner does on some sentences: numbers of demands, of met ones, and of what contradicts a sentence."""

    sentences: int
    demands: int
    met: int
    contradictions: int


def read_cases(path: Path | str) -> list[Case]:
    """Read a list of sentences in its order.

    Raises:
        InputError: the file cannot be read, or a demand is not well formed; names it.
    """
    path = Path(path)
    try:
        found = parse_yaml(read_text(path), source="it")
        named = found.get("patterns", {})
        return [case for entry in found["cases"] for case in _cases(entry, named)]
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (AttributeError, TypeError, KeyError) as error:
        raise InputError(f"{path} must hold patterns and cases: {' '.join(str(error).split())[:200]}") from None


def halves(cases: Sequence[Case]) -> dict[str, Sequence[Case]]:
    """Split a list by its fixed rule: every second sentence is unseen."""
    return {name: cases[start::2] for start, name in enumerate(HALVES)}


def judge(reasoner: Reasoner, cases: Sequence[Case]) -> list[Verdict]:
    """Plan every sentence and hold the plan against its demands."""
    plans = reasoner.plan([case.sentence for case in cases])
    return [_verdict(case, plan) for case, (plan,) in zip(cases, plans, strict=True)]


def score(verdicts: Sequence[Verdict]) -> Score:
    """Count the demands of some verdicts."""
    demands = sum(len(verdict.case.must) for verdict in verdicts)
    missing = sum(len(verdict.missing) for verdict in verdicts)
    contradictions = sum(len(verdict.contradictions) for verdict in verdicts)
    return Score(len(verdicts), demands, demands - missing, contradictions)


def _verdict(case: Case, plan: Timeline) -> Verdict:
    missing = tuple(demand for demand in case.must if not demand.holds(plan))
    return Verdict(case, plan, missing, tuple(demand for demand in case.must_not if demand.holds(plan)))


def _cases(entry: Mapping[str, Any], named: Mapping[str, str]) -> list[Case]:
    kinds = {kind: tuple(_demand(text, named) for text in entry.get(kind, ())) for kind in ("must", "must_not")}
    return [Case(sentence, **kinds) for sentence in entry["say"]]


def _demand(text: str, named: Mapping[str, str]) -> Demand:
    """Read `A`, `A < B < C` or `A & B`."""
    if " & " in text:
        first, second = (_finder(part, named) for part in text.split(" & "))
        return Demand(text, lambda plan: any(_overlap(a, b) for a in first(plan) for b in second(plan)))
    finders = [_finder(part, named) for part in text.split(" < ")]
    return Demand(text, lambda plan: _in_order([find(plan) for find in finders]))


Span = tuple[float, float]  # start and end, s
Finder = Callable[[Timeline], list[Span]]


def _finder(text: str, named: Mapping[str, str]) -> Finder:
    """Read `WHO: PATTERN or WHO: PATTERN` as a function that returns the spans of what matches."""
    options = [_option(option, named) for option in text.split(" or ")]
    return lambda plan: [span for option in options for span in option(plan)]


def _option(text: str, named: Mapping[str, str]) -> Finder:
    who, colon, pattern = text.partition(": ")
    try:
        pattern = re.sub(r"<([\w ]+)>", lambda name: f"(?:{named[name[1]]})", pattern)
        wanted = re.compile(pattern)
    except (re.error, KeyError) as error:
        raise InputError(f"the demand {text!r} has a wrong pattern: {error}") from None
    both = who.endswith("s") and who[:-1] in _SIDES
    limbs = _SIDES.get(who.removesuffix("s"), (who,))
    if not colon or not set(limbs) <= set(WHO):
        raise InputError(f"a demand must be WHO: PATTERN, got {text!r}")

    def find(plan: Timeline) -> list[Span]:
        found = [[s for s in plan.of(limb) if wanted.search(s.sentence)] for limb in limbs]
        if both and not all(found):
            return []
        return [_span(statement) for of_limb in found for statement in of_limb]

    return find


def _span(statement: Statement) -> Span:
    return float(statement.start), float(statement.end)


def _overlap(first: Span, second: Span) -> bool:
    return first[0] < second[1] and second[0] < first[1]


def _in_order(found: Sequence[Sequence[Span]]) -> bool:
    """Tell whether there is a way through the lists on which each span is at least half over before the next starts."""
    last: Sequence[Span] = found[0]
    for _, later in pairwise(found):
        last = [b for b in later if any((a[0] + a[1]) / 2 <= b[0] for a in last)]
    return bool(last)
