"""Draw statements at random with what shows them, for a person to judge: is it true, half true or false?

    python benchmarks/annotate_audit.py --data data/cmu --descriptions data/cmu/descriptions.jsonl --split val --out audit

writes sheets of pictures (poses from the side that shows the statement, the first pose behind each, a map from above, and
numbers that are measured apart from kinmo-annotate) and `audit.md`, a table to fill in. Each limb and the pairs get the
same number of statements.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from audit_measures import Scene
from audit_views import draw

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import FPS, decode
from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.text import BODY, Statement, Timeline

ROWS: Final = 4  # statements on a sheet
_WIDTHS: Final = (8.0, 2.4, 2.6, 2.6)  # inches of poses, map, degrees and metres
_HEIGHT: Final = 4.4  # inches of a statement


def main() -> None:
    """Draw the statements and write sheets and table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    parser.add_argument("--descriptions", type=Path, required=True, help="written by `kinmo-annotate predict`")
    parser.add_argument("--split", default="test", help="list of clips to draw from (default: %(default)s)")
    parser.add_argument("--count", type=int, default=60, help="number of statements (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: %(default)s)")
    parser.add_argument("--only", default="", help="draw from statements that contain these words, of all owners alike")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()

    folder = HumanML3DFolder(options.data)
    ids = set(folder.ids(options.split))
    chosen = select(options.descriptions, ids, options.count, options.seed, options.only)
    options.out.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(chosen), ROWS):
        _sheet(folder, chosen[first : first + ROWS], first + 1, options.out / f"sheet_{first // ROWS + 1:02d}.png")
    rows = [f"| {n} | {id} | {_title(one)} | |" for n, (id, one) in enumerate(chosen, start=1)]
    table = "\n".join(["| | clip | statement | verdict |", "|---|---|---|---|", *rows, ""])
    (options.out / "audit.md").write_text(table, encoding="utf-8")


def select(descriptions: Path, ids: set[str], count: int, seed: int, only: str) -> list[tuple[str, Statement]]:
    """Return `count` statements with the ids of their clips, spread evenly over limbs and pairs."""
    owners = [*SIX_GROUPS.names, "pairs"]
    found: dict[str, list[tuple[str, Statement]]] = {owner: [] for owner in owners}
    for line in descriptions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["id"] in ids and not row["id"].startswith("M"):
            for statement in Timeline.from_json(row["timeline"]).statements:
                if statement.who != BODY and only in statement.sentence:
                    found[statement.who if statement.who in found else "pairs"].append((row["id"], statement))
    rng = random.Random(seed)
    for statements in found.values():
        rng.shuffle(statements)
    rounds = [(number, owner) for number in range(count) for owner in owners if number < len(found[owner])]
    return [found[owner][number] for number, owner in rounds[:count]]


def _title(statement: Statement) -> str:
    who = statement.who.replace("_", " ")
    return f"{who} {statement.start:.2f}-{statement.end:.2f} s: {statement.sentence}"


def _sheet(folder: HumanML3DFolder, chosen: list[tuple[str, Statement]], number: int, path: Path) -> None:
    figure = plt.figure(figsize=(sum(_WIDTHS), _HEIGHT * len(chosen)))
    rows = figure.add_gridspec(len(chosen), len(_WIDTHS), width_ratios=_WIDTHS, hspace=0.5, wspace=0.2)
    for row, (id, statement) in enumerate(chosen):
        (sample,) = folder.samples_of(id, captions="ignored")
        scene = Scene.of(decode(sample.features()).numpy().astype(float), FPS)
        poses = rows[row, 0].subgridspec(2, 1, hspace=0.05)
        cells = {
            "best": poses[0],
            "other": poses[1],
            "map": rows[row, 1],
            "degrees": rows[row, 2],
            "metres": rows[row, 3],
        }
        axes: dict[str, Any] = {name: figure.add_subplot(cell) for name, cell in cells.items()}
        draw(axes, scene, statement, f"{number + row}  {id}  {_title(statement)}")
    figure.savefig(path, dpi=80, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    main()
