"""Frozen language models: sentence vectors and token states by name."""

from kinmo_core.language.hub import HUB_NAMES
from kinmo_core.language.models import (
    LanguageModel,
    load_text_encoder,
    resolve_encoder,
    resolve_state_encoder,
)

__all__ = [
    "HUB_NAMES",
    "LanguageModel",
    "load_text_encoder",
    "resolve_encoder",
    "resolve_state_encoder",
]
