"""The five stages in sizes that train in seconds, for the tests beside this file.

As a script it trains some of them as one of several processes: `python toy_stages.py DATA WORK BATCH STAGE...`, started
as torchrun starts its workers.
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

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import FPS
from kinmo_core.files import atomic_path
from kinmo_core.testing import WordEncoder
from kinmo_core.text import Statement, Timeline
from kinmo_core.train.data import LoaderConfig, StepDataModule
from kinmo_core.train.stage import OptimConfig
from kinmo_core.train.testing import short_fit
from kinmo_gen.conditions import LEVELS
from kinmo_gen.evaluator import EvaluatorConfig
from kinmo_gen.length import LengthConfig
from kinmo_gen.masked import MaskedConfig
from kinmo_gen.residual import ResidualConfig
from kinmo_gen.tokenizer import TokenizerConfig
from kinmo_gen.train.evaluator import EvaluatorModule, PairData
from kinmo_gen.train.length import LengthModule
from kinmo_gen.train.masked import MaskedModule
from kinmo_gen.train.residual import ResidualModule
from kinmo_gen.train.tokenizer import TokenizerData, TokenizerLosses, TokenizerModule
from kinmo_gen.train.tokens import TokenData

STAGES = ("tokenizer", "masked", "residual", "length", "evaluator")
CODES, LAYERS, TEXT_DIM = 16, 3, 16
PARTS = "six"


def module(stage: str, *, dropout: float = 0.1, learning_rate: float = 1e-3) -> L.LightningModule:
    """Make a tiny model; `dropout` 0 also turns off everything else that each process draws for itself."""
    optim = OptimConfig(learning_rate=learning_rate, warmup_steps=2, decay_at=(6,), decay_by=0.5)
    trunk: dict[str, Any] = {"dim": 16, "depth": 1, "heads": 2, "feedforward": 32, "dropout": dropout}
    torch.manual_seed(0)
    match stage:
        case "tokenizer":
            sizes: dict[str, Any] = {"width": 16, "code_dim": 8, "codes": CODES, "layers": LAYERS, "parts": PARTS}
            network = TokenizerConfig(**sizes, encoder_width=8, dropout=dropout, temperature=0.5 if dropout else 0.0)
            return TokenizerModule(network, TokenizerLosses(joints=1.0, velocity=2.0, root=0.1, bones=1.0), optim)
        case "masked":
            return MaskedModule(MaskedConfig(TEXT_DIM, CODES, 8, LEVELS, **trunk, parts=6), optim)
        case "residual":
            return ResidualModule(ResidualConfig(TEXT_DIM, CODES, 8, LAYERS, LEVELS, **trunk, parts=6), optim)
        case "length":
            return LengthModule(LengthConfig(TEXT_DIM, dropout=dropout), optim)
        case _:
            sizes = {"movement_dim": 16, "motion_hidden": 16, "text_hidden": 16, "output_dim": 8, "dropout": dropout}
            return EvaluatorModule(EvaluatorConfig(TEXT_DIM, **sizes), optim=optim)


def data(stage: str, folder: Path, work: Path, *, batch_size: int = 4) -> StepDataModule:
    """Make its data; the token stages read `work/tokenizer/last.ckpt`."""
    cache = str(work / "cache")
    loader = LoaderConfig(batch_size=batch_size, bucket_batches=1 if stage == "tokenizer" else 2)
    if stage == "tokenizer":
        return TokenizerData(str(folder), window=32, feature_bias=5.0, loader=loader)
    if stage == "evaluator":
        return PairData(str(folder), WordEncoder(TEXT_DIM), feature_bias=5.0, cache=cache, loader=loader)
    tokenizer = str(work / "tokenizer" / "last.ckpt")
    levels = ("body",) if stage == "length" else LEVELS
    encoder, annotations = WordEncoder(TEXT_DIM), str(write_timelines(folder, work / "descriptions.jsonl"))
    settings: dict[str, Any] = {"levels": levels, "annotations": annotations, "cache": cache, "loader": loader}
    return TokenData(str(folder), tokenizer, encoder, **settings)


def write_timelines(folder: Path, path: Path) -> Path:
    """Write what the limbs of every toy clip do: its first caption, of a part that the words name, in its first half."""
    if path.is_file():
        return path
    lines = []
    for sample in HumanML3DFolder(folder).samples(["train", "val", "test"]):
        text, seconds = sample.captions[0].text, len(sample) / FPS
        side = "left" if "left" in text else "right"
        said = (Statement(f"{side}_arm", 0.0, seconds / 2, text), Statement(f"torso+{side}_arm", 0.5, seconds, text))
        lines.append(json.dumps({"id": sample.key, "timeline": Timeline(said, seconds).to_json()}) + "\n")
    with atomic_path(path) as temporary:  # two processes may write at once
        temporary.write_text("".join(lines), encoding="utf-8")
    return path


def main(arguments: Sequence[str]) -> None:
    """One process of several."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    folder, work, batch_size, *stages = arguments
    for stage in stages:
        model = module(stage, dropout=0.0)
        source = data(stage, Path(folder), Path(work), batch_size=int(batch_size))
        short_fit(model, source, Path(work) / f"{stage}_ddp", steps=6, processes=2)
        if torch.distributed.get_rank() == 0:
            torch.save(model.state_dict(), Path(work) / f"{stage}_ddp.pt")


if __name__ == "__main__":
    main(sys.argv[1:])
