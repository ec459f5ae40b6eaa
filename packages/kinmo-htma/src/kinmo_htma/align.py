"""Text and motion in one space: both hierarchies, and the decoder that keeps their latents about motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.errors import InputError
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.levels import LevelText
from kinmo_htma.motion import MotionDecoder, MotionEncoder
from kinmo_htma.text import TextHierarchy


class Aligned(NamedTuple):
    """Gaussians, samples of them (B, levels, D), and features decoded from the samples (B, T, 263)."""

    text: Gaussian
    motion: Gaussian
    text_latent: Tensor
    motion_latent: Tensor
    text_features: Tensor
    motion_features: Tensor


class Alignment(nn.Module):
    """The networks of HTMA: text side, motion side, decoder."""

    def __init__(self, config: AlignmentConfig) -> None:
        super().__init__()
        self.config = config
        self.text = TextHierarchy(config)
        self.motion = MotionEncoder(config)
        self.decoder = MotionDecoder(config)

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of text, in the order of the latents."""
        return self.config.levels

    def forward(
        self, texts: Mapping[str, LevelText], features: Tensor, frames: Tensor, noise: Tensor | None
    ) -> Aligned:
        """Encode texts and motions and decode both.

        Args:
            texts: of all levels.
            features: (B, T, 263) normalised, zero past `frames`.
            frames: (B,).
            noise: (B, 2, levels, D) standard normal, for the latents of text and of motion; None decodes the means.
        """
        text, motion = self.text(texts), self.motion(features, frames)
        latents = [text.mu, motion.mu]
        if noise is not None:
            latents = [gaussian.sample(noise[:, i]) for i, gaussian in enumerate((text, motion))]
        shown = torch.cat(latents) if self.config.decode == "all" else torch.cat(latents)[:, -1:]
        decoded = self.decoder(shown, frames.repeat(2))
        return Aligned(text, motion, *latents, *decoded.chunk(2))


def check_similarity(similarity: str, levels: Sequence[str]) -> str:
    """Check the name of a similarity (see `retrieval_vectors`) and return it.

    Raises:
        InputError: there is no such similarity.
    """
    if similarity not in ("mean", "last", *levels):
        raise InputError(f"similarity must be mean, last or one of {', '.join(levels)}, got {similarity}")
    return similarity


def retrieval_vectors(mu: Tensor, levels: Sequence[str], similarity: str) -> Tensor:
    """Return unit vectors (N, D') whose products are the similarities.

    Args:
        mu: (N, levels, D) means of the Gaussians.
        levels: their names.
        similarity: "mean" of the levels' cosines, or the cosine at the level of this name, or at the "last".
    """
    if check_similarity(similarity, levels) == "mean":
        return (F.normalize(mu, dim=-1) / len(levels) ** 0.5).flatten(1)
    return F.normalize(mu[:, -1 if similarity == "last" else list(levels).index(similarity)], dim=-1)
