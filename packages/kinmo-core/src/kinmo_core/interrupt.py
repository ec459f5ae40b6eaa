"""Ctrl-C that is heard. Python raises `KeyboardInterrupt` wherever the process is, and it can get lost there.

Destructors and weak references, of which torch has many in every training step, print and forget it, so it is raised again
each second, until the process ends. An import that it hits ends in an error about a half-imported module or, where C++ is on
the way, in a crash, so the process ends there at once.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_AGAIN: Final = 1.0  # seconds, after which a lost exception is raised again; unwinding takes far less


@contextmanager
def heard_interrupts(*, line: str, code: int) -> Iterator[Callable[[], bool]]:
    """Raise `KeyboardInterrupt` at Ctrl-C until the block ends; yields a function that tells whether it was pressed.

    Args:
        line: printed on stderr where the process ends at once.
        code: its exit code there.
    """
    pressed = threading.Event()
    over = threading.Event()

    def again() -> None:
        while not over.wait(_AGAIN):
            _thread.interrupt_main()  # does nothing where SIGINT is ignored, as in a shutdown

    def handle(_: int, frame: FrameType | None) -> None:
        if _importing(frame):
            os.write(2, f"{line}\n".encode(errors="backslashreplace"))
            os._exit(code)
        if not pressed.is_set():
            pressed.set()
            threading.Thread(target=again, daemon=True).start()
        raise KeyboardInterrupt

    def forget(lost: Any) -> None:
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(lost)

    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield pressed.is_set
        return
    before, hook = signal.signal(signal.SIGINT, handle), sys.unraisablehook
    sys.unraisablehook = forget
    try:
        yield pressed.is_set
    finally:
        over.set()
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, signal.SIG_IGN if pressed.is_set() else before)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
