"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinmo_core.errors import InputError


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with its suffix; it becomes `path` when the block ends without an error.

    Raises:
        InputError: the folder does not exist, cannot be written or is full; names path and reason. Nothing is left behind.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        temporary = Path(name)
        os.close(handle)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


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


def _umask() -> int:
    """Return the process's umask: mkstemp makes private files, but a result gets the rights of any other file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
