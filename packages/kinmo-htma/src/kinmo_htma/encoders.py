"""The global level of an alignment as a text encoder for other networks: one vector per sentence (KinMo, Sec. 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.text import TokenStateEncoder, check_sentence
from kinmo_htma.levels import bare
from kinmo_htma.model import HTMA


class HTMATextEncoder:
    """Encode sentences by the global level of an alignment, which needs no reasoner.

    It is "htma" in the entry-point group `kinmo.text_encoders`.

    Args:
        folder: model folder; the shipped weights where empty.
        device: where it runs.

    Raises:
        InputError: not a model folder, or its global level attends to another one.
    """

    def __init__(self, folder: str = "", *, device: str = "cpu") -> None:
        self._model = HTMA.load(folder or None, device=device)
        self._name = f"htma:{folder}" if folder else "htma"
        if self._model.levels[0] != "global":
            raise InputError(f"{folder} must read the global level first, got {', '.join(self._model.levels)}")

    @property
    def name(self) -> str:
        """Name that `load_text_encoder` knows it by."""
        return self._name

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        return self._model.text.dim

    @property
    def state_dim(self) -> int:
        """Size of a token state."""
        return self._language_model.state_dim

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the alignment, since a name does not tell which weights it has."""
        return self._model.fingerprint

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return the means of the global latents, (N, dim) float32."""
        if not texts:
            return torch.zeros(0, self.dim)
        return self._model.embed_descriptions([bare(check_sentence(text)) for text in texts], levels=("global",))[:, 0]

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Return the token states of the language model that the alignment reads."""
        return self._language_model.token_states(texts)

    @property
    def _language_model(self) -> TokenStateEncoder:
        encoder = self._model.embedder.encoder
        assert isinstance(encoder, TokenStateEncoder)  # the global level reads token states
        return encoder
