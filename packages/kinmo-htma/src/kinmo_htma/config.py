"""Sizes and variants of the alignment's networks, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_htma.levels import LEVELS, check_levels

KEY_VALUES: Final = ("states", "mu")
DECODED: Final = ("all", "last")


@dataclass(frozen=True)
class AlignmentConfig:
    """The networks of HTMA; with the level "global" alone they are TMR's (Petrovich et al., ICCV 2023), as are the defaults.

    Args:
        text_dim: size of a word's or sentence's vector.
        levels: levels of text, each attending to the one before it.
        dim: width of the transformers and size of a latent.
        layers, heads, feedforward, dropout: of every transformer.
        cross_attention: without it every level is encoded by itself.
        key_value: what a level attends to in the level before it, its "states" or only its "mu".
        share_weights: one text encoder for all levels.
        text_norm: bring every vector of the language model to mean 0 and variance 1. Otherwise the position codes, of size
            1, dominate the much smaller components of a unit vector for hundreds of steps.
        separate_motion: one motion encoder per level instead of one for all.
        frames_per_token: frames that make one token of the motion transformers; 1 is TMR.
        decoder_layers: of the decoder; `layers` where None.
        decode: the decoder sees the latents of "all" levels together, or only of the "last".

    Raises:
        ValueError: a value out of range, which is named.
    """

    text_dim: int = 384
    levels: tuple[str, ...] = LEVELS
    dim: int = 256
    layers: int = 6
    heads: int = 4
    feedforward: int = 1024
    dropout: float = 0.1
    cross_attention: bool = True
    key_value: str = "states"
    share_weights: bool = False
    text_norm: bool = True
    separate_motion: bool = False
    frames_per_token: int = 1
    decoder_layers: int | None = None
    decode: str = "all"

    def __post_init__(self) -> None:
        check_levels(self.levels)
        _check_choice("key_value", self.key_value, KEY_VALUES)
        _check_choice("decode", self.decode, DECODED)
        for name in ("layers", "frames_per_token"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value}")
