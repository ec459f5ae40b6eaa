"""The subcommands `sample` and `demo` of `kinmo-gen`: from words about the whole body and single limbs to files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinmo_core.command import LIMBS, Commands, readable_file
from kinmo_core.errors import InputError
from kinmo_core.progress import print_above

if TYPE_CHECKING:
    from kinmo_core.motion import Motion
    from kinmo_gen.instructions import Instruction
    from kinmo_gen.request import Asked

FORMATS = ("npz", "bvh", "glb", "mp4", "png")
DEMO = (
    "a person walks forward, then turns around and walks back",
    "a person raises the left arm above the head",
    "a person kicks forward with the right foot",
    "a person jumps",
)


def add_sample(commands: Commands) -> None:
    sample = commands.add_parser("sample", help="turn sentences, limb by limb if wanted, into motions")
    sample.add_argument("texts", nargs="*", metavar="SENTENCE")
    sample.add_argument("--seconds", type=float, help="duration, 0.4 to 120 (default: estimated from the sentence)")
    add_limbs(sample, "what one limb does, instead of what the sentence would make it do")
    sample.add_argument("--timeline", type=readable_file, help="YAML or JSON file with what all limbs do, and when")
    sample.add_argument("--script", type=readable_file, help="text file with a line START END SENTENCE for each action")
    sample.add_argument("--explain", action="store_true", help="print what every limb is told, and when")
    sample.add_argument("--num", type=int, default=1, help="motions per sentence (default 1)")
    add_drawing(sample)
    add_model_options(sample)
    sample.set_defaults(run=_sample)


def add_demo(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="generate four sentences in every format, and one picture of all")
    demo.add_argument("--seed", type=int, default=0)
    add_model_options(demo)
    demo.set_defaults(run=_demo)


def add_limbs(parser: argparse.ArgumentParser, what: str) -> None:
    """Add an option for each limb, and --from and --to; `told_limbs` reads them."""
    limbs = parser.add_argument_group("limbs", what)
    for limb in LIMBS:
        name = limb.replace("_", " ")
        limbs.add_argument(
            f"--{name.replace(' ', '-')}", action=_TellLimb, metavar="WORDS", help=f"what the {name} does"
        )
    limbs.add_argument("--from", dest="start", action=_TellWhen, type=float, metavar="S", help="when it starts to (0)")
    limbs.add_argument(
        "--to", dest="end", action=_TellWhen, type=float, metavar="S", help="when it has done so (the end)"
    )
    parser.set_defaults(limbs=())


def told_limbs(options: argparse.Namespace) -> tuple[Instruction, ...]:
    """Return what the limb options say, in the order given."""
    from kinmo_gen.instructions import Instruction

    return tuple(Instruction(**told) for told in options.limbs)


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """Add the number of candidates, the seed and the formats to write."""
    parser.add_argument(
        "--best-of",
        type=int,
        default=1,
        metavar="N",
        help="sample up to N times, until a motion misses nothing, and keep the one that does most (default 1)",
    )
    parser.add_argument("--seed", type=int, help="seed of the random numbers, for repeatable results")
    parser.add_argument("--formats", default="npz,bvh,mp4,png", help=f"of {','.join(FORMATS)} (default: all but glb)")


def chosen_formats(options: argparse.Namespace) -> list[str]:
    """Return the formats to write."""
    formats = options.formats.split(",")
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError(f"unknown format {unknown[0]!r}; want some of {','.join(FORMATS)}")
    return formats


def add_model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default: out)")
    parser.add_argument("--model", type=Path, help="model folder (default: the shipped one)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--poses",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="pose limbs that do not do what the words say (default: yes)",
    )
    parser.add_argument(
        "--plant-feet",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="hold feet in place while they stand (default: yes)",
    )


def _sample(options: argparse.Namespace) -> None:
    formats = chosen_formats(options)
    if not 1 <= options.num <= 1000:
        raise InputError(f"--num must be between 1 and 1000, got {options.num}")
    asked = _asked(options)
    check_candidates(options.best_of)
    repeated = [one for one in asked for _ in range(options.num)]
    _make(repeated, options, formats=formats, candidates=options.best_of, explain=options.explain)


def _asked(options: argparse.Namespace) -> list[Asked]:
    """Return what is asked for: the sentences, each with the same instructions to limbs, or a timeline."""
    if not (options.texts or options.limbs or options.timeline or options.script):
        raise InputError(
            "sample must have a sentence, a limb such as --right-arm 'waves', --timeline or --script, got none"
        )

    from kinmo_gen.instructions import check_instructions
    from kinmo_gen.request import Asked

    limbs = told_limbs(options)
    if options.script is not None:
        if options.seconds is not None or options.texts or options.timeline is not None:
            raise InputError("--script has its own sentences and times and goes with limbs only")
        return [Asked.of_script(options.script, limbs)]
    if options.timeline is not None:
        if options.seconds is not None or len(options.texts) > 1:
            raise InputError("--timeline has its own duration and goes with one sentence at most")
        return [Asked.of_timeline(options.timeline, next(iter(options.texts), None), limbs)]
    texts = options.texts or [", ".join(one.sentence for one in limbs)]
    if options.seconds is not None:
        check_instructions(limbs, options.seconds)
    return [Asked(text, options.seconds, None, limbs) for text in texts]


class _TellLimb(argparse.Action):
    """Collects `{"limb": ..., "text": ...}` of each limb option in the order given."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        del parser, option_string
        namespace.limbs = [*namespace.limbs, {"limb": self.dest, "text": values}]


class _TellWhen(argparse.Action):
    """Adds start or end to the limb option before it."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        told = namespace.limbs
        if not told or self.dest in told[-1]:
            parser.error(f"{option_string} must follow a limb, such as --right-arm 'waves' {option_string} {values:g}")
        told[-1][self.dest] = values


def _demo(options: argparse.Namespace) -> None:
    from kinmo_gen.request import Asked

    motions = _make([Asked(text) for text in DEMO], options, formats=FORMATS)

    from kinmo_core.viz.strip import contact_sheet

    contact_sheet(motions, options.out / "demo.png")
    print(options.out / "demo.png")


def _make(
    asked: Sequence[Asked],
    options: argparse.Namespace,
    *,
    formats: Sequence[str],
    candidates: int = 1,
    explain: bool = False,
) -> list[Motion]:
    """Sample motions, say what was understood and what is missed, write every file and print its path."""
    from rich.progress import Progress

    from kinmo_core.io import save_motion
    from kinmo_gen.generator import Generator
    from kinmo_gen.request import explanation, make, resolve, told_text

    with Progress(transient=True) as progress:
        loading = progress.add_task("loading the model", total=None)
        generator = Generator.load(options.model, device=options.device, plants_feet=options.plant_feet)
        resolved = resolve(generator, asked, seed=options.seed)
        make_folder(options.out)
        for line in dict.fromkeys(explanation(one, whole=explain) for one in resolved):
            print_above(progress, line)
        progress.update(loading, description="sampling", total=candidates * len(resolved))
        choices = make(
            generator,
            resolved,
            candidates=candidates,
            poses=options.poses,
            seed=options.seed,
            progress=lambda done, _: progress.update(loading, completed=done),
        )
        writing = progress.add_task("writing files", total=len(choices) * len(formats))
        for number, choice in enumerate(choices):
            for path in _paths(options.out, number, choice.motion, formats):
                save_motion(choice.motion, path)
                progress.advance(writing)
                print_above(progress, str(path))
            if candidates > 1 and choice.missed:
                print_above(progress, f"  does not show: {told_text(choice.missed)}")
    return [choice.motion for choice in choices]


def _paths(folder: Path, number: int, motion: Motion, formats: Sequence[str]) -> list[Path]:
    words = "".join(c if c.isalnum() else " " for c in motion.text.lower()).split()
    stem = f"{number:02d}_{'_'.join(words)[:50]}"
    return [folder / f"{stem}.{name}" for name in formats]


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from None


def check_candidates(number: int) -> None:
    """Refuse a `--best-of` that is no number of candidates, or asks for more than anyone would wait for."""
    if not 1 <= number <= 100:
        raise InputError(f"--best-of must be between 1 and 100, got {number}")
