"""The losses of the alignment: TMR's four (Petrovich et al., ICCV 2023), summed over the levels (KinMo, Eq. 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_htma.align import Aligned
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.transformer import valid_positions


@dataclass(frozen=True)
class AlignmentLoss:
    """Weighted sum of the four terms. Weights, temperature and limit are TMR's; contrastive = 0 is TEMOS.

    Args:
        reconstruction, latent, kl, contrastive: weights.
        temperature: divides the cosines.
        alike_above: cosine of two captions above which their pair is no negative (TMR's score of 0.8).
        contrast: what is contrasted, the "mu" that is compared in use, or the "sample" that is decoded (TMR).
    """

    reconstruction: float = 1.0
    latent: float = 1e-5
    kl: float = 1e-5
    contrastive: float = 0.1
    temperature: float = 0.1
    alike_above: float = 0.6
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
        *,
        gather: Callable[[Tensor], Tensor] = lambda rows: rows,
    ) -> dict[str, Tensor]:
        """The terms by name, and their weighted sum as "loss".

        Args:
            aligned: what the networks made.
            features: (B, T, 263) what they were shown.
            frames: (B,).
            sentence: (B, S) unit vectors of the captions.
            gather: rows of this process to those of all processes, so that each contrasts with the whole batch.
        """
        terms = {
            "reconstruction": reconstruction_loss(aligned.text_features, features, frames)
            + reconstruction_loss(aligned.motion_features, features, frames),
            "latent": per_level(F.smooth_l1_loss(aligned.text_latent, aligned.motion_latent, reduction="none")),
            "kl": kl_loss(aligned.text, aligned.motion),
        }
        if self.contrastive:
            pairs = aligned[2:4] if self.contrast == "sample" else (aligned.text.mu, aligned.motion.mu)
            text, motion, sentence = (gather(rows) for rows in (*pairs, sentence))
            alike = sentence @ sentence.T > self.alike_above
            terms["contrastive"] = info_nce(text, motion, temperature=self.temperature, alike=alike)
        loss = sum((getattr(self, name) * value for name, value in terms.items()), torch.zeros(()).to(features))
        return {"loss": loss, **terms}


def info_nce(text: Tensor, motion: Tensor, *, temperature: float, alike: Tensor | None = None) -> Tensor:
    """Eq. 7 of KinMo: symmetric cross-entropy of the cosines over temperature, mean over pairs, sum over levels.

    Args:
        text, motion: (N, levels, D); row i of one belongs to row i of the other.
        temperature: divides the cosines.
        alike: (N, N) True where two captions say the same, so that the pair is no negative.
    """
    logits = torch.einsum("ild,jld->lij", F.normalize(text, dim=-1), F.normalize(motion, dim=-1)) / temperature
    if alike is not None:
        own = torch.eye(len(text), dtype=torch.bool, device=text.device)
        logits = logits.masked_fill(alike & ~own, -torch.inf)
    right = torch.arange(len(text), device=text.device).expand(len(logits), -1)
    both = F.cross_entropy(logits.flatten(0, 1), right.flatten()) + F.cross_entropy(
        logits.mT.flatten(0, 1), right.flatten()
    )
    return both / 2 * len(logits)


def kl_loss(text: Gaussian, motion: Gaussian) -> Tensor:
    """KL(t, m) + KL(m, t) + KL(m, N(0, 1)) + KL(t, N(0, 1)), each a mean over batch and dimensions, sum over levels."""
    normal = Gaussian(torch.zeros_like(text.mu), torch.zeros_like(text.mu))
    pairs = ((text, motion), (motion, text), (motion, normal), (text, normal))
    return per_level(sum((kl_divergence(*pair) for pair in pairs), torch.zeros_like(text.mu)))


def kl_divergence(p: Gaussian, q: Gaussian) -> Tensor:
    """KL(p, q) of each dimension, (B, K, D)."""
    ratio = p.logvar - q.logvar
    return (ratio.exp() + (p.mu - q.mu).square() * (-q.logvar).exp() - 1 - ratio) / 2


def reconstruction_loss(made: Tensor, real: Tensor, frames: Tensor) -> Tensor:
    """SmoothL1 of (B, T, 263), mean over the real frames of each clip, then over clips.

    TMR divides by padded frames too, so that there a short clip counts little, and less beside a long one.
    """
    valid = valid_positions(frames, real.shape[1])[..., None]
    error = F.smooth_l1_loss(made.float(), real.float(), reduction="none") * valid
    return (error.sum((1, 2)) / (frames * real.shape[-1])).mean()


def per_level(values: Tensor) -> Tensor:
    """(B, levels, D): mean over batch and dimensions, sum over levels."""
    return values.mean((0, 2)).sum()
