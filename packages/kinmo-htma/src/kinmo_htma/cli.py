"""Command `kinmo-htma`. Nothing heavy is imported before a subcommand runs, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kinmo_core.cli import exit_on_input_error
from kinmo_core.errors import InputError

TRAINING = ("fit", "validate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; bad input prints one line and exits with code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with exit_on_input_error("kinmo-htma"):
        if given and given[0] in TRAINING:
            _train(given)
            return
        options = _parser().parse_args(given)
        options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kinmo-htma", description="Sentences and motions in one space.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    for name, what in zip(TRAINING, ("train", "validate"), strict=True):
        commands.add_parser(name, help=f"{what} (LightningCLI; --config YAML, see configs/htma)", add_help=False)

    export = commands.add_parser("export", help="write a model folder from a training checkpoint")
    export.add_argument("checkpoint", type=Path)
    export.add_argument("--data", type=Path, required=True, help="HumanML3D directory that it was trained on")
    export.add_argument(
        "--splits", default="train", help="comma-separated lists that it was trained on (default: train)"
    )
    export.add_argument(
        "--annotations", type=Path, help="JSONL file (default: annotations.jsonl in the data directory)"
    )
    export.add_argument("--similarity", help="mean, last, global, group or interaction (default: as in training)")
    export.add_argument("--out", type=Path, required=True)
    export.set_defaults(run=_export)

    test = commands.add_parser("test", help="measure retrieval on test splits")
    test.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    test.add_argument("--splits", default="test", help="comma-separated split lists (default: test)")
    test.add_argument("--similarity", help="mean, last, global, group or interaction (default: the model's)")
    test.add_argument("--out", type=Path, required=True, help="folder for retrieval.json and retrieval.md")
    _add_model(test)
    test.set_defaults(run=_test)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    parser.add_argument("--device", default="cpu")


def _export(options: argparse.Namespace) -> None:
    from kinmo_core.checkpoint import load_training_checkpoint
    from kinmo_core.data.humanml3d import HumanML3DFolder
    from kinmo_htma.annotations import known_sentences, training_descriptions
    from kinmo_htma.model import export

    known = []
    levels = load_training_checkpoint(options.checkpoint).get("hyper_parameters", {}).get("levels", ())
    if len(levels) > 1:
        samples = HumanML3DFolder(options.data).samples(options.splits.split(","))
        annotations = options.annotations or options.data / "annotations.jsonl"
        known = known_sentences(samples, training_descriptions(annotations, samples))
    export(options.out, options.checkpoint, known, similarity=options.similarity)
    print(options.out)


def _test(options: argparse.Namespace) -> None:
    from kinmo_htma.evaluation import evaluate
    from kinmo_htma.model import HTMA

    evaluate(
        HTMA.load(options.model, device=options.device),
        options.data,
        options.splits.split(","),
        options.out,
        similarity=options.similarity,
    )
    print((options.out / "retrieval.md").read_text(encoding="utf-8"))


def _train(arguments: Sequence[str]) -> None:
    try:
        from kinmo_htma.train.cli import main as train
    except ModuleNotFoundError as error:
        if error.name not in ("lightning", "jsonargparse"):
            raise
        raise InputError(f"training needs {error.name}; install it with: pip install 'kinmo-htma[train]'") from None
    train(arguments)
