"""Gaussians in latent space, and the ACTOR-style encoder (Petrovich et al., ICCV 2021) that turns a sequence into some."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kinmo_htma.transformer import Dropout, Layer, attention_mask, sinusoidal


class Gaussian(NamedTuple):
    """Mean and log-variance, each (B, K, D): a Gaussian with diagonal covariance for each of K latents."""

    mu: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """(B, K, D) from standard normal noise of that shape."""
        return self.mu + (self.logvar / 2).exp() * noise


class Encoded(NamedTuple):
    """What the encoder makes of a sequence: its Gaussians, and where asked for a state (B, N, D) at each position."""

    gaussian: Gaussian
    states: Tensor | None


class GaussianEncoder(nn.Module):
    """Learned tokens, a mean and a log-variance for each latent, go through a transformer in front of the sequence.

    Args:
        dim: width of the model and size of a latent.
        layers, heads, feedforward, dropout: of the transformer; the defaults here and below are TMR's.
        latents: how many Gaussians.
    """

    def __init__(
        self,
        dim: int = 256,
        *,
        layers: int = 6,
        heads: int = 4,
        feedforward: int = 1024,
        dropout: float = 0.1,
        latents: int = 1,
    ) -> None:
        super().__init__()
        if layers < 1 or latents < 1:
            raise ValueError(f"layers and latents must be at least 1, got {layers} and {latents}")
        self.latents = latents
        self.tokens = nn.Parameter(torch.randn(2 * latents, dim))
        self.drop = Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dim, heads, feedforward, dropout) for _ in range(layers))

    def forward(self, x: Tensor, lengths: Tensor, *, states: bool = False) -> Encoded:
        """Encode (B, N, D), of whose rows the first `lengths` (B,) are real; `states` asks for the states too.

        Without them the last layer works for the learned tokens only.
        """
        x = torch.cat([self.tokens.to(x).expand(len(x), -1, -1), x], dim=1)
        x = self.drop(x + sinusoidal(x.shape[1], x.shape[2]).to(x))
        mask = attention_mask(lengths + 2 * self.latents, x.shape[1])
        *most, last = self.layers
        for layer in most:
            x = layer(x, mask)
        x = last(x, mask, first=None if states else 2 * self.latents)
        gaussian = Gaussian(x[:, : self.latents], x[:, self.latents : 2 * self.latents])
        return Encoded(gaussian, x[:, 2 * self.latents :] if states else None)
