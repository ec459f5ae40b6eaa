"""Frozen language models: sentence vectors and token states by name, and one cache for both."""

from kinmo_core.language.cache import SentenceCache, identity
from kinmo_core.language.models import (
    HUB_NAMES,
    LanguageModel,
    load_text_encoder,
    resolve_encoder,
    resolve_state_encoder,
)

__all__ = [
    "HUB_NAMES",
    "LanguageModel",
    "SentenceCache",
    "identity",
    "load_text_encoder",
    "resolve_encoder",
    "resolve_state_encoder",
]
