"""Descriptions as the text encoders read them: token states, or one vector per sentence, with roles and padding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import SentenceCache
from kinmo_core.text import Description, TextEncoder
from kinmo_htma.levels import PARTS, LevelText, sentences_of

FINER: Final = ("sentences", "states")


@dataclass(frozen=True)
class TextSettings:
    """How text was fed in training, recorded with the weights.

    Args:
        language_model: name of the frozen language model.
        finer: group and interaction level consist of one vector per sentence ("sentences"), which keeps sequences as short
            as there are limbs or pairs, or of the "states" of all tokens. The global level always consists of states.
        parts: "six" groups or "two", see `levels.sentences_of`.
        splits: training splits, whose annotations the reasoner may know.
    """

    language_model: str = "minilm"
    finer: str = "sentences"
    parts: str = "six"
    splits: tuple[str, ...] = ("train",)

    def __post_init__(self) -> None:
        for name, choices in (("finer", FINER), ("parts", PARTS)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)}")


class Embedder:
    """Embed descriptions by a frozen language model.

    Args:
        encoder: the language model.
        levels: levels of text.
        settings: how text is fed.
        cache: directory for what the encoder computes; nothing is kept on disk where None.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        levels: Sequence[str],
        settings: TextSettings = TextSettings(),
        *,
        cache: str | Path | None = None,
    ) -> None:
        self.sentences = SentenceCache(encoder, cache)
        self.levels = tuple(levels)
        self.settings = settings

    @property
    def encoder(self) -> TextEncoder:
        """The language model."""
        return self.sentences.encoder

    def prepare(self, descriptions: Iterable[Description], levels: Sequence[str] | None = None) -> None:
        """Encode every distinct sentence of some descriptions at once, or read it from the cache.

        Args:
            descriptions: those that `row` and `batch` will be asked for.
            levels: some of the levels; all where None.
        """
        found = list(descriptions)
        for level in levels or self.levels:
            texts = [text for description in found for _, text in self._sentences(description, level)]
            self._lookup(level, texts)

    def row(self, description: Description, level: str) -> tuple[Tensor, Tensor]:
        """Return vectors (n, size) and roles (n,) of one description at one level."""
        sentences = self._sentences(description, level)
        known = self._lookup(level, [text for _, text in sentences])
        parts = [(role, known[text].float().reshape(-1, known[text].shape[-1])) for role, text in sentences]
        roles = [torch.full((len(rows),), role) for role, rows in parts]
        return torch.cat([rows for _, rows in parts]), torch.cat(roles)

    def batch(self, descriptions: Sequence[Description], levels: Sequence[str] | None = None) -> dict[str, LevelText]:
        """Return some levels, all where None, of several descriptions."""
        return {level: padded([self.row(d, level) for d in descriptions]) for level in levels or self.levels}

    def _sentences(self, description: Description, level: str) -> list[tuple[int, str]]:
        return sentences_of(description, level, parts=self.settings.parts)

    def _lookup(self, level: str, texts: Iterable[str]) -> dict[str, Tensor]:
        if level == "global" or self.settings.finer == "states":
            return self.sentences.states(texts)
        return self.sentences.vectors(texts)


def padded(rows: Sequence[tuple[Tensor, Tensor]]) -> LevelText:
    """Pad the (vectors, roles) of each member of a batch with zeros."""
    states, roles = zip(*rows, strict=True)
    return LevelText(
        pad_sequence(list(states), batch_first=True),
        pad_sequence(list(roles), batch_first=True),
        torch.tensor([len(row) for row in states]),
    )
