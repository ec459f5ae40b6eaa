"""Write the result of a judgement: `follow.json` with every sentence, `follow.md` with a table by family and half."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from kinmo_core.files import atomic_path
from kinmo_gen.follow.rate import Judged, Rate, follow_rate
from kinmo_gen.follow.sentences import HALVES

ALL = "all"


def rates(judged: Sequence[Judged]) -> dict[str, dict[str, Rate]]:
    """Return half -> family -> rate; "all" stands for both halves that were judged, and for all families."""
    halves = [half for half in HALVES if any(each.sentence.half == half for each in judged)]
    chosen = {half: [each for each in judged if each.sentence.half == half] for half in halves}
    if len(halves) > 1:
        chosen[ALL] = list(judged)
    return {half: _by_family(part) for half, part in chosen.items()}


def _by_family(judged: Sequence[Judged]) -> dict[str, Rate]:
    families = dict.fromkeys(each.sentence.family for each in judged)
    found = {name: follow_rate([each for each in judged if each.sentence.family == name]) for name in families}
    return found | {ALL: follow_rate(judged)}


def table(judged: Sequence[Judged]) -> str:
    """Return a Markdown table for each half: percent followed with a 95 % interval over sentences, chance, wrong sides."""
    parts = []
    for half, families in rates(judged).items():
        lines = [f"### {half}", "", "| | sentences | followed | chance | wrong side |", "|---|---|---|---|---|"]
        lines += [_row(name, rate) for name, rate in families.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _row(name: str, rate: Rate) -> str:
    wrong = "" if rate.wrong_side is None else f"{100 * rate.wrong_side:.1f}"
    followed = f"{100 * rate.followed:.1f} ± {100 * rate.interval:.1f}"
    return f"| {name} | {rate.sentences} | {followed} | {100 * rate.chance:.1f} | {wrong} |"


def write_report(judged: Sequence[Judged], out: Path, *, source: dict[str, str | int]) -> None:
    """Write `follow.json` and `follow.md` into an existing folder.

    Args:
        judged: from `judge`.
        out: the folder.
        source: where the motions are from, such as model, draws and seed; kept in `follow.json`.

    Raises:
        InputError: the folder cannot be written.
    """
    rows = [asdict(each) for each in judged]
    summary = {half: {name: asdict(rate) for name, rate in of.items()} for half, of in rates(judged).items()}
    content = {"source": source, "rates": summary, "judged": rows}
    with atomic_path(out / "follow.json") as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    with atomic_path(out / "follow.md") as temporary:
        temporary.write_text(table(judged), encoding="utf-8")
