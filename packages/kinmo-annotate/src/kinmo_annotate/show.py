"""Annotations and agreement as plain text for a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

from kinmo_annotate.agreement import Agreement
from kinmo_annotate.observation import Annotation
from kinmo_core.text import UNKNOWN


def annotation_text(annotation: Annotation, *, seconds: float, width: int = 100) -> str:
    """The three levels, then the timeline: seconds, limb, what it does.

    Args:
        annotation: what to show.
        seconds: duration of the motion.
        width: characters of a line.
    """
    description = annotation.description
    pairs = {"+".join(pair): text for pair, text in description.interactions.items() if text != UNKNOWN}
    silent = len(description.interactions) - len(pairs)
    parts = [
        [f"{annotation.id}, {seconds:.1f} s, by {annotation.writer}"],
        textwrap.wrap(description.text, width),
        _rows([[_limb(name), text] for name, text in description.groups.items()], width),
        [
            *_rows([[_limb(pair), text] for pair, text in pairs.items()], width),
            f"({silent} {'other ' if pairs else ''}pairs: {UNKNOWN})",
        ],
    ]
    events = sorted(annotation.timeline, key=lambda event: (event.start, event.end))
    spans = [[f"{event.start:5.1f} - {event.end:4.1f} s", _limb(event.who), event.text] for event in events]
    if spans:
        parts.append(_rows(spans, width))
    return "\n\n".join("\n".join(part) for part in parts)


def agreement_text(field: str, table: Mapping[str, Agreement]) -> str:
    """A row for each limb; "undefined" where there is no kappa, since both raters said one and the same throughout."""
    head = {"ratings": "Ratings", "text": "What the sentences say first"}[field]
    rows = [["limb", "items", "same", "kappa", "AC1"]]
    for item, of_item in table.items():
        kappa = "undefined" if math.isnan(of_item.kappa) else f"{of_item.kappa:.3f}"
        rows.append([_limb(item), str(of_item.items), f"{of_item.same:.3f}", kappa, f"{of_item.ac1:.3f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(size) for cell, size in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return "\n".join([head, "", *lines])


def _limb(who: str) -> str:
    return " + ".join(name.replace("_", " ") for name in who.split("+"))


def _rows(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Aligned columns; the last one is wrapped below itself."""
    if not rows:
        return []
    sizes = [max(len(row[column]) for row in rows) + 2 for column in range(len(rows[0]) - 1)]
    indent = " " * sum(sizes)
    lines = []
    for row in rows:
        start = "".join(cell.ljust(size) for cell, size in zip(row[:-1], sizes, strict=True))
        lines += textwrap.wrap(row[-1], max(width, len(indent) + 20), initial_indent=start, subsequent_indent=indent)
    return lines
