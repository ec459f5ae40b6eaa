"""Frozen language models: sentence vectors and token states by name, and one cache for both."""

from __future__ import annotations

from kinmo_core import plugins
from kinmo_core.language.cache import SentenceCache, identity
from kinmo_core.language.transformer import HUB_NAMES, LanguageModel
from kinmo_core.text import TextEncoder

__all__ = ["HUB_NAMES", "LanguageModel", "SentenceCache", "identity", "load_text_encoder"]


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
