"""Length estimator: how many tokens a sentence takes, as a distribution (MoMask's MLP)."""

from __future__ import annotations

from torch import Tensor, nn

from kinmo_core.errors import InputError
from kinmo_core.features import FPS
from kinmo_gen.tokenizer import DOWNSAMPLE

MIN_SECONDS = 0.4
MAX_SECONDS = 9.8  # 49 tokens: the longest clip that HumanML3D trains on


def tokens_of(seconds: float) -> int:
    """Number of tokens of a duration, rounded to the nearest token (0.2 s).

    Raises:
        InputError: outside 0.4 to 9.8 seconds.
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise InputError(f"seconds must be between {MIN_SECONDS} and {MAX_SECONDS}, got {seconds:g}")
    return round(seconds * FPS / DOWNSAMPLE)


class LengthEstimator(nn.Module):
    """MLP on the sentence vector.

    Args:
        text_dim: size of the sentence vector.
        max_tokens: number of classes minus one; class k means k tokens.
        widths: hidden layers.
        dropout: before the second and third of them.
    """

    def __init__(
        self,
        text_dim: int = 512,
        max_tokens: int = 49,
        *,
        widths: tuple[int, ...] = (512, 256, 128),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.max_tokens = max_tokens
        layers: list[nn.Module] = []
        before = text_dim
        for number, width in enumerate(widths):
            if 0 < number < 3:
                layers.append(nn.Dropout(dropout))
            layers += [nn.Linear(before, width), nn.LayerNorm(width), nn.LeakyReLU(0.2)]
            before = width
        self.layers = nn.Sequential(*layers, nn.Linear(before, max_tokens + 1))

    def forward(self, text: Tensor) -> Tensor:
        """Logits (B, max_tokens + 1) of sentence vectors (B, text_dim)."""
        return self.layers(text)
