"""Motion to a Gaussian for each level, and latents back to motion (ACTOR's decoder).

Which motion a level sees is not said in the paper. Here one encoder reads the motion and gives all levels their Gaussians
("shared"), or every level has an encoder of its own ("separate").
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.features import DIM
from kinmo_htma.gaussian import Gaussian, GaussianEncoder
from kinmo_htma.transformer import Dropout, Layer, attention_mask, sinusoidal, valid_positions


class MotionEncoder(nn.Module):
    """Normalised features to Gaussians.

    Args:
        latents: how many Gaussians, one a level.
        separate: an encoder for each.
        frames_per_token: so many frames make one token of the transformer; 1 is TMR.
        dim, layers, heads, feedforward, dropout: see `GaussianEncoder`.
    """

    def __init__(
        self,
        latents: int = 3,
        *,
        separate: bool = False,
        frames_per_token: int = 1,
        dim: int = 256,
        layers: int = 6,
        heads: int = 4,
        feedforward: int = 1024,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if frames_per_token < 1:
            raise ValueError(f"frames_per_token must be at least 1, got {frames_per_token}")
        self.frames_per_token = frames_per_token
        self.enter = nn.Linear(DIM * frames_per_token, dim)
        self.encoders = nn.ModuleList(
            GaussianEncoder(dim, layers=layers, heads=heads, feedforward=feedforward, dropout=dropout, latents=each)
            for each in ([1] * latents if separate else [latents])
        )

    def forward(self, features: Tensor, frames: Tensor) -> Gaussian:
        """Gaussians (B, latents, D) of (B, T, 263), of whose rows the first `frames` (B,) are real, the rest zero."""
        x = self.enter(to_tokens(features, self.frames_per_token))
        lengths = (frames + self.frames_per_token - 1) // self.frames_per_token
        mu, logvar = zip(*(encoder(x, lengths).gaussian for encoder in self.encoders), strict=True)
        return Gaussian(torch.cat(mu, dim=1), torch.cat(logvar, dim=1))


class MotionDecoder(nn.Module):
    """Latents to normalised features: position codes attend to the latents.

    Args:
        latents: how many, each of size `dim`.
        frames_per_token: see `MotionEncoder`.
        dim, layers, heads, feedforward, dropout: see `GaussianEncoder`.
    """

    def __init__(
        self,
        latents: int = 3,
        *,
        frames_per_token: int = 1,
        dim: int = 256,
        layers: int = 6,
        heads: int = 4,
        feedforward: int = 1024,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.frames_per_token = frames_per_token
        self.dim = dim
        # Attention cannot tell latents apart by themselves; a single one needs no name.
        self.names = nn.Parameter(0.02 * torch.randn(latents, dim)) if latents > 1 else None
        self.drop = Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dim, heads, feedforward, dropout, memory=latents) for _ in range(layers))
        self.leave = nn.Linear(dim, DIM * frames_per_token)

    def forward(self, latents: Tensor, frames: Tensor) -> Tensor:
        """(B, latents, D) to (B, max(frames), 263), zero beyond `frames` (B,)."""
        size = int(frames.max())
        tokens = -(-size // self.frames_per_token)
        lengths = (frames + self.frames_per_token - 1) // self.frames_per_token
        memory = latents if self.names is None else latents + self.names.to(latents)
        x = self.drop(sinusoidal(tokens, self.dim).to(working_type(latents)).expand(len(latents), -1, -1))
        mask = attention_mask(lengths, tokens)
        for layer in self.layers:
            x = layer(x, mask, memory)
        features = self.leave(x).unflatten(-1, (self.frames_per_token, DIM)).flatten(1, 2)[:, :size]
        return features * valid_positions(frames, size)[..., None]


def to_tokens(features: Tensor, frames_per_token: int) -> Tensor:
    """(B, T, F) to (B, ceil(T / n), n * F): n frames in a row side by side, the last token filled with zeros."""
    missing = -features.shape[1] % frames_per_token
    return F.pad(features, (0, 0, 0, missing)).unflatten(1, (-1, frames_per_token)).flatten(2)


def working_type(x: Tensor) -> Tensor:
    """`x` in the type that autocast multiplies in, where it is on: what grows from `x` by additions stays in it."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x
