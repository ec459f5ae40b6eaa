"""`Timeline`: everything that body, groups and pairs do in a motion, each statement with its span of time.

It is what kinmo-annotate writes from a motion, a reasoner from a sentence, and a person by hand:

    seconds: 4.0
    statements:
    - {who: body, start: 0.0, end: 4.0, text: a person bows}
    - {who: torso, start: 0.5, end: 1.5, text: leans forward to about, amount: 70, unit: degrees}
    - {who: torso, start: 2.5, end: 3.5, text: straightens up}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import yaml

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path, read_text
from kinmo_core.parsing import parse_json, parse_yaml
from kinmo_core.text.description import GROUPS, PAIRS, UNKNOWN, Description
from kinmo_core.text.statement import BODY, WHO, Real, Statement, to_seconds

_AT_ONCE: Final = 0.2  # s: what starts earlier than this before the end of another happens along with it
_PLACE: Final = {who: place for place, who in enumerate(WHO)}
_FIELDS: Final = {"who": str, "start": Real, "end": Real, "text": str, "amount": Real | None, "unit": str}
_REQUIRED: Final = ("who", "start", "end", "text")
_KINDS: Final = {str: "a text", Real: "a number", Real | None: "a number", list: "a list"}


@dataclass(frozen=True)
class Timeline:
    """Statements in the order of time; equal timelines compare equal whatever order they were given in.

    Args:
        statements: sorted by start, end, then who.
        seconds: duration; no statement ends later.

    Raises:
        InputError: the duration is not positive, or a statement ends after it.
    """

    statements: tuple[Statement, ...]
    seconds: Real

    def __post_init__(self) -> None:
        seconds = to_seconds("seconds", self.seconds)
        if seconds <= 0:
            raise InputError(f"seconds must be positive, got {seconds:g}")
        late = next((s for s in self.statements if s.end > seconds), None)
        if late is not None:
            raise InputError(
                f"statements must end within {seconds:g} s, got one of {late.who} that ends at {late.end:g} s"
            )
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "statements", tuple(sorted(self.statements, key=_order)))

    def of(self, who: str) -> tuple[Statement, ...]:
        """Return the statements about one group, one pair or the body, in the order of time."""
        return tuple(statement for statement in self.statements if statement.who == who)

    def window(self, start: Real, end: Real) -> Timeline:
        """Cut out the seconds from `start` to `end`; times then count from the cut.

        A statement that crosses a cut is shortened and keeps its text and amount.

        Raises:
            InputError: the window is empty or not within the timeline.
        """
        start, end = to_seconds("start", start), to_seconds("end", end)
        if not 0 <= start < end <= self.seconds:
            raise InputError(f"a window must lie within 0 to {self.seconds:g} s, got {start:g} to {end:g}")
        inside = (s for s in self.statements if s.start < end and s.end > start)
        cut = tuple(replace(s, start=max(s.start, start) - start, end=min(s.end, end) - start) for s in inside)
        return Timeline(cut, end - start)

    def shift(self, seconds: Real) -> Timeline:
        """Delay everything by some seconds, which lengthens the timeline; negative seconds take an empty start away.

        Raises:
            InputError: a statement would start before 0, or nothing would be left.
        """
        seconds = to_seconds("seconds", seconds)
        moved = tuple(replace(s, start=s.start + seconds, end=s.end + seconds) for s in self.statements)
        return Timeline(moved, self.seconds + seconds)

    def stretch(self, seconds: Real) -> Timeline:
        """Make everything faster or slower, so that the timeline takes some seconds; of the amounts only seconds change.

        Raises:
            InputError: the duration is not positive, or too short for a statement.
        """
        seconds = to_seconds("seconds", seconds)
        if seconds <= 0:
            raise InputError(f"seconds must be positive, got {seconds:g}")
        factor = seconds / self.seconds

        def scale(s: Statement) -> Statement:
            amount = s.amount * factor if s.amount is not None and s.unit == "seconds" else s.amount
            return replace(s, start=s.start * factor, end=min(s.end * factor, seconds), amount=amount)

        return Timeline(tuple(map(scale, self.statements)), seconds)

    def join(self, other: Timeline) -> Timeline:
        """Append another timeline, which starts where this one ends."""
        return Timeline((*self.statements, *other.shift(self.seconds).statements), self.seconds + other.seconds)

    def mirror(self) -> Timeline:
        """Return the timeline of the mirrored motion: left and right exchanged in every statement."""
        return Timeline(tuple(statement.mirror() for statement in self.statements), self.seconds)

    def description(self) -> Description:
        """Summarise as one text for the body, each group and each pair; "unknown" where nothing is stated."""
        body = clauses(self.of(BODY))
        return Description(
            text=_sentence(body) if body else UNKNOWN,
            groups={name: group_text(name, self.of(name)) for name in GROUPS},
            interactions={pair: pair_text(self.of("+".join(pair))) for pair in PAIRS},
        )

    @staticmethod
    def of_description(description: Description, seconds: Real) -> Timeline:
        """Say each text of a description over the whole time; `description()` gives the texts back."""
        texts = {"+".join(pair): text for pair, text in description.interactions.items()}
        texts |= {BODY: description.text, **description.groups}
        said = ((who, _without_subject(who, text)) for who, text in texts.items() if text != UNKNOWN)
        return Timeline(tuple(Statement(who, 0.0, seconds, text) for who, text in said), seconds)

    def to_json(self) -> dict[str, Any]:
        """Return `{"seconds": ..., "statements": [...]}`, which `from_json` reads back exactly."""
        return {"seconds": self.seconds, "statements": [statement.to_json() for statement in self.statements]}

    @staticmethod
    def from_json(value: Any) -> Timeline:
        """Read what `to_json` returns, or what a person wrote in its form.

        Raises:
            InputError: names the statement and the field that is missing, unknown or wrong.
        """
        fields = {"seconds": Real, "statements": list}
        _check_fields("a timeline", value, fields, required=fields)
        rows = enumerate(value["statements"], start=1)
        return Timeline(tuple(_statement(row, number) for number, row in rows), value["seconds"])

    @staticmethod
    def load(path: Path | str) -> Timeline:
        """Read a timeline from a YAML or JSON file.

        Raises:
            InputError: the file cannot be read or does not hold a timeline; names the file.
        """
        path = Path(path)
        try:
            # JSON is YAML, but for some escapes.
            parse = parse_json if path.suffix.lower() == ".json" else parse_yaml
            return Timeline.from_json(parse(read_text(path), source="it"))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def save(self, path: Path | str) -> None:
        """Write a timeline as YAML, or as JSON where the suffix is .json."""
        path = Path(path)
        value = self.to_json()
        with atomic_path(path) as temporary:
            if path.suffix.lower() == ".json":
                text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
            else:
                text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
            temporary.write_text(text, encoding="utf-8")


def group_text(name: str, statements: Sequence[Statement]) -> str:
    """Write statements about a group as one sentence: "The left arm rises, then drops."; "unknown" without any."""
    return _sentence(f"the {name.replace('_', ' ')} {clauses(statements)}") if statements else UNKNOWN


def pair_text(statements: Sequence[Statement]) -> str:
    """Write statements about a pair as a sentence each; "unknown" without any."""
    return " ".join(_sentence(statement.sentence) for statement in statements) or UNKNOWN


def clauses(statements: Sequence[Statement]) -> str:
    """Join statements in the order of time by ", then", or by "and" where one starts before the last is nearly over."""
    text = statements[0].sentence if statements else ""
    for before, statement in pairwise(statements):
        text += f"{' and' if statement.start < before.end - _AT_ONCE else ', then'} {statement.sentence}"
    return text


def _order(statement: Statement) -> tuple[Any, ...]:
    amount = float("-inf") if statement.amount is None else statement.amount
    return (statement.start, statement.end, _PLACE[statement.who], statement.text, amount, statement.unit)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _without_subject(who: str, text: str) -> str:
    """Undo `group_text` and the full stop of `pair_text`."""
    subject, clause = f"the {who.replace('_', ' ')} ", text.removesuffix(".")
    return clause[len(subject) :] if clause.lower().startswith(subject) else clause


def _statement(row: Any, number: int) -> Statement:
    _check_fields(f"statement {number}", row, _FIELDS, required=_REQUIRED)
    try:
        return Statement(**row)
    except InputError as error:
        raise InputError(f"statement {number}: {error}") from None


def _check_fields(what: str, value: Any, fields: Mapping[str, Any], *, required: Iterable[str]) -> None:
    """Check the keys of an object and the types of its values; a bool is not a number."""
    if not isinstance(value, dict):
        raise InputError(f"{what} must be an object with {', '.join(required)}, got {value!r:.80}")
    wrong = [f"no {name}" for name in required if name not in value]
    wrong += [f"the unknown key {name!r:.80}" for name in value if name not in fields]
    if wrong:
        raise InputError(f"{what} must have {', '.join(fields)}, got {wrong[0]}")
    for name, found in value.items():
        if isinstance(found, bool) or not isinstance(found, fields[name]):
            raise InputError(f"{what}: {name} must be {_KINDS[fields[name]]}, got {found!r:.80}")
