"""Shapes, consistency of its three ways in and out, and MoMask's size."""

from __future__ import annotations

import pytest
import torch

from kinmo_gen.tokenizer import Tokenizer, TokenizerConfig


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A tiny one whose codebooks have seen two batches."""
    torch.manual_seed(0)
    model = Tokenizer(TokenizerConfig(16, 8, 16, 3, dropout=0.1)).train()
    for _ in range(2):
        model(torch.randn(4, 32, 263))
    return model.eval()


@pytest.mark.parametrize("frames", [4, 32, 33, 34, 35, 196])
def test_one_token_for_every_four_whole_frames(tokenizer: Tokenizer, frames: int):
    ids = tokenizer.tokenize(torch.randn(2, frames, 263))
    assert ids.shape == (2, frames // 4, 3)
    assert 0 <= int(ids.min()) <= int(ids.max()) < 16
    assert tokenizer.detokenize(ids).shape == (2, frames // 4 * 4, 263)


def test_frames_that_fill_no_token_are_dropped(tokenizer: Tokenizer):
    features = torch.randn(1, 35, 263)
    assert torch.equal(tokenizer.tokenize(features), tokenizer.tokenize(features[:, :32]))


def test_detokenize_after_tokenize_is_forward_in_evaluation(tokenizer: Tokenizer):
    features = torch.randn(2, 40, 263)
    output = tokenizer(features)
    assert torch.equal(tokenizer.tokenize(features), output.ids)
    torch.testing.assert_close(tokenizer.detokenize(output.ids), output.features, atol=1e-5, rtol=1e-4)


def test_the_first_layers_alone_can_be_decoded(tokenizer: Tokenizer):
    features = torch.randn(2, 40, 263)
    output = tokenizer(features, active=torch.tensor([1, 1]))
    torch.testing.assert_close(
        tokenizer.detokenize(tokenizer.tokenize(features)[..., :1]), output.features, atol=1e-5, rtol=1e-4
    )


def test_training_reaches_encoder_and_decoder(tokenizer: Tokenizer):
    model = Tokenizer(TokenizerConfig(16, 8, 16, 3)).train()
    output = model(torch.randn(2, 16, 263))
    (output.features.square().mean() + output.commitment).backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())
    del tokenizer


def test_defaults_have_the_size_of_momask():
    """SPEC D.1: 9.59 M in the encoder, 9.85 M in the decoder."""
    with torch.device("meta"):
        model = Tokenizer(TokenizerConfig())
    sizes = [sum(p.numel() for p in part.parameters()) for part in (model.encoder, model.decoder)]
    assert [round(size / 1e6, 2) for size in sizes] == [9.59, 9.85]
