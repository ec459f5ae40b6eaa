"""Files and folders that are there whole or not at all.

What is being written lies in a hidden folder beside its target, `.kinmo-RANDOM`, which its process keeps locked. The next
process that writes beside it can so tell what a killed one has left, and removes it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

from kinmo_core.errors import InputError

if sys.platform != "win32":
    import fcntl

_PREFIX: Final = ".kinmo-"
_LONGEST_NAME: Final = 200  # bytes; file systems allow 255, of which a suffix and a prefix take some
_RESERVED: Final = {"CON", "PRN", "AUX", "NUL"} | {f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)}
_AT_FDCWD: Final = -100  # Linux, <fcntl.h>: a path is relative to the current directory
_RENAME_EXCHANGE: Final = 2  # Linux, <linux/fs.h>


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a path to write, of the same name in a hidden folder; it becomes `path` when the block ends without an error.

    Raises:
        InputError: the folder does not exist, cannot be written or is full; names path and reason. Nothing is left behind.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with _workplace(path.parent) as work:
            yield work / path.name
            (work / path.name).replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def atomic_folder(path: Path | str, *, marker: str, own: Sequence[str] = ()) -> Iterator[Path]:
    """Yield a new folder to fill; it becomes `path` by one rename when the block ends without an error.

    An earlier result at `path` is replaced as a whole. Its other files, such as a model card, move into the new one.

    Args:
        path: folder to write; its parents are created. If it is a link, the folder that it points to is replaced.
        marker: file that every result of this kind has; a folder with files but without it is refused.
        own: patterns of further names that a result may have; those of the earlier result are dropped.

    Raises:
        InputError: `path` is a file or a folder of something else, or it cannot be written; names path and reason. Nothing
            is left behind.
    """
    target = Path(path).resolve()
    try:
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(0, "it is not a folder")
        if target.is_dir() and any(target.iterdir()) and not (target / marker).is_file():
            raise FileExistsError(0, f"it holds other files and no {marker}; want a new or empty folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        with _workplace(target.parent) as work:
            new = work / target.name
            new.mkdir()
            yield new
            if target.is_dir():
                _take_over(target, new, dropped=(marker, *own))
                _exchange(new, target)
            else:
                new.rename(target)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


@cache
def remove_stale(folder: Path) -> None:
    """Remove what killed processes have left in a folder; each folder is searched once in a process.

    Windows cannot lock folders, so nothing is removed there.

    Args:
        folder: absolute path.
    """
    if sys.platform == "win32":
        return
    for work in folder.glob(f"{_PREFIX}*/"):
        with suppress(OSError):  # another process has removed it, or still writes there
            handle = os.open(work, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(work, ignore_errors=True)
            finally:
                os.close(handle)


def read_bytes(path: Path | str) -> bytes:
    """Read a file.

    Raises:
        InputError: it is not there, is a folder or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def read_text(path: Path | str) -> str:
    """Read a UTF-8 text file, without the byte-order mark that some editors put before it.

    Raises:
        InputError: it cannot be read or is not UTF-8; names file and line.
    """
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} line {line}: must be UTF-8 text, got the byte 0x{content[error.start]:02x}") from None


def cache_folder(chosen: Path | str | None = None) -> Path:
    """Return where what can be computed again is kept: `chosen`, `$KINMO_CACHE`, or `kinmo` in the user's cache folder.

    Args:
        chosen: value of an option that moves it.
    """
    if chosen := chosen or os.environ.get("KINMO_CACHE"):
        return Path(chosen)
    general = os.environ.get("XDG_CACHE_HOME")
    return (Path(general) if general else Path.home() / ".cache") / "kinmo"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_name(name: object, *, what: str, folders: bool = False) -> str:
    """Return a name that comes from a file, such as an id, if a file of that name stays in the folder it is meant for.

    Args:
        name: the name.
        what: names it in the error.
        folders: whether it may lie in folders of that folder, as in "walks/slow_1".

    Raises:
        InputError: it is no text, is empty or too long, leads out of the folder, or is a name that a system reserves.
    """
    parts = re.split(r"[/\\]", name) if isinstance(name, str) else []
    if not parts or (len(parts) > 1 and not folders) or not all(map(_fits, parts)):
        wanted = "name of a file, without .., drives and names that a system reserves"
        raise InputError(f"{what} must be the {wanted}, got {name!r:.80}")
    return "/".join(parts)


def _fits(part: str) -> bool:
    return (
        0 < len(part.encode(errors="replace")) <= _LONGEST_NAME
        and part.strip(".") != ""
        and part.isprintable()
        and not re.match(r"[A-Za-z]:", part)
        and part.split(".")[0].upper() not in _RESERVED
    )


@contextmanager
def _workplace(parent: Path) -> Iterator[Path]:
    """Make a hidden folder in `parent`, locked by this process, and remove it with all that is left in it."""
    remove_stale(parent.resolve(strict=True))
    work, lock = _make_locked(parent)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _make_locked(parent: Path) -> tuple[Path, int | None]:
    while True:
        work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        if sys.platform == "win32":
            return work, None
        with suppress(FileNotFoundError):
            lock = os.open(work, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if work.exists():
                return work, lock
            os.close(lock)  # between the two calls another process took it for a leftover


def _take_over(old: Path, new: Path, *, dropped: Sequence[str]) -> None:
    """Link or copy what an earlier result holds beside its own files into the new one, where no file has that name."""

    def left_out(folder: str, names: list[str]) -> list[str]:
        if Path(folder) != old:
            return []
        return [name for name in names if (new / name).exists() or any(Path(name).match(own) for own in dropped)]

    shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True, ignore=left_out, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # not every file system has hard links
        shutil.copy2(source, target)


def _exchange(new: Path, old: Path) -> None:
    """Give two folders each other's name in one step, where the system can; else the name is free for a moment."""
    rename = None if sys.platform == "win32" else getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None and not rename(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(old), _RENAME_EXCHANGE):
        return
    aside = old.with_name(f"{old.name}.old")  # visible, so that nobody takes it for a leftover if we are killed here
    if aside.exists():
        raise FileExistsError(0, f"{aside} is in the way")
    old.rename(aside)
    new.rename(old)
    aside.rename(new)
