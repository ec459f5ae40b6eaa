"""The command `kinmo`: convert and draw motions, prepare data, check the installation.

Handlers import heavy libraries when they run, so that help is printed at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from kinmo_core.command import Commands, Parser, readable_file, run_command
from kinmo_core.data.commands import add_check, add_folder, add_humanml3d
from kinmo_core.errors import InputError
from kinmo_core.reading import add_read_options, read_source

MAX_POSES: Final = 200  # of a strip, which is then some 20,000 pixels wide
_PICTURES: Final = (".mp4", ".gif", ".png")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `kinmo`."""
    run_command("kinmo", _parser, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="kinmo", description="Convert and draw human motion, prepare data sets.")
    parser.add_argument("--version", action="version", version=f"kinmo {metadata.version('kinmo-core')}")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_convert(commands)
    _add_render(commands)
    _add_data(commands)
    doctor = commands.add_parser(
        "doctor", help="show what this installation can do, and the pip line for what it cannot"
    )
    doctor.set_defaults(run=_doctor)
    return parser


def _add_convert(commands: Commands) -> None:
    convert = commands.add_parser(
        "convert",
        help="read a motion and write it in another format",
        description="Formats by suffix. Read: .npz (also of AMASS), .npy, .bvh, .amc, .glb, .fbx, .c3d. Write: .npz, "
        ".amass.npz (SMPL poses), .npy, .csv, .bvh, .glb, .fbx, .mp4, .gif, .png. FBX needs kinmo-core[fbx].",
    )
    convert.add_argument("source", type=readable_file, help="motion to read")
    convert.add_argument("target", type=Path, help="file to write")
    convert.add_argument("--fps", type=float, help="frames per second of the result (default: those of the source)")
    add_read_options(convert)
    convert.set_defaults(run=_convert)


def _add_render(commands: Commands) -> None:
    render = commands.add_parser("render", help="draw a motion as a film (.mp4, .gif) or a strip of poses (.png)")
    render.add_argument("source", type=readable_file, help="motion to read, in any format of convert")
    render.add_argument("target", type=Path, help="picture to write: .mp4, .gif or .png")
    render.add_argument("--poses", type=int, default=8, help="number of poses in a .png (default: %(default)s)")
    render.add_argument("--text", help="caption (default: the text of the motion)")
    add_read_options(render)
    render.set_defaults(run=_render)


def _add_data(commands: Commands) -> None:
    sets = commands.add_parser("data", help="prepare a data set").add_subparsers(required=True, metavar="set")
    pack = sets.add_parser("pack", help="merge packs of recordings into one directory in HumanML3D's layout")
    pack.add_argument(
        "--source", type=Path, required=True, action="append", dest="sources", metavar="PACK", help="folder of a pack"
    )
    pack.add_argument("--out", type=Path, required=True, help="new or empty folder to write")
    pack.add_argument("--keep-flagged", action="store_true", help="keep repaired recordings in the training lists")
    pack.add_argument(
        "--keep-extrapolated", action="store_true", help="keep extrapolated frames at the ends of recordings"
    )
    pack.add_argument(
        "--full", action="store_true", help="also store mirrored copies and new_joints, for tools other than KinMo"
    )
    pack.set_defaults(run=_data_pack)
    add_folder(sets)
    add_humanml3d(sets)
    add_check(sets)


def _convert(options: argparse.Namespace) -> None:
    from kinmo_core.io import check_writable, save_motion
    from kinmo_core.motion import MAX_FPS, MIN_FPS

    if options.fps is not None and not MIN_FPS <= options.fps <= MAX_FPS:
        raise InputError(f"--fps must be a number between {MIN_FPS:g} and {MAX_FPS:,}, got {options.fps:g}")
    check_writable(options.target)
    motion = read_source(options)
    motion = motion if options.fps is None else motion.resample(options.fps)
    save_motion(motion, options.target, body_model=options.body_model)


def _render(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from kinmo_core.io import check_writable
    from kinmo_core.viz.strip import save_strip
    from kinmo_core.viz.video import save_video

    suffix = options.target.suffix.lower()
    if suffix not in _PICTURES:
        raise InputError(
            f"cannot draw {options.target}: the suffix must be one of {', '.join(_PICTURES)}, got {suffix or 'none'}"
        )
    if not 1 <= options.poses <= MAX_POSES:
        raise InputError(f"--poses must be between 1 and {MAX_POSES}, got {options.poses}")
    check_writable(options.target)
    motion = read_source(options)
    motion = motion if options.text is None else replace(motion, text=options.text)
    if suffix == ".png":
        save_strip(motion, options.target, poses=options.poses)
    else:
        save_video(motion, options.target)


def _data_pack(options: argparse.Namespace) -> None:
    from rich.console import Console

    from kinmo_core.data.merge import write_dataset
    from kinmo_core.data.summary import table

    about = write_dataset(
        options.sources,
        options.out,
        keep_flagged=options.keep_flagged,
        keep_extrapolated=options.keep_extrapolated,
        full=options.full,
    )
    Console().print(table(about["sources"]))
    for source in about["sources"]:
        if source["credit"]:
            print(f"{source['name']}: {source['credit']} ({source['licence']})")
    counts = ", ".join(f"{name} {count:,}" for name, count in about["ids_per_list"].items())
    print(f"{options.out}: {counts} (ids, mirrored copies included); what was left out is in about.json")


def _doctor(_: argparse.Namespace) -> None:
    from kinmo_core.doctor import report

    for line in report():
        print(line)
