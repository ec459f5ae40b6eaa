"""TMR's networks of PyTorch's own transformer layers, as its authors make theirs: what a step is compared with."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.features import DIM
from kinmo_core.nn import sinusoidal_positions, valid_positions
from kinmo_htma.align import Aligned
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.levels import LevelText

WIDTH, LAYERS, HEADS, FEEDFORWARD, DROPOUT = 256, 6, 4, 1024, 0.1


class StockEncoder(nn.Module):
    """A mean and a log-variance token in front of a sequence."""

    def __init__(self, size: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, FEEDFORWARD, DROPOUT, F.gelu, batch_first=True)
        self.enter, self.tokens = nn.Linear(size, WIDTH), nn.Parameter(torch.randn(2, WIDTH))
        self.drop = nn.Dropout(DROPOUT)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)

    def forward(self, x: Tensor, lengths: Tensor) -> Gaussian:
        """(B, N, size) to a Gaussian (B, 1, 256)."""
        x = torch.cat([self.tokens.expand(len(x), -1, -1), self.enter(x)], dim=1)
        x = self.drop(x + sinusoidal_positions(x.shape[1], WIDTH).to(x))
        x = self.layers(x, src_key_padding_mask=~valid_positions(lengths + 2, x.shape[1]))
        return Gaussian(x[:, :1], x[:, 1:2])


class StockDecoder(nn.Module):
    """Position codes that attend to a latent."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerDecoderLayer(WIDTH, HEADS, FEEDFORWARD, DROPOUT, F.gelu, batch_first=True)
        self.drop, self.layers = nn.Dropout(DROPOUT), nn.TransformerDecoder(layer, LAYERS)
        self.leave = nn.Linear(WIDTH, DIM)

    def forward(self, latent: Tensor, frames: Tensor) -> Tensor:
        """(B, 1, 256) to features (B, T, 263)."""
        valid = valid_positions(frames, int(frames.max()))
        x = self.drop(sinusoidal_positions(valid.shape[1], WIDTH).to(latent).expand(len(latent), -1, -1))
        return self.leave(self.layers(x, latent, tgt_key_padding_mask=~valid)) * valid[..., None]


class StockTMR(nn.Module):
    """As `kinmo_htma.align.Alignment` with the global level alone."""

    def __init__(self, text_dim: int) -> None:
        super().__init__()
        self.text, self.motion, self.decoder = StockEncoder(text_dim), StockEncoder(DIM), StockDecoder()

    def forward(self, texts: Mapping[str, LevelText], features: Tensor, frames: Tensor, noise: Tensor) -> Aligned:
        """As `Alignment.forward`."""
        said = texts["global"]
        text, motion = self.text(said.states, said.lengths), self.motion(features, frames)
        latents = [gaussian.sample(noise[:, i]) for i, gaussian in enumerate((text, motion))]
        return Aligned(text, motion, *latents, *(self.decoder(latent, frames) for latent in latents))
