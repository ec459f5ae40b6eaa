"""What a terminal shows while a command works, and that a pipe gets nothing of it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = """
import argparse, sys, time
from kinmo_core.command import Parser, run_command
from kinmo_core.progress import with_progress
def work(options):
    print("first")
    time.sleep(3)
    print("warned", file=sys.stderr)
    for _ in with_progress(range(6), "counting"):
        time.sleep(0.5)
    print("half", end="", flush=True)
    time.sleep(3)
    print(" whole")
def parser():
    made = Parser(prog="tool")
    made.set_defaults(run=work)
    return made
run_command("tool", parser, [])
"""


def on_terminal(code: str, **environment: str) -> str:
    """Return all that a process writes to a terminal."""
    terminal, end = pty.openpty()
    shown = b""
    variables = os.environ | {"TERM": "xterm", "COLUMNS": "100"} | environment
    with subprocess.Popen([sys.executable, "-c", code], stdout=end, stderr=end, env=variables) as process:
        os.close(end)
        while True:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # the process has closed the terminal
                break
    os.close(terminal)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


def visible(shown: str) -> list[str]:
    """Return the lines that stay on a terminal, after all that is erased or overwritten."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", shown):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\r":
            column = 0
        elif part == "\x1b[1A":
            row -= 1
        elif part in ("\x1b[K", "\x1b[2K"):
            lines[row] = lines[row][: 0 if part == "\x1b[2K" else column]
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column] + part + lines[row][column + len(part) :]
            column += len(part)
    return [line for line in lines if line]


def test_a_terminal_is_told_that_a_command_works(tmp_path: Path) -> None:
    shown = on_terminal(COMMAND, KINMO_CACHE=str(tmp_path))
    assert visible(shown) == ["first", "warned", "half whole"]
    before, after = shown.split("warned")
    assert re.search(r"tool: working, [23] s", before)
    assert "counting" in after
    assert "working" not in after, "there is a bar, then half of a line"


@pytest.mark.parametrize("rank", ["1", "3"])
def test_of_several_processes_the_first_tells_it(rank: str, tmp_path: Path) -> None:
    assert "working" not in on_terminal(COMMAND, KINMO_CACHE=str(tmp_path), LOCAL_RANK=rank)


def test_a_pipe_is_told_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("first\nhalf whole\n", "warned\n")
