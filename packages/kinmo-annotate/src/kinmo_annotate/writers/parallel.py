"""Many pieces of work at a time, each of which waits for the network."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")


class StoppedError(Exception):
    """Work that ended early, since the run stops because of another item."""


def in_parallel(work: Callable[[_A, threading.Event], _B], items: Sequence[_A], *, threads: int) -> list[_B]:
    """Return `work(item, stop)` of each item, in the order of the items.

    The first error sets `stop`. No further item is started then, and the error is raised once the running items are
    done, since their answers may be paid for. Ctrl-C waits for no item: the threads are daemons, whereas the threads of
    a `ThreadPoolExecutor` would delay the end of the program.

    Args:
        work: called with an item and an event; once the event is set, `work` may raise `StoppedError` to end early.
        items: the items.
        threads: maximum number of threads.
    """
    results: dict[int, _B] = {}
    errors: list[BaseException] = []
    stop = threading.Event()
    indices = itertools.count()  # safe to share: `next` of it is atomic

    def run() -> None:
        while not stop.is_set() and (index := next(indices)) < len(items):
            try:
                results[index] = work(items[index], stop)
            except StoppedError:
                return
            except BaseException as error:
                errors.append(error)
                stop.set()

    workers = [threading.Thread(target=run, daemon=True) for _ in range(min(threads, len(items)))]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    finally:
        stop.set()
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(items))]
