"""Protocols of what reads and writes text; the implementations live where their libraries do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from torch import Tensor

from kinmo_core.text.description import Description
from kinmo_core.text.statement import Real
from kinmo_core.text.timeline import Timeline


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
    """Writes what every limb does, and when, from one sentence about the whole action (KinMo, ICCV 2025, section 4)."""

    def plan(
        self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None, draws: int = 1
    ) -> list[list[Timeline]]:
        """Plan N sentences, from the sentences alone.

        Statements of groups and pairs have the phrases of `kinmo_annotate.vocabulary`, on which generator and search were
        trained. A limb that the sentence says nothing of may have no statement. The statement of the body, over the whole
        time, is the sentence.

        Args:
            sentences: each about one motion.
            seconds: duration of every plan, or of each; estimated from the sentence if None.
            draws: plans of each sentence, since a sentence can be moved to in many ways.

        Returns:
            N lists of `draws` timelines, the most likely first; a reasoner that knows fewer repeats its last one.

        Raises:
            InputError: a sentence is empty, too long or not understood, or seconds or draws are not positive or not as
                many as sentences.
        """
        ...


def describe(reasoner: Reasoner, sentences: Sequence[str], *, draws: int = 1) -> list[list[Description]]:
    """Summarise the plans of N sentences: a list of `draws` descriptions each, with the sentence as global text."""
    plans = zip(reasoner.plan(sentences, draws=draws), sentences, strict=True)
    return [[replace(plan.description(), text=sentence) for plan in drawn] for drawn, sentence in plans]
