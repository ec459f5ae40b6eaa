"""Subcommands of `kinmo-reasoner` that make, write and merge language models."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinmo_core.command import Commands


def add_commands(commands: Commands) -> None:
    """Add `scratch`, `export` and `merge`. The training itself is `kinmo_reasoner.train.cli.main`."""
    _add_scratch(commands.add_parser("scratch", help="write a small untrained language model, a base for fit"))
    export = commands.add_parser("export", help="write the model of a checkpoint as a folder")
    export.add_argument("checkpoint", type=Path, help="best.ckpt or last.ckpt of a run")
    export.add_argument("out", type=Path, help="folder of the adapter, or of the whole model; must not exist")
    export.set_defaults(run=_export)
    merge = commands.add_parser("merge", help="add an adapter to the weights of its base model")
    merge.add_argument("model", type=Path, help="folder of the adapter")
    merge.add_argument("out", type=Path, help="folder of the whole model; must not exist")
    merge.add_argument("--base", help="name or folder of the base model (default: the one that the adapter names)")
    merge.add_argument("--dtype", default="bfloat16", help="of the written weights (default: bfloat16)")
    merge.set_defaults(run=_merge)


def _add_scratch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="folder of the model; must not exist")
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory, for its captions")
    parser.add_argument("--descriptions", type=Path, required=True, help="JSONL file that kinmo-annotate predict wrote")
    parser.add_argument("--splits", default="train", help="comma-separated split lists (default: train)")
    sizes = ("vocabulary", "dim", "layers", "heads", "feedforward", "context")
    for name in sizes:
        parser.add_argument(f"--{name}", type=int, help="see ScratchConfig")
    parser.set_defaults(run=_scratch)


def _scratch(options: argparse.Namespace) -> None:
    from kinmo_core.data.humanml3d import HumanML3DFolder
    from kinmo_reasoner.build import read_timelines
    from kinmo_reasoner.pairs import described
    from kinmo_reasoner.parse import to_answer
    from kinmo_reasoner.scratch import ScratchConfig, make_base

    timelines = read_timelines(options.descriptions)
    items = described(HumanML3DFolder(options.data).samples(options.splits.split(",")), timelines)
    sizes = {field.name: getattr(options, field.name) for field in fields(ScratchConfig)}
    config = ScratchConfig(**{name: size for name, size in sizes.items() if size is not None})
    sentences = (sentence for item in items for sentence in item.sentences)
    make_base(options.out, sentences, (to_answer(item.timeline) for item in items), config)
    print(f"{options.out}: an untrained model, the base for kinmo-reasoner fit")


def _export(options: argparse.Namespace) -> None:
    from kinmo_reasoner.export import export

    export(options.checkpoint, options.out)
    print(f"{options.out}: use it as --reasoner lora:{options.out}")


def _merge(options: argparse.Namespace) -> None:
    from kinmo_reasoner.model import merge

    merge(options.model, options.out, base=options.base, dtype=options.dtype)
    print(f"{options.out}: use it as --reasoner lora:{options.out}")
