"""Project the price of describing all of HumanML3D by a language model, beside the 23 USD of the paper; asks no model.

`python benchmarks/annotate_price.py --data data/cmu` makes the prompts of `LLMWriter` for clips of the CMU pack, counts
their tokens with the model's tokenizer, and takes the price from litellm's table. The clips are clips of HumanML3D. Long
clips have more keyframes, so the price of a clip is fitted as a + b * seconds and taken at HumanML3D's mean length. The
descriptions of the `TemplateWriter`, as long as an answer may be, stand for the answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from kinmo_annotate.frames.keyframes import Keyframer
from kinmo_annotate.observation import Observation
from kinmo_annotate.observe import observe
from kinmo_annotate.train.data import Item, MotionData
from kinmo_annotate.writers.projection import project
from kinmo_annotate.writers.template import TemplateWriter
from kinmo_core.errors import InputError
from kinmo_core.text import Description

MEAN_SECONDS = 7.1  # of a clip of HumanML3D (Guo et al., CVPR 2022, section 4)
MOTIONS, PAIRS = 14_616, 44_970  # of HumanML3D without mirrored copies; a pair is a motion and one of its captions
PAPER_USD = 23.0  # KinMo, ICCV 2025: gpt-4o-mini, "about"

Described = tuple[Observation, Description]


def observations(root: Path, count: int) -> list[Observation]:
    """Return the observations of `count` clips, evenly spread over the data set."""
    data = MotionData(str(root), ["train", "val", "test"])
    data.setup("predict")
    keyframer = Keyframer()
    items: list[Item] = data.items[:: max(1, len(data.items) // count)][:count]
    found: list[Observation] = []
    for item in items:
        try:
            clip = item.read()
            found.append(observe(clip.motion, id=clip.id, captions=clip.captions, keyframer=keyframer))
        except InputError as error:
            print(f"left out: {error}")
    return found


def mean_price(described: Sequence[Described], model: str, *, repeated: float) -> np.ndarray:
    """Return (3,) input tokens, output tokens and USD of a clip of HumanML3D's mean length."""
    each = np.array([project(seen, text, model, repeated=repeated) for seen, text in described])
    seconds = np.array([seen.seconds for seen, _ in described])
    slope, intercept = np.polyfit(seconds, each, 1) if len(described) > 1 else (0.0, each[0])
    return intercept + slope * MEAN_SECONDS


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Project the price of describing HumanML3D by a language model.")
    parser.add_argument("--data", type=Path, default=Path("data/cmu"), help="folder written by `kinmo data pack`")
    parser.add_argument("--clips", type=int, default=100, help="number of clips (default: %(default)s)")
    parser.add_argument("--model", default="gpt-4o-mini", help="litellm's name of it (default: %(default)s)")
    parser.add_argument("--repeated", type=float, default=0.05, help="assumed share of unusable answers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seen = observations(options.data, options.clips)
    described = [(one, TemplateWriter().write([one])[0].description) for one in seen]
    single = [(replace(one, captions=one.captions[:1]), text) for one, text in described]
    frames, length = np.mean([(len(one.keyframes), one.seconds) for one in seen], axis=0)
    print(
        f"{len(seen)} clips of {options.data}, {length:.1f} s and {frames:.1f} keyframes on average; {options.model} at the "
        f"prices of litellm {version('litellm')}; {options.repeated:.0%} of answers asked for again\n"
    )
    print("| HumanML3D | requests | tokens in | tokens out | USD |\n| --- | ---: | ---: | ---: | ---: |")
    rows = ((f"{MOTIONS:,} motions, all captions at once", MOTIONS, described), (f"{PAIRS:,} pairs", PAIRS, single))
    for name, count, clips in rows:
        tokens_in, tokens_out, usd = count * mean_price(clips, options.model, repeated=options.repeated)
        requests = 2 * count * (1 + options.repeated)
        print(f"| {name} | {requests:,.0f} | {tokens_in / 1e6:.1f} M | {tokens_out / 1e6:.1f} M | {usd:.2f} |")
    print(f"| the paper (gpt-4o-mini) | | | | about {PAPER_USD:.0f} |")


if __name__ == "__main__":
    main()
