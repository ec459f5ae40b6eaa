"""Each loss against its formula written out, and what it must not depend on."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from kinmo_htma.align import Aligned
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.losses import AlignmentLoss, info_nce, kl_loss, reconstruction_loss

N, LEVELS, D, T = 5, 3, 4, 6


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def slow_info_nce(text: Tensor, motion: Tensor, temperature: float, alike: Tensor) -> float:
    """Eq. 7 of KinMo, term by term; `alike` pairs are left out of the sums."""
    total = 0.0
    for level in range(text.shape[1]):
        s = [[float(F.cosine_similarity(t, m, dim=0)) / temperature for m in motion[:, level]] for t in text[:, level]]
        for i in range(len(text)):
            kept = [j for j in range(len(text)) if j == i or not alike[i, j]]
            total += s[i][i] - math.log(sum(math.exp(s[i][j]) for j in kept))
            total += s[i][i] - math.log(sum(math.exp(s[j][i]) for j in kept))
    return -total / (2 * len(text))


@pytest.mark.parametrize("some_alike", [False, True])
def test_info_nce_is_equation_7(some_alike: bool):
    text, motion = torch.randn(2, N, LEVELS, D)
    alike = torch.eye(N, dtype=torch.bool)
    if some_alike:
        alike[0, 3] = alike[3, 0] = True
    expected = slow_info_nce(text, motion, 0.1, alike)
    assert float(info_nce(text, motion, temperature=0.1, alike=alike)) == pytest.approx(expected, rel=1e-5)


def test_a_pair_that_says_the_same_is_no_negative():
    """With every other caption alike nothing is left to contrast with."""
    text, motion = torch.randn(2, N, LEVELS, D)
    assert float(info_nce(text, motion, temperature=0.1, alike=torch.ones(N, N, dtype=torch.bool))) == 0


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


def test_the_sum_is_weighted():
    made, features, frames = aligned(), torch.randn(N, T, 7), torch.full((N,), T)
    sentence = F.normalize(torch.randn(N, 3), dim=-1)
    weights: dict[str, Any] = {"reconstruction": 2.0, "latent": 3.0, "kl": 5.0, "contrastive": 7.0}
    terms = AlignmentLoss(**weights)(made, features, frames, sentence)
    expected = sum(weight * float(terms[name]) for name, weight in weights.items())
    assert float(terms["loss"]) == pytest.approx(expected, rel=1e-5)
    latent = sum(float(F.smooth_l1_loss(made.text_latent[:, i], made.motion_latent[:, i])) for i in range(LEVELS))
    assert float(terms["latent"]) == pytest.approx(latent, rel=1e-5)


def test_captions_above_the_limit_are_no_negatives():
    made, features, frames = aligned(), torch.randn(N, T, 7), torch.full((N,), T)
    sentence = F.normalize(torch.randn(N, 3), dim=-1)
    alike = sentence @ sentence.T > 0.3
    assert alike.sum() > N
    by_mean = AlignmentLoss(alike_above=0.3)(made, features, frames, sentence)
    expected = info_nce(made.text.mu, made.motion.mu, temperature=0.1, alike=alike)
    torch.testing.assert_close(by_mean["contrastive"], expected)
    by_sample = AlignmentLoss(alike_above=0.3, contrast="sample")(made, features, frames, sentence)
    expected = info_nce(made.text_latent, made.motion_latent, temperature=0.1, alike=alike)
    torch.testing.assert_close(by_sample["contrastive"], expected)


def test_temos_has_no_contrastive_term():
    terms = AlignmentLoss(contrastive=0.0)(aligned(), torch.randn(N, T, 7), torch.full((N,), T), torch.randn(N, 3))
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
