"""Command `kinmo-annotate`. Nothing heavy is imported before a subcommand runs, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from kinmo_core.command import Parser, add_strict, readable_file, run_command
from kinmo_core.errors import InputError

if TYPE_CHECKING:
    from kinmo_annotate.writers import Writer

TEMPLATE = "template"
CONTROLS = ("none", "mirror", "shuffle", "tempo", "way", "verb", "count", "amount", "order")
MAX_WIDTH = 120  # characters of a line, however wide the terminal


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; bad input prints one line and exits with code 2."""
    run_command("kinmo-annotate", _parser, arguments, lightning=("predict",), trainer="kinmo_annotate.train.cli")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="kinmo-annotate", description="Motion to text, limb by limb.")
    version = f"kinmo-annotate {metadata.version('kinmo-annotate')}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_describe(commands.add_parser("describe", help="print a motion as text in three levels, with a timeline"))
    commands.add_parser(
        "predict",
        help="describe a data set (LightningCLI; --config YAML, see configs/annotate; --strict stops at a bad motion)",
        add_help=False,
    )
    _add_check(commands.add_parser("check", help="compare descriptions with the measured motions"))
    agree = "agreement of two files: Cohen's kappa and Gwet's AC1 for each limb"
    lines = 'Lines need an "id", and "ratings", {"torso": "good", ...}, or the fields that predict writes.'
    _add_agree(commands.add_parser("agree", help=agree, description=lines))
    return parser


def _add_describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=readable_file, help="motion, in any format of kinmo convert")
    parser.add_argument(
        "--writer",
        default=TEMPLATE,
        help="template, which needs nothing (default), or litellm's name of a language model, such as gpt-4o-mini",
    )
    parser.add_argument("--seed", type=int, default=0, help="chooses among words that mean the same (default: 0)")
    parser.add_argument("--api-base", help="address of an OpenAI-compatible server; the model is then openai/NAME")
    parser.add_argument("--json", action="store_true", help="print the line that predict would write")
    parser.set_defaults(run=_describe)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("annotations", type=Path, nargs="?", help="JSONL file that predict wrote")
    parser.add_argument("--data", type=Path, required=True, help="HumanML3D directory with the motions")
    parser.add_argument("--splits", help="comma-separated split lists (default: all in the file; captions: test)")
    parser.add_argument("--examples", type=int, default=10, help="contradictions to print (default: 10)")
    parser.add_argument("--captions", action="store_true", help="check the captions of the data set instead of a file")
    parser.add_argument(
        "--control",
        choices=CONTROLS,
        default=CONTROLS[0],
        help="compare with mirrored motions or with those of other clips, which must contradict far more, "
        "or exchange words of one kind, which must contradict most of what they change",
    )
    add_strict(parser)
    parser.set_defaults(run=_check)


def _add_agree(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    fields = ("ratings", "text")
    parser.add_argument("--field", choices=fields, help="field to compare; default: ratings if both files have them")
    parser.set_defaults(run=_agree)


def _describe(options: argparse.Namespace) -> None:
    from kinmo_annotate.reading import read_motion

    if options.api_base is not None and options.writer == TEMPLATE:
        raise InputError("--api-base needs --writer openai/NAME: the template writer sends no requests")
    motion = read_motion(options.file)

    from kinmo_annotate.frames.keyframes import Keyframer
    from kinmo_annotate.observe import observe

    writer = _writer(options)
    captions, keyframer = (motion.text,) if motion.text else (), Keyframer() if writer.needs_keyframes else None
    seen = observe(motion, id=options.file.stem, captions=captions, keyframer=keyframer)
    [annotation] = writer.write([seen])
    if annotation.problem:
        print(f"kinmo-annotate: {annotation.problem}", file=sys.stderr)
    if options.json:
        import json

        print(json.dumps(annotation.to_json()))
    else:
        from shutil import get_terminal_size

        from kinmo_annotate.show import annotation_text

        print(annotation_text(annotation, width=min(get_terminal_size().columns, MAX_WIDTH)))


def _writer(options: argparse.Namespace) -> Writer:
    if options.writer == TEMPLATE:
        from kinmo_annotate.writers.template import TemplateWriter

        return TemplateWriter(options.seed)

    from kinmo_annotate.writers.llm import LLMWriter

    return LLMWriter(options.writer, api_base=options.api_base, seed=options.seed)


def _check(options: argparse.Namespace) -> None:
    from kinmo_annotate.check import run

    splits = None if options.splits is None else options.splits.split(",")
    controls = {"captions": options.captions, "control": options.control}
    run(options.annotations, options.data, splits, options.examples, **controls)


def _agree(options: argparse.Namespace) -> None:
    from kinmo_annotate.agreement import compare
    from kinmo_annotate.show import agreement_text

    print(agreement_text(*compare(options.first, options.second, options.field)))
