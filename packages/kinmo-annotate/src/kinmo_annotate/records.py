"""The result of a job that may be killed at any moment: one JSON line a motion, none lost, none twice.

While a job runs, each of its processes appends to a file of its own in the folder `NAME.jsonl.parts`. A line counts as
soon as its end is on disk; what a kill tore off is cut away by the next start. When everything is there, one process
merges the parts into `NAME.jsonl`, in the order of the data set, and removes them. A kill in the middle of that leaves
the parts, or the merged file, or both, and each of the three is a good start for the next run.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kinmo_core.errors import InputError
from kinmo_core.text import Description, Timeline

WAIT: Final = 10.0  # s; loading processes of a job that was killed outlive it by some seconds, and hold its lock


@dataclass(frozen=True)
class Skipped:
    """A motion that could not be described.

    Args:
        id: name of the motion.
        reason: why.
    """

    id: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Its line in a part; merged files have none."""
        return {"id": self.id, "skipped": self.reason}


@dataclass(frozen=True, slots=True)
class Line:
    """Where the record of a motion stands, and what became of it.

    Args:
        path, start, size: file, and place in it in bytes.
        skipped: why there is no description; empty where there is one.
        problem: whether the writer marked the description as not what it should be.
    """

    path: Path
    start: int
    size: int
    skipped: str = ""
    problem: bool = False

    @property
    def rank(self) -> int:
        """0 without a description, 1 with one that is marked, 2 with a good one."""
        return 0 if self.skipped else 2 - self.problem

    def read(self) -> bytes:
        """The line, with its end."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)


class Records:
    """A file of annotations in the making. First one process calls `prepare`, then the others `join`, then all go on.

    Args:
        path: the file that all ends in.
        writer: name of who writes; a file by somebody else is refused.
    """

    def __init__(self, path: Path | str, *, writer: str) -> None:
        self.path = Path(path)
        self.folder = self.path.with_name(f"{self.path.name}.parts")
        self.writer = writer
        self._lock: int | None = None
        self._part: int | None = None

    def prepare(self, *, wait: float = WAIT) -> None:
        """Make the folder, see that no other job writes to it, and cut torn lines.

        Args:
            wait: seconds to wait for another job.

        Raises:
            InputError: the folder cannot be made, another job goes on writing, or the file is by another writer.
        """
        if self.path.exists():
            next(self._lines_of(self.path), None)  # a refused job leaves no folder behind
        end = time.monotonic() + wait
        while not self._take_lock(fcntl.LOCK_EX):
            if time.monotonic() > end:
                raise InputError(f"another process is writing {self.path}; wait until it has ended, or stop it")
            time.sleep(0.05)
        for part in self._parts():
            _cut_torn_line(part)
        fcntl.flock(self._held, fcntl.LOCK_SH)

    def join(self) -> None:
        """Hold the lock together with the process that prepared: as long as one of a job lives, no other job starts.

        Raises:
            InputError: nobody prepared.
        """
        if not self._take_lock(fcntl.LOCK_SH):
            raise InputError(f"another process is writing {self.path}; wait until it has ended, or stop it")

    def lines(self) -> dict[str, Line]:
        """The best line of every motion, from the merged file and all parts; a good one beats one with a problem.

        Raises:
            InputError: a line is no annotation, or by another writer; names the file and, if so, both writers.
        """
        best: dict[str, Line] = {}
        for path in ([self.path] if self.path.exists() else []) + self._parts():
            for id, line in self._lines_of(path):
                if id not in best or line.rank > best[id].rank:
                    best[id] = line
        return best

    def append(self, rank: int, records: Iterable[Mapping[str, Any]]) -> None:
        """Put records on disk: one write a line, so that a line is there or torn, never mixed with another.

        Args:
            rank: number of this process, which no other has.
            records: what `Annotation.to_json` and `Skipped.to_json` return.
        """
        if self._part is None:
            path = self.folder / f"rank-{rank}.jsonl"
            self._part = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        for record in records:
            _write(self._part, record)
        os.fsync(self._part)

    def merge(self, order: Sequence[str], mirrored: Mapping[str, str]) -> int:
        """Write the one file, whole or not at all, then remove the parts.

        Args:
            order: ids of the data set. Further ones, of earlier jobs with more splits, follow behind.
            mirrored: id of a mirrored copy to the id whose description it gets, mirrored.

        Returns:
            The number of descriptions.
        """
        lines = {id: line for id, line in self.lines().items() if not line.skipped}
        written = 0
        unfinished = self.folder / "merged"
        with unfinished.open("wb") as file:
            for id in dict.fromkeys((*order, *lines)):
                original = lines.get(mirrored.get(id, ""))
                if original is not None:
                    file.write(_dump(mirror_record(json.loads(original.read()), id)))
                elif id in lines:
                    file.write(lines[id].read())
                else:
                    continue
                written += 1
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
        _sync_folder(self.path.parent)  # the new name must be on disk before the parts are gone
        for part in self._parts():
            part.unlink()
        (self.folder / "lock").unlink()
        with suppress(OSError):  # somebody put a file there
            self.folder.rmdir()
        return written

    def close_part(self) -> None:
        """No more records from this process."""
        if self._part is not None:
            os.close(self._part)
            self._part = None

    def close(self) -> None:
        """Let other jobs begin."""
        self.close_part()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def _held(self) -> int:
        if self._lock is None:
            raise RuntimeError("call prepare or join first")
        return self._lock

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("rank-*.jsonl"))

    def _lines_of(self, path: Path) -> Iterator[tuple[str, Line]]:
        start = 0
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                value = _parse(raw, f"{path} line {number}")
                writer = value.get("writer", self.writer if "skipped" in value else "nobody")
                if writer != self.writer:
                    raise InputError(
                        f"{path} line {number} is by {writer}, this job's writer is {self.writer}: "
                        "they must not be mixed; choose another output or remove that one"
                    )
                yield value["id"], Line(path, start, len(raw), value.get("skipped", ""), bool(value.get("problem")))
                start += len(raw)

    def _take_lock(self, kind: int) -> bool:
        """Whether this process now holds the lock; the system gives it back however the process ends."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # the job before us removed the folder just now
            return False
        except OSError as error:
            raise InputError(f"cannot write {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            if os.fstat(lock).st_nlink:  # else we hold what the job before us has just removed
                self._lock = lock
                return True
        except BlockingIOError:
            pass
        os.close(lock)
        return False


def mirror_record(record: Mapping[str, Any], id: str) -> dict[str, Any]:
    """Return the record of the mirrored copy `id`: description and timeline with left and right exchanged."""
    timeline = Timeline.from_json(record["timeline"]).mirror().to_json()
    return {**record, **Description.from_json(record).mirror().to_json(), "id": id, "timeline": timeline}


def _dump(record: Mapping[str, Any]) -> bytes:
    """In ASCII: a language model's answer may hold characters that some readers take for the end of a line."""
    return json.dumps(record).encode() + b"\n"


def _write(file: int, record: Mapping[str, Any]) -> None:
    rest = _dump(record)
    while rest:
        rest = rest[os.write(file, rest) :]


def _parse(raw: bytes, place: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
        if isinstance(value["id"], str):
            return value
    except (ValueError, KeyError, TypeError):
        pass
    raise InputError(f"{place}: want a JSON object with an id, got {raw[:80].decode(errors='replace').strip()!r}")


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
