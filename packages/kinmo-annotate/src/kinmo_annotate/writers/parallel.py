"""Work that waits for others, many pieces at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")


def in_parallel(
    work: Callable[[_A, threading.Event], _B], items: Sequence[_A], *, threads: int, ignore: type[Exception]
) -> list[_B]:
    """`work(item, stop)` of every item, in their order, by so many threads.

    The first error sets `stop`, starts no further item, and is raised once those under way are done: what they wait for
    may be paid for. Ctrl-C waits for nothing; that is why the threads are daemons and no `ThreadPoolExecutor`, whose
    threads hold up the end of the program.

    Args:
        work: sees to `stop` where it can end early, with an error of the type `ignore`.
        items: what to work on.
        threads: at most so many.
        ignore: what `work` raises when it is stopped.
    """
    results: dict[int, _B] = {}
    errors: list[BaseException] = []
    stop = threading.Event()
    queue = iter(range(len(items)))
    lock = threading.Lock()

    def run() -> None:
        while not stop.is_set():
            with lock:
                index = next(queue, None)
            if index is None:
                return
            try:
                results[index] = work(items[index], stop)
            except ignore:
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
