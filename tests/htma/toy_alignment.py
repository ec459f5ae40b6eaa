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
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.testing import HashTextEncoder
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description
from kinmo_core.train.callbacks import StepSeed
from kinmo_htma.language import TokenStateEncoder
from kinmo_htma.train.data import PairData
from kinmo_htma.train.module import AlignmentModule

TEXT_DIM = 16
LEVELS = ["global", "group", "interaction"]
SIZES: dict[str, Any] = {"dim": 16, "layers": 2, "heads": 2, "feedforward": 32}

# By a word of the caption: what limbs do, and pairs of limbs.
_LIMBS = {
    "walk": (
        {"left_leg": "the left leg swings", "right_leg": "the right leg swings"},
        {"left_leg+right_leg": "in turn"},
    ),
    "step": (
        {"left_leg": "the left knee rises", "right_leg": "the right knee rises"},
        {"left_leg+right_leg": "in turn"},
    ),
    "turn": ({"torso": "the torso turns left"}, {"torso+neck": "together"}),
    "spin": ({"torso": "the torso turns left"}, {"torso+neck": "together"}),
    "right": ({"right_arm": "the right arm waves"}, {"neck+right_arm": "the right hand is above the head"}),
    "left": ({"left_arm": "the left arm waves"}, {"neck+left_arm": "the left hand is above the head"}),
    "squat": ({"left_leg": "the left knee bends", "right_leg": "the right knee bends"}, {}),
    "bend": ({"left_leg": "the left knee bends", "right_leg": "the right knee bends"}, {}),
}


class WordEncoder(HashTextEncoder):
    """The hash encoder, with a vector for every word."""

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        return [self.encode(text.split()) for text in texts]


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


class Losses(L.Callback):
    """Keeps the loss of every step, and the gradient of the first."""

    def __init__(self) -> None:
        self.values: dict[int, float] = {}
        self.gradient: Tensor | None = None

    def on_before_optimizer_step(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:  # type: ignore[override]
        if trainer.global_step == 0:
            self.gradient = torch.cat([p.grad.flatten() for p in pl_module.parameters() if p.grad is not None])

    def on_train_batch_end(self, trainer: L.Trainer, _module: Any, outputs: Any, *_: Any) -> None:  # type: ignore[override]
        self.values[trainer.global_step] = float(outputs["loss"])


def module(**options: Any) -> AlignmentModule:
    """A tiny model, the same at every call."""
    torch.manual_seed(0)
    defaults: dict[str, Any] = {"frames_per_token": 4, "learning_rate": 1e-3, "warmup_steps": 2, "alike_above": 0.99}
    return AlignmentModule(TEXT_DIM, **{**SIZES, **defaults, **options})


def pairs(
    folder: Path, work: Path, *, batch_size: int = 4, text_encoder: TokenStateEncoder | None = None, **options: Any
) -> PairData:
    """Its data; annotations lie in `work/annotations.jsonl` and are written where absent."""
    annotations = work / "annotations.jsonl"
    if not annotations.is_file():
        write_annotations(folder, annotations)
    defaults: dict[str, Any] = {"annotations": str(annotations), "cache": str(work / "cache"), "bucket_batches": 2}
    encoder = text_encoder or WordEncoder(TEXT_DIM)
    return PairData(str(folder), encoder, batch_size=batch_size, **{**defaults, **options})


def fit(
    model: L.LightningModule,
    source: PairData,
    folder: Path,
    *,
    steps: int,
    resume: Path | None = None,
    losses: Losses | None = None,
    **options: Any,
) -> dict[int, float]:
    """Train to `steps`, saving `last.ckpt` every third step; returns the loss of each step done."""
    losses = losses or Losses()
    checkpoint = ModelCheckpoint(folder, "last", every_n_train_steps=3, save_top_k=1, enable_version_counter=False)
    trainer = L.Trainer(
        max_steps=steps,
        accelerator="cpu",
        callbacks=[losses, StepSeed(0), checkpoint],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=4,
        **{"devices": 1, **options},
    )
    trainer.fit(model, source, ckpt_path=resume, weights_only=True)
    return losses.values


def main(arguments: Sequence[str]) -> None:
    """One process of several."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    folder, work, batch_size = arguments
    model = module(dropout=0.0)
    source = pairs(Path(folder), Path(work), batch_size=int(batch_size))
    losses = Losses()
    fit(model, source, Path(work) / "ddp", steps=6, losses=losses, devices=2, strategy="ddp")
    found = {"losses": losses.values, "gradient": losses.gradient, "state": model.state_dict()}
    torch.save(found, Path(work) / f"ddp{torch.distributed.get_rank()}.pt")


if __name__ == "__main__":
    main(sys.argv[1:])
