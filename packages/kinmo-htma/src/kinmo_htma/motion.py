"""Motion to a Gaussian per level, and latents back to motion (ACTOR's decoder).

The paper does not say which motion a level sees. Here one encoder reads the motion and gives all levels their Gaussians, or
every level has an encoder of its own (`separate_motion`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.features import DIM
from kinmo_core.nn import Dropout, TransformerLayer, attention_mask, sinusoidal_positions, valid_positions
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.gaussian import Gaussian, GaussianEncoder


class MotionEncoder(nn.Module):
    """Normalised features to a Gaussian per level."""

    def __init__(self, config: AlignmentConfig) -> None:
        super().__init__()
        levels = len(config.levels)
        self.frames_per_token = config.frames_per_token
        self.input_proj = nn.Linear(DIM * config.frames_per_token, config.dim)
        self.encoders = nn.ModuleList(
            GaussianEncoder(config, latents=latents)
            for latents in ([1] * levels if config.separate_motion else [levels])
        )

    def forward(self, features: Tensor, frames: Tensor) -> Gaussian:
        """Encode features (B, T, 263), zero past `frames` (B,), as Gaussians (B, levels, D)."""
        x = self.input_proj(to_tokens(features, self.frames_per_token))
        lengths = (frames + self.frames_per_token - 1) // self.frames_per_token
        mu, logvar = zip(*(encoder(x, lengths).gaussian for encoder in self.encoders), strict=True)
        return Gaussian(torch.cat(mu, dim=1), torch.cat(logvar, dim=1))


class MotionDecoder(nn.Module):
    """Latents to normalised features: position codes that attend to the latents."""

    def __init__(self, config: AlignmentConfig) -> None:
        super().__init__()
        latents = len(config.levels) if config.decode == "all" else 1
        dim = config.dim
        self.frames_per_token = config.frames_per_token
        self.dim = dim
        # Attention does not see the order of the latents, so each gets an embedding; a single one needs none.
        self.latent_embedding = nn.Parameter(0.02 * torch.randn(latents, dim)) if latents > 1 else None
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(dim, config.heads, config.feedforward, config.dropout, memory_tokens=latents)
            for _ in range(config.decoder_layers or config.layers)
        )
        self.output_proj = nn.Linear(dim, DIM * config.frames_per_token)

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        """Decode latents (B, K, D) to features (B, max(frames), 263), zero past `frames` (B,)."""
        size = int(frames.max())
        tokens = -(-size // self.frames_per_token)
        lengths = (frames + self.frames_per_token - 1) // self.frames_per_token
        memory = latents if self.latent_embedding is None else latents + self.latent_embedding.to(latents)
        positions = sinusoidal_positions(tokens, self.dim).to(to_autocast_type(latents))
        x = self.dropout(positions.expand(len(latents), -1, -1))
        mask = attention_mask(lengths, tokens)
        for layer in self.layers:
            x = layer(x, mask, memory)
        features = self.output_proj(x).unflatten(-1, (self.frames_per_token, DIM)).flatten(1, 2)[:, :size]
        return features * valid_positions(frames, size)[..., None]


def to_tokens(features: Tensor, frames_per_token: int) -> Tensor:
    """Reshape (B, T, F) to (B, ceil(T / n), n * F): n frames side by side, the last token filled with zeros."""
    missing = -features.shape[1] % frames_per_token
    return F.pad(features, (0, 0, 0, missing)).unflatten(1, (-1, frames_per_token)).flatten(2)


def to_autocast_type(x: Tensor) -> Tensor:
    """Cast to the type of autocast's matrix products where autocast is on, so that residual sums stay in that type."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x
