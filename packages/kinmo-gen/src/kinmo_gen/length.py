"""Length estimator: the number of tokens of a sentence's motion, as a distribution (MoMask's MLP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torch import Tensor, nn

from kinmo_core.errors import InputError
from kinmo_core.features import FPS
from kinmo_gen.tokenizer import DOWNSAMPLE, MAX_TOKENS

MIN_SECONDS: Final = 0.4
MAX_SECONDS: Final = 120.0  # of a motion; the estimator answers up to 9.8, as long as the clips of the training data


def tokens_of(seconds: float) -> int:
    """Round a duration to a number of tokens (0.2 s each).

    Raises:
        InputError: not between 0.4 and 120 seconds.
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise InputError(f"seconds must be between {MIN_SECONDS} and {MAX_SECONDS:g}, got {seconds:g}")
    return round(seconds * FPS / DOWNSAMPLE)


@dataclass(frozen=True)
class LengthConfig:
    """Sizes of the length estimator; the defaults are MoMask's.

    Args:
        text_dim: size of the sentence vector.
        max_tokens: number of classes minus one; class k means k tokens.
        widths: hidden layers.
        dropout: before the second and the third hidden layer.
    """

    text_dim: int = 512
    max_tokens: int = MAX_TOKENS
    widths: tuple[int, ...] = (512, 256, 128)
    dropout: float = 0.2


class LengthEstimator(nn.Module):
    """MLP on the sentence vector."""

    def __init__(self, config: LengthConfig) -> None:
        super().__init__()
        self.max_tokens = config.max_tokens
        layers: list[nn.Module] = []
        before = config.text_dim
        for number, width in enumerate(config.widths):
            if 0 < number < 3:
                layers.append(nn.Dropout(config.dropout))
            layers += [nn.Linear(before, width), nn.LayerNorm(width), nn.LeakyReLU(0.2)]
            before = width
        self.layers = nn.Sequential(*layers, nn.Linear(before, config.max_tokens + 1))

    def forward(self, text: Tensor) -> Tensor:
        """Return logits (B, max_tokens + 1) of sentence vectors (B, text_dim)."""
        return self.layers(text)
