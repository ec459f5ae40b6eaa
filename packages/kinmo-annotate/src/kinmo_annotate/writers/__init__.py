"""Writers turn observations of a motion into words: `template` alone, `llm` through any model that litellm reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from kinmo_annotate.observation import Annotation, Observation


@runtime_checkable
class Writer(Protocol):
    """Writes descriptions."""

    @property
    def name(self) -> str:
        """Name that annotations record as their writer."""
        ...

    @property
    def needs_keyframes(self) -> bool:
        """Whether observations must come with keyframes, which need a sentence model."""
        ...

    def write(self, observations: Sequence[Observation]) -> list[Annotation]:
        """Write an annotation for each observation, in their order."""
        ...
