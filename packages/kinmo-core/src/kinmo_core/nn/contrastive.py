"""InfoNCE between texts and motions, in both directions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(logits: Tensor, *, same: Tensor | None = None) -> Tensor:
    """Symmetric cross-entropy of the matching pairs, mean over pairs and both directions (KinMo Eq. 7).

    Args:
        logits: (..., N, N) similarity of text i with motion j, divided by the temperature; pair i, i belongs together.
        same: (N, N) or (..., N, N) True where motion j is right for text i too, so that their pair is not a negative.

    Returns:
        (...,).
    """
    own = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    if same is not None:
        logits = logits.masked_fill(same & ~own, -torch.inf)
    both = logits.log_softmax(-1).diagonal(dim1=-2, dim2=-1) + logits.log_softmax(-2).diagonal(dim1=-2, dim2=-1)
    return -both.mean(-1) / 2


def same_caption(sentences: Tensor, threshold: float) -> Tensor:
    """Return (N, N), True where two sentence vectors (N, D) of unit length have a cosine above the threshold."""
    return sentences @ sentences.T > threshold


def cosine_logits(text: Tensor, motion: Tensor, *, temperature: float) -> Tensor:
    """Return cosines over temperature (K, N, N) of N texts and motions (N, K, D) at K levels."""
    cosines = torch.einsum("ikd,jkd->kij", F.normalize(text, dim=-1), F.normalize(motion, dim=-1))
    return cosines / temperature
