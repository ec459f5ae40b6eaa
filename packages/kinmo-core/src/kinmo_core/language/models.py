"""Text encoders by name: the bundled MiniLM (no network), CLIP, DistilBERT, RoBERTa, any folder, or a plugin's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from kinmo_core import plugins
from kinmo_core.errors import InputError
from kinmo_core.language.hub import HubNetwork
from kinmo_core.language.minilm import MiniLM
from kinmo_core.language.network import Encoded, Network
from kinmo_core.text import TextEncoder, TokenStateEncoder


class LanguageModel:
    """A frozen language model as a `kinmo_core.text.TokenStateEncoder`.

    A sentence vector is CLIP's projected text feature, and for other models the mean of the last hidden states; both are
    scaled to unit length. It is deliberately not an `nn.Module`, so that no network can register it as a submodule.

    Args:
        name: minilm (bundled), clip, distilbert, roberta, a hub name, or a local folder.
        device: where it runs.
        batch_size: sentences per forward pass.

    Raises:
        InputError: transformers is not installed, or the model cannot be loaded from safetensors.
    """

    def __init__(self, name: str = "minilm", *, device: str = "cpu", batch_size: int = 64) -> None:
        self._name = name
        self.batch_size = batch_size
        place = torch.device(device)
        self._network: Network = MiniLM(place) if name == "minilm" else HubNetwork(name, place)

    @property
    def name(self) -> str:
        """Name that it was loaded by."""
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of its weights, since a name does not tell whether the files behind it changed."""
        return self._network.fingerprint

    @property
    def dim(self) -> int:
        """Size of a sentence vector."""
        return self._network.dim

    @property
    def state_dim(self) -> int:
        """Size of a token state."""
        return self._network.state_dim

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (N, dim) of N sentences, float32, on the CPU."""
        vectors = torch.empty(len(texts), self.dim)
        for chosen in self._batches(texts):
            states, mask, own = self._forward([texts[i] for i in chosen])
            found = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True) if own is None else own
            vectors[chosen] = torch.nn.functional.normalize(found.float(), dim=-1).cpu()
        return vectors

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """Return the last hidden states (tokens, state_dim) of each sentence with special tokens, float32, on the CPU."""
        found: dict[int, Tensor] = {}
        for chosen in self._batches(texts):
            states, mask, _ = self._forward([texts[i] for i in chosen])
            for i, row, keep in zip(chosen, states.float().cpu(), mask.cpu(), strict=True):
                found[i] = row[keep]
        return [found[i] for i in range(len(texts))]

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        """Group indices into batches of sentences of similar length, which saves padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    @torch.inference_mode()
    def _forward(self, texts: list[str]) -> Encoded:
        return self._network(texts)


def load_text_encoder(name: str, *, device: str = "cpu") -> TextEncoder:
    """Load the text encoder that a model folder or a configuration names.

    Args:
        name: "KIND" or "KIND:REST" with a kind that an installed package offers in the entry-point group
            `kinmo.text_encoders` (sbert:all-mpnet-base-v2, htma, htma:FOLDER); any other name is a `LanguageModel`'s.
        device: where it runs.

    Raises:
        InputError: the encoder cannot be loaded.
    """
    kind, _, rest = name.partition(":")
    make = plugins.find(plugins.TEXT_ENCODERS, kind)
    return LanguageModel(name, device=device) if make is None else make(rest, device=device)


def resolve_encoder(encoder: str | TextEncoder) -> TextEncoder:
    """Load a text encoder by its name, on a GPU where there is one; an encoder is returned as it is.

    Raises:
        InputError: the encoder cannot be loaded.
    """
    if not isinstance(encoder, str):
        return encoder
    return load_text_encoder(encoder, device="cuda" if torch.cuda.is_available() else "cpu")


def resolve_state_encoder(encoder: str | TextEncoder) -> TokenStateEncoder:
    """Resolve an encoder as `resolve_encoder` does, and check that it gives token states.

    Raises:
        InputError: the encoder cannot be loaded or gives no token states.
    """
    found = resolve_encoder(encoder)
    if not isinstance(found, TokenStateEncoder):
        raise InputError(f"text_encoder must give token states, got {found.name}, which gives sentence vectors only")
    return found
