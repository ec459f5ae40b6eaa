"""How long a statement of each kind usually lasts in recordings: writes `kinmo_reasoner/usual_seconds.yaml`.

    python benchmarks/statement_seconds.py --data data/cmu

Reads what `descriptions.jsonl` (`make annotate`) says of groups and pairs in the training recordings, mirrored copies left
out. Kinds that occur fewer than ten times are left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path

import kinmo_reasoner
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.files import atomic_path
from kinmo_core.text import BODY, Timeline
from kinmo_reasoner.usual import FILE, kind

LEAST = 10  # statements of a kind
HEAD = "# Duration, s, that three of four statements of a kind do not exceed in the training recordings.\n"
HEAD += "# Written by benchmarks/statement_seconds.py.\n"


def main() -> None:
    """Write the file beside the module."""
    parser = argparse.ArgumentParser(description="Write how long statements usually last.")
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory with descriptions.jsonl")
    options = parser.parse_args()
    folder = HumanML3DFolder(options.data)
    samples = folder.samples(["train", "extra", "tokenizer"], captions="optional")
    train = {sample.key for sample in samples if not sample.mirrored}
    seconds: dict[str, list[float]] = defaultdict(list)
    for line in (options.data / "descriptions.jsonl").read_text(encoding="utf-8").splitlines():
        described = json.loads(line)
        if described["id"] in train:
            for one in Timeline.from_json(described["timeline"]).statements:
                if one.who != BODY:
                    seconds[kind(one)].append(float(one.end - one.start))
    table = {
        name: round(statistics.quantiles(found, n=4)[2], 2) for name, found in seconds.items() if len(found) >= LEAST
    }
    path = Path(kinmo_reasoner.__file__).with_name(FILE)
    with atomic_path(path) as temporary:
        temporary.write_text(HEAD + "".join(f"{json.dumps(n)}: {table[n]}\n" for n in sorted(table)), encoding="utf-8")
    print(f"{path}: {len(table)} kinds")


if __name__ == "__main__":
    main()
