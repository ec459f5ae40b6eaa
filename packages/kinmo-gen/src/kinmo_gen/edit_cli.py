"""The subcommand `edit` of `kinmo-gen`: a file in which limbs do something else than before."""

from __future__ import annotations

import argparse
from pathlib import Path

from kinmo_core.command import Commands, readable_file
from kinmo_core.progress import print_above
from kinmo_gen.sample_cli import (
    add_drawing,
    add_limbs,
    add_model_options,
    check_candidates,
    chosen_formats,
    make_folder,
    told_limbs,
)


def add_edit(commands: Commands) -> None:
    edit = commands.add_parser("edit", help="let limbs of a motion do something else, and keep the rest")
    edit.add_argument("motion", type=readable_file, help="file that `kinmo convert` reads")
    add_limbs(edit, "what limbs do instead; at least one")
    add_drawing(edit)
    add_model_options(edit)
    edit.set_defaults(run=_edit)


def _edit(options: argparse.Namespace) -> None:
    formats, limbs = chosen_formats(options), told_limbs(options)
    check_candidates(options.best_of)

    from rich.progress import Progress

    from kinmo_core.io import load_motion, save_motion
    from kinmo_gen.edit import edit
    from kinmo_gen.generator import Generator
    from kinmo_gen.request import told_text

    with Progress(transient=True) as progress:
        progress.add_task("editing", total=None)
        motion = load_motion(options.motion)
        generator = Generator.load(options.model, device=options.device, plants_feet=options.plant_feet)
        edited = edit(generator, motion, limbs, candidates=options.best_of, poses=options.poses, seed=options.seed)
        make_folder(options.out)
        for path in _paths(options.out, options.motion, formats):
            save_motion(edited.motion, path)
            print_above(progress, str(path))
        if edited.missed:
            print_above(progress, f"does not show: {told_text(edited.missed)}")


def _paths(folder: Path, source: Path, formats: list[str]) -> list[Path]:
    return [folder / f"{source.stem}_edited.{name}" for name in formats]
