"""RVQ-VAE motion tokenizer: 263 features per frame to ids per four frames, and back (MoMask, Sec. 3.1).

Each part of the body, one to six of them, has an encoder and a residual quantizer of its own, which see the features of its
joints alone; one decoder reads the codes of all. One part is MoMask. With six, the kinematic groups, what a limb does is in
its own ids: they can be drawn, kept and exchanged limb by limb, and one layer says as much as six of the whole body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from kinmo_core.features import DIM
from kinmo_core.stats import Statistics
from kinmo_gen.parts import PARTS, features_of
from kinmo_gen.quantizer import ResidualQuantizer

DOWNSAMPLE: Final = 4  # frames per token
MAX_TOKENS: Final = 49  # 196 frames: the longest clip that HumanML3D trains on


class Reconstruction(NamedTuple):
    """Features (B, T, 263) after the bottleneck, ids (B, T/4, Q, P), commitment loss (scalar)."""

    features: Tensor
    ids: Tensor
    commitment: Tensor


class ResidualUnit(nn.Module):
    """x + conv1(relu(dilated conv3(relu(x)))), over (B, C, T), in `parts` that do not see each other."""

    def __init__(self, width: int, dilation: int, dropout: float, parts: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation, groups=parts),
            nn.ReLU(),
            nn.Conv1d(width, width, 1, groups=parts),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Add the output of the layers to x (B, C, T)."""
        return x + self.layers(x)


def _residual_block(width: int, dropout: float, parts: int = 1) -> nn.Sequential:
    return nn.Sequential(*(ResidualUnit(width, dilation, dropout, parts) for dilation in (9, 3, 1)))


class PartConv(nn.Conv1d):
    """Convolution of features (B, 263, T) whose output channels, `width` for each part, see the features of their part."""

    mask: Tensor

    def __init__(self, parts: str, width: int) -> None:
        columns = features_of(parts)
        super().__init__(DIM, width * len(columns), 3, padding=1)
        self.register_buffer("mask", columns.float().repeat_interleave(width, dim=0)[..., None], persistent=False)
        with torch.no_grad():  # as a convolution of these features alone would be initialised
            self.weight *= self.mask * (DIM / self.mask.sum(1, keepdim=True)) ** 0.5

    def forward(self, input: Tensor) -> Tensor:
        """Convolve (B, 263, T) to (B, parts * width, T)."""
        return self._conv_forward(input, self.weight * self.mask, self.bias)


@dataclass(frozen=True)
class TokenizerConfig:
    """Sizes of the tokenizer; the defaults are MoMask's.

    Args:
        width: channels of the decoder's convolutions.
        code_dim: size of a code.
        codes: codes per layer and part.
        layers: quantizer layers, the base layer included.
        dropout: in the residual units.
        temperature: of the random choice of codes in training; 0 takes the nearest.
        decay: of the codebooks' moving averages.
        reset_below: average count of a code in a batch below which it is replaced; smaller for small batches.
        parts: what has ids of its own, a key of `PARTS`: the whole body ("one"), upper and lower body, or six groups.
        encoder_width: channels of the convolutions of each part's encoder.
    """

    width: int = 512
    code_dim: int = 512
    codes: int = 512
    layers: int = 6
    dropout: float = 0.2
    temperature: float = 0.5
    decay: float = 0.99
    reset_below: float = 1.0
    parts: str = "one"
    encoder_width: int = 512

    def __post_init__(self) -> None:
        if self.parts not in PARTS:
            raise ValueError(f"parts must be one of {', '.join(PARTS)}, got {self.parts!r}")


class Tokenizer(nn.Module):
    """Convolutional encoder, residual quantizer and convolutional decoder of **normalised** features."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.layers, self.codes, self.parts = config.layers, config.codes, PARTS[config.parts]
        parts, dropout = self.parts, config.dropout
        inner = parts * config.encoder_width
        self.encoder = nn.Sequential(
            PartConv(config.parts, config.encoder_width),
            nn.ReLU(),
            nn.Conv1d(inner, inner, 4, stride=2, padding=1, groups=parts),
            _residual_block(inner, dropout, parts),
            nn.Conv1d(inner, inner, 4, stride=2, padding=1, groups=parts),
            _residual_block(inner, dropout, parts),
            nn.Conv1d(inner, parts * config.code_dim, 3, padding=1, groups=parts),
        )
        self.quantizers = nn.ModuleList(
            ResidualQuantizer(
                config.layers,
                config.codes,
                config.code_dim,
                temperature=config.temperature,
                decay=config.decay,
                reset_below=config.reset_below,
            )
            for _ in range(parts)
        )
        width = config.width
        self.decoder = nn.Sequential(
            nn.Conv1d(parts * config.code_dim, width, 3, padding=1),
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
        latents = self._encode(features).chunk(self.parts, dim=-1)
        parts = [quantizer(latent, active=active) for quantizer, latent in zip(self.quantizers, latents, strict=True)]
        made = self._decode(torch.cat([part.values for part in parts], dim=-1))
        ids = torch.stack([part.ids for part in parts], dim=-1)
        return Reconstruction(made, ids, torch.stack([part.commitment for part in parts]).mean())

    @torch.no_grad()
    def tokenize(self, features: Tensor) -> Tensor:
        """Turn normalised features (B, T, 263) into ids (B, T // 4, Q, P); up to three frames at the end are dropped."""
        frames = features.shape[-2] // DOWNSAMPLE * DOWNSAMPLE
        latents = self._encode(features[..., :frames, :]).float().chunk(self.parts, dim=-1)
        return torch.stack([q.encode(latent) for q, latent in zip(self._quantizers(), latents, strict=True)], dim=-1)

    def detokenize(self, ids: Tensor) -> Tensor:
        """Turn ids (B, n, q, P) of the first q <= Q layers, or `NO_CODE`, into normalised features (B, 4n, 263)."""
        parts = zip(self._quantizers(), ids.unbind(-1), strict=True)
        return self._decode(torch.cat([quantizer.decode(of) for quantizer, of in parts], dim=-1))

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

    def _quantizers(self) -> list[ResidualQuantizer]:
        return [one for one in self.quantizers if isinstance(one, ResidualQuantizer)]

    def _encode(self, features: Tensor) -> Tensor:
        return self.encoder(features.transpose(-1, -2)).transpose(-1, -2)

    def _decode(self, codes: Tensor) -> Tensor:
        return self.decoder(codes.transpose(-1, -2)).transpose(-1, -2)
