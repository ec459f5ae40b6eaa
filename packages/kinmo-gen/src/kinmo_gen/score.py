"""Measure motions that any system made for the clips of a test split, with the metrics of `kinmo-gen evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from kinmo_core import metrics
from kinmo_core.data.captions import Caption
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode, encode_raw
from kinmo_core.io import load_motion, motion_files
from kinmo_gen.judge import Judge, Results, draw_captions, embedding_metrics, samples_of, write_results
from kinmo_gen.model_folder import SHIPPED


def score(motions: Path, data: Path, splits: Sequence[str], out: Path, *, model: Path | None = None) -> Results:
    """Measure motions beside the real ones of each split, and write `metrics.json` and `metrics.md`.

    Args:
        motions: folder of files that `kinmo_core.io.load_motion` reads, named by the key of a sample, whose ":" may be "_":
            000123.npz, or 000123_0.npz, 000123_1.npz for several motions, which are measured as repeats. A motion that
            knows its sentence is held against it, another one against a caption drawn for the clip.
        data: HumanML3D directory.
        splits: names of split lists; one table each.
        out: directory of the two files.
        model: model folder with an evaluator, or an evaluator alone; the shipped one where None.

    Raises:
        InputError: a file that cannot be read, or a clip without a motion; names it.
    """
    samples = samples_of(HumanML3DFolder(data), splits)
    files = files_of([sample for found in samples.values() for sample in found], motions)
    out.mkdir(parents=True, exist_ok=True)
    judge = Judge(model or SHIPPED / "cmu")
    results: Results = {}
    for split, found in samples.items():
        real = [sample.features() for sample in found]
        embedded_real = judge.embed_motions(real)
        rows: dict[str, dict[str, list[float]]] = {"real": {}, "given": {}}
        for repeat in range(min(len(files[sample.key]) for sample in found)):
            captions = draw_captions(found, repeat)
            given = [load_motion(files[sample.key][repeat]).resample(FPS) for sample in found]
            told = [
                _told(motion.text, *pair) for motion, pair in zip(given, zip(found, captions, strict=True), strict=True)
            ]
            embedded = judge.embed_motions([encode_raw(motion.joints) for motion in given])
            measured = {
                "real": embedding_metrics(embedded_real, judge.embed_texts(captions), None, repeat)
                | _physics([decode(clip) for clip in real]),
                "given": embedding_metrics(embedded, judge.embed_texts(told), embedded_real, repeat)
                | _physics([motion.joints for motion in given]),
            }
            for row, values in measured.items():
                for metric, value in values.items():
                    rows[row].setdefault(metric, []).append(value)
        results[split] = rows
    write_results(results, out)
    return results


def files_of(samples: Sequence[Sample], folder: Path) -> dict[str, list[Path]]:
    """Return the files of each sample by its key, sorted; files of other clips are left out.

    Raises:
        InputError: no such folder, or a sample without a file.
    """
    keys = {sample.key.replace(":", "_"): sample.key for sample in samples}
    found: dict[str, list[Path]] = {key: [] for key in keys.values()}
    for path in motion_files(folder):
        parts = path.stem.replace(":", "_").split("_")
        # A key may be the beginning of another, as 000123 is of 000123_40-90: the longest counts.
        names = ("_".join(parts[:count]) for count in range(len(parts), 0, -1))
        if (name := next((name for name in names if name in keys), None)) is not None:
            found[keys[name]].append(path)
    if missing := [key for key, paths in found.items() if not paths]:
        raise InputError(
            f"{folder} must have a motion of every clip, got none of {missing[0]} and {len(missing) - 1} others"
        )
    return found


def _told(text: str, sample: Sample, drawn: Caption) -> Caption:
    """Return the caption of a motion's own sentence, with its tokens if the sample has it; else the drawn one."""
    known = (caption for caption in sample.captions if caption.text == text)
    return next(known, Caption(text)) if text else drawn


def _physics(clips: Sequence[Tensor]) -> dict[str, float]:
    values = {"Foot skating": metrics.foot_skating, "Rotation jumps": metrics.rotation_jumps}
    return {name: sum(float(measure(clip)) for clip in clips) / len(clips) for name, measure in values.items()}
