"""Command `kinmo-htma`. Nothing heavy is imported before a subcommand runs, so that `--help` answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kinmo_core.command import LIMBS, Commands, Parser, add_card, add_strict, readable_file, run_command
from kinmo_core.errors import InputError

if TYPE_CHECKING:
    from kinmo_core.motion import Motion
    from kinmo_core.text import Statement

TRAINING = {"fit": "train", "validate": "validate"}
INDEX = "motions.index"


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; bad input prints one line and exits with code 2."""
    run_command("kinmo-htma", _parser, arguments, lightning=TRAINING)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="kinmo-htma", description="Sentences and motions in one space.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, what in TRAINING.items():
        commands.add_parser(name, help=f"{what} (LightningCLI; --config YAML, see configs/htma)", add_help=False)
    _add_export(commands)
    _add_test(commands)
    _add_card(commands)
    _add_index(commands)
    _add_search(commands)
    _add_caption(commands)
    return parser


def _add_export(commands: Commands) -> None:
    export = commands.add_parser("export", help="write a model folder from a training checkpoint")
    export.add_argument("checkpoint", type=Path)
    export.add_argument("--data", type=Path, required=True, help="HumanML3D directory of the training run")
    export.add_argument(
        "--annotations", type=Path, help="JSONL file (default: descriptions.jsonl in the data directory)"
    )
    export.add_argument("--similarity", help="mean, last, global, group or interaction (default: as in training)")
    export.add_argument(
        "--draws", type=int, default=10, help="answers of the reasoner per sentence, to average (default: 10)"
    )
    export.add_argument("--out", type=Path, required=True)
    export.set_defaults(run=_export)


def _add_test(commands: Commands) -> None:
    test = commands.add_parser("test", help="measure retrieval on test splits")
    test.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    test.add_argument("--splits", default="test", help="comma-separated split lists (default: test)")
    test.add_argument("--similarity", help="mean, last, global, group or interaction (default: the model's)")
    test.add_argument("--out", type=Path, required=True, help="folder for retrieval.json and retrieval.md")
    add_strict(test)
    _add_model(test)
    test.set_defaults(run=_test)


def _add_card(commands: Commands) -> None:
    card = add_card(commands, measured_by="test")
    card.add_argument(
        "--config", type=Path, action="append", required=True, help="--config given to `fit`; repeat it for several"
    )
    card.add_argument("--overrides", default="", help="other options given to `fit`, as one quoted string")
    card.set_defaults(run=_card)


def _add_index(commands: Commands) -> None:
    index = commands.add_parser("index", help="make a folder of motions searchable")
    index.add_argument(
        "folder", type=Path, help="folder of motions in any format of kinmo convert, or HumanML3D directory"
    )
    index.add_argument("--out", type=Path, default=Path(INDEX), help=f"folder for the index (default: {INDEX})")
    add_strict(index)
    index.add_argument("--faiss", action="store_true", help="also build a FAISS index, for a million motions")
    _add_model(index)
    index.set_defaults(run=_index)


def _add_search(commands: Commands) -> None:
    search = commands.add_parser("search", help="find the motions that match a sentence, limbs or another motion")
    search.add_argument("text", nargs="?", metavar="SENTENCE", help="sentence about the whole action")
    for limb in LIMBS:
        search.add_argument(
            f"--{limb.replace('_', '-')}", metavar="SENTENCE", help=f"sentence about the {limb.replace('_', ' ')}"
        )
    search.add_argument("--motion", type=readable_file, help="find motions like the one in this file")
    search.add_argument("--index", type=Path, default=Path(INDEX), help=f"folder written by `index` (default: {INDEX})")
    search.add_argument("-k", type=int, default=5, help="number of results (default: 5)")
    search.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the results as strips of poses")
    _add_model(search)
    search.set_defaults(run=_search)


def _add_caption(commands: Commands) -> None:
    caption = commands.add_parser("caption", help="find the sentences that match a motion")
    caption.add_argument("motion", type=readable_file, help="motion in any format of kinmo convert")
    caption.add_argument("--sentences", type=readable_file, help="text file, a sentence a line (default: 275 actions)")
    caption.add_argument("-k", type=int, default=5, help="number of results (default: 5)")
    _add_model(caption)
    caption.set_defaults(run=_caption)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    parser.add_argument("--device", default="cpu")


def _export(options: argparse.Namespace) -> None:
    from kinmo_core.data.humanml3d import HumanML3DFolder
    from kinmo_core.model_folder import load_training_checkpoint
    from kinmo_htma.annotations import known_sentences, training_descriptions
    from kinmo_htma.export import checkpoint_settings, export

    state = load_training_checkpoint(options.checkpoint)
    settings = checkpoint_settings(state, options.checkpoint)
    samples = HumanML3DFolder(options.data).samples(settings.splits)
    described = None
    if len(state["hyper_parameters"]["network"]["levels"]) > 1:
        described = training_descriptions(options.annotations or options.data / "descriptions.jsonl", samples)
    known = known_sentences(samples, described)
    export(options.out, options.checkpoint, known, similarity=options.similarity, draws=options.draws)
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


def _card(options: argparse.Namespace) -> None:
    from kinmo_htma.card import write_card

    path = write_card(
        options.model,
        title=options.title,
        configs=options.config,
        overrides=options.overrides,
        data=options.data,
        limits=options.limits,
        splits=options.splits,
        shipped=options.shipped,
    )
    print(path)


def _index(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from kinmo_htma.indexing import build_index, indexed_files
    from kinmo_htma.model import HTMA

    indexed_files(options.folder)  # fails before the model is loaded
    if options.faiss:
        from kinmo_htma.approximate import import_faiss

        import_faiss()
    model = HTMA.load(options.model, device=options.device)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("embedding motions", total=None)
        index = build_index(
            model,
            options.folder,
            progress=lambda done, files: bar.update(task, completed=done, total=files),
            faiss=options.faiss,
        )
    index.save(options.out)
    files = len({item.path for item in index.items})
    print(f"{options.out}: {files} motions, {len(index)} vectors")


def _search(options: argparse.Namespace) -> None:
    from kinmo_htma.index import Index
    from kinmo_htma.model import HTMA
    from kinmo_htma.parts import parts_of
    from kinmo_htma.query import query
    from kinmo_reasoner.offline import OfflineReasoner
    from kinmo_reasoner.wanted import wanted

    if options.picture is not None and options.picture.suffix.lower() != ".png":
        raise InputError(f"--picture must end in .png, got {options.picture}")
    limbs = {limb: said for limb in LIMBS if (said := getattr(options, limb)) is not None}
    _check_count(options.k)
    if options.motion is not None and (options.text is not None or limbs):
        raise InputError("search must have sentences or --motion, got both")
    parts = [] if options.motion is None else parts_of(_motion(options.motion))
    model = HTMA.load(options.model, device=options.device)
    index = Index.load(options.index, model)
    if parts:
        hits = index.search(model.vectors(model.embed_features([part.features for part in parts])), options.k)
    else:
        means = model.embed_descriptions(query(model, options.text, limbs)).mean(0, keepdim=True)
        asked = wanted(OfflineReasoner.load(), options.text, limbs)
        hits = index.search(model.vectors(means), options.k, wanted=asked if asked.statements else None)
    lines = [f"{hit.score:.3f}  {hit.item.path}  {hit.item.start:.1f}-{hit.item.end:.1f} s" for hit in hits]
    for line, hit in zip(lines, hits, strict=True):
        print("\n       ".join([line, *(_when(moment.statement) for moment in hit.moments)]))
    if options.picture is not None:
        from kinmo_core.viz.strip import contact_sheet

        shown = [replace(index.motion(hit.item), text=line) for line, hit in zip(lines, hits, strict=True)]
        contact_sheet(shown, options.picture)


def _when(statement: Statement) -> str:
    """Write a statement with its time: "00:02.1-00:03.4 left arm rises ..."."""
    from kinmo_annotate.show import limb_name

    start, end = (f"{second // 60:02.0f}:{second % 60:04.1f}" for second in (statement.start, statement.end))
    subject = "" if "+" in statement.who else limb_name(statement.who) + " "
    return f"{start}-{end} {subject}{statement.sentence}"


def _caption(options: argparse.Namespace) -> None:
    from kinmo_annotate.observe import observe
    from kinmo_annotate.writers.template import TemplateWriter
    from kinmo_htma.actions import ACTIONS
    from kinmo_htma.model import HTMA
    from kinmo_htma.parts import parts_of
    from kinmo_reasoner.offline import OfflineReasoner
    from kinmo_reasoner.wanted import truth

    _check_count(options.k)
    motion = _motion(options.motion)
    parts, seen = parts_of(motion), observe(motion)
    given = None
    if options.sentences is not None:
        from kinmo_core.files import read_bytes

        given = [line for line in read_bytes(options.sentences).decode("utf-8", "replace").splitlines() if line.strip()]
        if not given:
            raise InputError(f"{options.sentences} must have at least one sentence, got none")
    model = HTMA.load(options.model, device=options.device)
    means = model.embed_features([part.features for part in parts])
    told = truth(OfflineReasoner.load(), given or ACTIONS, seen.timeline)
    print(TemplateWriter().write([seen])[0].description.text)
    for text, score in model.captions(means, given, k=options.k, truth=told):
        print(f"{score:.3f}  {text}")


def _motion(path: Path) -> Motion:
    from kinmo_core.io import load_motion

    return load_motion(path)


def _check_count(k: int) -> None:
    if k < 1:
        raise InputError(f"-k must be at least 1, got {k}")
