"""How much of what people do survives the tokenizer: rules of the follow rate that recordings obey, before and after.

    python benchmarks/token_rules.py --data data/cmu [--model FOLDER or CHECKPOINT]

For each sentence of the tuned half and each val and test recording that obeys its rule: does it still, made of the first
1, 2, ... layers of its own tokens? More than this no generator that draws these tokens can follow.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import torch

from kinmo_core.data.humanml3d import HumanML3DFolder, readable
from kinmo_core.features import FPS, decode
from kinmo_core.motion import Motion
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.sentences import half_of
from kinmo_gen.generator import joints_of
from kinmo_gen.model_folder import SHIPPED, load_tokenizer


def main() -> None:
    """Print a table: families down, layers across."""
    parser = argparse.ArgumentParser(description="Print which rules that recordings obey survive the tokenizer.")
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    parser.add_argument("--model", type=Path, default=SHIPPED / "cmu", help="default: the shipped one")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer, statistics = load_tokenizer(options.model)
    sentences = half_of("tuned")
    kept: dict[str, list[list[bool]]] = defaultdict(list)
    for sample in readable(HumanML3DFolder(options.data).samples(["val", "test"])):
        features = sample.features()
        recorded = Body.of(Motion(decode(features), FPS))
        obeyed = [sentence for sentence in sentences if sentence.follows(recorded)]
        if not obeyed:
            continue
        ids = tokenizer.tokenize(statistics.normalize(features)[None])
        made = [
            Body.of(Motion(joints_of(statistics.denormalize(tokenizer.detokenize(ids[:, :, :layers])[0])), FPS))
            for layers in range(1, tokenizer.layers + 1)
        ]
        for sentence in obeyed:
            kept[sentence.family].append([sentence.follows(body) for body in made])
    kept["all"] = [case for cases in kept.values() for case in cases]
    print("| family | cases |", " | ".join(f"{layers + 1} layers" for layers in range(tokenizer.layers)), "|")
    print("|---|---|" + "---|" * tokenizer.layers)
    for family, cases in kept.items():
        shares = torch.tensor(cases).float().mean(0).tolist()
        print(f"| {family} | {len(cases)} |", " | ".join(f"{share:.0%}" for share in shares), "|")


if __name__ == "__main__":
    main()
