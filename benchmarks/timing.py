"""How the benchmarks measure: medians of wall time, and what a process took."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time after two warm-up calls."""
    times = []
    for repeat in range(repeats + 2):
        start = time.perf_counter()
        work()
        if repeat >= 2:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def run_process(command: Sequence[str]) -> tuple[float, float]:
    """Run a command to its end: wall time in seconds, peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024
