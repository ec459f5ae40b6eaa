"""The rows of the retrieval tables: trains, exports and tests each for some seeds, and prints mean and spread as Markdown.

.venv/bin/python benchmarks/htma_rows.py --rows tmr kinmo --seeds 0 1 2 --jobs 2

Needs `make data annotate`. A run that was cut goes on where it stopped; one that is tested is only read. What follows `--`
goes to every `kinmo-htma fit`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).with_name("kinmo-htma"))
CONFIGS = Path("configs/htma")
METRICS = ("R@1", "R@3", "R@10", "MedR")
DIRECTIONS = ("text to motion", "motion to text")


@dataclass(frozen=True)
class Row:
    """What a row is called, the configuration files that make it, one over the other, and arguments after these."""

    title: str
    configs: tuple[str, ...]
    arguments: tuple[str, ...] = ()


def choice(title: str, name: str, value: str) -> Row:
    """KinMo with one argument changed that the paper leaves open."""
    return Row(title, ("kinmo_cmu",), (f"--{name}", value))


ROWS = {
    "tmr": Row("TMR (global only)", ("kinmo_cmu", "overlay_tmr")),
    "group": Row("+ group", ("kinmo_cmu", "overlay_group")),
    "kinmo": Row("+ group + interaction (KinMo)", ("kinmo_cmu",)),
    "no_cross_attention": Row("all, no cross-attention", ("kinmo_cmu", "overlay_no_cross_attention")),
    "reversed": Row("all, reversed order", ("kinmo_cmu", "overlay_reversed")),
    "two_parts": Row("all, upper and lower body", ("kinmo_cmu", "overlay_two_parts")),
    "temos": Row("TEMOS (no contrastive term)", ("kinmo_cmu", "overlay_tmr", "overlay_temos")),
    "states": Row("token states at every level", ("kinmo_cmu", "overlay_states")),
    "reasoned": Row("half of the limb texts reasoned", ("kinmo_cmu", "overlay_reasoned")),
    "sample": choice("samples contrasted", "model.init_args.losses.contrast", "sample"),
    "no_text_norm": choice("text as the language model gives it", "model.init_args.network.text_norm", "false"),
    "key_value_mu": choice("a level sees the coarser mean only", "model.init_args.network.key_value", "mu"),
    "share_weights": choice("one text encoder for all levels", "model.init_args.network.share_weights", "true"),
    "separate_motion": choice("a motion encoder for each level", "model.init_args.network.separate_motion", "true"),
    "decode_last": choice("the decoder sees the last level", "model.init_args.network.decode", "last"),
    "temperature_0.05": choice("temperature 0.05", "model.init_args.losses.temperature", "0.05"),
    "no_buckets": choice("batches of clips of any length", "data.init_args.loader.bucket_batches", "1"),
    "no_extra": choice("the train split alone", "data.init_args.loader.train_splits", "[train]"),
}


def run(name: str, seed: int, options: argparse.Namespace) -> Path:
    """Train, export and test a row, as far as not done yet, and return its model folder."""
    folder: Path = options.out / f"{name}_{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    annotations = str(options.annotations or options.data / "descriptions.jsonl")
    files = [CONFIGS / f"{config}.yaml" for config in ROWS[name].configs] + [Path(options.overlay)]
    fit = [COMMAND, "fit", *(word for file in files for word in ("--config", str(file)))]
    fit += ["--data.init_args.root", str(options.data), "--data.init_args.annotations", annotations]
    fit += ["--seed_everything", str(seed), "--data.init_args.loader.seed", str(seed)]
    fit += ["--trainer.default_root_dir", str(folder), "--trainer.enable_progress_bar", "false"]
    fit += [*ROWS[name].arguments, *options.arguments]
    model, best = folder / f"model_{options.draws}", str(folder / "best.ckpt")
    export = [COMMAND, "export", best, "--data", str(options.data), "--annotations", annotations, "--out", str(model)]
    export += ["--draws", str(options.draws)]
    test = [COMMAND, "test", "--model", str(model), "--data", str(options.data), "--splits", ",".join(options.splits)]
    if not (model / "retrieval.json").is_file():
        with (folder / "log.txt").open("a") as log:
            for command in (fit, export, [*test, "--out", str(model)]):
                subprocess.run(command, check=True, stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return model


def spread(values: Sequence[float], digits: int) -> str:
    """Mean and standard deviation."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def validation_rank(model: Path) -> float:
    """Return the best `val/rank` of a run, which is of one draw."""
    with (model.parent / "curves.csv").open(newline="") as file:
        return min(float(line["val/rank"]) for line in csv.DictReader(file) if line["val/rank"])


def tables(models: dict[str, list[Path]], splits: Sequence[str], protocol: str, convention: str) -> str:
    """Write a table for each split: a line per row, both directions."""
    lines: list[str] = []
    for split in splits:
        head = [f"{direction}: {metric}" for direction in DIRECTIONS for metric in METRICS]
        lines += [f"### {split}, {protocol}, {convention}", ""]
        lines += [f"| row | seeds | val/rank | {' | '.join(head)} |", f"|---|---|---|{'---|' * len(head)}"]
        for name, of_seeds in models.items():
            results = [json.loads((model / "retrieval.json").read_text()) for model in of_seeds]
            found: list[dict[str, Any]] = [result[split][protocol][convention] for result in results]
            cells = [spread([f[d][metric] for f in found], 1) for d in DIRECTIONS for metric in METRICS]
            ranks = spread([validation_rank(model) for model in of_seeds], 3)
            lines.append(f"| {ROWS[name].title} | {len(of_seeds)} | {ranks} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=[*ROWS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", type=Path, default=Path("data/cmu"))
    parser.add_argument("--annotations", type=Path, help="default: descriptions.jsonl in the data directory")
    parser.add_argument("--splits", nargs="+", default=["test", "clean_test"])
    parser.add_argument("--overlay", default="configs/overlay/cpu.yaml")
    parser.add_argument("--out", type=Path, default=Path("runs/rows"))
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side, each of one thread")
    parser.add_argument("--draws", type=int, default=10, help="of the reasoner for each sentence of a test")
    parser.add_argument("--protocol", default="all")
    parser.add_argument("--convention", default="raw")
    parser.add_argument("arguments", nargs="*", help="for every `kinmo-htma fit`")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        jobs = [(name, pool.submit(run, name, seed, options)) for seed in options.seeds for name in options.rows]
        models: dict[str, list[Path]] = {name: [] for name in options.rows}
        for name, job in jobs:
            models[name].append(job.result())
    print(tables(models, options.splits, options.protocol, options.convention))


if __name__ == "__main__":
    main()
