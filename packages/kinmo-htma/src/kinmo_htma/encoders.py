"""Text encoders by the name that a model folder records: a language model, or the global level of an alignment over one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.text import check_sentence
from kinmo_htma.language import LanguageModel, TokenStateEncoder
from kinmo_htma.levels import bare
from kinmo_htma.model import HTMA

HTMA_NAME = "htma"


def text_encoder(name: str, *, device: str = "cpu") -> TokenStateEncoder:
    """The text encoder of this name.

    Args:
        name: "htma" for the shipped alignment, "htma:FOLDER" for another one, else see `LanguageModel`.
        device: where it runs.
    """
    kind, _, folder = name.partition(":")
    return HTMATextEncoder(folder or None, device=device) if kind == HTMA_NAME else LanguageModel(name, device=device)


class HTMATextEncoder:
    """The global level of an alignment as a text encoder: one vector a sentence, no reasoner needed (KinMo, Sec. 4.2).

    Args:
        folder: model folder; the shipped weights where None.
        device: where it runs.

    Raises:
        InputError: not a model folder, or one whose global level is read after another.
    """

    def __init__(self, folder: str | None = None, *, device: str = "cpu") -> None:
        self._model = HTMA.load(folder, device=device)
        self._name = f"{HTMA_NAME}:{folder}" if folder else HTMA_NAME
        if self._model.levels[0] != "global":
            raise InputError(
                f"{folder} reads the global level after {self._model.levels[0]}: it has no vector of it alone"
            )

    @property
    def name(self) -> str:
        return self._name

    @property
    def dim(self) -> int:
        return self._model.text.dim

    @property
    def fingerprint(self) -> str:
        """Of the weights: a name alone does not say which."""
        return self._model.fingerprint

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Means of the global latents, (N, dim) float32."""
        if not texts:
            return torch.zeros(0, self.dim)
        return self._model.embed_descriptions([bare(check_sentence(text)) for text in texts], levels=("global",))[:, 0]

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Those of the language model that the alignment reads."""
        return self._model.embedder.encoder.token_states(texts)
