"""Tensors that are slow to make, kept on disk under a hash of what they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kinmo_core.files import atomic_path


def cached(
    folder: Path | str, name: str, key: Iterable[str], make: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Read `folder/name-<hash of key>.safetensors`, or make it and write it. A damaged file is made anew.

    Args:
        folder: where the files lie.
        name: for people.
        key: everything that the tensors depend on.
        make: makes them.
    """
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:16]
    path = Path(folder) / f"{name}-{digest}.safetensors"
    if path.is_file():
        try:
            return load_file(path)
        except SafetensorError:
            print(f"{path} is damaged and is made anew")
    tensors = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)
    return tensors


def fingerprint(module: nn.Module) -> str:
    """Hash of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
