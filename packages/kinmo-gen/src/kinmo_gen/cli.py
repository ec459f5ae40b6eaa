"""Command `kinmo-gen`. Nothing heavy is imported before a subcommand runs, so that `--help` answers at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinmo_core.command import Commands, Parser, add_card, add_strict, run_command
from kinmo_core.errors import InputError
from kinmo_gen.edit_cli import add_edit
from kinmo_gen.sample_cli import add_demo, add_model_options, add_sample, check_candidates, make_folder

if TYPE_CHECKING:
    from rich.progress import Progress

    from kinmo_core.motion import Motion
    from kinmo_gen.follow import Sentence

TRAINING = {"fit": "train a stage", "validate": "validate a stage", "test": "test a stage"}
NETWORKS = {
    "tokenizer": "motion tokenizer",
    "masked": "masked transformer",
    "residual": "residual transformer",
    "length": "length estimator",
    "evaluator": "evaluator",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; bad input prints one line and exits with code 2."""
    run_command("kinmo-gen", _parser, arguments, lightning=TRAINING)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="kinmo-gen", description="Text to motion.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_sample(commands)
    add_demo(commands)
    add_edit(commands)
    _add_evaluate(commands)
    _add_score(commands)
    _add_judges(commands)
    _add_follow(commands)
    _add_compose(commands)
    _add_export(commands)
    _add_import_evaluator(commands)
    _add_card(commands)
    for name, what in TRAINING.items():
        commands.add_parser(name, help=f"{what} (LightningCLI; --config YAML, see configs/gen)", add_help=False)
    return parser


def _add_evaluate(commands: Commands) -> None:
    evaluate = commands.add_parser("evaluate", help="measure a model on a test split")
    evaluate.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    evaluate.add_argument("--splits", default="test", help="comma-separated split lists (default: test)")
    evaluate.add_argument("--repeats", type=int, default=20)
    evaluate.add_argument("--out", type=Path, required=True, help="folder for metrics.json and metrics.md")
    evaluate.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    evaluate.add_argument("--evaluator", type=Path, help="folder with another evaluator (default: that of the model)")
    add_strict(evaluate)
    evaluate.set_defaults(run=_evaluate)


def _add_score(commands: Commands) -> None:
    score = commands.add_parser("score", help="measure motions of any system for the clips of a test split")
    score.add_argument("motions", type=Path, help="folder of files named by clip, such as 000123.npz or 000123_0.bvh")
    score.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    score.add_argument("--splits", default="test", help="comma-separated split lists (default: test)")
    score.add_argument("--out", type=Path, required=True, help="folder for metrics.json and metrics.md")
    score.add_argument("--model", type=Path, help="model folder with the evaluator (default: the shipped one)")
    add_strict(score)
    score.set_defaults(run=_score)


def _add_judges(commands: Commands) -> None:
    judges = commands.add_parser(
        "judges", help="measure how well evaluators tell recordings from altered copies of them"
    )
    judges.add_argument("--data", type=Path, required=True, help="HumanML3D directory")
    judges.add_argument("--splits", default="test", help="comma-separated split lists (default: test)")
    judges.add_argument("--out", type=Path, required=True, help="folder for metrics.json and metrics.md")
    judges.add_argument(
        "--evaluator",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        dest="evaluators",
        help="folder with an evaluator to measure beside the shipped one; may be repeated",
    )
    add_strict(judges)
    judges.set_defaults(run=_judges)


def _add_follow(commands: Commands) -> None:
    follow = commands.add_parser("follow", help="measure how often motions do what their sentence says")
    follow.add_argument(
        "--half", choices=("tuned", "unseen", "both"), default="both", help="of the list (default: both)"
    )
    follow.add_argument("--list", action="store_true", help="print the sentences with their numbers, and stop")
    follow.add_argument("--draws", type=int, default=4, help="motions per sentence (default 4)")
    follow.add_argument(
        "--best-of", type=int, default=1, metavar="N", help="samples of each motion, at most (default 1)"
    )
    follow.add_argument("--seed", type=int, default=0, help="of the random numbers (default 0)")
    follow.add_argument("--motions", type=Path, help="judge files NUMBER*.npz (.npy, .bvh) of a folder, not a model")
    follow.add_argument("--save", action="store_true", help="keep the sampled motions in OUT/motions")
    follow.add_argument(
        "--failures", action="store_true", help="also print what was wanted and seen where the tuned half fails"
    )
    add_model_options(follow)
    add_strict(follow)
    follow.set_defaults(run=_follow)


def _add_compose(commands: Commands) -> None:
    compose = commands.add_parser("compose", help="add training motions made of limbs and parts of known ones")
    compose.add_argument("--data", type=Path, required=True, help="HumanML3D directory with descriptions.jsonl")
    compose.add_argument("--number", type=int, default=6000, help="motions to make (default 6000)")
    compose.add_argument("--seed", type=int, default=0, help="of the choice (default 0)")
    compose.set_defaults(run=_compose)


def _add_export(commands: Commands) -> None:
    export = commands.add_parser("export", help="write a model folder from training checkpoints and other folders")
    for name in NETWORKS:
        what = f"checkpoint of the {NETWORKS[name]}, or a model folder to take it from"
        export.add_argument(f"--{name}", type=Path, metavar="CKPT", help=what)
    export.add_argument("--text-encoder", default="minilm")
    export.add_argument("--levels", nargs="+", default=["interaction"], help="of each pass: body, group, interaction")
    export.add_argument("--steps", type=int, nargs="+", default=[10], help="rounds of each pass (default 10)")
    export.add_argument(
        "--hidden", type=float, nargs="+", default=[1.0], help="share drawn again by each pass (default 1)"
    )
    export.add_argument("--guidance", type=float, default=4.0, help="of the sentence (default 4)")
    export.add_argument("--statement-guidance", type=float, default=4.0, help="of the statements (default 4)")
    export.add_argument("--residual-guidance", type=float, default=5.0, help="in the residual layers (default 5)")
    export.add_argument("--out", type=Path, required=True)
    export.set_defaults(run=_export)


def _add_import_evaluator(commands: Commands) -> None:
    command = commands.add_parser("import-evaluator", help="write the published T2M evaluator as a model folder")
    command.add_argument("checkpoint", type=Path, help="text_mot_match/model/finest.tar")
    command.add_argument("--meta", type=Path, required=True, help="folder with its mean.npy and std.npy")
    command.add_argument("--glove", type=Path, required=True, help="folder with our_vab_data.npy and our_vab_idx.pkl")
    command.add_argument("--out", type=Path, required=True)
    command.set_defaults(run=_import_evaluator)


def _add_card(commands: Commands) -> None:
    card = add_card(commands, measured_by="evaluate")
    card.add_argument("--config", required=True, help="suffix of the configuration files, e.g. cmu")
    card.add_argument("--repeats", type=int, required=True, help="--repeats given to `evaluate`")
    card.set_defaults(run=_card)


def _evaluate(options: argparse.Namespace) -> None:
    from kinmo_gen.evaluation import evaluate

    if options.repeats < 1:
        raise InputError(f"--repeats must be at least 1, got {options.repeats}")
    evaluate(
        options.data,
        options.splits.split(","),
        options.out,
        model=options.model,
        evaluator=options.evaluator,
        repeats=options.repeats,
    )


def _score(options: argparse.Namespace) -> None:
    from kinmo_gen.score import score

    score(options.motions, options.data, options.splits.split(","), options.out, model=options.model)


def _judges(options: argparse.Namespace) -> None:
    from kinmo_gen.separation import separate

    separate(options.data, options.splits.split(","), options.out, evaluators=options.evaluators)


def _follow(options: argparse.Namespace) -> None:
    from kinmo_gen.follow import half_of

    chosen = half_of(options.half)
    if options.list:
        for sentence in chosen:
            print(f"{sentence.number:3d}  {sentence.half:6}  {sentence.family:14}  {sentence.text}")
        return
    if not 1 <= options.draws <= 1000:
        raise InputError(f"--draws must be between 1 and 1000, got {options.draws}")
    check_candidates(options.best_of)
    if options.motions is not None and (options.model is not None or options.save):
        raise InputError("--motions judges files: leave out --model and --save")

    from rich.progress import Progress

    from kinmo_gen.follow import judge
    from kinmo_gen.follow.report import failures, table, write_report

    with Progress(transient=True) as progress:
        motions, source = _motions_to_judge(options, chosen, progress)
        judging = progress.add_task("judging", total=len(chosen))
        judged = judge(motions, progress=lambda done, _: progress.update(judging, completed=done))
    make_folder(options.out)
    write_report(judged, options.out, source=source)
    print(table(judged))
    if options.failures:
        print(failures(motions, judged))


def _motions_to_judge(
    options: argparse.Namespace, chosen: Sequence[Sentence], progress: Progress
) -> tuple[dict[Sentence, list[Motion]], dict[str, str | int]]:
    """Read or sample the motions of some sentences; return them and where they are from."""
    from kinmo_gen.follow.motions import read_motions, sample_motions, save_motions

    if options.motions is not None:
        return read_motions(options.motions, chosen), {"motions": str(options.motions)}

    from kinmo_gen.generator import Generator

    sampling = progress.add_task("sampling", total=options.draws * options.best_of * len(chosen))
    motions = sample_motions(
        Generator.load(options.model, device=options.device, plants_feet=options.plant_feet),
        chosen,
        draws=options.draws,
        candidates=options.best_of,
        poses=options.poses,
        seed=options.seed,
        progress=lambda done, _: progress.update(sampling, completed=done),
    )
    if options.save:
        make_folder(options.out)
        save_motions(motions, options.out / "motions")
    facts = {"draws": options.draws, "best_of": options.best_of, "poses": options.poses, "seed": options.seed}
    return motions, {"model": str(options.model or "shipped"), **facts}


def _compose(options: argparse.Namespace) -> None:
    from rich.progress import Progress

    from kinmo_gen.compose import SPLIT, compose

    with Progress(transient=True) as progress:
        task = progress.add_task("composing", total=options.number)
        refused = compose(
            options.data,
            options.number,
            seed=options.seed,
            progress=lambda done, _: progress.update(task, completed=done),
        )
    print(f"{options.data / SPLIT}.txt: {options.number} motions, {refused} proposals left out")


def _export(options: argparse.Namespace) -> None:
    from kinmo_gen.model_folder import export
    from kinmo_gen.sampling import SamplingConfig

    checkpoints = {name: path for name in NETWORKS if (path := getattr(options, name)) is not None}
    sampling = SamplingConfig(
        levels=tuple(options.levels),
        steps=tuple(options.steps),
        hidden=tuple(options.hidden),
        guidance=options.guidance,
        statement_guidance=options.statement_guidance,
        residual_guidance=options.residual_guidance,
    )
    export(options.out, checkpoints, text_encoder=options.text_encoder, sampling=sampling)
    print(options.out)


def _import_evaluator(options: argparse.Namespace) -> None:
    from kinmo_gen.official import import_official

    import_official(options.checkpoint, options.meta, options.glove, options.out)
    print(options.out)


def _card(options: argparse.Namespace) -> None:
    from kinmo_gen.card import write_card

    path = write_card(
        options.model,
        title=options.title,
        config=options.config,
        data=options.data,
        limits=options.limits,
        splits=options.splits,
        repeats=options.repeats,
        shipped=options.shipped,
    )
    print(path)
