"""Protocols of what reads and writes text; the implementations live where their libraries do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor

from kinmo_core.text.description import Description


@runtime_checkable
class TextEncoder(Protocol):
    """A frozen model that turns sentences into vectors."""

    @property
    def name(self) -> str:
        """Name that `model.yaml` records, enough to load the same encoder again."""
        ...

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return the vectors (N, dim) of N sentences, float32, on the CPU."""
        ...


@runtime_checkable
class TokenStateEncoder(TextEncoder, Protocol):
    """A text encoder that also gives a vector for every token."""

    @property
    def state_dim(self) -> int:
        """Size of a token state; it may differ from `dim`."""
        ...

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Return the states (tokens, state_dim) of each sentence, float32, on the CPU."""
        ...


@runtime_checkable
class Reasoner(Protocol):
    """Writes what every limb does from one sentence about the whole action (KinMo, ICCV 2025, section 4)."""

    def describe(self, texts: Sequence[str], *, draw: int = 0) -> list[Description]:
        """Describe N sentences, from the sentences alone; each description keeps its sentence as the global text.

        Args:
            texts: the sentences.
            draw: which answer to give, since a sentence can be moved to in many ways; 0 is the most likely one.
        """
        ...
