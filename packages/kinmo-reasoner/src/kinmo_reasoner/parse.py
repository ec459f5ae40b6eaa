"""A timeline as the short JSON that a language model writes, and back: `{"seconds": 4, "statements": ["torso 0-1.5 ..."]}`.

A statement is one string, `WHO START-END TEXT`, with its amount in braces: "torso 0.5-1.5 leans forward by {70 degrees}".
That takes half the tokens of `Timeline.to_json`. The whole-body statement is not written, since it is the sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from kinmo_annotate.writers.answers import MalformedError, limb_problems, one_line, single_object
from kinmo_core.errors import InputError
from kinmo_core.text import BODY, UNITS, WHO, Statement, Timeline
from kinmo_core.text.statement import SLOT
from kinmo_reasoner.request import Request

LIMBS: Final = tuple(who for who in WHO if who != BODY)  # who a statement may be about
MAX_STATEMENTS: Final = 120  # of an answer; the longest of kinmo-annotate, for ten seconds, has 81
SCHEMA: Final[Mapping[str, Any]] = {  # in the subset that the strict modes of providers share
    "type": "object",
    "properties": {"seconds": {"type": "number"}, "statements": {"type": "array", "items": {"type": "string"}}},
    "required": ["seconds", "statements"],
    "additionalProperties": False,
}
_DECIMALS: Final = 1  # of times, s
_STEP: Final = 10**-_DECIMALS  # s: the shortest statement
_STRETCHED: Final = 0.1  # share by which a plan is made faster or slower to take the seconds that are asked for
_DIGITS: Final = 2  # significant ones of an amount; a sentence shows no more
_MAX_SECONDS: Final = 600.0  # of a motion
_SHOWN_PROBLEMS: Final = 5  # in the reason that goes back to the model
_SHOWN_CHARACTERS: Final = 80  # of a wrong statement

_STATEMENT: Final = re.compile(
    r"(?P<who>[^\s:]+):?\s+(?P<start>[\d.]+)\s*-\s*(?P<end>[\d.]+)(?:\s*s:?)?\s+(?P<text>.+)"
)
_AMOUNT: Final = re.compile(r"\{(?P<amount>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?) (?P<unit>[a-z ]+)\}")


def to_answer(timeline: Timeline) -> str:
    """Write `rounded(timeline)` as a model shall answer: limb by limb, each in the order of time."""
    plain = rounded(timeline)
    rows = (_row(statement) for who in LIMBS for statement in plain.of(who))
    return json.dumps({"seconds": plain.seconds, "statements": list(rows)}, ensure_ascii=False)


def rounded(timeline: Timeline) -> Timeline:
    """Return a timeline as an answer can say it: times in tenths of a second, amounts in two digits, a mark for each."""
    seconds = max(round(timeline.seconds, _DECIMALS), _STEP)
    return Timeline(tuple(_rounded(statement, seconds) for statement in timeline.statements), seconds)


def _rounded(statement: Statement, seconds: float) -> Statement:
    start = min(round(statement.start, _DECIMALS), round(seconds - _STEP, _DECIMALS))
    end = min(max(round(statement.end, _DECIMALS), round(start + _STEP, _DECIMALS)), seconds)
    if statement.amount is None:
        return replace(statement, start=start, end=end)
    text = statement.text if SLOT in statement.text else f"{statement.text} {SLOT}"
    return replace(statement, start=start, end=end, text=text, amount=float(f"{statement.amount:.{_DIGITS}g}"))


def _row(statement: Statement) -> str:
    text = statement.text
    if statement.amount is not None:
        text = text.replace(SLOT, f"{{{statement.amount:g} {statement.unit}}}")
    return f"{statement.who} {statement.start:g}-{statement.end:g} {text}"


def read_answer(answer: str, request: Request) -> Timeline:
    """Read the timeline in an answer, and add the sentence as the statement of the body.

    Args:
        answer: what the model wrote; prose or a code fence may surround the JSON.
        request: the sentence, and the duration; a plan that is a little shorter or longer is stretched to it.

    Raises:
        MalformedError: lists what is wrong, by field.
    """
    value = single_object(answer)
    seconds = _seconds(value, request)
    rows = value.get("statements")
    if not isinstance(rows, list) or not rows:
        raise MalformedError(f"statements: must be a list of at least one text, got {rows!r:.80}")
    if len(rows) > MAX_STATEMENTS:
        raise MalformedError(f"statements: must be at most {MAX_STATEMENTS}, got {len(rows)}")
    unknown = [key for key in value if key not in SCHEMA["properties"]]
    problems = [f"{key}: is not a field; the fields are seconds and statements" for key in unknown]
    statements: list[Statement] = []
    for number, row in enumerate(rows, start=1):
        try:
            statements.append(_statement(row, seconds))
        except (MalformedError, InputError) as error:
            problems.append(f"statement {number}: {error}")
    problems += _repeated(statements)
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        raise MalformedError("; ".join(problems[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else ""))
    timeline = Timeline(tuple(statements), seconds).stretch(request.seconds or seconds)
    return replace(timeline, statements=(body_statement(request.sentence, timeline.seconds), *timeline.statements))


def body_statement(sentence: str, seconds: float) -> Statement:
    """Return the sentence as what the body does over the whole time, without its full stop."""
    text = one_line(sentence).replace(SLOT, "( )")  # in a statement {} marks the place of an amount
    return Statement(BODY, 0.0, seconds, text.removesuffix(".") or text)


def _seconds(value: Mapping[str, Any], request: Request) -> float:
    seconds = value.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, float | int) or not 0 < seconds <= _MAX_SECONDS:
        raise MalformedError(f"seconds: must be a number above 0 and up to {_MAX_SECONDS:g}, got {seconds!r:.80}")
    if request.seconds is not None and abs(seconds - request.seconds) > _STEP + _STRETCHED * request.seconds:
        raise MalformedError(f"seconds: must be {request.seconds:g} as asked for, got {seconds:g}")
    return float(seconds)


def _statement(row: Any, seconds: float) -> Statement:
    """Read `WHO START-END TEXT`."""
    found = _STATEMENT.fullmatch(one_line(row)) if isinstance(row, str) else None
    if found is None:
        raise MalformedError(f'must read "WHO START-END TEXT", got {str(row)[:_SHOWN_CHARACTERS]!r}')
    who, text = found["who"], found["text"]
    if who not in LIMBS:
        raise MalformedError(f"who must be one of {', '.join(LIMBS)}, got {who!r:.80}")
    start, end = (_time(name, found[name], seconds) for name in ("start", "end"))
    for problem in limb_problems(who, text):
        raise MalformedError(problem)
    amount, unit = None, ""
    if "{" in text or "}" in text:
        text, amount, unit = _amount(text)
    return Statement(who, start, end, text, amount, unit)


def _time(name: str, written: str, seconds: float) -> float:
    try:
        value = float(written)
    except ValueError:
        raise MalformedError(f"{name} must be seconds, got {written!r:.80}") from None
    if value > seconds + _STEP:
        raise MalformedError(f"{name} must be within the {seconds:g} s of the motion, got {value:g}")
    return min(value, seconds)


def _amount(text: str) -> tuple[str, float, str]:
    """Return the text with the mark `{}`, the amount and its unit."""
    found = _AMOUNT.findall(text)
    rest = _AMOUNT.sub("", text)
    if len(found) != 1 or "{" in rest or "}" in rest or found[0][1] not in UNITS:
        wanted = f"one number with one of the units {', '.join(UNITS)} in braces, such as {{70 degrees}}"
        raise MalformedError(f"an amount must be {wanted}, got {text[:_SHOWN_CHARACTERS]!r}")
    return _AMOUNT.sub(SLOT, text), float(found[0][0]), found[0][1]


def _repeated(statements: Sequence[Statement]) -> Iterator[str]:
    """Yield what a limb is said to do twice at a time; different things may overlap."""
    last: dict[tuple[str, str], Statement] = {}
    for statement in sorted(statements, key=lambda one: (one.start, one.end)):
        before = last.get(key := (statement.who, statement.text))
        if before is not None and statement.start < before.end:
            spans = f"{before.start:g}-{before.end:g} and {statement.start:g}-{statement.end:g}"
            yield f"{statement.who}: says {statement.text[:_SHOWN_CHARACTERS]!r} twice at a time, {spans} s"
        last[key] = statement
