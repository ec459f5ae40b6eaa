"""How many of the best hits of a search do what was asked, by the rules of the follow list: vectors, statements, both.

    kinmo-htma index data/cmu --out runs/search.index
    .venv/bin/python benchmarks/htma_search.py --index runs/search.index --out runs/search

Only sentences that at least `--positives` of the indexed motions follow are asked, so that a perfect search could reach 1.
Writes `search.csv`, a line for each sentence, and prints the shares of each half of the list for each weight of statements.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from pathlib import Path
from typing import Final

from rich.progress import track

from kinmo_core.files import atomic_path
from kinmo_gen.follow import sentences
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.sentences import HALVES, Sentence
from kinmo_htma.index import Index
from kinmo_htma.model import HTMA
from kinmo_htma.query import query
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.wanted import wanted

WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)  # of statements, beside vectors
HITS: Final = 5


def main() -> None:
    """Search for every sentence with every weight, and judge the hits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--positives", type=int, default=HITS)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    model, reasoner = HTMA.load(options.model), OfflineReasoner.load()
    index = Index.load(options.index, model)
    bodies = [Body.of(index.motion(item)) for item in track(index.items, "reading motions")]
    number = {item: place for place, item in enumerate(index.items)}
    rows: list[tuple[Sentence, int, list[float]]] = []
    for sentence in track(sentences(), "searching"):
        follows = [sentence.follows(body) for body in bodies]
        if sum(follows) < options.positives:
            continue
        vectors = model.vectors(model.embed_descriptions(query(model, sentence.text, {})).mean(0, keepdim=True))
        asked = wanted(reasoner, sentence.text, {})
        shares = []
        for weight in WEIGHTS:
            hits = index.search(vectors, HITS, wanted=asked if asked.statements and weight else None, weight=weight)
            shares.append(statistics.mean(follows[number[hit.item]] for hit in hits))
        rows.append((sentence, sum(follows), shares))
    options.out.mkdir(parents=True, exist_ok=True)
    with atomic_path(options.out / "search.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["half", "family", "sentence", "motions that follow", *(f"weight {w}" for w in WEIGHTS)])
        writer.writerows([s.half, s.family, s.text, count, *shares] for s, count, shares in rows)
    for half in HALVES:
        chosen = [(count, shares) for sentence, count, shares in rows if sentence.half == half]
        chance = statistics.mean(count for count, _ in chosen) / len(bodies)
        means = (statistics.mean(shares[i] for _, shares in chosen) for i in range(len(WEIGHTS)))
        print(f"{half}: {len(chosen)} sentences, chance {chance:.2f};", end=" ")
        print(", ".join(f"weight {weight}: {mean:.2f}" for weight, mean in zip(WEIGHTS, means, strict=True)))


if __name__ == "__main__":
    main()
