"""A plan as plain text: a chart of the timeline, and the three levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kinmo_annotate.show import aligned, limb_name, numbers_table, plain_text
from kinmo_core.text import BODY, GROUPS, UNKNOWN, Statement, Timeline
from kinmo_reasoner.agreement import Agreement
from kinmo_reasoner.demands import Score

WIDTH: Final = 110  # characters of a line
_CELLS: Final = 24  # characters of a bar


def plan_text(plan: Timeline, *, width: int = WIDTH) -> str:
    """Show what body, groups and pairs do, each statement as a bar over the time, then the text of the three levels."""
    description = plan.description()
    pairs = {"+".join(pair): text for pair, text in description.interactions.items() if text != UNKNOWN}
    chart = [
        (
            limb_name(who),
            _bar(statement, float(plan.seconds)),
            f"{statement.start:4.1f} - {statement.end:4.1f} s",
            statement.sentence,
        )
        for who in (*GROUPS, *pairs)
        for statement in plan.of(who)
    ]
    levels = [("global", "", description.text)]
    for name, text in {**description.groups, **pairs}.items():
        levels.append(("group" if name in GROUPS else "interaction", limb_name(name), text))
    silent = len(description.interactions) - len(pairs)
    note = f"({silent} {'other ' if pairs else ''}pairs: {UNKNOWN})"
    said = " ".join(statement.sentence for statement in plan.of(BODY))
    shown = (plain_text(aligned(rows), width=width) for rows in (chart, levels))
    return "\n\n".join((f"{said}, {plan.seconds:.1f} s", *shown)) + f"\n{note}"


def scores_text(scores: Mapping[str, Score]) -> str:
    """Show, for each half of a list of sentences, the share of demands that are met, and the contradictions."""
    table = numbers_table("half", "sentences", "demands", "met", "share", "contradictions")
    for half, one in scores.items():
        share = f"{one.met / one.demands:.3f}" if one.demands else "-"
        table.add_row(half, *map(str, (one.sentences, one.demands, one.met, share, one.contradictions)))
    return plain_text(table, width=WIDTH)


def agreement_text(rows: Mapping[str, Agreement]) -> str:
    """Show precision, recall and F1 of the statements of each group."""
    table = numbers_table("limb", "said", "true", "precision", "recall", "F1")
    for name, one in rows.items():
        shares = (f"{value:.3f}" for value in (one.precision, one.recall, one.f1))
        table.add_row(limb_name(name), str(one.said), str(one.true), *shares)
    return plain_text(table, width=WIDTH)


def _bar(statement: Statement, seconds: float) -> str:
    first = min(int(statement.start / seconds * _CELLS), _CELLS - 1)
    last = max(first + 1, round(statement.end / seconds * _CELLS))
    return "·" * first + "█" * (last - first) + "·" * (_CELLS - last)
