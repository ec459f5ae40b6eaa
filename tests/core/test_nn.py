"""Shared layers against PyTorch's own with the same weights, InfoNCE against its formula, random numbers by sample."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from kinmo_core.nn import (
    Dropout,
    SampleRandom,
    TransformerLayer,
    cosine_logits,
    gather_rows,
    info_nce,
    init_weights,
    same_caption,
    sinusoidal_positions,
    valid_positions,
)
from kinmo_core.nn.transformer import attend


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class TestDropout:
    def test_a_share_is_dropped_and_the_rest_scaled(self):
        x = torch.ones(400, 503)
        made = Dropout(0.1)(x)
        dropped = (made == 0).float().mean()
        assert float(dropped) == pytest.approx(26 / 256, abs=0.003)
        assert float(made.max()) == pytest.approx(256 / 230)
        assert float(made.mean()) == pytest.approx(1, abs=0.01)

    def test_neighbours_are_dropped_independently(self):
        kept = (Dropout(0.5)(torch.ones(2**16)) > 0).float() - 0.5
        for distance in (1, 2, 7, 8):
            assert abs(float((kept[distance:] * kept[:-distance]).mean())) < 0.01

    def test_it_does_nothing_in_evaluation_or_at_zero(self):
        x = torch.randn(5)
        assert torch.equal(Dropout(0.5).eval()(x), x)
        assert torch.equal(Dropout(0.0)(x), x)

    def test_gradients_go_through_what_is_kept(self):
        x = torch.ones(1000, dtype=torch.bfloat16, requires_grad=True)
        made = Dropout(0.5)(x)
        made.sum().backward()
        assert x.grad is not None
        assert torch.equal(x.grad, made.detach())

    @pytest.mark.parametrize("p", [-0.1, 1.0])
    def test_a_share_out_of_range_is_named(self, p: float):
        with pytest.raises(ValueError, match=f"dropout must be at least 0 and below 1, got {p}"):
            Dropout(p)


@pytest.mark.parametrize("attention_dropout", [0.0, 0.3])
def test_a_layer_is_pytorchs(attention_dropout: float):
    ours = TransformerLayer(16, 4, 32, 0.2, attention_dropout=attention_dropout).eval()
    theirs = nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", batch_first=True)  # in training mode: no fused kernel
    state = {
        "self_attn.in_proj_weight": ours.self_attention.qkv_proj.weight,
        "self_attn.in_proj_bias": ours.self_attention.qkv_proj.bias,
        "self_attn.out_proj.weight": ours.self_attention.out_proj.weight,
        "self_attn.out_proj.bias": ours.self_attention.out_proj.bias,
    }
    parts = {
        "linear1": ours.feedforward[0],
        "linear2": ours.feedforward[3],
        "norm1": ours.self_attention_norm,
        "norm2": ours.feedforward_norm,
    }
    state |= {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    theirs.load_state_dict(state)
    x, valid = torch.randn(2, 7, 16), valid_positions(torch.tensor([7, 4]), 7)
    expected = theirs(x, src_key_padding_mask=~valid)
    made = ours(x, valid[:, None, None])
    torch.testing.assert_close(made[valid], expected[valid], atol=1e-5, rtol=1e-4)


def test_attention_dropout_acts_in_training_only():
    layer = TransformerLayer(16, 4, 32, 0.0, attention_dropout=0.5)
    x = torch.randn(2, 7, 16)
    assert not torch.allclose(layer(x, None), layer(x, None))
    layer.eval()
    assert torch.equal(layer(x, None), layer(x, None))


def test_products_in_bfloat16_are_the_fused_attention():
    q, k, v = torch.randn(3, 2, 4, 6, 8, dtype=torch.bfloat16)
    mask = (torch.arange(6) < torch.tensor([6, 2])[:, None])[:, None, None]
    for chosen in (None, mask):
        expected = F.scaled_dot_product_attention(q, k, v, chosen).transpose(1, 2).flatten(2)
        torch.testing.assert_close(attend(q, k, v, chosen), expected, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("memory_tokens", [0, 1, 3])
def test_the_first_queries_alone_are_those_of_the_whole(memory_tokens: int):
    layer = TransformerLayer(16, 4, 32, 0.0, memory_tokens=memory_tokens).eval()
    x, memory = torch.randn(2, 7, 16), torch.randn(2, memory_tokens, 16) if memory_tokens else None
    torch.testing.assert_close(layer(x, None, memory, queries=2), layer(x, None, memory)[:, :2])


def test_position_codes_are_sines_and_cosines():
    codes = sinusoidal_positions(5, 6)
    for position in range(5):
        for pair in range(3):
            angle = position / 10_000 ** (2 * pair / 6)
            assert codes[position, 2 * pair] == pytest.approx(math.sin(angle), abs=1e-5)
            assert codes[position, 2 * pair + 1] == pytest.approx(math.cos(angle), abs=1e-5)


def test_initial_weights():
    linear, table = nn.Linear(100, 100), nn.Embedding(100, 100)
    for part in (linear, table):
        init_weights(part)
        assert float(part.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    assert not bool(linear.bias.any())


# InfoNCE


def slow_info_nce(logits: Tensor, same: Tensor) -> float:
    """Eq. 7 of KinMo, term by term, for one level; `same` pairs are left out of the sums."""
    total, size, s = 0.0, len(logits), logits.tolist()
    for i in range(size):
        kept = [j for j in range(size) if j == i or not same[i, j]]
        total += s[i][i] - math.log(sum(math.exp(s[i][j]) for j in kept))
        total += s[i][i] - math.log(sum(math.exp(s[j][i]) for j in kept))
    return -total / (2 * size)


@pytest.mark.parametrize("some_same", [False, True])
def test_info_nce_is_equation_7(some_same: bool):
    logits = 3 * torch.randn(4, 5, 5)
    same = torch.eye(5, dtype=torch.bool)
    if some_same:
        same[0, 3] = same[3, 0] = True
    expected = torch.tensor([slow_info_nce(level, same) for level in logits])
    torch.testing.assert_close(info_nce(logits, same=same), expected)
    if not some_same:
        torch.testing.assert_close(info_nce(logits), expected)


def test_info_nce_is_zero_and_finite_where_every_caption_says_the_same():
    logits = torch.randn(4, 4, requires_grad=True)
    loss = info_nce(logits, same=torch.ones(4, 4, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_cosine_logits_are_those_of_every_level():
    text, motion = torch.randn(2, 5, 3, 4)
    made = cosine_logits(text, motion, temperature=0.1)
    assert made.shape == (3, 5, 5)
    expected = F.cosine_similarity(text[1, 2], motion[4, 2], dim=0) / 0.1
    torch.testing.assert_close(made[2, 1, 4], expected)


def test_captions_are_the_same_above_the_threshold():
    vectors = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.5], [0.0, 1.0]]), dim=-1)
    assert same_caption(vectors, 0.8).tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_one_process_gathers_its_own_rows():
    rows = torch.randn(3, 2, requires_grad=True)
    assert gather_rows(rows) is rows


# Random numbers


SEEDS = st.lists(st.integers(0, 2**62), min_size=2, max_size=5)


@given(SEEDS)
def test_a_sample_draws_the_same_numbers_in_any_batch(seeds: list[int]):
    together = SampleRandom(torch.tensor(seeds))
    first, second = together.uniform(3), together.normal(2, 2)
    for row, seed in enumerate(seeds):
        alone = SampleRandom(torch.tensor([seed]))
        assert torch.equal(alone.uniform(3)[0], first[row])
        assert torch.equal(alone.normal(2, 2)[0], second[row])


def test_samples_and_draws_differ():
    random = SampleRandom(torch.arange(1000))
    first, second = random.uniform(), random.uniform()
    assert first.shape == (1000,)
    assert len(first.unique()) > 990
    assert not torch.equal(first, second)
    assert float(first.mean()) == pytest.approx(0.5, abs=0.03)
    normal = random.normal(4)
    assert float(normal.std()) == pytest.approx(1, abs=0.05)
