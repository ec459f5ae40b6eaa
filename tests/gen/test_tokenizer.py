"""Shapes, consistency of its three ways in and out, and MoMask's size."""

from __future__ import annotations

import pytest
import torch

from kinmo_core.features import LAYOUT
from kinmo_core.skeleton import HUMANML3D
from kinmo_gen.parts import PARTS, features_of
from kinmo_gen.quantizer import NO_CODE
from kinmo_gen.tokenizer import Tokenizer, TokenizerConfig


def tiny(parts: str) -> TokenizerConfig:
    return TokenizerConfig(16, 8, 16, 3, dropout=0.1, parts=parts, encoder_width=8)


@pytest.fixture(scope="module", params=PARTS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """A tiny one whose codebooks have seen two batches."""
    torch.manual_seed(0)
    model = Tokenizer(tiny(request.param)).train()
    for _ in range(2):
        model(torch.randn(4, 32, 263))
    return model.eval()


@pytest.mark.parametrize("frames", [4, 32, 33, 34, 35, 196])
def test_one_token_for_every_four_whole_frames(tokenizer: Tokenizer, frames: int):
    ids = tokenizer.tokenize(torch.randn(2, frames, 263))
    assert ids.shape == (2, frames // 4, 3, tokenizer.parts)
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
        tokenizer.detokenize(tokenizer.tokenize(features)[:, :, :1]), output.features, atol=1e-5, rtol=1e-4
    )


def test_a_layer_without_a_code_adds_nothing(tokenizer: Tokenizer):
    ids = tokenizer.tokenize(torch.randn(2, 40, 263))
    coarse = ids.clone()
    coarse[:, :, 1:] = NO_CODE
    torch.testing.assert_close(tokenizer.detokenize(coarse), tokenizer.detokenize(ids[:, :, :1]), atol=1e-6, rtol=1e-5)


def test_training_reaches_encoder_and_decoder():
    model = Tokenizer(tiny("six")).train()
    output = model(torch.randn(2, 16, 263))
    (output.features.square().mean() + output.commitment).backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())


def test_the_ids_of_a_limb_are_about_its_own_joints():
    """Other features of a part change its ids and no others; exchanging its ids changes the motion."""
    torch.manual_seed(0)
    model = Tokenizer(tiny("six")).train()
    for _ in range(3):
        model(torch.randn(4, 32, 263))
    model.eval()
    features = torch.randn(1, 32, 263)
    ids = model.tokenize(features)
    for part, columns in enumerate(features_of("six")):
        other = torch.where(columns, torch.randn(1, 32, 263), features)
        changed = (model.tokenize(other) != ids).any(dim=(0, 1, 2))
        assert changed.nonzero()[:, 0].tolist() == [part]
        mixed = ids.clone()
        mixed[..., part] = model.tokenize(other)[..., part]
        assert not torch.allclose(model.detokenize(mixed), model.detokenize(ids), atol=1e-4)


@pytest.mark.parametrize("parts", PARTS)
def test_every_feature_tells_of_one_part(parts: str):
    columns = features_of(parts)
    assert columns.shape == (PARTS[parts], 263)
    assert columns.sum(0).tolist() == [1] * 263


def test_parts_hold_the_features_of_their_joints():
    torso, neck, left_arm, _, left_leg, right_leg = features_of("six")
    assert torso[:4].all()  # the path of the root goes with the pelvis
    elbow = HUMANML3D.index("left_elbow")[0]
    assert left_arm[LAYOUT["positions"]].nonzero()[:, 0].tolist()[-6:-3] == [3 * (elbow - 1) + i for i in range(3)]
    assert left_arm[LAYOUT["velocities"]].view(-1, 3).all(1).nonzero()[:, 0].tolist() == HUMANML3D.index(
        "left_collar", "left_shoulder", "left_elbow", "left_wrist"
    )
    assert neck[LAYOUT["rotations"]].sum() == 2 * 6
    assert left_leg[LAYOUT["contacts"]].tolist() == [True, True, False, False]
    assert right_leg[LAYOUT["contacts"]].tolist() == [False, False, True, True]


def test_an_unknown_division_is_named():
    with pytest.raises(ValueError, match="parts must be one of one, two, six, got 'three'"):
        TokenizerConfig(parts="three")


def test_defaults_have_the_size_of_momask():
    """SPEC D.1: 9.59 M in the encoder, 9.85 M in the decoder."""
    with torch.device("meta"):
        model = Tokenizer(TokenizerConfig())
    sizes = [sum(p.numel() for p in part.parameters()) for part in (model.encoder, model.decoder)]
    assert [round(size / 1e6, 2) for size in sizes] == [9.59, 9.85]
