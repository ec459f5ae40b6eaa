"""Text encoders without weights: hashes of words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


class HashTextEncoder:
    """Encodes text as unit vectors without a model; texts that share words, or pairs of adjacent words, are close."""

    def __init__(self, dim: int = 32) -> None:
        self.dim = dim
        self.name = f"hash-{dim}"

    def encode(self, texts: Sequence[str]) -> Float[Tensor, "texts dim"]:
        """Return one unit vector per text, float32, the same in every process and on every machine."""
        return torch.stack([self._encode(text) for text in texts]) if texts else torch.zeros(0, self.dim)

    def _encode(self, text: str) -> Tensor:
        words = text.lower().split() or [""]
        parts = words + [" ".join(pair) for pair in pairwise(words)]
        return F.normalize(torch.stack([_hash_vector(part, self.dim) for part in parts]).sum(0), dim=0)


class WordEncoder(HashTextEncoder):
    """The hash encoder, with a vector for every word."""

    @property
    def state_dim(self) -> int:
        """Size of a word's vector."""
        return self.dim

    def token_states(self, texts: Sequence[str]) -> list[Float[Tensor, "_ dim"]]:
        """Return the vectors (words, dim) of each text."""
        return [self.encode(text.split()) for text in texts]


@lru_cache(maxsize=10_000)
def _hash_vector(text: str, dim: int) -> Tensor:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(dim)).float()
