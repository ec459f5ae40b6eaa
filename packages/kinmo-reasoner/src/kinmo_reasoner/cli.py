"""Command `kinmo-reasoner`. Nothing heavy is imported before a subcommand runs, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from time import process_time

from kinmo_core.command import Parser, add_strict, run_command
from kinmo_core.errors import InputError
from kinmo_reasoner.model_cli import add_commands

DEFAULT = "offline"
TRAINING = {"fit": "train a language model", "validate": "validate a checkpoint of one"}
_DATA = "HumanML3D directory with captions"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; bad input prints one line and exits with code 2."""
    run_command("kinmo-reasoner", _parser, arguments, lightning=TRAINING, trainer="kinmo_reasoner.train.cli")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="kinmo-reasoner", description="One sentence to the motion of every limb.")
    version = f"kinmo-reasoner {metadata.version('kinmo-reasoner')}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_reason(commands.add_parser("reason", help="print what every limb does in a sentence, and when"))
    _add_predict(commands.add_parser("predict", help="plan all captions of a data set; goes on after a kill"))
    _add_evaluate(commands.add_parser("evaluate", help="judge plans by a list of sentences, or by motions"))
    _add_build(commands.add_parser("build", help="write what the offline reasoner knows of training motions"))
    for name, what in TRAINING.items():
        commands.add_parser(name, help=f"{what} (LightningCLI; --config YAML, see configs/reasoner)", add_help=False)
    add_commands(commands)
    return parser


def _add_reasoner(parser: argparse.ArgumentParser) -> None:
    about = f"name of a reasoner, or NAME:REST such as nearest:FOLDER (default: {DEFAULT})"
    parser.add_argument("--reasoner", default=DEFAULT, help=about)


def _add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sentence", help="such as 'a man waves with his left hand while walking'")
    _add_reasoner(parser)
    parser.add_argument("--seconds", type=float, help="duration (default: estimated from the sentence)")
    parser.add_argument("--draws", type=int, default=1, help="different plans to print (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the timeline as JSON instead of a chart")
    parser.add_argument(
        "--yaml", type=Path, metavar="FILE", help="also write the first timeline, to be edited and used"
    )
    parser.set_defaults(run=_reason)


def _add_predict(parser: argparse.ArgumentParser) -> None:
    _add_reasoner(parser)
    parser.add_argument("--data", type=Path, required=True, help=_DATA)
    parser.add_argument("--splits", default="test", help="comma-separated split lists (default: test)")
    parser.add_argument("--out", type=Path, required=True, help="JSONL file, a line for every caption")
    parser.add_argument("--own-seconds", action="store_true", help="plan in the duration of the motions")
    add_strict(parser)
    parser.set_defaults(run=_predict)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_reasoner(parser)
    parser.add_argument("--sentences", type=Path, help="YAML list of sentences with what their timelines must hold")
    parser.add_argument("--failures", action="store_true", help="also print what fails in the tuned half of the list")
    parser.add_argument("--data", type=Path, help=_DATA)
    parser.add_argument("--descriptions", type=Path, help="JSONL file of kinmo-annotate for the data")
    parser.add_argument("--splits", default="val", help="comma-separated split lists (default: val)")
    parser.set_defaults(run=_evaluate)


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=_DATA)
    parser.add_argument("--descriptions", type=Path, required=True, help="JSONL file of kinmo-annotate for the data")
    parser.add_argument("--splits", default="train", help="comma-separated split lists (default: train)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.set_defaults(run=_build)


def _reason(options: argparse.Namespace) -> None:
    from shutil import get_terminal_size

    from kinmo_core.plugins import load_reasoner
    from kinmo_reasoner.request import requests
    from kinmo_reasoner.show import WIDTH, plan_text

    requests([options.sentence], options.seconds, options.draws)  # before anything is loaded
    [plans] = load_reasoner(options.reasoner).plan([options.sentence], options.seconds, options.draws)
    if options.yaml is not None:
        plans[0].save(options.yaml)
    if options.json:
        values = [plan.to_json() for plan in plans]
        print(json.dumps(values[0] if options.draws == 1 else values, indent=1, ensure_ascii=False))
    else:
        width = min(get_terminal_size((WIDTH, 24)).columns, WIDTH)
        print("\n\n".join(plan_text(plan, width=width) for plan in plans))


def _predict(options: argparse.Namespace) -> None:
    from kinmo_core.data.humanml3d import HumanML3DFolder
    from kinmo_core.plugins import load_reasoner
    from kinmo_reasoner.predict import predict

    data, splits = HumanML3DFolder(options.data), options.splits.split(",")
    name = f"reasoner-{options.reasoner}"
    number = predict(load_reasoner(options.reasoner), name, data, splits, options.out, own_seconds=options.own_seconds)
    print(f"{options.out}: {number} captions planned")


def _evaluate(options: argparse.Namespace) -> None:
    if options.sentences is None and (options.data is None or options.descriptions is None):
        raise InputError("evaluate needs --sentences, or --data and --descriptions")
    from kinmo_core.plugins import load_reasoner

    reasoner = load_reasoner(options.reasoner)
    if options.sentences is not None:
        from kinmo_reasoner.demands import halves, judge, read_cases, score
        from kinmo_reasoner.show import scores_text

        start = process_time()
        verdicts = {name: judge(reasoner, cases) for name, cases in halves(read_cases(options.sentences)).items()}
        spent = (process_time() - start) / sum(map(len, verdicts.values()))
        print(scores_text({name: score(found) for name, found in verdicts.items()}))
        print(f"{1000 * spent:.0f} ms of processor time a sentence")
        for verdict in verdicts["tuned"] if options.failures else ():
            for word, demands in (("misses", verdict.missing), ("contradicts", verdict.contradictions)):
                for demand in demands:
                    print(f"{verdict.case.sentence!r} {word} {demand.text!r}")
    if options.data is not None and options.descriptions is not None:
        from kinmo_core.data.humanml3d import HumanML3DFolder
        from kinmo_reasoner.agreement import evaluate
        from kinmo_reasoner.build import read_timelines
        from kinmo_reasoner.show import agreement_text

        data, splits = HumanML3DFolder(options.data), options.splits.split(",")
        timelines = read_timelines(options.descriptions, {sample.key for sample in data.samples(splits)})
        print(agreement_text(evaluate(reasoner, data, timelines, splits)))


def _build(options: argparse.Namespace) -> None:
    from kinmo_core.language import load_text_encoder
    from kinmo_reasoner.build import build

    encoder = load_text_encoder("minilm")
    number = build(options.data, options.descriptions, options.out, encoder, splits=options.splits.split(","))
    print(f"{options.out}: {number} captions")
