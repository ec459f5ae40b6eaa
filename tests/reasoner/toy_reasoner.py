"""A LLaMA that trains in seconds, and timelines of the toy clips, for the tests beside this file.

As a script it trains as one of several processes: `python toy_reasoner.py DATA WORK BATCH KIND...`, started as torchrun
starts its workers.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from kinmo_annotate.observe import observe
from kinmo_annotate.writers.template import TemplateWriter
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import FPS, decode
from kinmo_core.motion import Motion
from kinmo_core.text import Timeline
from kinmo_core.train.data import LoaderConfig
from kinmo_core.train.stage import OptimConfig
from kinmo_core.train.testing import short_fit
from kinmo_reasoner.build import read_timelines
from kinmo_reasoner.model import LoraSettings
from kinmo_reasoner.pairs import described
from kinmo_reasoner.parse import to_answer
from kinmo_reasoner.scratch import ScratchConfig, make_base
from kinmo_reasoner.train.data import SentenceConfig, SentenceData
from kinmo_reasoner.train.module import ReasonerModule

KINDS = ("lora", "whole")
SIZES = ScratchConfig(vocabulary=600, dim=64, layers=2, heads=2, feedforward=96, context=600)
SPLITS = ("train", "val", "test")


def prepare(folder: Path, work: Path) -> None:
    """Write `work/descriptions.jsonl`, and `work/base` and `work/other`, two untrained models."""
    samples = HumanML3DFolder(folder).samples(SPLITS)
    seen = [observe(Motion(decode(s.features()), FPS), id=s.id) for s in samples]
    lines = [json.dumps(annotation.to_json()) for annotation in TemplateWriter().write(seen)]
    (work / "descriptions.jsonl").write_text("\n".join(lines) + "\n")
    items = described(samples, read_timelines(work / "descriptions.jsonl"))
    for name in ("base", "other"):
        sentences, answers = (s for i in items for s in i.sentences), (to_answer(i.timeline) for i in items)
        make_base(work / name, sentences, answers, SIZES)


def module(kind: str, work: Path, *, dropout: float = 0.1, **options: Any) -> ReasonerModule:
    """Make the module: `lora` on the frozen base, or the `whole` base; `dropout` is of the adapters."""
    torch.manual_seed(0)
    lora = LoraSettings(rank=4, alpha=16, dropout=dropout) if kind == "lora" else None
    optim = OptimConfig(**{"learning_rate": 1e-2, "warmup_steps": 2, "decay_at": (8,), **options})
    return ReasonerModule(str(work / "base"), lora, optim, dtype="float32")


def data(folder: Path, work: Path, *, batch_size: int = 4, **options: Any) -> SentenceData:
    """Make its data."""
    loader, context = LoaderConfig(batch_size=batch_size), options.pop("context", SIZES.context)
    sentences = SentenceConfig(**{"synthetic": 0.5, **options})
    paths = str(folder), str(work / "descriptions.jsonl"), str(work / "base")
    return SentenceData(*paths, context=context, sentences=sentences, loader=loader)


def first_timeline(work: Path) -> Timeline:
    """The timeline of a toy clip."""
    return next(iter(read_timelines(work / "descriptions.jsonl").values()))


def main(arguments: Sequence[str]) -> None:
    """One process of several."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    folder, work, toy, batch_size, *kinds = arguments
    for kind in kinds:
        model = module(kind, Path(toy), dropout=0.0)
        source = data(Path(folder), Path(toy), batch_size=int(batch_size))
        short_fit(model, source, Path(work) / f"{kind}_ddp", steps=4, processes=2)
        if torch.distributed.get_rank() == 0:
            torch.save(model.state_dict(), Path(work) / f"{kind}_ddp.pt")


if __name__ == "__main__":
    main(sys.argv[1:])
