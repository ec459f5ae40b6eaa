"""Tell the result of a judgement: `follow.json` with every sentence, `follow.md` with a table, and why motions fail."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from kinmo_annotate.observe import observe
from kinmo_annotate.show import limb_name
from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion
from kinmo_core.text import GROUPS, Timeline
from kinmo_gen.follow.rate import Judged, Rate, follow_rate
from kinmo_gen.follow.sentences import HALVES, Sentence
from kinmo_reasoner.offline import OfflineReasoner

ALL: Final = "all"


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


def failures(motions: Mapping[Sentence, Sequence[Motion]], judged: Sequence[Judged]) -> str:
    """Say of each sentence of the tuned half that a motion fails what was wanted, and what kinmo-annotate sees instead.

    Those of the other half are left out: who reads why they fail will tune on them.

    Args:
        motions: those that were judged.
        judged: from `judge`.
    """
    reasoner = OfflineReasoner.load()
    parts = []
    for each in judged:
        sentence = each.sentence
        failed = [motion for motion in motions[sentence] if not sentence.follows(motion)]
        if sentence.half != "tuned" or not failed:
            continue
        head = f"{sentence.number} {sentence.text} ({sentence.rule}): {len(failed)} of {each.motions} motions fail, such as"
        (wanted,) = reasoner.said([sentence.text], [failed[0].seconds])
        seen = observe(failed[0]).timeline
        parts += [head, *_lines("wanted", wanted), *_lines("seen", seen, pairs=False)]
    return "\n".join(parts)


def _lines(name: str, timeline: Timeline, *, pairs: bool = True) -> Iterator[str]:
    for one in timeline.statements:
        if pairs or one.who in GROUPS:
            yield f"  {name:6} {one.start:5.2f}-{one.end:5.2f} {limb_name(one.who):10} {one.sentence}"


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
