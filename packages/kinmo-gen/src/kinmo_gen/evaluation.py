"""Measure a generator on test splits: generated motion beside real motion and its reconstruction by the tokenizer.

As in the field: ground-truth lengths, a random caption per clip, 20 repeats with a 95 % interval (1.96 s / sqrt(n)),
R-precision in batches of 32. Two additions for small test sets, where the Frechet distance is biased: KID, which is not
biased, and the Frechet distance between two halves of the real clips, which is the noise level for a set of that size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from kinmo_core import metrics
from kinmo_core.data.captions import Caption
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.features import FPS, decode
from kinmo_gen.generator import Generator, joints_of
from kinmo_gen.judge import Judge, Results, draw_captions, embedding_metrics, samples_of, write_results
from kinmo_gen.model_folder import SHIPPED
from kinmo_gen.tokenizer import DOWNSAMPLE

MULTIMODALITY_TEXTS, MULTIMODALITY_REPEATS = 10, 30
ROWS = ("real", "reconstruction", "generated")


def evaluate(
    data: Path,
    splits: Sequence[str],
    out: Path,
    *,
    model: Path | None = None,
    evaluator: Path | None = None,
    repeats: int = 20,
    progress: bool = True,
) -> Results:
    """Measure on each split and write `metrics.json` and `metrics.md`.

    Args:
        data: HumanML3D directory.
        splits: names of split lists; one table each.
        out: directory of the two files.
        model: model folder; the shipped one where None.
        evaluator: model folder with the evaluator, or an evaluator alone; that of `model` where None.
        repeats: replications; each draws captions and generates again.
        progress: show a progress bar.
    """
    from rich.progress import Progress

    path = model or SHIPPED / "cmu"
    generator = Generator.load(path)
    samples = samples_of(HumanML3DFolder(data), splits)
    judge = Judge(path, generator.text_encoder) if evaluator is None else Judge(evaluator)
    out.mkdir(parents=True, exist_ok=True)
    evaluation = _Evaluation(generator, judge, samples)
    with Progress(disable=not progress) as bar:
        task = bar.add_task("evaluating", total=repeats)
        results = evaluation.run(repeats, lambda: bar.advance(task))
    write_results(results, out)
    return results


class _Evaluation:
    """The clips of all splits, each once, and all that stays the same in every repeat."""

    def __init__(self, generator: Generator, judge: Judge, splits: dict[str, list[Sample]]) -> None:
        self.generator = generator
        self.judge = judge
        self.samples = list(dict.fromkeys(sample for samples in splits.values() for sample in samples))
        number = {sample: i for i, sample in enumerate(self.samples)}
        self.rows_of = {split: [number[sample] for sample in samples] for split, samples in splits.items()}
        self.real = [_whole_tokens(sample.features()) for sample in self.samples]
        self.rebuilt = [self._rebuild(clip) for clip in self.real]
        self.embedded_real = judge.embed_motions(self.real)
        self.embedded_rebuilt = judge.embed_motions(self.rebuilt)
        self.joints_real = self._measure_joints(self.real, recorded=True)
        self.joints_rebuilt = self._measure_joints(self.rebuilt)

    def run(self, repeats: int, after_each: Callable[[], None]) -> Results:
        """Return the metric values of all repeats for each split and row."""
        results: Results = {s: {name: {} for name in ROWS} for s in self.rows_of}
        for repeat in range(repeats):
            captions = draw_captions(self.samples, repeat)
            text = self.judge.embed_texts(captions)
            made = self._features_of(captions, [len(clip) / FPS for clip in self.real], repeat)
            rows = {
                "real": (self.embedded_real, self.joints_real),
                "reconstruction": (self.embedded_rebuilt, self.joints_rebuilt),
                "generated": (self.judge.embed_motions(made), self._measure_joints(made)),
            }
            for split, chosen in self.rows_of.items():
                for name, (embedded, joints) in rows.items():
                    reference = None if name == "real" else self.embedded_real[chosen]
                    measured = embedding_metrics(embedded[chosen], text[chosen], reference, repeat)
                    measured |= {metric: float(values[chosen].mean()) for metric, values in joints.items()}
                    for metric, value in measured.items():
                        results[split][name].setdefault(metric, []).append(value)
            after_each()
        for split, chosen in self.rows_of.items():
            results[split]["reconstruction"]["MPJPE (mm)"] = [self._mpjpe(chosen)]
            results[split]["generated"]["MultiModality"] = [self._multimodality(chosen)]
        return results

    def _measure_joints(self, clips: list[Tensor], *, recorded: bool = False) -> dict[str, Tensor]:
        """Measure each clip, (clips,): bones as the network made them, the rest on the body that a user gets."""
        made = [decode(clip) for clip in clips]
        shown = made if recorded else [joints_of(clip) for clip in clips]
        unplanted = made if recorded else [joints_of(clip, plants_feet=False) for clip in clips]
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
            rebuilt = joints_of(self.rebuilt[i], plants_feet=False)
            errors.append(metrics.mpjpe(rebuilt, decode(self.real[i]), align_root=True))
        return float(torch.stack(errors).mean())

    def _multimodality(self, chosen: list[int]) -> float:
        captions = draw_captions(self.samples, 0)
        some = chosen[:: max(1, len(chosen) // MULTIMODALITY_TEXTS)][:MULTIMODALITY_TEXTS]
        repeated = [i for i in some for _ in range(MULTIMODALITY_REPEATS)]
        made = self._features_of([captions[i] for i in repeated], [len(self.real[i]) / FPS for i in repeated], seed=0)
        return float(
            metrics.multimodality(self.judge.embed_motions(made).unflatten(0, (len(some), MULTIMODALITY_REPEATS)))
        )

    def _features_of(self, captions: list[Caption], seconds: list[float], seed: int) -> list[Tensor]:
        """Generate motions as features."""
        return self.generator.sample_features([caption.text for caption in captions], seconds=seconds, seed=seed)

    @torch.inference_mode()
    def _rebuild(self, clip: Tensor) -> Tensor:
        tokenizer, statistics = self.generator.tokenizer, self.generator.statistics
        return statistics.denormalize(tokenizer.detokenize(tokenizer.tokenize(statistics.normalize(clip)[None]))[0])


def _whole_tokens(clip: Tensor) -> Tensor:
    return clip[: len(clip) // DOWNSAMPLE * DOWNSAMPLE]
