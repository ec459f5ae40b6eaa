"""Annotations and agreement as plain text, aligned for a terminal or a pipe."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table

from kinmo_annotate.agreement import Agreement
from kinmo_annotate.observation import Annotation
from kinmo_core.text import BODY, UNKNOWN

WIDTH: Final = 100  # characters of a line


def annotation_text(annotation: Annotation, *, width: int = WIDTH) -> str:
    """Show the three levels, then the timeline of limbs and pairs: seconds, limb, what it does."""
    description, timeline = annotation.description, annotation.timeline
    pairs = {"+".join(pair): text for pair, text in description.interactions.items() if text != UNKNOWN}
    silent = len(description.interactions) - len(pairs)
    parts: list[list[RenderableType]] = [
        [f"{annotation.id}, {timeline.seconds:.1f} s, by {annotation.writer}"],
        [description.text],
        [_rows((_limb(name), text) for name, text in description.groups.items())],
        [_rows((_limb(pair), text) for pair, text in pairs.items())] if pairs else [],
    ]
    parts[-1].append(f"({silent} {'other ' if pairs else ''}pairs: {UNKNOWN})")
    spans = [
        (f"{statement.start:5.1f} - {statement.end:4.1f} s", _limb(statement.who), statement.sentence)
        for statement in timeline.statements
        if statement.who != BODY
    ]
    if spans:
        parts.append([_rows(spans)])
    return "\n\n".join(_plain(part, width) for part in parts)


def agreement_text(field: str, table: Mapping[str, Agreement]) -> str:
    """Show a row for each limb; "undefined" where there is no kappa, since both raters said one and the same throughout."""
    head = {"ratings": "Ratings", "text": "What the sentences say first"}[field]
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    rows.add_column("limb")
    for name in ("items", "same", "kappa", "AC1"):
        rows.add_column(name, justify="right")
    for item, of_item in table.items():
        kappa = "undefined" if math.isnan(of_item.kappa) else f"{of_item.kappa:.3f}"
        rows.add_row(_limb(item), str(of_item.items), f"{of_item.same:.3f}", kappa, f"{of_item.ac1:.3f}")
    return f"{head}\n\n{_plain([rows], WIDTH)}"


def _limb(who: str) -> str:
    return " + ".join(name.replace("_", " ") for name in who.split("+"))


def _rows(rows: Iterable[Sequence[str]]) -> Table:
    """Align columns; the last one is wrapped below itself."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        while len(table.columns) < len(row):
            table.add_column(no_wrap=len(table.columns) < len(row) - 1)
        table.add_row(*row)
    return table


def _plain(parts: Iterable[RenderableType], width: int) -> str:
    """Render without colours; rich fills its cells with spaces, which the ends of lines do not need."""
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, emoji=False, highlight=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n"))  # pyright: ignore[reportAttributeAccessIssue]
