"""Annotations and agreement as plain text, aligned for a terminal or a pipe, and the tables that such texts consist of."""

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
        [aligned((limb_name(name), text) for name, text in description.groups.items())],
        [aligned((limb_name(pair), text) for pair, text in pairs.items())] if pairs else [],
    ]
    parts[-1].append(f"({silent} {'other ' if pairs else ''}pairs: {UNKNOWN})")
    spans = [
        (f"{statement.start:5.1f} - {statement.end:4.1f} s", limb_name(statement.who), statement.sentence)
        for statement in timeline.statements
        if statement.who != BODY
    ]
    if spans:
        parts.append([aligned(spans)])
    return "\n\n".join(plain_text(*part, width=width) for part in parts)


def agreement_text(field: str, table: Mapping[str, Agreement]) -> str:
    """Show a row for each limb; "undefined" where there is no kappa, since both raters said one and the same throughout."""
    head = {"ratings": "Ratings", "text": "What the sentences say first"}[field]
    rows = numbers_table("limb", "items", "same", "kappa", "AC1")
    for item, of_item in table.items():
        kappa = "undefined" if math.isnan(of_item.kappa) else f"{of_item.kappa:.3f}"
        rows.add_row(limb_name(item), str(of_item.items), f"{of_item.same:.3f}", kappa, f"{of_item.ac1:.3f}")
    return f"{head}\n\n{plain_text(rows, width=WIDTH)}"


def limb_name(who: str) -> str:
    """Return a group or pair in words: "left arm", "torso + left arm"."""
    return " + ".join(name.replace("_", " ") for name in who.split("+"))


def aligned(rows: Iterable[Sequence[str]]) -> Table:
    """Align columns; the last one is wrapped below itself."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        while len(table.columns) < len(row):
            table.add_column(no_wrap=len(table.columns) < len(row) - 1)
        table.add_row(*row)
    return table


def numbers_table(first: str, *others: str) -> Table:
    """Make an empty table with a column of names and columns of numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def plain_text(*parts: RenderableType, width: int) -> str:
    """Render without colours; rich fills its cells with spaces, which the ends of lines do not need."""
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, emoji=False, highlight=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n"))  # pyright: ignore[reportAttributeAccessIssue]
