"""How far a command is, told on a terminal: a bar for what can be counted, and a line for what takes long without one.

Nothing is written where stderr is no terminal, so that the log of a job holds results and warnings only.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar, cast

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
_PATIENCE: Final = 2.0  # seconds without a word
_EMPTIED: Final = re.compile(r"[\r\n]|\x1b\[2?K")  # what comes before one of these is not on the line of the cursor
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def with_progress(items: Iterable[T], what: str, *, total: int | None = None) -> Iterable[T]:
    """Go through items with a progress bar on a terminal, where there are several.

    Args:
        items: to go through.
        what: said beside the bar, such as "reading motions".
        total: number of items; only needed for those that have no length.
    """
    number = len(items) if isinstance(items, Sized) else total
    if number == 1 or number == 0 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, what, number, console=Console(stderr=True), transient=True)


def print_above(bar: Progress, line: str) -> None:
    """Print a line above a bar as it is: no markup, no colours, not wrapped."""
    bar.console.print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def still_working(program: str) -> Iterator[None]:
    """Write "PROGRAM: working, 12 s" on a terminal where two seconds have passed without a word; the next word replaces it.

    Args:
        program: name of the command.
    """
    first_process = os.environ.get("LOCAL_RANK", "0") == "0"
    if not sys.stderr.isatty() or not first_process:
        yield
        return
    out, err, line = sys.stdout, sys.stderr, _Line(program, sys.stderr)
    sys.stdout, sys.stderr = line.seen(out) if out.isatty() else out, line.seen(err)
    threading.Thread(target=line.watch, daemon=True).start()
    try:
        yield
    finally:
        line.end()
        sys.stdout, sys.stderr = out, err


class _Line:
    """The line of a terminal that tells that a command works, and what is known of the terminal."""

    def __init__(self, program: str, terminal: TextIO) -> None:
        self._program = program
        self._terminal = terminal
        self._start = self._last = time.monotonic()
        self._free = True  # whether nothing is written where the cursor is
        self._drawn = False
        self._over = threading.Event()

    def seen(self, stream: TextIO) -> TextIO:
        """Return a stream that removes the line before it writes."""
        return cast(TextIO, _Seen(stream, self._written))

    def watch(self) -> None:
        """Draw the line where it is wanted, until the end."""
        while not self._over.wait(0.5):
            if self._free and time.monotonic() - self._last > _PATIENCE:
                self._drawn = True
                self._put(f"\r{self._program}: working, {time.monotonic() - self._start:.0f} s\x1b[K")

    def end(self) -> None:
        """Remove the line for good."""
        self._over.set()
        self._written("")

    def _written(self, text: str) -> None:
        self._last = time.monotonic()
        if self._drawn:
            self._drawn = False
            self._put("\r\x1b[K")
        *emptied, rest = _EMPTIED.split(text)
        self._free = (self._free or bool(emptied)) and not _CONTROL.sub("", rest)

    def _put(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()


class _Seen:
    """A stream that calls a function before each write."""

    def __init__(self, stream: TextIO, before: Callable[[str], None]) -> None:
        self._stream = stream
        self._before = before

    def write(self, text: str) -> int:
        self._before(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
