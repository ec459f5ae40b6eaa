"""Measure a generator on test splits: generated motion beside real motion and its reconstruction by the tokenizer.

As in the field: ground-truth lengths, a random caption per clip, 20 repeats with a 95 % interval (1.96 s / sqrt(n)),
R-precision in batches of 32. Two additions for small test sets, where the Frechet distance is biased: KID, which is not
biased, and the Frechet distance between two halves of the real clips, which is the noise level for a set of that size.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core import metrics
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample, readable
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode
from kinmo_core.files import atomic_path
from kinmo_core.stats import Statistics
from kinmo_gen.evaluator import Evaluator
from kinmo_gen.generator import Generator, joints_of
from kinmo_gen.model_folder import SHIPPED, load_network
from kinmo_gen.tokenizer import DOWNSAMPLE

MULTIMODALITY_TEXTS, MULTIMODALITY_REPEATS = 10, 30
MIN_SAMPLES = 32  # one batch of R-precision
ROWS = ("real", "reconstruction", "generated")


def evaluate(
    data: Path,
    splits: Sequence[str],
    out: Path,
    *,
    model: Path | None = None,
    repeats: int = 20,
    progress: bool = True,
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Measure on each split and write `metrics.json` and `metrics.md`.

    Args:
        data: HumanML3D directory.
        splits: names of split lists; one table each.
        out: directory of the two files.
        model: model folder with an evaluator; the shipped one where None.
        repeats: replications; each draws captions and generates again.
        progress: show a progress bar.

    Returns:
        split -> row -> metric -> values of all repeats.
    """
    from rich.progress import Progress

    folder = HumanML3DFolder(data)
    path = model or SHIPPED / "cmu"
    generator = Generator.load(path)
    evaluator = load_network(path, "evaluator")
    assert isinstance(evaluator, Evaluator)
    samples = {split: readable(folder.samples([split])) for split in splits}
    for split, found in samples.items():
        if len(found) < MIN_SAMPLES:
            raise InputError(f"{data} has {len(found)} samples in {split}; R-precision needs at least {MIN_SAMPLES}")
    out.mkdir(parents=True, exist_ok=True)
    evaluation = _Evaluation(generator, evaluator, samples)
    with Progress(disable=not progress) as bar:
        task = bar.add_task("evaluating", total=repeats)
        results = evaluation.run(repeats, lambda: bar.advance(task))
    with atomic_path(out / "metrics.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = "\n".join(_table(split, rows) for split, rows in results.items())
    with atomic_path(out / "metrics.md") as temporary:
        temporary.write_text(table, encoding="utf-8")
    print(table)
    return results


class _Evaluation:
    """The clips of all splits, each once, and all that stays the same in every repeat."""

    def __init__(self, generator: Generator, evaluator: Evaluator, splits: dict[str, list[Sample]]) -> None:
        self.generator = generator
        self.evaluator = evaluator
        self.samples = list(dict.fromkeys(sample for samples in splits.values() for sample in samples))
        number = {sample: i for i, sample in enumerate(self.samples)}
        self.rows_of = {split: [number[sample] for sample in samples] for split, samples in splits.items()}
        self.statistics: Statistics = generator.statistics
        self.real = [self._whole_tokens(self.statistics.normalize(sample.features())) for sample in self.samples]
        self.rebuilt = [self._rebuild(clip) for clip in self.real]
        self.embedded_real = self._embed(self.real)
        self.embedded_rebuilt = self._embed(self.rebuilt)
        self.joints_real = self._measure_joints(self.real, recorded=True)
        self.joints_rebuilt = self._measure_joints(self.rebuilt)

    def run(self, repeats: int, after_each: Callable[[], None]) -> dict[str, dict[str, dict[str, list[float]]]]:
        """Return the metric values of all repeats for each split and row."""
        results: dict[str, dict[str, dict[str, list[float]]]] = {s: {name: {} for name in ROWS} for s in self.rows_of}
        for repeat in range(repeats):
            captions = self._draw_captions(repeat)
            text = self._embed_text(captions)
            made = self._features_of(captions, [len(clip) / FPS for clip in self.real], repeat)
            rows = {
                "real": (self.embedded_real, self.joints_real),
                "reconstruction": (self.embedded_rebuilt, self.joints_rebuilt),
                "generated": (self._embed(made), self._measure_joints(made)),
            }
            for split, chosen in self.rows_of.items():
                for name, (embedded, joints) in rows.items():
                    reference = None if name == "real" else self.embedded_real[chosen]
                    measured = self._measure_embedded(embedded[chosen], text[chosen], reference, repeat)
                    measured |= {metric: float(values[chosen].mean()) for metric, values in joints.items()}
                    for metric, value in measured.items():
                        results[split][name].setdefault(metric, []).append(value)
            after_each()
        for split, chosen in self.rows_of.items():
            results[split]["reconstruction"]["MPJPE (mm)"] = [self._mpjpe(chosen)]
            results[split]["generated"]["MultiModality"] = [self._multimodality(chosen)]
        return results

    def _measure_embedded(
        self, embedded: Tensor, text: Tensor, reference: Tensor | None, seed: int
    ) -> dict[str, float]:
        """Measure one row; FID and KID against `reference`, or between two random halves where it is None."""
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

    def _measure_joints(self, clips: list[Tensor], *, recorded: bool = False) -> dict[str, Tensor]:
        """Measure each clip, (clips,): bones as the network made them, the rest on the body that a user gets."""
        features = [self.statistics.denormalize(clip) for clip in clips]
        made = [decode(clip) for clip in features]
        shown = made if recorded else [joints_of(clip) for clip in features]
        unplanted = made if recorded else [joints_of(clip, plants_feet=False) for clip in features]
        return {
            "Foot skating": torch.stack([metrics.foot_skating(clip) for clip in shown]),
            "before planting": torch.stack([metrics.foot_skating(clip) for clip in unplanted]),
            "Bones off": torch.stack([metrics.bones_off(clip) for clip in made]),
            "Rotation jumps": torch.stack([metrics.rotation_jumps(clip) for clip in shown]),
        }

    def _mpjpe(self, chosen: list[int]) -> float:
        """Return the mean over clips of the reconstruction error, each frame's root moved onto the real one, mm."""
        errors = []
        for i in chosen:
            rebuilt, real = (self.statistics.denormalize(clips[i]) for clips in (self.rebuilt, self.real))
            errors.append(metrics.mpjpe(joints_of(rebuilt, plants_feet=False), decode(real), align_root=True))
        return float(torch.stack(errors).mean())

    def _multimodality(self, chosen: list[int]) -> float:
        captions = self._draw_captions(0)
        some = chosen[:: max(1, len(chosen) // MULTIMODALITY_TEXTS)][:MULTIMODALITY_TEXTS]
        repeated = [i for i in some for _ in range(MULTIMODALITY_REPEATS)]
        made = self._features_of([captions[i] for i in repeated], [len(self.real[i]) / FPS for i in repeated], seed=0)
        return float(metrics.multimodality(self._embed(made).unflatten(0, (len(some), MULTIMODALITY_REPEATS))))

    def _features_of(self, captions: list[str], seconds: list[float], seed: int) -> list[Tensor]:
        """Generate motions as normalised features."""
        features = self.generator.sample_features(captions, seconds=seconds, seed=seed)
        return [self.statistics.normalize(clip) for clip in features]

    def _draw_captions(self, seed: int) -> list[str]:
        generator = torch.Generator().manual_seed(seed)
        return [
            sample.captions[int(torch.randint(len(sample.captions), (1,), generator=generator))].text
            for sample in self.samples
        ]

    def _whole_tokens(self, clip: Tensor) -> Tensor:
        return clip[: len(clip) // DOWNSAMPLE * DOWNSAMPLE]

    @torch.inference_mode()
    def _rebuild(self, clip: Tensor) -> Tensor:
        tokenizer = self.generator.tokenizer
        return tokenizer.detokenize(tokenizer.tokenize(clip[None]))[0]

    @torch.inference_mode()
    def _embed(self, clips: list[Tensor]) -> Tensor:
        parts = []
        for start in range(0, len(clips), 64):
            part = clips[start : start + 64]
            lengths = torch.tensor([len(clip) for clip in part])
            parts.append(self.evaluator.embed_motion(pad_sequence(part, batch_first=True), lengths))
        return torch.cat(parts)

    @torch.inference_mode()
    def _embed_text(self, captions: list[str]) -> Tensor:
        encoder = self.generator.text_encoder
        states = encoder.token_states(captions)  # type: ignore[attr-defined]
        lengths = torch.tensor([len(s) for s in states])
        return self.evaluator.embed_text(pad_sequence(states, batch_first=True), lengths)


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
