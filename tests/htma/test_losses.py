"""Each loss against its formula written out, and what it must not depend on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from kinmo_core.nn import cosine_logits, info_nce, same_caption
from kinmo_htma.align import Aligned
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.losses import AlignmentLoss, also_right, kl_loss, reconstruction_loss

N, LEVELS, D, T = 5, 3, 4, 6


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def gaussian() -> Gaussian:
    return Gaussian(torch.randn(N, LEVELS, D), torch.randn(N, LEVELS, D))


def test_kl_is_that_of_torch_distributions():
    text, motion = gaussian(), gaussian()
    t, m = (Normal(g.mu, (g.logvar / 2).exp()) for g in (text, motion))
    normal = Normal(torch.zeros(N, LEVELS, D), torch.ones(N, LEVELS, D))
    four = (kl_divergence(t, m), kl_divergence(m, t), kl_divergence(m, normal), kl_divergence(t, normal))
    expected = sum(float(term[:, level].mean()) for term in four for level in range(LEVELS))
    assert float(kl_loss(text, motion)) == pytest.approx(expected, rel=1e-5)


def test_reconstruction_does_not_depend_on_padding():
    frames = torch.tensor([6, 4, 2, 1, 6])
    real, made = torch.randn(2, N, T, 7)
    clips = [F.smooth_l1_loss(made[i, :n], real[i, :n]) for i, n in enumerate(frames.tolist())]
    expected = float(torch.stack(clips).mean())
    longer = [F.pad(x, (0, 0, 0, 3), value=9.0) for x in (made, real)]
    assert float(reconstruction_loss(made, real, frames)) == pytest.approx(expected, rel=1e-5)
    assert float(reconstruction_loss(longer[0], longer[1], frames)) == pytest.approx(expected, rel=1e-5)


def test_at_equal_lengths_it_is_tmrs():
    real, made = torch.randn(2, N, T, 7)
    made_loss = reconstruction_loss(made, real, torch.full((N,), T))
    torch.testing.assert_close(made_loss, F.smooth_l1_loss(made, real))


def aligned() -> Aligned:
    latents, decoded = torch.randn(2, N, LEVELS, D), torch.randn(2, N, T, 7)
    return Aligned(gaussian(), gaussian(), latents[0], latents[1], decoded[0], decoded[1])


NO_TWINS = (torch.arange(N), torch.ones(N, LEVELS, dtype=torch.bool))


def test_the_sum_is_weighted():
    made, features, frames = aligned(), torch.randn(N, T, 7), torch.full((N,), T)
    sentence = F.normalize(torch.randn(N, 3), dim=-1)
    weights: dict[str, Any] = {"reconstruction": 2.0, "latent": 3.0, "kl": 5.0, "contrastive": 7.0}
    terms = AlignmentLoss(**weights)(made, features, frames, sentence, *NO_TWINS)
    expected = sum(weight * float(terms[name]) for name, weight in weights.items())
    assert float(terms["loss"]) == pytest.approx(expected, rel=1e-5)
    latent = sum(float(F.smooth_l1_loss(made.text_latent[:, i], made.motion_latent[:, i])) for i in range(LEVELS))
    assert float(terms["latent"]) == pytest.approx(latent, rel=1e-5)


def test_captions_above_the_threshold_are_not_negatives():
    made, features, frames = aligned(), torch.randn(N, T, 7), torch.full((N,), T)
    sentence = F.normalize(torch.randn(N, 3), dim=-1)
    same = same_caption(sentence, 0.3)
    assert same.sum() > N
    by_mean = AlignmentLoss(same_above=0.3)(made, features, frames, sentence, *NO_TWINS)
    expected = info_nce(cosine_logits(made.text.mu, made.motion.mu, temperature=0.1), same=same).sum()
    torch.testing.assert_close(by_mean["contrastive"], expected)
    by_sample = AlignmentLoss(same_above=0.3, contrast="sample")(made, features, frames, sentence, *NO_TWINS)
    expected = info_nce(cosine_logits(made.text_latent, made.motion_latent, temperature=0.1), same=same).sum()
    torch.testing.assert_close(by_sample["contrastive"], expected)


def test_a_mirrored_copy_is_a_negative_where_the_text_tells_sides_and_only_there():
    clips = torch.tensor([0, 0, 1, 2])
    sided = torch.tensor([[False, True], [True, True], [False, False], [False, False]])
    alike = torch.ones(4, 4, dtype=torch.bool)
    right = also_right(alike, clips, sided)
    assert right.shape == (2, 4, 4)
    assert right[0, 0, 1]
    assert not right[0, 1, 0]
    assert not right[1, 0, 1]
    assert not right[1, 1, 0]
    assert right[:, 2:].all()
    assert right[:, :, 2:].all()
    assert not also_right(~alike, clips, sided)[:, 2:, :2].any()


def test_temos_has_no_contrastive_term():
    terms = AlignmentLoss(contrastive=0.0)(
        aligned(), torch.randn(N, T, 7), torch.full((N,), T), torch.randn(N, 3), *NO_TWINS
    )
    assert set(terms) == {"loss", "reconstruction", "latent", "kl"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": 0.0}, "temperature must be positive, got 0.0"),
        ({"contrast": "z"}, "contrast must be sample or mu"),
    ],
)
def test_values_are_checked(values: dict, message: str):
    with pytest.raises(ValueError, match=message):
        AlignmentLoss(**values)
