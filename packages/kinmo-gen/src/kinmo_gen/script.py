"""Scripts: sentences with the time in which each is done, one a line, like the label tracks of audio editors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinmo_core.errors import InputError
from kinmo_core.files import read_text
from kinmo_core.text import Timeline, check_sentence


@dataclass(frozen=True)
class Line:
    """What is done from `start` to `end`, seconds."""

    start: float
    end: float
    text: str

    @property
    def seconds(self) -> float:
        """The duration."""
        return self.end - self.start


def read_script(path: Path) -> tuple[Line, ...]:
    """Read lines "START END SENTENCE", seconds; empty lines and those that begin with # are left out.

    Raises:
        InputError: no line, a line of another form, or one that begins before the one above it ends; names file and line.
    """
    lines: list[Line] = []
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        try:
            start, end, sentence = text.split(maxsplit=2)
            line = Line(float(start), float(end), sentence.strip())
        except ValueError:
            raise InputError(f"{path} line {number} must be START END SENTENCE, got {text.strip()!r:.80}") from None
        earliest = lines[-1].end if lines else 0.0
        if not earliest <= line.start < line.end < float("inf"):
            raise InputError(
                f"{path} line {number} must have {earliest:g} <= START < END, got {line.start:g} and {line.end:g}"
            )
        check_sentence(line.text)
        lines.append(line)
    if not lines:
        raise InputError(f"{path} must have lines START END SENTENCE, got none")
    return tuple(lines)


def timeline_of(lines: Sequence[Line], plans: Iterable[Timeline]) -> Timeline:
    """Put the plans of the lines of a script one behind the other."""
    moved = (one.shift(line.start) for one, line in zip(plans, lines, strict=True))
    return Timeline(tuple(statement for one in moved for statement in one.statements), lines[-1].end)
