"""How commands end: exit codes, one line for each error, Ctrl-C, and readers that leave."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from kinmo_core.command import INCOMPLETE, Parser, add_strict, documented_exit, readable_file, run_command
from kinmo_core.errors import DataWarning, InputError

# A training step on a busy machine, where Ctrl-C gets lost in one of torch's weak references.
LOST = """
import sys, time, weakref
from kinmo_core.command import documented_exit
class Thing: pass
with documented_exit("tool"):
    print("ready", flush=True)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        thing = Thing()
        weakref.finalize(thing, time.sleep, 0.2)  # its exceptions are printed and forgotten
        del thing
        time.sleep(0.2)
"""
BROKEN_IMPORT = """
import time
from kinmo_core.command import documented_exit
with documented_exit("tool"):
    print("ready", flush=True)
    try:
        time.sleep(20)
    except KeyboardInterrupt:
        raise AttributeError("a half-imported module") from None
"""


def run(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("wanted a,\ngot b"), 2, "tool: error: wanted a, got b"),
        (InputError("got \x1b[2J"), 2, r"tool: error: got \x1b[2J"),
        (DataWarning("1 of 2 files left out"), 2, "tool: error: 1 of 2 files left out"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out.npz"),
            2,
            "tool: error: out.npz: No space left on device",
        ),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "x/y"), 2, "tool: error: x/y: Permission denied"),
        (MemoryError(), 2, "tool: error: there is not enough memory for this"),
        (KeyboardInterrupt(), 130, "tool: stopped"),
    ],
)
def test_errors_are_one_line(error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped, documented_exit("tool"):
        raise error
    assert stopped.value.code == code
    assert capsys.readouterr().err == f"{line}\n"


def test_an_error_of_our_own_is_one_line_and_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KINMO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SystemExit) as stopped, documented_exit("tool"):
        _ = 1 / 0
    assert stopped.value.code == 1
    [log] = (tmp_path / "cache" / "logs").iterdir()
    said = f"tool: error: an error of KinMo itself, ZeroDivisionError: division by zero; the details are in {log}\n"
    assert capsys.readouterr().err == said
    assert "_ = 1 / 0" in log.read_text(encoding="utf-8")


def test_the_log_is_written_elsewhere_where_the_cache_cannot_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KINMO_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with pytest.raises(SystemExit), documented_exit("tool"):
        _ = 1 / 0
    assert f"the details are in {tmp_path}/tool-" in capsys.readouterr().err


def parser() -> argparse.ArgumentParser:
    """A command with one subcommand, which leaves out as many files as it is told."""
    made = Parser(prog="tool")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check")
    check.add_argument("number", type=int)
    add_strict(check)

    def work(options: argparse.Namespace) -> None:
        for number in range(options.number):
            warnings.warn(f"left out {number}.bvh: it is damaged", DataWarning, stacklevel=1)
        print("done")

    check.set_defaults(run=work)
    return made


def test_what_is_left_out_is_in_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    run_command("tool", parser, ["check", "0"])
    with pytest.warns(DataWarning, match="left out"), pytest.raises(SystemExit) as ended:
        run_command("tool", parser, ["check", "2"])
    assert ended.value.code == INCOMPLETE
    shown = capsys.readouterr()
    assert shown.out == "done\ndone\n"
    assert shown.err.splitlines()[-1] == "tool: done, with warnings: 2"
    with pytest.raises(SystemExit) as ended:
        run_command("tool", parser, ["check", "2", "--strict"])
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", "tool: error: left out 0.bvh: it is damaged\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND; see tool --help"),
        (["nope"], "argument COMMAND: invalid choice: 'nope' (choose from 'check'); see tool --help"),
        (["check", "x"], "argument number: invalid int value: 'x'; see tool check --help"),
        (["check", "1", "--nope"], "unrecognized arguments: --nope; see tool --help"),
    ],
)
def test_wrong_options_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_command("tool", parser, arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"tool: error: {message}\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "No such file or directory"),
        (".", "it is a folder"),
        ("a\0b", "embedded null"),
        ("x" * 300, "too long"),
    ],
)
def test_files_are_looked_for_before_anything_is_loaded(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        readable_file(name)


@pytest.mark.parametrize("code", [LOST, BROKEN_IMPORT], ids=["lost", "import"])
def test_ctrl_c_is_heard_wherever_the_process_is(code: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=15)
    assert (process.returncode, said) == (130, "tool: stopped\n")


@pytest.mark.parametrize("delay", [0.2, 0.5, 1.0])
def test_ctrl_c_in_the_first_second(delay: float, tmp_path: Path) -> None:
    code = "from kinmo_core.cli import main; main()"
    (tmp_path / "a.bvh").write_text("HIERARCHY\n" * 300_000)
    process = subprocess.Popen(
        [sys.executable, "-c", code, "convert", "a.bvh", "a.mp4"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    with process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    stopped = (process.returncode, said) == (130, "kinmo: stopped\n")
    # Where the machine is fast the file has been refused before, and the signal may hit Python while it shuts down.
    refused = process.returncode in (2, -signal.SIGINT) and said.startswith("kinmo: error: a.bvh: ")
    assert stopped or refused
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.bvh"]


@pytest.mark.parametrize(
    "work",
    [
        "[print('x' * 1000) for _ in range(1000)]",
        "from rich.console import Console; [Console().print('x' * 1000) for _ in range(1000)]",
        "print('x')",  # written when the process ends
    ],
)
def test_nothing_is_said_when_the_reader_leaves(work: str) -> None:
    code = (
        f"import time\nfrom kinmo_core.command import documented_exit as on\nwith on('tool'):\n time.sleep(0.5); {work}"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, "")


def test_names_beyond_the_terminals_letters_are_printed() -> None:
    code = "from kinmo_core.command import run_command as r, Parser\n"
    code += "def p():\n q = Parser(); q.set_defaults(run=lambda _: print('Brücke')); return q\nr('tool', p, [])"
    ended = run(code, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Br\\xfccke\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_full_standard_output_is_one_line() -> None:
    code = "from kinmo_core.command import documented_exit as on\nwith on('kinmo'): print('x', flush=True)"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.stderr.splitlines()[0] == "kinmo: error: No space left on device"


def test_a_missing_file_is_named_without_loading_torch(tmp_path: Path) -> None:
    code = "import sys; from kinmo_core.cli import main\n"
    code += "try: main(['convert', 'nope.npz', 'a.bvh'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'numpy'} & set(sys.modules), 'heavy'"
    ended = run(code, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        0,
        "kinmo: error: argument source: cannot read nope.npz: No such file or directory; see kinmo convert --help\n",
    )
