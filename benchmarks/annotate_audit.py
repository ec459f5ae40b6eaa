"""Draw statements at random as strips of poses, for a person to judge: is it true, half true or false?

    python benchmarks/annotate_audit.py --data data/cmu --descriptions data/cmu/descriptions.jsonl --out audit

writes sheets of strips and `audit.md`, a table to fill in. Each limb and the pairs get the same number of statements.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import replace
from pathlib import Path

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import FPS, decode
from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.motion import Motion
from kinmo_core.text import BODY, Statement, Timeline
from kinmo_core.viz.strip import contact_sheet

AROUND = 0.3  # s shown before and after a statement's span
ROWS = 5  # strips on a sheet


def main() -> None:
    """Draw the statements and write sheets and table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    parser.add_argument("--descriptions", type=Path, required=True, help="written by `kinmo-annotate predict`")
    parser.add_argument("--split", default="test", help="list of clips to draw from (default: %(default)s)")
    parser.add_argument("--count", type=int, default=60, help="number of statements (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()

    folder = HumanML3DFolder(options.data)
    chosen = draw(options.descriptions, set(folder.ids(options.split)), options.count, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    strips = [_strip(folder, number, id, statement) for number, (id, statement) in enumerate(chosen, start=1)]
    for first in range(0, len(strips), ROWS):
        contact_sheet(strips[first : first + ROWS], options.out / f"sheet_{first // ROWS + 1:02d}.png", poses=9)
    rows = [f"| {strip.text.replace(': ', ' | ', 1)} | |" for strip in strips]
    table = "\n".join(["| statement | | verdict |", "|---|---|---|", *rows, ""])
    (options.out / "audit.md").write_text(table, encoding="utf-8")


def draw(descriptions: Path, ids: set[str], count: int, seed: int) -> list[tuple[str, Statement]]:
    """Return `count` statements with the ids of their clips, spread evenly over limbs and pairs."""
    owners = [*SIX_GROUPS.names, "pairs"]
    found: dict[str, list[tuple[str, Statement]]] = {owner: [] for owner in owners}
    for line in descriptions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["id"] in ids and not row["id"].startswith("M"):
            for statement in Timeline.from_json(row["timeline"]).statements:
                if statement.who != BODY:
                    found[statement.who if statement.who in found else "pairs"].append((row["id"], statement))
    rng = random.Random(seed)
    for statements in found.values():
        rng.shuffle(statements)
    return [found[owners[number % len(owners)]].pop() for number in range(count)]


def _strip(folder: HumanML3DFolder, number: int, id: str, statement: Statement) -> Motion:
    (sample,) = folder.samples_of(id, with_captions=False)
    motion = Motion(decode(sample.features()), FPS)
    start = max(0, round((statement.start - AROUND) * FPS))
    end = min(len(motion), round((statement.end + AROUND) * FPS) + 1)
    who = statement.who.replace("_", " ")
    text = f"{number} {id} {who} {statement.start:.1f}-{statement.end:.1f} s: {statement.sentence}"
    return replace(motion, joints=motion.joints[start:end], text=text)


if __name__ == "__main__":
    main()
