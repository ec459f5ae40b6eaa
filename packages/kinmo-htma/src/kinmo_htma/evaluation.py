"""Measure an alignment on test splits: both directions, all protocols, two conventions, as JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kinmo_core.data.humanml3d import HumanML3DFolder, Sample, readable
from kinmo_core.files import atomic_path
from kinmo_htma.align import check_similarity, retrieval_vectors
from kinmo_htma.items import retrieval_samples
from kinmo_htma.model import HTMA
from kinmo_htma.retrieval import CONVENTIONS, DIRECTIONS, RECALL_AT, all_protocols

Results = dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]


def evaluate(
    model: HTMA,
    data: Path,
    splits: Sequence[str],
    out: Path | None = None,
    *,
    similarity: str | None = None,
) -> Results:
    """Measure on every split, and write `retrieval.json` and `retrieval.md` where `out` is given.

    The text of a query is the clip's first caption; its limb texts come from a reasoner that sees this caption only.
    Annotations in the data directory are not read.

    Args:
        model: model to measure.
        data: a HumanML3D directory.
        splits: names of split lists. A list `nsim_SPLIT` in the directory, as TMR ships for `test`, is the
            dissimilar subset.
        out: directory of the two files.
        similarity: see `retrieval_vectors`; the model's where None.

    Returns:
        split -> protocol -> convention -> direction -> metric -> value.
    """
    chosen = check_similarity(similarity or model.similarity, model.levels)
    folder = HumanML3DFolder(data)
    found = {split: readable(retrieval_samples(folder, [split])) for split in splits}
    results: Results = {}
    for split, samples in found.items():
        sentences = [sample.captions[0].text for sample in samples]
        text = model.embed_texts(sentences)
        motion = model.embed_features([sample.features() for sample in samples])
        vectors = [retrieval_vectors(mu, model.levels, chosen).double() for mu in (text, motion)]
        captions = model.embedder.encoder.encode(sentences)
        results[split] = all_protocols(
            vectors[0] @ vectors[1].T, captions, [s.id for s in samples], dissimilar=_listed(folder, split, samples)
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        with atomic_path(out / "retrieval.json") as path:
            path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        with atomic_path(out / "retrieval.md") as path:
            path.write_text(table(results, {split: len(samples) for split, samples in found.items()}), encoding="utf-8")
    return results


def table(results: Results, sizes: dict[str, int]) -> str:
    """Write the results as Markdown, one table for each split and convention."""
    names = [*(f"R@{k}" for k in RECALL_AT), "MedR"]
    lines: list[str] = []
    for split, protocols in results.items():
        for convention in CONVENTIONS:
            lines += [f"### {split}, {sizes[split]} clips, {convention}", ""]
            head = [f"{direction}: {name}" if name == names[0] else name for direction in DIRECTIONS for name in names]
            lines += [f"| protocol | {' | '.join(head)} |", f"|---|{'---|' * len(head)}"]
            for protocol, conventions in protocols.items():
                cells = [f"{conventions[convention][d][name]:.2f}" for d in DIRECTIONS for name in names]
                lines.append(f"| {protocol} | {' | '.join(cells)} |")
            lines.append("")
    return "\n".join(lines)


def _listed(folder: HumanML3DFolder, split: str, samples: Sequence[Sample]) -> list[int] | None:
    """Return the indices of the clips in the list `nsim_SPLIT`; None without such a list."""
    name = f"nsim_{split}"
    if not (folder.root / f"{name}.txt").is_file():
        return None
    number = {sample.id: i for i, sample in enumerate(samples)}
    return [number[id] for id in folder.ids(name) if id in number]
