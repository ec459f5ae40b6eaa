"""What `LanguageModel` needs of a network, whichever library runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor


class Encoded(NamedTuple):
    """A batch of sentences.

    Args:
        states: (B, L, state_dim) last hidden states.
        mask: (B, L) True for the tokens of a sentence, special ones included, False for padding.
        vectors: (B, dim) of a model that has sentence vectors of its own.
    """

    states: Tensor
    mask: Tensor
    vectors: Tensor | None = None


class Network(Protocol):
    """A frozen language model with its tokenizer."""

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        ...

    @property
    def state_dim(self) -> int:
        """Size of a token state."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        ...

    def __call__(self, texts: Sequence[str]) -> Encoded:
        """Encode sentences; those beyond the model's reach are cut."""
        ...
