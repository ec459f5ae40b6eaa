"""How the benchmarks measure: medians of a time, and what a process took."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

# The kernel counts a process's peak from that of the one which started it, so something small must start it.
STARTER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
times = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), *times, usage.ru_maxrss / 1024]))
"""


def median_seconds(
    work: Callable[[], object], repeats: int, *, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Median time by a clock, wall time by default, after two warm-up calls."""
    times = []
    for repeat in range(repeats + 2):
        start = clock()
        work()
        if repeat >= 2:
            times.append(clock() - start)
    return statistics.median(times)


def processor_seconds(works: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median processor time of several works, taken in turn so that what else the machine does meets all of them alike."""
    times: list[list[float]] = [[] for _ in works]
    for repeat in range(repeats + 1):
        for work, taken in zip(works, times, strict=True):
            start = time.process_time()
            work()
            if repeat > 0:  # the first call warms up
                taken.append(time.process_time() - start)
    return [statistics.median(taken) for taken in times]


def run_process(command: Sequence[str], *, ends: int = 0) -> tuple[float, float, float]:
    """Run a command to its end with exit code `ends`: wall time and processor time in seconds, peak memory in MiB.

    Processes that it starts count too.
    """
    done = subprocess.run([sys.executable, "-I", "-S", "-c", STARTER, *command], capture_output=True, text=True)
    code, seconds, processor, memory = json.loads(done.stdout or "[1, 0, 0, 0]")
    if code != ends:
        raise RuntimeError(f"{' '.join(command)} ended with {code}: {done.stderr.strip()[-2000:]}")
    return seconds, processor, memory


def peak_memory() -> float:
    """Largest memory that this process ever held, in MiB; honest in what `run_process` started."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
