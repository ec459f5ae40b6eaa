"""Tensors that are slow to compute, kept on disk under a hash of their inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kinmo_core.files import atomic_path


def cached(
    folder: Path | str, name: str, key: Iterable[str], compute: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Read `folder/name-<hash of key>.safetensors`, or compute and write it; a damaged file is computed again.

    Args:
        folder: directory of the files; created where it does not exist.
        name: readable part of the file name.
        key: everything that the tensors depend on.
        compute: returns the tensors.
    """
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:16]
    path = Path(folder) / f"{name}-{digest}.safetensors"
    if path.is_file():
        try:
            return load_file(path)
        except SafetensorError:
            print(f"{path} is damaged and is computed again")
    tensors = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)
    return tensors


def fingerprint(module: nn.Module) -> str:
    """Return the SHA-256 of all parameters and buffers of a module, with their names."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
