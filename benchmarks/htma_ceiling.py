"""How much of the retrieval error is the reasoner's: the same queries by its answers, and by the motions' own annotations.

.venv/bin/python benchmarks/htma_ceiling.py            # the shipped weights, validation clips of data/cmu

The last row is no result: its text was written from the very motion that is sought. It bounds what a reasoner can give.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.metrics import mean_rank, ranks
from kinmo_core.text import read_descriptions
from kinmo_htma.items import retrieval_samples
from kinmo_htma.model import HTMA
from kinmo_htma.retrieval import metrics_of

METRICS = ("R@1", "R@3", "R@10", "MedR")


def row(name: str, model: HTMA, text: Tensor, motion: Tensor) -> str:
    """Return the figures of text to motion, and the mean rank of both directions as a share."""
    similarity = (model.vectors(text).double() @ model.vectors(motion).double().T).cpu()
    there, back = ranks(similarity), ranks(similarity.T)
    share = float(mean_rank(there, len(there)) + mean_rank(back, len(back))) / 2
    found = metrics_of(there)
    return f"| {name} | {share:.3f} | {' | '.join(f'{found[metric]:.1f}' for metric in METRICS)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    parser.add_argument("--data", type=Path, default=Path("data/cmu"))
    parser.add_argument("--annotations", type=Path, help="default: descriptions.jsonl in the data directory")
    options = parser.parse_args()
    model = HTMA.load(options.model)
    samples = retrieval_samples(HumanML3DFolder(options.data), ["val"])
    annotations = read_descriptions(options.annotations or options.data / "descriptions.jsonl")
    sentences = [sample.captions[0].text for sample in samples]
    own = [replace(annotations[s.key], text=text) for s, text in zip(samples, sentences, strict=True)]
    motion = model.embed_features([sample.features() for sample in samples])
    print(
        f"| limb text of {len(samples)} queries | mean rank | {' | '.join(METRICS)} |\n|---|---|{'---|' * len(METRICS)}"
    )
    most = model.draws
    for model.draws in (1, most):
        print(row(f"{model.draws} answers of the reasoner", model, model.embed_texts(sentences), motion))
    print(row("annotation of the motion that is sought", model, model.embed_descriptions(own), motion))


if __name__ == "__main__":
    main()
