"""The networks against PyTorch's own with the same weights; padding changes nothing; which level attends to which."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.nn import CrossAttention, TransformerLayer, sinusoidal_positions
from kinmo_htma.align import Alignment, retrieval_vectors
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.gaussian import GaussianEncoder
from kinmo_htma.levels import LevelText
from kinmo_htma.motion import MotionDecoder, MotionEncoder
from kinmo_htma.text import TextHierarchy

SMALL: dict[str, Any] = {"dim": 16, "layers": 2, "heads": 2, "feedforward": 32, "dropout": 0.1}
LEVELS = ("global", "group", "interaction")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def level_text(size: int = 3, tokens: int = 5, dim: int = 12) -> LevelText:
    return LevelText(
        torch.randn(size, tokens, dim), torch.arange(tokens).expand(size, -1), torch.tensor([5, 3, 1][:size])
    )


def texts(levels: tuple[str, ...] = LEVELS) -> dict[str, LevelText]:
    return {level: level_text() for level in levels}


def copy_attention(theirs: nn.MultiheadAttention, weight: Tensor, bias: Tensor, out: nn.Linear) -> None:
    state = {"in_proj_weight": weight, "in_proj_bias": bias, "out_proj.weight": out.weight, "out_proj.bias": out.bias}
    theirs.load_state_dict(state)


def copy_layer(theirs: nn.TransformerEncoderLayer | nn.TransformerDecoderLayer, ours: TransformerLayer) -> None:
    copy_attention(
        theirs.self_attn,
        ours.self_attention.qkv_proj.weight,
        ours.self_attention.qkv_proj.bias,
        ours.self_attention.out_proj,
    )
    theirs.linear1.load_state_dict(ours.feedforward[0].state_dict())
    theirs.linear2.load_state_dict(ours.feedforward[3].state_dict())
    norms = (ours.self_attention_norm, ours.cross_attention_norm, ours.feedforward_norm)
    for number, norm in enumerate((norm for norm in norms if norm is not None), start=1):
        getattr(theirs, f"norm{number}").load_state_dict(norm.state_dict())


def test_the_encoder_is_pytorchs_with_learned_tokens_in_front():
    ours = GaussianEncoder(AlignmentConfig(**SMALL)).eval()
    theirs = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(16, 2, 32, 0.1, F.gelu, batch_first=True), 2, enable_nested_tensor=False
    ).eval()
    for layer, other in zip(ours.layers, theirs.layers, strict=True):
        assert isinstance(layer, TransformerLayer)
        assert isinstance(other, nn.TransformerEncoderLayer)
        copy_layer(other, layer)
    x, lengths = torch.randn(3, 7, 16), torch.tensor([7, 4, 1])
    sequence = torch.cat([ours.latent_tokens.expand(3, -1, -1), x], dim=1) + sinusoidal_positions(9, 16)
    padding = torch.arange(9) >= lengths[:, None] + 2
    expected = theirs(sequence, src_key_padding_mask=padding)
    made = ours(x, lengths, with_states=True)
    torch.testing.assert_close(made.gaussian.mu[:, 0], expected[:, 0])
    torch.testing.assert_close(made.gaussian.logvar[:, 0], expected[:, 1])
    assert made.states is not None
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(made.states[row, :length], expected[row, 2 : 2 + length])


@pytest.mark.parametrize("latents", [1, 3])
def test_the_decoder_is_pytorchs(latents: int):
    """With a single latent ours has no queries and keys: whatever theirs are, the weight is 1."""
    ours = MotionDecoder(AlignmentConfig(levels=LEVELS[:latents], **SMALL)).eval()
    theirs = nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 2, 32, 0.1, F.gelu, batch_first=True), 2).eval()
    for layer, other in zip(ours.layers, theirs.layers, strict=True):
        assert isinstance(layer, TransformerLayer)
        assert isinstance(other, nn.TransformerDecoderLayer)
        copy_layer(other, layer)
        cross = layer.cross_attention
        assert cross is not None
        random = [nn.Linear(16, 16), nn.Linear(16, 16)]
        query, key = cross.query_proj or random[0], cross.key_proj or random[1]
        parts = [query, key, cross.value_proj]
        weight, bias = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
        copy_attention(other.multihead_attn, weight, bias, cross.out_proj)
    memory, frames = torch.randn(3, latents, 16), torch.tensor([7, 4, 1])
    named = memory if ours.latent_embedding is None else memory + ours.latent_embedding
    queries = sinusoidal_positions(7, 16).expand(3, -1, -1)
    expected = ours.output_proj(theirs(queries, named, tgt_key_padding_mask=torch.arange(7) >= frames[:, None]))
    made = ours(memory, frames)
    for row, length in enumerate(frames.tolist()):
        torch.testing.assert_close(made[row, :length], expected[row, :length])
        assert not made[row, length:].any()


def test_the_defaults_have_tmrs_sizes():
    """4.81, 4.94 and 6.39 million parameters were counted in TMR's code. Ours has no queries and keys for the one latent of
    the memory, which get no gradient there."""
    tmr = Alignment(AlignmentConfig(768, ("global",)))
    without_gradient = 6 * 2 * (256 * 256 + 256)
    assert round(parameters(tmr.motion) / 1e6, 2) == 4.81
    assert round(parameters(tmr.text) / 1e6, 2) == 4.94
    assert round((parameters(tmr.decoder) + without_gradient) / 1e6, 2) == 6.39


def test_the_shortcut_of_the_last_layer_changes_nothing():
    encoder = GaussianEncoder(AlignmentConfig(**SMALL), latents=2).eval()
    x, lengths = torch.randn(3, 7, 16), torch.tensor([7, 4, 1])
    short, full = encoder(x, lengths), encoder(x, lengths, with_states=True)
    assert short.states is None
    torch.testing.assert_close(short.gaussian, full.gaussian)


@pytest.mark.parametrize("frames_per_token", [1, 4])
@pytest.mark.parametrize("separate", [False, True])
def test_a_motion_does_not_depend_on_its_batch(frames_per_token: int, separate: bool):
    variant: dict[str, Any] = {"separate_motion": separate, "frames_per_token": frames_per_token}
    config = AlignmentConfig(levels=LEVELS[:2], **variant, **SMALL)
    encoder = MotionEncoder(config).eval()
    clips = [torch.randn(frames, 263) for frames in (9, 6, 3)]
    together = encoder(nn.utils.rnn.pad_sequence(clips, batch_first=True), torch.tensor([9, 6, 3]))
    assert together.mu.shape == together.logvar.shape == (3, 2, 16)
    for row, clip in enumerate(clips):
        alone = encoder(clip[None], torch.tensor([len(clip)]))
        torch.testing.assert_close(together.mu[row], alone.mu[0])
        torch.testing.assert_close(together.logvar[row], alone.logvar[0])


@pytest.mark.parametrize("key_value", ["states", "mu"])
def test_a_text_does_not_depend_on_its_batch(key_value: str):
    hierarchy = TextHierarchy(AlignmentConfig(12, key_value=key_value, **SMALL)).eval()
    batch = texts()
    together = hierarchy(batch)
    for row, length in enumerate((5, 3, 1)):
        alone = hierarchy(
            {
                n: LevelText(t.states[row, None, :length], t.roles[row, None, :length], t.lengths[row, None])
                for n, t in batch.items()
            }
        )
        torch.testing.assert_close(together.mu[row], alone.mu[0])


@pytest.mark.parametrize("order", [LEVELS, LEVELS[::-1]])
@pytest.mark.parametrize("cross_attention", [True, False])
@pytest.mark.parametrize("key_value", ["states", "mu"])
def test_a_level_sees_itself_and_the_ones_before_it(order: tuple[str, ...], cross_attention: bool, key_value: str):
    config = AlignmentConfig(12, order, cross_attention=cross_attention, key_value=key_value, **SMALL)
    hierarchy = TextHierarchy(config).eval()
    batch = texts()
    before = hierarchy(batch).mu
    for changed, level in enumerate(order):
        after = hierarchy({**batch, level: level_text()}).mu
        differs = [not torch.allclose(before[:, i], after[:, i]) for i in range(3)]
        assert differs == [i == changed or (cross_attention and i > changed) for i in range(3)]


def test_the_size_of_the_language_models_vectors_does_not_matter():
    hierarchy = TextHierarchy(AlignmentConfig(12, **SMALL)).eval()
    batch = texts()
    larger = {level: text._replace(states=20 * text.states) for level, text in batch.items()}
    torch.testing.assert_close(hierarchy(batch).mu, hierarchy(larger).mu, rtol=1e-3, atol=1e-4)
    hierarchy.text_norm = False
    assert not torch.allclose(hierarchy(batch).mu, hierarchy(larger).mu, rtol=1e-1)


def test_limbs_are_told_apart():
    hierarchy = TextHierarchy(AlignmentConfig(12, ("global", "group"), **SMALL)).eval()
    batch = texts(("global", "group"))
    other = batch["group"]._replace(roles=batch["group"].roles.flip(1))
    assert not torch.allclose(hierarchy(batch).mu[:, 1], hierarchy({**batch, "group": other}).mu[:, 1])


def test_the_first_levels_can_be_encoded_alone():
    hierarchy = TextHierarchy(AlignmentConfig(12, **SMALL)).eval()
    batch = texts()
    torch.testing.assert_close(hierarchy({"global": batch["global"]}).mu, hierarchy(batch).mu[:, :1])
    with pytest.raises(
        ValueError, match=r"texts must have the first of the levels global, group, interaction, got \['group'\]"
    ):
        hierarchy({"group": batch["group"]})


def test_levels_share_weights_where_asked():
    shared, own = (TextHierarchy(AlignmentConfig(12, share_weights=share, **SMALL)) for share in (True, False))
    encoder = parameters(GaussianEncoder(AlignmentConfig(**SMALL)))
    assert parameters(own) - parameters(shared) == 2 * encoder


@pytest.mark.parametrize("decode", ["all", "last"])
@pytest.mark.parametrize("frames_per_token", [1, 4])
def test_everything_that_training_needs(decode: str, frames_per_token: int):
    config = AlignmentConfig(12, decode=decode, frames_per_token=frames_per_token, decoder_layers=1, **SMALL)
    model = Alignment(config).eval()
    features, frames = torch.randn(3, 9, 263), torch.tensor([9, 6, 3])
    noise = torch.randn(3, 2, 3, 16)
    aligned = model(texts(), features, frames, noise)
    assert aligned.text_features.shape == aligned.motion_features.shape == (3, 9, 263)
    expected = aligned.motion.mu + torch.exp(aligned.motion.logvar / 2) * noise[:, 1]
    torch.testing.assert_close(aligned.motion_latent, expected)
    means = model(texts(), features, frames, None)
    assert torch.equal(means.text_latent, means.text.mu)
    assert len(model.decoder.layers) == 1


def test_retrieval_vectors_give_the_cosines():
    text, motion = torch.randn(2, 4, 3, 8)
    by_level = torch.stack([F.normalize(text[:, i], dim=-1) @ F.normalize(motion[:, i], dim=-1).T for i in range(3)])
    expected = {"mean": by_level.mean(0), "last": by_level[2], "group": by_level[1]}
    for similarity, cosines in expected.items():
        made = [retrieval_vectors(mu, LEVELS, similarity) for mu in (text, motion)]
        torch.testing.assert_close(made[0] @ made[1].T, cosines)
        torch.testing.assert_close(made[0].norm(dim=-1), torch.ones(4))
    with pytest.raises(
        ValueError, match="similarity must be mean, last or one of global, group, interaction, got best"
    ):
        retrieval_vectors(text, LEVELS, "best")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AlignmentConfig(levels=()), "levels must be some of global, group, interaction, each once, got none"),
        (lambda: AlignmentConfig(levels=("global", "limb")), "levels must be some of .*, got global, limb"),
        (lambda: AlignmentConfig(levels=("global", "global")), "levels must be some of .*, each once"),
        (lambda: Alignment(AlignmentConfig(dim=10, heads=4)), r"dim \(10\) must be divisible by heads \(4\)"),
        (lambda: AlignmentConfig(key_value="all"), "key_value must be one of states, mu, got all"),
        (lambda: AlignmentConfig(decode="first"), "decode must be one of all, last, got first"),
        (lambda: AlignmentConfig(frames_per_token=0), "frames_per_token must be at least 1, got 0"),
        (lambda: AlignmentConfig(layers=0), "layers must be at least 1, got 0"),
        (lambda: GaussianEncoder(AlignmentConfig(), latents=0), "latents must be at least 1, got 0"),
        (lambda: CrossAttention(10, 4, single=True), r"dim \(10\) must be divisible by heads \(4\)"),
    ],
)
def test_arguments_are_checked(make: Any, message: str):
    with pytest.raises(ValueError, match=message):
        make()
