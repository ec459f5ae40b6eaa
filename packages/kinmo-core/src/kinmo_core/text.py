"""What models need of text: the protocol of a frozen text encoder. Implementations live where their libraries do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor

from kinmo_core.errors import InputError

MAX_CHARACTERS = 2000


@runtime_checkable
class TextEncoder(Protocol):
    """A frozen model that turns sentences into vectors."""

    @property
    def name(self) -> str:
        """What `model.yaml` records, enough to load the same encoder again."""
        ...

    @property
    def dim(self) -> int:
        """Size of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Vectors (N, dim) of N sentences, float32, on the CPU."""
        ...


def check_sentence(text: str) -> str:
    """The sentence without surrounding space, or an `InputError` where it is empty or far too long for a sentence."""
    stripped = text.strip()
    if not stripped:
        raise InputError("the text is empty; want a sentence such as 'a person walks forward'")
    if len(stripped) > MAX_CHARACTERS:
        raise InputError(f"the text has {len(stripped)} characters; want at most {MAX_CHARACTERS}")
    return stripped
