"""An alignment in a size that trains in seconds, and descriptions of the toy clips, for the tests beside this file.

As a script it trains as one of several processes: `python toy_alignment.py DATA WORK BATCH`, started as torchrun starts
its workers.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.testing import WordEncoder
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, TokenStateEncoder
from kinmo_core.train.data import LoaderConfig
from kinmo_core.train.stage import OptimConfig
from kinmo_core.train.testing import short_fit
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.train.data import PairData
from kinmo_htma.train.module import AlignmentModule

TEXT_DIM = 16
LEVELS = ("global", "group", "interaction")
SIZES: dict[str, Any] = {"dim": 16, "layers": 2, "heads": 2, "feedforward": 32}

# By a word of the caption: what limbs do, and pairs of limbs.
_LIMBS = {
    "walk": (
        {"left_leg": "The left leg swings.", "right_leg": "The right leg swings."},
        {"left_leg+right_leg": "The legs swing in turn."},
    ),
    "step": (
        {"left_leg": "The left leg rises.", "right_leg": "The right leg rises."},
        {"left_leg+right_leg": "The legs swing in turn."},
    ),
    "turn": ({"torso": "The torso turns left."}, {"torso+neck": "The head turns along."}),
    "spin": ({"torso": "The torso turns left."}, {"torso+neck": "The head turns along."}),
    "right": ({"right_arm": "The right arm waves."}, {"neck+right_arm": "The right hand is above the head."}),
    "left": ({"left_arm": "The left arm waves."}, {"neck+left_arm": "The left hand is above the head."}),
    "squat": ({"left_leg": "The left leg bends.", "right_leg": "The right leg bends."}, {}),
    "bend": ({"left_leg": "The left leg bends.", "right_leg": "The right leg bends."}, {}),
}


def describe(text: str) -> Description:
    """What the limbs do in a toy clip with this caption."""
    groups, pairs = next((found for word, found in _LIMBS.items() if word in text), ({}, {}))
    named = {tuple(pair.split("+")): sentence for pair, sentence in pairs.items()}
    return Description(
        text,
        {name: groups.get(name, UNKNOWN) for name in GROUPS},
        {pair: named.get(pair, UNKNOWN) for pair in PAIRS},
    )


def write_annotations(data: Path, path: Path, splits: Sequence[str] = ("train",)) -> Path:
    """Annotations of the samples of some splits."""
    samples = HumanML3DFolder(data).samples(splits)
    records = [{"id": sample.key, **describe(sample.captions[0].text).to_json()} for sample in samples]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


class FirstGradient(L.Callback):
    """Keeps the gradient of the first step."""

    def __init__(self) -> None:
        self.value: Tensor | None = None

    def on_before_optimizer_step(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:  # type: ignore[override]
        if trainer.global_step == 0:
            self.value = torch.cat([p.grad.flatten() for p in pl_module.parameters() if p.grad is not None])


def module(
    losses: AlignmentLoss = AlignmentLoss(same_above=0.99), *, learning_rate: float = 1e-3, **network: Any
) -> AlignmentModule:
    """Make a tiny model, the same at every call."""
    torch.manual_seed(0)
    config = AlignmentConfig(TEXT_DIM, **{**SIZES, "frames_per_token": 4, **network})
    return AlignmentModule(config, losses, OptimConfig(learning_rate=learning_rate, warmup_steps=2))


def pairs(
    folder: Path, work: Path, *, batch_size: int = 4, text_encoder: TokenStateEncoder | None = None, **options: Any
) -> PairData:
    """Make its data; annotations are in `work/annotations.jsonl` and are written where absent."""
    annotations = work / "annotations.jsonl"
    if not annotations.is_file():
        write_annotations(folder, annotations)
    defaults: dict[str, Any] = {"annotations": str(annotations), "cache": str(work / "cache")}
    defaults["loader"] = LoaderConfig(batch_size=batch_size, bucket_batches=2)
    return PairData(str(folder), text_encoder or WordEncoder(TEXT_DIM), **{**defaults, **options})


def main(arguments: Sequence[str]) -> None:
    """One process of several."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    folder, work, batch_size = arguments
    model = module(dropout=0.0)
    source = pairs(Path(folder), Path(work), batch_size=int(batch_size), twins=True)
    gradient = FirstGradient()
    losses = short_fit(model, source, Path(work) / "ddp", steps=6, callbacks=[gradient], processes=2)
    found = {"losses": losses, "gradient": gradient.value, "state": model.state_dict()}
    torch.save(found, Path(work) / f"ddp{torch.distributed.get_rank()}.pt")


if __name__ == "__main__":
    main(sys.argv[1:])
