"""Print the speed table of kinmo-annotate's README: pose codes, a description, and `predict` on 100, 400 and all clips.

Times are processor time, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from pathlib import Path

import torch
from timing import median_seconds, run_process

from kinmo_annotate.frames.posecodes import POSECODES, categorize
from kinmo_annotate.measures import measure
from kinmo_annotate.observe import observe
from kinmo_annotate.writers.template import TemplateWriter
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints

FRAMES = 196  # the longest clip of HumanML3D: 9.8 s at 20 fps
CLIPS = 50  # of the batch of which codes are timed
SIZES = (100, 400)  # clips given to the command, besides all


def code_rows(repeats: int) -> list[tuple[str, str, str]]:
    """Time pose codes of a batch, and the description of one motion."""
    joints = walking_joints(FRAMES).repeat(CLIPS, 1, 1, 1)
    seconds = median_seconds(lambda: categorize(measure(joints)), repeats, clock=time.process_time)
    motion, writer = Motion(walking_joints(FRAMES)), TemplateWriter()
    one = median_seconds(lambda: writer.write([observe(motion)]), repeats, clock=time.process_time)
    return [
        (
            f"joints to {len(POSECODES)} codes, {CLIPS} clips of {FRAMES} frames",
            f"{CLIPS * FRAMES / seconds:,.0f} frames/s",
            ">= 20,000",
        ),
        (f"{FRAMES} frames to a description, warm", f"{1000 * one:.0f} ms", ""),
    ]


def command_rows(data: Path) -> list[tuple[str, str, str]]:
    """Time `kinmo-annotate predict` with the TemplateWriter, each in a new process, imports included."""
    listed = " ".join((data / f"{split}.txt").read_text() for split in ("train", "val", "test")).split()
    ids = [id for id in listed if not id.startswith("M")]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in data.iterdir():
            (root / path.name).symlink_to(path.resolve())
        for size in (*SIZES, len(ids)):
            (root / f"bench{size}.txt").write_text("\n".join(ids[:: max(1, len(ids) // size)][:size]))
            _, seconds, memory = run_process(_command(root, f"bench{size}", root / f"{size}.jsonl"))
            bound = "<= 300 s" if size == len(ids) else ""
            rows.append((f"`kinmo-annotate predict`, {size:,} clips", f"{seconds:.1f} s, peak {memory:.0f} MiB", bound))
    return rows


def _command(root: Path, split: str, out: Path) -> list[str]:
    program = str(Path(sys.executable).with_name("kinmo-annotate"))
    options = ["--data.root", str(root), "--data.splits", f"[{split}]", "--output.path", str(out)]
    return [program, "predict", "--config", "configs/annotate/cmu.yaml", *options]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/cmu"))
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{platform.machine()}, {options.threads} threads, torch {torch.__version__}, median of {options.repeats}\n")
    print("| what | measured | bound |\n|---|---|---|")
    for row in code_rows(options.repeats) + command_rows(options.data):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
