"""What the language model makes of sentences, kept on disk: states of all tokens, or one vector a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import cached
from kinmo_core.text import Description, identity
from kinmo_htma.language import TokenStateEncoder
from kinmo_htma.levels import LevelText, sentences_of

FINER: Final = ("sentences", "states")
VERSION: Final = "1"  # rises when the same sentences would give another file


class Embedder:
    """Descriptions to what the networks read.

    Args:
        encoder: the frozen language model.
        levels: levels of text.
        finer: what group and interaction level consist of: one vector a sentence ("sentences"), which keeps them as short
            as there are limbs or pairs, or the "states" of all tokens of all sentences. The global level is states always.
        parts: see `levels.sentences_of`.
        cache: folder for what the encoder made; nothing is kept on disk where None.
    """

    def __init__(
        self,
        encoder: TokenStateEncoder,
        levels: Sequence[str],
        *,
        finer: str = "sentences",
        parts: str = "six",
        cache: str | Path | None = None,
    ) -> None:
        if finer not in FINER:
            raise ValueError(f"finer must be one of {', '.join(FINER)}, got {finer}")
        self.encoder = encoder
        self.levels = tuple(levels)
        self.finer = finer
        self.parts = parts
        self.cache = cache
        self._rows: dict[bool, dict[str, Tensor]] = {True: {}, False: {}}  # by whether they are token states

    def prepare(self, descriptions: Iterable[Description], levels: Sequence[str] | None = None) -> None:
        """Encode every sentence of some descriptions, each distinct one once, or read it from the cache.

        Args:
            descriptions: what `row` and `batch` will be asked for.
            levels: some of the levels; all where None.
        """
        found = list(descriptions)
        for states in (True, False):
            chosen = [level for level in levels or self.levels if self._is_states(level) == states]
            texts = {text for d in found for level in chosen for _, text in sentences_of(d, level, parts=self.parts)}
            texts -= set(self._rows[states])
            self._rows[states] |= self._states(texts) if states else self._vectors(texts)

    def row(self, description: Description, level: str) -> tuple[Tensor, Tensor]:
        """Vectors (n, size) and roles (n,) of one prepared description at one level."""
        known = self._rows[self._is_states(level)]
        parts = [(role, known[text].float()) for role, text in sentences_of(description, level, parts=self.parts)]
        roles = [torch.full((len(states),), role) for role, states in parts]
        return torch.cat([states for _, states in parts]), torch.cat(roles)

    def batch(self, descriptions: Sequence[Description], levels: Sequence[str] | None = None) -> dict[str, LevelText]:
        """Some levels of some prepared descriptions, all where None."""
        return {level: padded([self.row(d, level) for d in descriptions]) for level in levels or self.levels}

    def vectors(self, texts: Iterable[str]) -> dict[str, Tensor]:
        """Unit vector (dim,) of each sentence, as float32."""
        return {text: rows[0].float() for text, rows in self._vectors(set(texts)).items()}

    def _is_states(self, level: str) -> bool:
        return level == "global" or self.finer == "states"

    def _states(self, texts: set[str]) -> dict[str, Tensor]:
        ordered = sorted(texts)

        def make() -> dict[str, Tensor]:
            states = self.encoder.token_states(ordered)
            return {"states": torch.cat(states).half(), "sizes": torch.tensor([len(s) for s in states])}

        stored = self._cached("token-states", ordered, make)
        return dict(zip(ordered, stored["states"].split(stored["sizes"].tolist()), strict=True)) if ordered else {}

    def _vectors(self, texts: set[str]) -> dict[str, Tensor]:
        ordered = sorted(texts)
        stored = self._cached("sentences", ordered, lambda: {"vectors": self.encoder.encode(ordered).half()})
        return dict(zip(ordered, stored["vectors"][:, None], strict=True)) if ordered else {}

    def _cached(self, name: str, texts: Sequence[str], make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        if not texts:
            return {}
        if self.cache is None:
            return make()
        return cached(self.cache, name, [VERSION, identity(self.encoder), *texts], make)


def padded(rows: Sequence[tuple[Tensor, Tensor]]) -> LevelText:
    """(vectors, roles) of each member of a batch, padded with zeros."""
    states, roles = zip(*rows, strict=True)
    return LevelText(
        pad_sequence(list(states), batch_first=True),
        pad_sequence(list(roles), batch_first=True),
        torch.tensor([len(row) for row in states]),
    )
