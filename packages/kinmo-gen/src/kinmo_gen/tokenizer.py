"""RVQ-VAE motion tokenizer: 263 features per frame to Q ids per four frames, and back (MoMask, Sec. 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from kinmo_core.features import DIM
from kinmo_core.stats import Statistics
from kinmo_gen.quantizer import ResidualQuantizer

DOWNSAMPLE: Final = 4  # frames per token
MAX_TOKENS: Final = 49  # 196 frames: the longest clip that HumanML3D trains on


class Reconstruction(NamedTuple):
    """Features (B, T, 263) after the bottleneck, ids (B, T/4, Q), commitment loss (scalar)."""

    features: Tensor
    ids: Tensor
    commitment: Tensor


class ResidualUnit(nn.Module):
    """x + conv1(relu(dilated conv3(relu(x)))), over (B, C, T)."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation),
            nn.ReLU(),
            nn.Conv1d(width, width, 1),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add the output of the layers to x (B, C, T)."""
        return x + self.layers(x)


def _residual_block(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(*(ResidualUnit(width, dilation, dropout) for dilation in (9, 3, 1)))


@dataclass(frozen=True)
class TokenizerConfig:
    """Sizes of the tokenizer; the defaults are MoMask's.

    Args:
        width: channels of the convolutions.
        code_dim: size of a code.
        codes: codes per layer.
        layers: quantizer layers, the base layer included.
        dropout: in the residual units.
        temperature: of the random choice of codes in training; 0 takes the nearest.
        decay: of the codebooks' moving averages.
        reset_below: average count of a code in a batch below which it is replaced; smaller for small batches.
    """

    width: int = 512
    code_dim: int = 512
    codes: int = 512
    layers: int = 6
    dropout: float = 0.2
    temperature: float = 0.5
    decay: float = 0.99
    reset_below: float = 1.0


class Tokenizer(nn.Module):
    """Convolutional encoder, residual quantizer and convolutional decoder of **normalised** features."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.layers = config.layers
        width, code_dim, dropout = config.width, config.code_dim, config.dropout
        self.encoder = nn.Sequential(
            nn.Conv1d(DIM, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            _residual_block(width, dropout),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            _residual_block(width, dropout),
            nn.Conv1d(width, code_dim, 3, padding=1),
        )
        self.quantizer = ResidualQuantizer(
            config.layers,
            config.codes,
            code_dim,
            temperature=config.temperature,
            decay=config.decay,
            reset_below=config.reset_below,
        )
        self.decoder = nn.Sequential(
            nn.Conv1d(code_dim, width, 3, padding=1),
            nn.ReLU(),
            _residual_block(width, dropout),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv1d(width, width, 3, padding=1),
            _residual_block(width, dropout),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv1d(width, width, 3, padding=1),
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, DIM, 3, padding=1),
        )

    def forward(self, features: Tensor, *, active: Tensor | None = None) -> Reconstruction:
        """Reconstruct normalised features (B, T, 263), T divisible by 4, with `active` (B,) layers per sample."""
        quantized = self.quantizer(self._encode(features), active=active)
        return Reconstruction(self._decode(quantized.values), quantized.ids, quantized.commitment)

    @torch.no_grad()
    def tokenize(self, features: Tensor) -> Tensor:
        """Turn normalised features (B, T, 263) into ids (B, T // 4, Q); up to three frames at the end are dropped."""
        frames = features.shape[-2] // DOWNSAMPLE * DOWNSAMPLE
        return self.quantizer.encode(self._encode(features[..., :frames, :]).float())

    def detokenize(self, ids: Tensor) -> Tensor:
        """Turn ids (B, n, q) of the first q <= Q layers into normalised features (B, 4n, 263)."""
        return self._decode(self.quantizer.decode(ids))

    @torch.no_grad()
    def change_statistics(self, old: Statistics, new: Statistics) -> None:
        """Let features that `new` normalises mean what those of `old` meant; frames at the ends differ by the padding."""
        (first_weight, first_bias), (last_weight, last_bias) = (
            self.encoder[0].parameters(),
            self.decoder[-1].parameters(),
        )
        scale, shift = new.std / old.std, (new.mean - old.mean) / old.std  # old value = new value * scale + shift
        first_bias += torch.einsum("oik,i->o", first_weight, shift)
        first_weight *= scale[:, None]
        last_weight /= scale[:, None, None]
        last_bias.sub_(shift).div_(scale)

    def _encode(self, features: Tensor) -> Tensor:
        return self.encoder(features.transpose(-1, -2)).transpose(-1, -2)

    def _decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes.transpose(-1, -2)).transpose(-1, -2)
