"""Text encoders by name, and the alignment as one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kinmo_core.cache import identity
from kinmo_core.errors import InputError
from kinmo_core.language import load_text_encoder
from kinmo_core.testing import HashTextEncoder
from kinmo_core.text import TextEncoder, TokenStateEncoder
from kinmo_htma.encoders import HTMATextEncoder
from kinmo_htma.levels import LEVELS
from kinmo_htma.model import HTMA

TEXTS = ["a person walks", "a person turns left"]


@pytest.fixture
def shipped(toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy model in the place of the shipped one."""
    monkeypatch.setattr("kinmo_htma.model.SHIPPED", tmp_path)
    (tmp_path / "cmu").symlink_to(toy_model)


def test_it_gives_the_global_level(toy_model: Path):
    encoder = HTMATextEncoder(str(toy_model))
    assert isinstance(encoder, TextEncoder)
    assert isinstance(encoder, TokenStateEncoder)
    made = encoder.encode(TEXTS)
    assert made.shape == (2, encoder.dim) == (2, 16)
    torch.testing.assert_close(made, HTMA.load(toy_model).embed_texts(TEXTS)[:, 0])
    assert encoder.encode([]).shape == (0, 16)
    with pytest.raises(InputError, match="the text is empty"):
        encoder.encode([" "])


def test_token_states_are_those_of_its_language_model(toy_model: Path):
    language = HTMA.load(toy_model).embedder.encoder
    assert isinstance(language, TokenStateEncoder)
    ours, plain = (source.token_states(TEXTS) for source in (HTMATextEncoder(str(toy_model)), language))
    for a, b in zip(ours, plain, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.usefixtures("shipped")
def test_a_name_leads_back_to_the_encoder(toy_model: Path):
    for name in ("htma", f"htma:{toy_model}", "minilm"):
        assert load_text_encoder(name).name == name
    torch.testing.assert_close(
        load_text_encoder("htma").encode(TEXTS), load_text_encoder(f"htma:{toy_model}").encode(TEXTS)
    )


def test_caches_follow_the_weights_and_not_the_name(toy_model: Path):
    encoder = HTMATextEncoder(str(toy_model))
    before = identity(encoder)
    assert before == HTMA.load(toy_model).fingerprint
    with torch.no_grad():
        next(encoder._model.text.parameters()).add_(1e-3)
    assert identity(encoder) != before
    assert identity(HashTextEncoder(8)) == HashTextEncoder(8).name


@pytest.mark.usefixtures("shipped")
def test_the_shipped_weights_are_the_default():
    assert HTMA.load().levels == tuple(LEVELS)
    assert HTMATextEncoder().name == "htma"


def test_a_package_without_weights_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kinmo_htma.model.SHIPPED", tmp_path)
    for load in (HTMA.load, HTMATextEncoder, lambda: load_text_encoder("htma")):
        with pytest.raises(InputError, match=r"has no weights of its own; name a model folder \(--model FOLDER\)"):
            load()
