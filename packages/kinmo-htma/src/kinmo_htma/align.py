"""Text and motion in one space: both hierarchies, and the decoder that keeps their latents about motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.errors import InputError
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.levels import LevelText
from kinmo_htma.motion import MotionDecoder, MotionEncoder
from kinmo_htma.text import TextHierarchy


class Aligned(NamedTuple):
    """What the losses compare: Gaussians, samples of them (B, levels, D), and features decoded from these (B, T, 263)."""

    text: Gaussian
    motion: Gaussian
    text_latent: Tensor
    motion_latent: Tensor
    text_features: Tensor
    motion_features: Tensor


class Alignment(nn.Module):
    """The networks of HTMA. With the one level "global" they are TMR's (Petrovich et al., ICCV 2023).

    Args:
        text_dim, levels, cross_attention, key_value, share_weights, text_norm: see `TextHierarchy`.
        dim, layers, heads, feedforward, dropout: of every transformer, see `GaussianEncoder`.
        separate_motion: a motion encoder for each level, see `MotionEncoder`.
        frames_per_token: see `MotionEncoder`.
        decoder_layers: of the decoder; as many as `layers` where None.
        decode: the decoder sees the latents of "all" levels together, or of the "last".
    """

    def __init__(
        self,
        text_dim: int = 384,
        levels: Sequence[str] = ("global", "group", "interaction"),
        *,
        dim: int = 256,
        layers: int = 6,
        heads: int = 4,
        feedforward: int = 1024,
        dropout: float = 0.1,
        cross_attention: bool = True,
        key_value: str = "states",
        share_weights: bool = False,
        text_norm: bool = True,
        separate_motion: bool = False,
        frames_per_token: int = 1,
        decoder_layers: int | None = None,
        decode: str = "all",
    ) -> None:
        super().__init__()
        if decode not in ("all", "last"):
            raise ValueError(f"decode must be all or last, got {decode}")
        self.decode = decode
        self.text = TextHierarchy(
            text_dim,
            levels,
            dim=dim,
            layers=layers,
            heads=heads,
            feedforward=feedforward,
            dropout=dropout,
            cross_attention=cross_attention,
            key_value=key_value,
            share_weights=share_weights,
            text_norm=text_norm,
        )
        self.motion = MotionEncoder(
            len(levels),
            separate=separate_motion,
            frames_per_token=frames_per_token,
            dim=dim,
            layers=layers,
            heads=heads,
            feedforward=feedforward,
            dropout=dropout,
        )
        self.decoder = MotionDecoder(
            len(levels) if decode == "all" else 1,
            frames_per_token=frames_per_token,
            dim=dim,
            layers=decoder_layers or layers,
            heads=heads,
            feedforward=feedforward,
            dropout=dropout,
        )

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of text, in the order of the latents."""
        return self.text.levels

    def forward(
        self, texts: Mapping[str, LevelText], features: Tensor, frames: Tensor, noise: Tensor | None
    ) -> Aligned:
        """Everything that training needs.

        Args:
            texts: of all levels.
            features: (B, T, 263) normalised, zero beyond `frames`.
            frames: (B,).
            noise: (B, 2, levels, D) standard normal, for the latents of text and of motion; None takes the means.
        """
        text, motion = self.text(texts), self.motion(features, frames)
        latents = [text.mu, motion.mu]
        if noise is not None:
            latents = [gaussian.sample(noise[:, i]) for i, gaussian in enumerate((text, motion))]
        shown = torch.cat(latents) if self.decode == "all" else torch.cat(latents)[:, -1:]
        decoded = self.decoder(shown, frames.repeat(2))
        return Aligned(text, motion, *latents, *decoded.chunk(2))


def check_similarity(similarity: str, levels: Sequence[str]) -> str:
    """The name of a similarity, see `retrieval_vectors`, or an `InputError` where there is none of this name."""
    if similarity not in ("mean", "last", *levels):
        raise InputError(f"similarity must be mean, last or one of {', '.join(levels)}, got {similarity}")
    return similarity


def retrieval_vectors(mu: Tensor, levels: Sequence[str], similarity: str) -> Tensor:
    """Unit vectors (N, D') whose products are the similarities.

    Args:
        mu: (N, levels, D) means of the Gaussians.
        levels: their names.
        similarity: "mean" of the levels' cosines, or the cosine at the level of this name, or at the "last".
    """
    if check_similarity(similarity, levels) == "mean":
        return (F.normalize(mu, dim=-1) / len(levels) ** 0.5).flatten(1)
    return F.normalize(mu[:, -1 if similarity == "last" else list(levels).index(similarity)], dim=-1)
