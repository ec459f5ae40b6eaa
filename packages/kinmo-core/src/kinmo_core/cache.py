"""What is slow to compute, kept on disk under a hash of its inputs: tensors, sentence vectors, token states."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from kinmo_core.model_folder import save_tensors
from kinmo_core.progress import with_progress
from kinmo_core.text import TextEncoder, TokenStateEncoder

_VERSION: Final = "2"  # rises when the same sentences would give another file
_CHUNK: Final = 512  # sentences between two steps of the progress bar


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
    save_tensors(tensors, path)
    return tensors


def fingerprint(weights: nn.Module | Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of all parameters and buffers of a module, or of named tensors, with their names."""
    digest = hashlib.sha256()
    tensors = weights.state_dict() if isinstance(weights, nn.Module) else weights
    for name, value in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class SentenceCache:
    """Encode sentences with one frozen encoder and keep the result as float16, in memory and on disk.

    Args:
        encoder: the frozen encoder.
        folder: directory for the files; nothing is kept on disk where None.
    """

    def __init__(self, encoder: TextEncoder, folder: Path | str | None = None) -> None:
        self.encoder = encoder
        self.folder = folder
        self._vectors: dict[str, Tensor] = {}
        self._states: dict[str, Tensor] = {}

    def vectors(self, texts: Iterable[str]) -> dict[str, Tensor]:
        """Return the vector (dim,) of each distinct sentence, float32 rounded to float16."""
        rows = self._lookup("sentences", self._vectors, texts, self._encode_vectors)
        return {text: row.float() for text, row in rows.items()}

    def states(self, texts: Iterable[str]) -> dict[str, Tensor]:
        """Return the token states (tokens, size) of each distinct sentence, float16."""
        return self._lookup("token-states", self._states, texts, self._encode_states)

    def _lookup(
        self,
        name: str,
        known: dict[str, Tensor],
        texts: Iterable[str],
        encode: Callable[[list[str]], dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        wanted = sorted(set(texts), key=lambda text: (len(text), text))  # similar lengths share a batch
        new = [text for text in wanted if text not in known]
        if new:
            key = [_VERSION, identity(self.encoder), *new]
            stored = encode(new) if self.folder is None else cached(self.folder, name, key, lambda: encode(new))
            known |= zip(new, stored["rows"].split(stored["sizes"].tolist()), strict=True)
        return {text: known[text] for text in wanted}

    def _encode_vectors(self, texts: list[str]) -> dict[str, Tensor]:
        rows = torch.cat([self.encoder.encode(chunk) for chunk in _chunks(texts)])
        return {"rows": rows.half().flatten(), "sizes": torch.full((len(texts),), rows.shape[1])}

    def _encode_states(self, texts: list[str]) -> dict[str, Tensor]:
        if not isinstance(self.encoder, TokenStateEncoder):
            raise TypeError(f"the text encoder {self.encoder.name} has no token states")
        rows = [row for chunk in _chunks(texts) for row in self.encoder.token_states(chunk)]
        return {"rows": torch.cat(rows).half(), "sizes": torch.tensor([len(row) for row in rows])}


def identity(encoder: TextEncoder) -> str:
    """Return what a cache of an encoder's vectors depends on: the fingerprint of its weights, or its name without one."""
    return getattr(encoder, "fingerprint", encoder.name)


def _chunks(texts: Sequence[str]) -> Iterable[list[str]]:
    chunks = [list(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
    return with_progress(chunks, "encoding sentences")
