"""Gaussians in latent space, and the ACTOR-style encoder (Petrovich et al., ICCV 2021) from a sequence to Gaussians."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kinmo_core.nn import Dropout, TransformerLayer, attention_mask, sinusoidal_positions
from kinmo_htma.config import AlignmentConfig


class Gaussian(NamedTuple):
    """Mean and log-variance, each (B, K, D): a Gaussian with diagonal covariance for each of K latents."""

    mu: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Return samples (B, K, D) from standard normal noise of that shape."""
        return self.mu + (self.logvar / 2).exp() * noise


class Encoded(NamedTuple):
    """Gaussians of a sequence, and where requested the state (B, N, D) of each position."""

    gaussian: Gaussian
    states: Tensor | None


class GaussianEncoder(nn.Module):
    """A transformer with learned tokens in front of the sequence, a mean and a log-variance for each latent.

    Args:
        config: sizes.
        latents: number of Gaussians.
    """

    def __init__(self, config: AlignmentConfig, *, latents: int = 1) -> None:
        super().__init__()
        if latents < 1:
            raise ValueError(f"latents must be at least 1, got {latents}")
        self.latents = latents
        self.latent_tokens = nn.Parameter(torch.randn(2 * latents, config.dim))
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(config.dim, config.heads, config.feedforward, config.dropout) for _ in range(config.layers)
        )

    def forward(self, x: Tensor, lengths: Tensor, *, with_states: bool = False) -> Encoded:
        """Encode sequences (B, N, D) of `lengths` (B,).

        Args:
            x: (B, N, D).
            lengths: (B,) real positions of each row.
            with_states: also return the states; without them the last layer computes the learned tokens only.
        """
        x = torch.cat([self.latent_tokens.to(x).expand(len(x), -1, -1), x], dim=1)
        x = self.dropout(x + sinusoidal_positions(x.shape[1], x.shape[2]).to(x))
        mask = attention_mask(lengths + 2 * self.latents, x.shape[1])
        *first, last = self.layers
        for layer in first:
            x = layer(x, mask)
        x = last(x, mask, queries=None if with_states else 2 * self.latents)
        gaussian = Gaussian(x[:, : self.latents], x[:, self.latents : 2 * self.latents])
        return Encoded(gaussian, x[:, 2 * self.latents :] if with_states else None)
