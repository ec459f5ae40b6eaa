"""A case: a command line with the files that it reads; and the judgement of how the command answers it."""

from __future__ import annotations

import io
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Final

LONGEST: Final = 30  # seconds that a command may take to refuse its input
LINES: Final = 3  # of an error
MAINS: Final = {
    "kinmo": "kinmo_core.cli",
    "kinmo-annotate": "kinmo_annotate.cli",
    "kinmo-reasoner": "kinmo_reasoner.cli",
    "kinmo-htma": "kinmo_htma.cli",
    "kinmo-gen": "kinmo_gen.cli",
}


@dataclass(frozen=True)
class Case:
    """A command with bad input.

    Args:
        name: unique.
        command: the words of the command line; `{}` stands for the folder of the case.
        write: fills the folder of the case.
        fails: whether the command must refuse it; else it may also make something of it.
    """

    name: str
    command: tuple[str, ...]
    write: Callable[[Path], object] = lambda _: None
    fails: bool = True


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise `TimeoutError` in the main thread after some seconds."""

    def over(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def deviation(case: Case, folder: Path) -> str:
    """Run a case in an empty folder; returns "" if the command answers as documented, else what it does wrong."""
    case.write(folder)
    before = _content(folder)
    words = [word.replace("{}", str(folder)) for word in case.command]
    said, here, code = io.StringIO(), Path.cwd(), 0
    os.chdir(folder)
    try:
        with time_limit(LONGEST), redirect_stderr(said), redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as Python does, which shows a user no DeprecationWarning
            warnings.simplefilter("default", UserWarning)
            import_module(MAINS[words[0]]).main(words[1:])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except TimeoutError as error:
        return f"hangs: {error}"
    except BaseException as error:
        return f"lets through {type(error).__name__}: {str(error)[:200]}"
    finally:
        os.chdir(here)
    return _judge(case, code, said.getvalue(), before, _content(folder))


def _judge(case: Case, code: int, said: str, before: dict[str, int], after: dict[str, int]) -> str:
    lines = [line for line in said.splitlines() if line.strip() and ": warning: " not in line]  # a line for each file
    if code not in (0, 2, 3):
        return f"ends with {code}: {said[-300:]}"
    if any(".kinmo-" in name for name in after):
        return f"leaves {[name for name in after if '.kinmo-' in name]}"
    if code == 2:
        if not 1 <= len(lines) <= LINES:
            return f"says {len(lines)} lines: {said[:300]}"
        if f"{case.command[0]}: error: " not in lines[-1]:
            return f"says {lines[-1][:200]!r}"
        if new := [name for name, size in after.items() if before.get(name) != size and not name.endswith("/")]:
            return f"leaves {new[:3]}"
    elif case.fails:
        return "is accepted"
    return ""


def _content(folder: Path) -> dict[str, int]:
    """Return the size of every file, and the name of every folder with a slash, below a folder."""
    return {
        f"{path.relative_to(folder)}{'/' * path.is_dir()}": 0 if path.is_dir() else path.stat().st_size
        for path in folder.rglob("*")
        if not path.is_symlink()
    }
