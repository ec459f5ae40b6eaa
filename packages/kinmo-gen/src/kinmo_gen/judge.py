"""`Judge`: what a trained evaluator and geometry say of motions; metrics of a row, and the table that shows them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core import metrics
from kinmo_core.data.captions import Caption
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample, readable
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.language import load_text_encoder
from kinmo_core.stats import Statistics
from kinmo_core.text import TextEncoder, TokenStateEncoder
from kinmo_gen.evaluator import Evaluator
from kinmo_gen.model_folder import load_config, load_network
from kinmo_gen.words import WORDS, WordVectors

MIN_SAMPLES = 32  # one batch of R-precision
_AT_ONCE = 64  # clips that are embedded together

Results = dict[str, dict[str, dict[str, list[float]]]]
"""split -> row -> metric -> values of all repeats."""


class Judge:
    """The evaluator of a model folder.

    Args:
        path: model folder with an evaluator, or an evaluator alone.
        text_encoder: the encoder that the folder names, loaded where None.

    Raises:
        InputError: no such folder, no evaluator in it, or a text encoder that has no token states.
    """

    def __init__(self, path: Path, text_encoder: TextEncoder | None = None) -> None:
        config = load_config(path)
        evaluator = load_network(path, "evaluator", config)
        assert isinstance(evaluator, Evaluator)
        self.evaluator = evaluator
        self.statistics = Statistics.load(path)
        self._states = _reader(path, config["text_encoder"], text_encoder)

    @torch.inference_mode()
    def embed_motions(self, clips: Sequence[Tensor]) -> Tensor:
        """Embed the features (T, 263) of each clip, not normalised."""
        clips = [self.statistics.normalize(clip) for clip in clips]
        parts = []
        for start in range(0, len(clips), _AT_ONCE):
            part = list(clips[start : start + _AT_ONCE])
            lengths = torch.tensor([len(clip) for clip in part])
            parts.append(self.evaluator.embed_motion(pad_sequence(part, batch_first=True), lengths))
        return torch.cat(parts)

    @torch.inference_mode()
    def embed_texts(self, captions: Sequence[Caption]) -> Tensor:
        """Embed captions."""
        parts = []
        for start in range(0, len(captions), _AT_ONCE):
            states = list(self._states(captions[start : start + _AT_ONCE]))
            lengths = torch.tensor([len(s) for s in states])
            parts.append(self.evaluator.embed_text(pad_sequence(states, batch_first=True), lengths))
        return torch.cat(parts)


def _reader(path: Path, name: str, text_encoder: TextEncoder | None) -> Callable[[Sequence[Caption]], Sequence[Tensor]]:
    """Return what turns captions into the token states that an evaluator reads."""
    if name == WORDS:
        return WordVectors.load(path).states
    encoder = text_encoder or load_text_encoder(name)
    if not isinstance(encoder, TokenStateEncoder):
        raise InputError(f"{path}: an evaluator needs a text encoder with token states, got {name}")
    return lambda captions: encoder.token_states([caption.text for caption in captions])


def embedding_metrics(embedded: Tensor, text: Tensor, reference: Tensor | None, seed: int) -> dict[str, float]:
    """Measure one row; FID and KID against `reference`, or between two random halves where it is None.

    Args:
        embedded: (N, D) motions.
        text: (N, D) their sentences.
        reference: (M, D) real motions.
        seed: of batches and pairs.
    """
    top = metrics.r_precision(text, embedded, seed=seed)
    first, second = reference, embedded
    if first is None:
        order = torch.randperm(len(embedded), generator=torch.Generator().manual_seed(seed))
        first, second = embedded[order].tensor_split(2)
    return {
        "R@1": float(top[0]),
        "R@2": float(top[1]),
        "R@3": float(top[2]),
        "FID": float(metrics.frechet_distance(first, second)),
        "KID x 1000": 1000 * float(metrics.kid(first, second)),
        "MM-Dist": float(metrics.mm_dist(text, embedded)),
        "Diversity": float(metrics.diversity(embedded, pairs=min(300, len(embedded) // 2), seed=seed)),
    }


def samples_of(folder: HumanML3DFolder, splits: Sequence[str]) -> dict[str, list[Sample]]:
    """Return the readable samples of each split.

    Raises:
        InputError: a split with fewer than a batch of R-precision.
    """
    samples = {split: readable(folder.samples([split])) for split in splits}
    for split, found in samples.items():
        if len(found) < MIN_SAMPLES:
            raise InputError(
                f"{folder.root} has {len(found)} samples in {split}; R-precision needs at least {MIN_SAMPLES}"
            )
    return samples


def draw_captions(samples: Sequence[Sample], seed: int) -> list[Caption]:
    """Draw a caption of each sample."""
    generator = torch.Generator().manual_seed(seed)
    return [sample.captions[int(torch.randint(len(sample.captions), (1,), generator=generator))] for sample in samples]


def write_results(results: Results, out: Path) -> None:
    """Write `metrics.json` and `metrics.md` to a folder that exists, and print the tables."""
    with atomic_path(out / "metrics.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = "\n".join(_table(split, rows) for split, rows in results.items())
    with atomic_path(out / "metrics.md") as temporary:
        temporary.write_text(table, encoding="utf-8")
    print(table)


def _table(split: str, rows: dict[str, dict[str, list[float]]]) -> str:
    """Write a Markdown table of means and half the 95 % intervals."""
    names = list(dict.fromkeys(metric for row in rows.values() for metric in row))
    lines = [f"### {split}", "", f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(_cell(row.get(metric, [])) for metric in names)} |")
    return "\n".join([*lines, ""])


def _cell(values: list[float]) -> str:
    if not values:
        return ""
    value = torch.tensor(values, dtype=torch.float64)
    if len(values) == 1:
        return f"{float(value):.3f}"
    return f"{float(value.mean()):.3f} ± {1.96 * float(value.std()) / math.sqrt(len(values)):.3f}"
