"""Read NumPy files of any origin: sizes are checked before memory is taken, and nothing is unpickled."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.files import read_bytes

MAX_BYTES: Final = 2**29  # of one array: 10^6 frames of 22 joints in float64, 14 hours at 20 fps
PICKLE_SUFFIXES: Final = (".pkl", ".pickle", ".pt", ".pth")
PICKLE: Final = (
    "a pickle can run code when it is read, so KinMo never reads one; if you trust its source, write its arrays"
)
_HEADERS: Final = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


@dataclass(frozen=True)
class Arrays:
    """The arrays of a `.npy` or `.npz` file, each read when it is asked for.

    Args:
        path: names the file in errors.
        content: of the file.
        names: of the arrays; a `.npy` has one, named "".
    """

    path: Path | str
    content: bytes = field(repr=False)
    names: tuple[str, ...]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape that the file declares, without reading the array.

        Raises:
            InputError: damaged, larger than `MAX_BYTES`, or a pickle.
        """
        with _readable(self.path), self._stream(name) as (stream, size):
            return self._check_header(stream, name, size)

    def load(self, name: str) -> np.ndarray:
        """Read an array.

        Raises:
            InputError: damaged, larger than `MAX_BYTES`, or a pickle.
        """
        with _readable(self.path), self._stream(name) as (stream, size):
            self._check_header(stream, name, size)
            stream.seek(0)
            return np.lib.format.read_array(stream, allow_pickle=False)

    @contextmanager
    def _stream(self, name: str) -> Iterator[tuple[io.BufferedIOBase, int]]:
        """Yield the bytes of an array and how many they are."""
        if not name:
            yield io.BytesIO(self.content), len(self.content)
            return
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive, archive.open(f"{name}.npy") as stream:
            yield cast(io.BufferedIOBase, stream), archive.getinfo(f"{name}.npy").file_size

    def _check_header(self, stream: io.BufferedIOBase, name: str, size: int) -> tuple[int, ...]:
        """Read the header of an array that takes `size` bytes in the file; return the shape."""
        shape, _, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
        label = f"{self.path}: {name}" if name else str(self.path)
        if dtype.hasobject:
            how = (
                "open it with numpy.load, whose option allow_pickle permits this, and store the joints with numpy.savez"
            )
            raise InputError(f"{label} holds Python objects: {PICKLE}: {how}, as kinmo-core's README shows")
        wanted = math.prod(shape) * dtype.itemsize
        if wanted > MAX_BYTES:
            raise InputError(f"{label} must have at most {MAX_BYTES:,} bytes, got {wanted:,} for {dtype} {shape}")
        if min(shape, default=0) < 0 or wanted > size - stream.tell():
            raise EOFError(f"{dtype} {shape} in {size} bytes")
        return shape


def open_arrays(path: Path | str) -> Arrays:
    """Open a `.npy` or `.npz` file, whichever its content is.

    Raises:
        InputError: no such file, or not a NumPy file.
    """
    content = read_bytes(path)
    with _readable(path):
        if content.startswith(np.lib.format.MAGIC_PREFIX):
            return Arrays(path, content, ("",))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))
        return Arrays(path, content, names)


@contextmanager
def _readable(path: Path | str) -> Iterator[None]:
    """Turn whatever the parsers of NumPy and zipfile raise on damaged content into one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path}: not a readable NumPy file, it is truncated or foreign") from error
