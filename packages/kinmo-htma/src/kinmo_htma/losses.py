"""The losses of the alignment: TMR's four (Petrovich et al., ICCV 2023), summed over the levels (KinMo, Eq. 7)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.nn import cosine_logits, gather_rows, info_nce, same_caption, valid_positions
from kinmo_htma.align import Aligned
from kinmo_htma.gaussian import Gaussian


@dataclass(frozen=True)
class AlignmentLoss:
    """Weighted sum of the four terms; the defaults are TMR's, and contrastive = 0 is TEMOS.

    Args:
        reconstruction, latent, kl, contrastive: weights.
        temperature: divides the cosines.
        same_above: cosine of two captions above which their pair is not a negative (TMR's score of 0.8).
        contrast: contrast the "mu", which retrieval compares, or the "sample", which is decoded (TMR).
    """

    reconstruction: float = 1.0
    latent: float = 1e-5
    kl: float = 1e-5
    contrastive: float = 0.1
    temperature: float = 0.1
    same_above: float = 0.6
    contrast: str = "mu"

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")
        if self.contrast not in ("sample", "mu"):
            raise ValueError(f"contrast must be sample or mu, got {self.contrast}")

    def __call__(
        self,
        aligned: Aligned,
        features: Tensor,
        frames: Tensor,
        sentence: Tensor,
        clips: Tensor,
        sided: Tensor,
    ) -> dict[str, Tensor]:
        """Return the terms by name, and their weighted sum as "loss", over the batches of all processes.

        Args:
            aligned: output of the networks.
            features: (B, T, 263) input of the networks.
            frames: (B,).
            sentence: (B, S) unit vectors of the captions.
            clips: (B,) numbers that only a motion and its mirrored copy share.
            sided: (B, levels) True where a text tells its motion from the mirrored copy.
        """
        terms = {
            "reconstruction": reconstruction_loss(aligned.text_features, features, frames)
            + reconstruction_loss(aligned.motion_features, features, frames),
            "latent": per_level(F.smooth_l1_loss(aligned.text_latent, aligned.motion_latent, reduction="none")),
            "kl": kl_loss(aligned.text, aligned.motion),
        }
        if self.contrastive:
            pairs = aligned[2:4] if self.contrast == "sample" else (aligned.text.mu, aligned.motion.mu)
            text, motion, sentence, clips, sided = (gather_rows(rows) for rows in (*pairs, sentence, clips, sided))
            logits = cosine_logits(text, motion, temperature=self.temperature)
            same = also_right(same_caption(sentence, self.same_above), clips, sided)
            terms["contrastive"] = info_nce(logits, same=same).sum()
        loss = sum((getattr(self, name) * value for name, value in terms.items()), torch.zeros(()).to(features))
        return {"loss": loss, **terms}


def also_right(same: Tensor, clips: Tensor, sided: Tensor) -> Tensor:
    """Return (levels, N, N), True where motion j is right for text i and so is not its negative.

    Two captions may be alike to the language model and still tell left from right, so that similarity says nothing about a
    motion and its mirrored copy: here the text itself decides, level by level.

    Args:
        same: (N, N) True where two captions say the same.
        clips, sided: see `AlignmentLoss`.
    """
    twins = clips[:, None] == clips
    return torch.where(twins, ~sided.T[..., None], same)


def kl_loss(text: Gaussian, motion: Gaussian) -> Tensor:
    """Return KL(t, m) + KL(m, t) + KL(m, N(0, 1)) + KL(t, N(0, 1)), mean over batch and dimensions, sum over levels."""
    normal = Gaussian(torch.zeros_like(text.mu), torch.zeros_like(text.mu))
    pairs = ((text, motion), (motion, text), (motion, normal), (text, normal))
    return per_level(sum((kl_divergence(*pair) for pair in pairs), torch.zeros_like(text.mu)))


def kl_divergence(p: Gaussian, q: Gaussian) -> Tensor:
    """Return KL(p, q) of each dimension, (B, K, D)."""
    ratio = p.logvar - q.logvar
    return (ratio.exp() + (p.mu - q.mu).square() * (-q.logvar).exp() - 1 - ratio) / 2


def reconstruction_loss(made: Tensor, real: Tensor, frames: Tensor) -> Tensor:
    """Return SmoothL1 of (B, T, 263), mean over the real frames of each clip, then over clips.

    TMR also divides by padded frames, which gives a short clip little weight, and less beside a long one.
    """
    valid = valid_positions(frames, real.shape[1])[..., None]
    error = F.smooth_l1_loss(made.float(), real.float(), reduction="none") * valid
    return (error.sum((1, 2)) / (frames * real.shape[-1])).mean()


def per_level(values: Tensor) -> Tensor:
    """Average (B, levels, D) over batch and dimensions and sum over levels."""
    return values.mean((0, 2)).sum()
