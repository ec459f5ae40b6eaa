"""Print what commands cost before they do anything, and the first sentence: fresh processes, processor time, peak memory.

    python benchmarks/startup.py

Processor time is that of all processes that a command starts, so that ffmpeg counts; other work on the machine changes it
less than wall time.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

from timing import run_process

COMMANDS = {  # with their exit codes
    **{f"{name} --help": 0 for name in ("kinmo", "kinmo-annotate", "kinmo-reasoner", "kinmo-htma", "kinmo-gen")},
    "kinmo convert nope.npz walk.bvh": 2,
    "kinmo-gen sample --out FOLDER": 2,
    "kinmo-gen sample 'a person waves with the right hand' --seed 0 --formats npz --out FOLDER": 0,
    "kinmo-gen sample 'a person waves with the right hand' --seed 0 --out FOLDER": 0,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Print what commands cost at the start.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"median of {repeats}\n\n| command | processor time | peak memory |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for command, ends in COMMANDS.items():
            program, *words = shlex.split(command.replace("FOLDER", folder))
            path = str(Path(sys.executable).with_name(program))
            runs = [run_process([path, *words], ends=ends) for _ in range(repeats)]
            _, seconds, memory = (statistics.median(column) for column in zip(*runs, strict=True))
            print(f"| `{command}` | {seconds:.2f} s | {memory:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
