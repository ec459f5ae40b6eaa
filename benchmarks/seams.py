"""Whether the windows of long motions show: foot skating and jerk around their joins, and elsewhere.

python benchmarks/seams.py [--model FOLDER] [--seconds 60] [--draws 3]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from kinmo_core import metrics
from kinmo_core.features import FPS
from kinmo_gen.generator import Generator
from kinmo_gen.tokenizer import DOWNSAMPLE, MAX_TOKENS
from kinmo_gen.windows import CARRIED

SENTENCES = (
    "a person walks forward",
    "a person walks in a circle",
    "a person jogs around",
    "a person stands and waves with the right hand again and again",
    "a person dances",
)
AROUND = FPS  # frames before and after a join that count as its neighbourhood


def main() -> None:
    """Print one line for each measure."""
    parser = argparse.ArgumentParser(description="Measure foot skating and jerk at the joins of windows and elsewhere.")
    parser.add_argument("--model", type=Path, help="default: the shipped one")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = [text for text in SENTENCES for _ in range(options.draws)]
    motions = Generator.load(options.model).sample(texts, seconds=options.seconds, seed=0)
    joins = range(MAX_TOKENS * DOWNSAMPLE, len(motions[0]), (MAX_TOKENS - CARRIED) * DOWNSAMPLE)
    at = [motion.joints[join - AROUND : join + AROUND] for motion in motions for join in joins]
    middle = (MAX_TOKENS - CARRIED) * DOWNSAMPLE // 2
    between = [motion.joints[join + middle - AROUND : join + middle + AROUND] for motion in motions for join in joins]
    between = [clip for clip in between if len(clip) == 2 * AROUND]
    for name, measure in (("foot skating", metrics.foot_skating), ("jerk, m/s^3", metrics.jerk)):
        for place, clips in (("at joins", at), ("between", between)):
            values = torch.stack([measure(clip) for clip in clips])
            spread = 1.96 * float(values.std()) / len(values) ** 0.5
            print(
                f"{name} {place}: {float(values.mean()):.3f} +- {spread:.3f} ({len(clips)} spans of {2 * AROUND / FPS:g} s)"
            )


if __name__ == "__main__":
    main()
