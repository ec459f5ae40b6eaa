"""The subcommands `check`, `folder` and `humanml3d` of `kinmo data`; handlers import what they need when they run."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

_SHOWN: Final = 3  # findings of a kind in the table
_FULL: Final = "also store mirrored copies and new_joints, for other tools"


def add_check(sets: Any) -> None:
    """Add `check` to the subcommands of `kinmo data`."""
    check = sets.add_parser(
        "check",
        help="find what is missing, damaged, in two splits or not the right way round in a data set",
        description="Exit with 1 and a table if anything is wrong, with 0 if not.",
    )
    check.add_argument("folder", type=Path, help="data set in HumanML3D's layout")
    check.add_argument("--lists", help="lists to check, such as train,clean_val,clean_test (default: all)")
    check.add_argument("--min-frames", type=int, help="a shorter clip is a finding (default: 40, as in HumanML3D)")
    check.add_argument("--all", action="store_true", help="print every finding, one a line, instead of the table")
    check.set_defaults(run=_check)


def add_folder(sets: Any) -> None:
    """Add `folder` to the subcommands of `kinmo data`."""
    folder = sets.add_parser("folder", help="make a data set in HumanML3D's layout of a folder of motions and captions")
    folder.add_argument("folder", type=Path, help="folder of motions, with captions.csv or captions.jsonl")
    folder.add_argument("--out", type=Path, required=True, help="new or empty folder to write")
    folder.add_argument(
        "--captions", type=Path, help="other .csv or .jsonl file with the fields file, caption, start, end, split"
    )
    folder.add_argument("--val", type=float, help="share of validation clips (default: 0.05)")
    folder.add_argument("--test", type=float, help="share of test clips (default: 0.15)")
    folder.add_argument("--full", action="store_true", help=_FULL)
    folder.set_defaults(run=_folder)


def add_humanml3d(sets: Any) -> None:
    """Add `humanml3d` to the subcommands of `kinmo data`."""
    rebuilt = sets.add_parser(
        "humanml3d",
        help="rebuild HumanML3D from AMASS",
        description="Started again after a stop, it goes on where it was.",
    )
    rebuilt.add_argument("--amass", type=Path, required=True, help='folder with the sub-sets of AMASS, "SMPL+H G"')
    rebuilt.add_argument("--smplh", type=Path, required=True, help="folder with male/model.npz and female/model.npz")
    rebuilt.add_argument(
        "--repository",
        type=Path,
        required=True,
        help="clone of EricGuo5513/HumanML3D, with texts.zip and humanact12.zip unpacked",
    )
    rebuilt.add_argument("--out", type=Path, required=True, help="new or empty folder to write")
    rebuilt.add_argument("--jobs", type=int, help="processes (default: one for each core)")
    rebuilt.add_argument("--skip-missing", action="store_true", help="leave out clips of recordings that are not there")
    rebuilt.add_argument("--full", action="store_true", help=_FULL)
    rebuilt.set_defaults(run=_humanml3d)


def _humanml3d(options: argparse.Namespace) -> None:
    from kinmo_core.data.rebuild import rebuild

    made = rebuild(
        options.amass,
        options.smplh,
        options.repository,
        options.out,
        full=options.full,
        skip_missing=options.skip_missing,
        jobs=options.jobs,
    )
    counts = ", ".join(f"{name} {count:,}" for name, count in made.clips.items())
    print(f"{options.out}: {counts} (ids, mirrored copies included), {made.seconds / 3600:,.2f} h without these")


def _folder(options: argparse.Namespace) -> None:
    from kinmo_core.data.folder import Shares, write_folder

    given = {name: getattr(options, name) for name in ("val", "test") if getattr(options, name) is not None}
    made = write_folder(
        options.folder,
        options.out,
        captions=options.captions,
        shares=Shares(**given),
        full=options.full,
    )
    counts = ", ".join(f"{name} {count:,}" for name, count in made.clips.items())
    print(f"{options.out}: {counts} (clips without mirrored copies), {made.captions:,} captions, {made.seconds:,.1f} s")
    if made.too_short:
        print(f"left out: {made.too_short:,} motions of less than 41 frames at 20 fps")
    if made.too_long:
        print(
            f"{made.too_long:,} clips have more than 199 frames: training reads only parts with captions of their own"
        )


def _check(options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.table import Table

    from kinmo_core.data.check import check_dataset
    from kinmo_core.data.clip_check import KINDS
    from kinmo_core.data.humanml3d import MIN_FRAMES

    report = check_dataset(
        options.folder,
        lists=options.lists.split(",") if options.lists else None,
        min_frames=MIN_FRAMES if options.min_frames is None else options.min_frames,
    )
    found = defaultdict(list)
    for finding in report.findings:
        found[finding.kind].append(finding)
    if options.all:
        for finding in report.findings:
            print(f"{finding.kind}: {finding.where}: {finding.detail}")
    elif found:
        table = Table("finding", "number", "such as", box=None, pad_edge=False)
        for kind in KINDS:
            for row, finding in enumerate(found[kind][:_SHOWN]):
                first = (kind, f"{len(found[kind]):,}") if row == 0 else ("", "")
                table.add_row(*first, f"{finding.where}: {finding.detail}")
        Console(width=None if sys.stdout.isatty() else 160).print(table)
    read = f"{report.clips:,} clips, {report.frames:,} frames, lists {', '.join(report.lists)}"
    print(
        f"{options.folder}: {len(report.findings):,} findings in {read}"
        if found
        else f"{options.folder}: clean, {read}"
    )
    sys.exit(1 if found else 0)
