"""Open glTF 2.0 files (.glb, .gltf): their JSON, and its arrays; nothing larger than the file is made."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.files import read_bytes

_MAGIC: Final = b"glTF"
_VERSION: Final = 2
_JSON, _BINARY = 0x4E4F534A, 0x004E4942  # kinds of chunks
_COMPONENTS: Final = {
    5120: np.dtype("<i1"), 5121: np.dtype("<u1"), 5122: np.dtype("<i2"), 5123: np.dtype("<u2"), 5125: np.dtype("<u4"),
    5126: np.dtype("<f4"),
}  # fmt: skip
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_COMPRESSED: Final = "EXT_meshopt_compression"


@dataclass(frozen=True)
class Document:
    """Content of a file.

    Args:
        path: of the file.
        json: the scene.
        buffers: that the scene names.
    """

    path: Path
    json: dict[str, Any]
    buffers: tuple[bytes, ...]

    def list(self, name: str) -> list[Any]:
        """Return one of the lists of the scene, empty if it has none."""
        return list(self.json.get(name, ()))

    def array(self, number: int) -> np.ndarray:
        """Return an accessor's numbers (count, width) as float64; integers that stand for -1 to 1 are divided.

        Raises:
            InputError: sparse, compressed or not finite.
        """
        accessor = self.list("accessors")[number]
        if "sparse" in accessor or "bufferView" not in accessor:
            raise InputError(f"{self.path}: animations must not be in sparse accessors; save the file without them")
        view = self.list("bufferViews")[accessor["bufferView"]]
        if _COMPRESSED in view.get("extensions", ()):
            raise InputError(f"{self.path}: animations must not be compressed ({_COMPRESSED}); save the file without")
        kind, width, count = _COMPONENTS[accessor["componentType"]], _WIDTHS[accessor["type"]], accessor["count"]
        start, size = view.get("byteOffset", 0), view["byteLength"]
        content = self.buffers[view["buffer"]][start : start + size]
        step = view.get("byteStride", kind.itemsize * width)
        raw = np.ndarray((count, width), kind, content, accessor.get("byteOffset", 0), (step, kind.itemsize))
        with np.errstate(invalid="ignore"):  # of a damaged number, which the next lines find
            values = raw.astype(np.float64)
        if not np.isfinite(values).all():
            raise InputError(f"{self.path}: animations must hold finite numbers, got NaN or infinity")
        return np.maximum(values / np.iinfo(kind).max, -1.0) if accessor.get("normalized") else values


def open_gltf(path: Path | str) -> Document:
    """Open a `.glb` or `.gltf` file, whichever its content is.

    Raises:
        InputError: no such file, damaged, another version, or a buffer that is missing or lies elsewhere.
    """
    path = Path(path)
    content = read_bytes(path)
    with readable(path):
        text, binary = _chunks(content) if content.startswith(_MAGIC) else (content, b"")
        scene = json.loads(text.decode("utf-8-sig"))
        version = str(scene["asset"]["version"])
        if version.split(".")[0] != str(_VERSION):
            raise InputError(f"{path}: must be glTF {_VERSION}, got version {version:.20}")
        return Document(path, scene, tuple(_buffer(buffer, binary, path) for buffer in scene.get("buffers", ())))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever a damaged scene raises into one line: keys, indices and types can be wrong anywhere."""
    try:
        yield
    except InputError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error) as error:
        raise InputError(f"{path}: not a readable glTF file, it is truncated or foreign") from error


def _chunks(content: bytes) -> tuple[bytes, bytes]:
    """Return the JSON and the binary chunk of a `.glb`."""
    version, length = struct.unpack_from("<II", content, len(_MAGIC))
    if version != _VERSION or length > len(content):
        raise ValueError("another version, or cut off")
    found, place = {_BINARY: b""}, 12
    while place < length:
        size, kind = struct.unpack_from("<II", content, place)
        found.setdefault(kind, b"")
        found[kind] = found[kind] or content[place + 8 : place + 8 + size]
        place += 8 + size
    return found[_JSON], found[_BINARY]


def _buffer(buffer: dict[str, Any], binary: bytes, path: Path) -> bytes:
    """Return a buffer: the binary chunk, base64 text, or a file beside."""
    uri = buffer.get("uri")
    if uri is None:
        return binary
    if uri.startswith("data:"):
        return base64.b64decode(uri.partition(",")[2])
    beside = PurePosixPath(unquote(uri))
    if "://" in uri or "\\" in uri or beside.is_absolute() or ".." in beside.parts:
        raise InputError(f"{path}: buffers must be files beside it, got {uri!r:.80}")
    return read_bytes(path.parent / beside)
