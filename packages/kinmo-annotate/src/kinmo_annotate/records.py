"""Annotation files of jobs that may be killed at any moment: one JSON line for each motion, none lost, none twice.

During a job, each process appends to a file of its own in the folder `NAME.jsonl.parts`. A line counts once its line end is
on disk; the next start cuts off an incomplete last line. At the end, one process merges the parts into `NAME.jsonl`, in
the order of the data set, and removes them. A kill during the merge leaves the parts, the merged file or both, and the
next run continues from any of the three.
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
from kinmo_core.parsing import parse_json
from kinmo_core.text import Description, Timeline

WAIT: Final = 10.0  # seconds for the lock: loading processes of a killed job hold it for some seconds
_POLL: Final = 0.05  # seconds between two attempts to take the lock
_SHOWN_BYTES: Final = 80  # of a wrong line in an error message


@dataclass(frozen=True)
class Skipped:
    """A motion that could not be described."""

    id: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the line for a part; merged files do not contain it."""
        return {"id": self.id, "skipped": self.reason}


@dataclass(frozen=True, slots=True)
class Line:
    """Position of a motion's record in a file, and the outcome that it records."""

    path: Path
    start: int  # position in the file, bytes
    size: int  # bytes
    skipped: str = ""  # why there is no description; "" if there is one
    problem: bool = False  # whether the writer marked the description with a problem

    @property
    def quality(self) -> int:
        """0 without a description, 1 for a description with a problem, 2 for one without."""
        return 0 if self.skipped else 2 - self.problem

    def read(self) -> bytes:
        """Read the line, with its line end."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)


class Records:
    """The parts and the merged file of a job. The first process calls `prepare`, then each other process calls `join`.

    Args:
        path: the merged file.
        writer: name of the writer of the descriptions; a file with those of another writer is refused.
    """

    def __init__(self, path: Path | str, *, writer: str) -> None:
        self.path = Path(path)
        self.folder = self.path.with_name(f"{self.path.name}.parts")
        self.writer = writer
        self._lock: int | None = None
        self._part: int | None = None

    def prepare(self, *, wait: float = WAIT) -> None:
        """Create the folder, wait until no other job writes to it, and cut off incomplete lines.

        Args:
            wait: seconds to wait for another job.

        Raises:
            InputError: the folder cannot be created, another job is still writing, or the file is by another writer.
        """
        if self.path.exists():
            next(self._lines_of(self.path), None)  # check the writer before the folder is created
        lock = self._take_lock(fcntl.LOCK_EX, wait)
        for part in self._parts():
            _cut_incomplete_line(part)
        fcntl.flock(lock, fcntl.LOCK_SH)

    def join(self) -> None:
        """Share the lock of the process that called `prepare`: no other job starts while any process of this one lives.

        Raises:
            InputError: another job is preparing.
        """
        self._take_lock(fcntl.LOCK_SH, 0.0)

    def lines(self) -> dict[str, Line]:
        """Return the line of best quality of each motion, from the merged file and all parts.

        Raises:
            InputError: a line is not a record, or is by another writer; names file and line.
        """
        best: dict[str, Line] = {}
        for path in ([self.path] if self.path.exists() else []) + self._parts():
            for id, line in self._lines_of(path):
                if id not in best or line.quality > best[id].quality:
                    best[id] = line
        return best

    def append(self, rank: int, records: Iterable[Mapping[str, Any]]) -> None:
        """Write records to disk, each with one system call, so that a kill cannot mix two lines.

        Args:
            rank: number of this process, unique in the job.
            records: from `Annotation.to_json` or `Skipped.to_json`.
        """
        if self._part is None:
            path = self.folder / f"rank-{rank}.jsonl"
            self._part = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        for record in records:
            rest = _dump(record)
            while rest:  # one call writes it all, unless the disk is full
                rest = rest[os.write(self._part, rest) :]
        os.fsync(self._part)

    def merge(self, order: Sequence[str], mirrored: Mapping[str, str]) -> int:
        """Write the merged file, whole or not at all, then remove the parts.

        Args:
            order: ids of the data set. Other ids, from earlier jobs with more splits, follow after them.
            mirrored: id of a mirrored copy to the id of its original, whose mirrored description it gets.

        Returns:
            The number of descriptions.
        """
        written = 0
        unfinished = self.folder / "merged"
        with unfinished.open("wb") as file:
            for row in self._merged(order, mirrored):
                file.write(row)
                written += 1
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
        _sync_folder(self.path.parent)  # the new name must be on disk before the parts are removed
        for part in self._parts():
            part.unlink()
        (self.folder / "lock").unlink()
        with suppress(OSError):  # the user put another file there
            self.folder.rmdir()
        return written

    def _merged(self, order: Sequence[str], mirrored: Mapping[str, str]) -> Iterator[bytes]:
        lines = {id: line for id, line in self.lines().items() if not line.skipped}
        for id in dict.fromkeys((*order, *lines)):
            original = lines.get(mirrored.get(id, ""))
            if original is not None:
                yield _dump(mirror_record(json.loads(original.read()), id))
            elif id in lines:
                yield lines[id].read()

    def close_part(self) -> None:
        """Close this process's part, to which nothing more is written."""
        if self._part is not None:
            os.close(self._part)
            self._part = None

    def close(self) -> None:
        """Close the part and release the lock, so that another job can start."""
        self.close_part()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

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
                        f"{path} line {number} is by {writer}, but this job's writer is {self.writer}; "
                        "choose another output or remove that one"
                    )
                yield value["id"], Line(path, start, len(raw), value.get("skipped", ""), bool(value.get("problem")))
                start += len(raw)

    def _take_lock(self, kind: int, wait: float) -> int:
        """Return the descriptor of the lock; the system releases the lock however the process ends."""
        end = time.monotonic() + wait
        while (lock := self._try_lock(kind)) is None:
            if time.monotonic() >= end:
                raise InputError(f"another process is writing {self.path}; wait until it has ended, or stop it")
            time.sleep(_POLL)
        self._lock = lock
        return lock

    def _try_lock(self, kind: int) -> int | None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # the previous job removed the folder between the two calls
            return None
        except OSError as error:
            raise InputError(f"cannot write {self.path}: {error.strerror}") from None
        with suppress(BlockingIOError):
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            if os.fstat(lock).st_nlink:  # 0: the previous job has removed this file
                return lock
        os.close(lock)
        return None


def mirror_record(record: Mapping[str, Any], id: str) -> dict[str, Any]:
    """Return the record of the mirrored copy `id`: description and timeline with left and right exchanged."""
    timeline = Timeline.from_json(record["timeline"]).mirror().to_json()
    return {**record, **Description.from_json(record).mirror().to_json(), "id": id, "timeline": timeline}


def _dump(record: Mapping[str, Any]) -> bytes:
    """Return the record as a line, in ASCII: some readers take characters such as U+2028 for line ends."""
    return json.dumps(record).encode() + b"\n"


def _parse(raw: bytes, place: str) -> dict[str, Any]:
    with suppress(ValueError, KeyError, TypeError):
        value = parse_json(raw, source=place)
        if isinstance(value["id"], str):
            return value
    shown = raw[:_SHOWN_BYTES].decode(errors="replace").strip()
    raise InputError(f"{place} must be a JSON object with an id, got {shown!r}")


def _cut_incomplete_line(path: Path) -> None:
    content = path.read_bytes()
    complete = content.rfind(b"\n") + 1
    if complete < len(content):
        os.truncate(path, complete)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
