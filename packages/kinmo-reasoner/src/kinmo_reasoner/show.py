"""A plan as plain text: a chart of the timeline, and the three levels."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table

from kinmo_core.text import BODY, GROUPS, UNKNOWN, Statement, Timeline
from kinmo_reasoner.agreement import Agreement
from kinmo_reasoner.demands import Score

WIDTH: Final = 110  # characters of a line
_CELLS: Final = 24  # characters of a bar


def plan_text(plan: Timeline, *, width: int = WIDTH) -> str:
    """Show what body, groups and pairs do, each statement as a bar over the time, then the text of the three levels."""
    description = plan.description()
    pairs = {"+".join(pair): text for pair, text in description.interactions.items() if text != UNKNOWN}
    chart = _grid(4)
    for who in (*GROUPS, *pairs):
        for statement in plan.of(who):
            span = f"{statement.start:4.1f} - {statement.end:4.1f} s"
            chart.add_row(_limb(who), _bar(statement, float(plan.seconds)), span, statement.sentence)
    levels = _grid(3)
    levels.add_row("global", "", description.text)
    for name, text in {**description.groups, **pairs}.items():
        levels.add_row("group" if name in GROUPS else "interaction", _limb(name), text)
    silent = len(description.interactions) - len(pairs)
    note = f"({silent} {'other ' if pairs else ''}pairs: {UNKNOWN})"
    said = " ".join(statement.sentence for statement in plan.of(BODY))
    return f"{said}, {plan.seconds:.1f} s\n\n{_plain(chart, width)}\n\n{_plain(levels, width)}\n{note}"


def scores_text(scores: Mapping[str, Score]) -> str:
    """Show, for each half of a list of sentences, the share of demands that are met, and the contradictions."""
    table = _numbers("half", "sentences", "demands", "met", "share", "contradictions")
    for half, one in scores.items():
        share = f"{one.met / one.demands:.3f}" if one.demands else "-"
        table.add_row(half, *map(str, (one.sentences, one.demands, one.met, share, one.contradictions)))
    return _plain(table, WIDTH)


def agreement_text(rows: Mapping[str, Agreement]) -> str:
    """Show precision, recall and F1 of the statements of each group."""
    table = _numbers("limb", "said", "true", "precision", "recall", "F1")
    for name, one in rows.items():
        shares = (f"{value:.3f}" for value in (one.precision, one.recall, one.f1))
        table.add_row(_limb(name), str(one.said), str(one.true), *shares)
    return _plain(table, WIDTH)


def _bar(statement: Statement, seconds: float) -> str:
    first = min(int(statement.start / seconds * _CELLS), _CELLS - 1)
    last = max(first + 1, round(statement.end / seconds * _CELLS))
    return "·" * first + "█" * (last - first) + "·" * (_CELLS - last)


def _limb(who: str) -> str:
    return " + ".join(name.replace("_", " ") for name in who.split("+"))


def _grid(columns: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(columns - 1):
        table.add_column(no_wrap=True)
    table.add_column()
    return table


def _numbers(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _plain(part: RenderableType, width: int) -> str:
    """Render without colours; rich fills its cells with spaces, which the ends of lines do not need."""
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, markup=False, emoji=False, highlight=False).print(part)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n"))
