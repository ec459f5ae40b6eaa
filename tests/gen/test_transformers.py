"""Masked and residual transformer, length estimator: padding, guidance, what may be seen and what not."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from conditions_of import of_text, random_condition
from torch import Tensor, nn

from kinmo_gen.conditions import Condition, concatenate
from kinmo_gen.length import LengthConfig, LengthEstimator
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.residual import ResidualConfig, ResidualTransformer, draw_layer

TRUNK: dict[str, Any] = {"dim": 16, "depth": 2, "heads": 2, "feedforward": 32, "parts": 3}


def lively(model: nn.Module) -> nn.Module:
    """Weights large enough that every input matters."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    return model.eval()


@pytest.fixture(scope="module")
def masked() -> MaskedTransformer:
    model = lively(MaskedTransformer(MaskedConfig(8, 12, 6, **TRUNK)))
    assert isinstance(model, MaskedTransformer)
    return model


@pytest.fixture(scope="module")
def residual() -> ResidualTransformer:
    model = lively(ResidualTransformer(ResidualConfig(8, 12, 6, 4, **TRUNK)))
    assert isinstance(model, ResidualTransformer)
    return model


def ids(*size: int) -> Tensor:
    return torch.randint(12, size, generator=torch.Generator().manual_seed(1))


def told(rows: int) -> Condition:
    return random_condition(rows, 8)


def test_masked_padding_changes_no_logit(masked: MaskedTransformer):
    tokens, lengths = ids(3, 9, 3), torch.tensor([9, 4, 1])
    together = masked(tokens, told(3), lengths=lengths)
    assert together.shape == (3, 9, 3, 12)
    other = tokens.clone()
    other[1, 4:] = 12
    other[2, 1:] = 0
    again = masked(other, told(3), lengths=lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = masked(tokens[row : row + 1, :length], told(3).rows(torch.tensor([row])))
        torch.testing.assert_close(together[row, :length], alone[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together[row, :length], again[row, :length], atol=1e-6, rtol=1e-5)


def test_residual_padding_changes_no_logit(residual: ResidualTransformer):
    tokens, lengths, layer = ids(3, 9, 4, 3), torch.tensor([9, 4, 1]), torch.tensor([1, 2, 3])
    together = residual(tokens, layer, told(3), lengths=lengths)
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = residual(tokens[one, :length], layer[one], told(3).rows(torch.tensor([row])))
        torch.testing.assert_close(together[row, :length], alone[0], atol=1e-5, rtol=1e-4)


def test_no_sentence_is_a_zero_prefix_although_the_layer_has_a_bias(
    masked: MaskedTransformer, residual: ResidualTransformer
):
    """As in MoMask; other rows of the batch change nothing about it."""
    said = of_text(torch.randn(1, 8))
    nothing = said.free()
    assert bool(masked.text_proj(torch.zeros(1, 8)).abs().sum() > 0)
    together = masked(ids(1, 5, 3).repeat(2, 1, 1), concatenate([said, nothing]))
    alone = masked(ids(1, 5, 3), nothing)
    torch.testing.assert_close(together[1], alone[0], atol=1e-5, rtol=1e-4)
    assert masked.cue_encoder is not None
    rows = torch.tensor([0, 13, 26])  # of each part, 12 codes and [MASK]
    with torch.no_grad():
        tokens = masked.input_proj(masked.token_embedding(ids(1, 5, 3) + rows).sum(-2)) + masked.cue_encoder(nothing, 5)
        by_hand = masked.head(masked.trunk(torch.zeros(1, 1, 16), tokens, None)).view(1, 5, 3, 12)
    torch.testing.assert_close(alone, by_hand)
    assert not torch.allclose(together[0], together[1])
    layer = torch.tensor([2])
    assert not torch.allclose(residual(ids(1, 5, 4, 3), layer, nothing), residual(ids(1, 5, 4, 3), layer, said))


def test_a_network_of_the_body_alone_hears_no_statement():
    model = lively(MaskedTransformer(MaskedConfig(8, 12, 6, levels=("body",), **TRUNK)))
    other = told(2)._replace(phrases=-told(2).phrases)
    assert torch.equal(model(ids(2, 6, 3), told(2)), model(ids(2, 6, 3), other))


def test_statements_change_both_networks(masked: MaskedTransformer, residual: ResidualTransformer):
    other = told(2)._replace(phrases=-told(2).phrases)
    layer = torch.tensor([1, 2])
    assert not torch.allclose(masked(ids(2, 6, 3), told(2)), masked(ids(2, 6, 3), other))
    assert not torch.allclose(residual(ids(2, 6, 4, 3), layer, told(2)), residual(ids(2, 6, 4, 3), layer, other))


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_residual_sees_the_layers_below_its_own_and_no_others(residual: ResidualTransformer, layer: int):
    tokens, which = ids(2, 6, 4, 3), torch.full((2,), layer)
    logits = residual(tokens, which, told(2))
    for other in range(4):
        changed = tokens.clone()
        changed[:, :, other] = (changed[:, :, other] + 1) % 12
        same = torch.allclose(residual(changed, which, told(2)), logits, atol=1e-6)
        assert same == (other >= layer)
    torch.testing.assert_close(residual(tokens[:, :, :layer], which, told(2)), logits)


def test_residual_knows_which_layer_it_predicts(residual: ResidualTransformer):
    tokens = ids(1, 6, 1, 3)
    first, second = (residual(tokens, torch.tensor([layer]), told(1)) for layer in (1, 2))
    assert not torch.allclose(first, second)


def test_each_part_is_an_input_and_an_output_of_its_own(masked: MaskedTransformer):
    """Which part says something matters, and a hidden id is told apart from a shown one."""
    tokens = torch.full((1, 6, 3), 3)
    shown = masked(tokens, told(1))
    seen = []
    for part in range(3):
        changed = tokens.clone()
        changed[..., part] = 12
        seen.append(masked(changed, told(1)))
    assert all(not torch.allclose(one, shown) for one in seen)
    assert not torch.allclose(seen[0], seen[1])
    assert not torch.allclose(shown[:, :, 0], shown[:, :, 1])


def test_positions_matter_to_tokens_and_not_to_the_prefix(masked: MaskedTransformer):
    tokens = torch.full((1, 6, 3), 3)
    logits = masked(tokens, told(1))
    assert not torch.allclose(logits[0, 0], logits[0, 5])
    prefix, embedded = torch.randn(1, 2, 16), masked.input_proj(masked.token_embedding(ids(1, 6)))
    exchanged = masked.trunk(prefix.flip(1), embedded, None)
    torch.testing.assert_close(exchanged, masked.trunk(prefix, embedded, None), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(masked.trunk(prefix, embedded.flip(1), None).flip(1), exchanged, atol=1e-3)


def test_layers_are_drawn_from_all_residual_ones_and_low_ones_more_often():
    chance = torch.arange(10_000) / 10_000
    drawn = draw_layer(chance, 6).bincount(minlength=6)
    assert drawn[0] == 0
    assert bool((drawn[1:] > 0).all())
    assert int(drawn[1]) == int(drawn.max())
    wanted = [1 + round((1 - math.cos(math.pi * u / 2)) * 4) for u in (0.0, 0.3, 0.6, 0.9, 0.999)]
    assert draw_layer(torch.tensor([0.0, 0.3, 0.6, 0.9, 0.999]), 6).tolist() == wanted
    assert draw_layer(torch.rand(50), 2).unique().tolist() == [1]


def test_length_estimator_has_a_class_for_every_length():
    model = LengthEstimator(LengthConfig(8, 49)).eval()
    assert model(told(3).text).shape == (3, 50)
    dropouts = [number for number, layer in enumerate(model.layers) if isinstance(layer, nn.Dropout)]
    assert dropouts == [3, 7]  # before the second and the third hidden layer


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"dim \(10\) must be divisible by heads \(4\)"):
        MaskedTransformer(MaskedConfig(8, 12, 6, dim=10, heads=4))
    with pytest.raises(ValueError, match="layers must be at least 2, got 1"):
        ResidualConfig(8, 12, 6, 1)


def test_defaults_have_the_size_of_momask():
    """SPEC D.2: 12.0 M without CLIP."""
    with torch.device("meta"):
        model = MaskedTransformer(MaskedConfig())
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(12.0e6, rel=0.15)
