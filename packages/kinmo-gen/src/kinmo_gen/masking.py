"""Which tokens are hidden: the cosine schedule of MaskGIT and the corruption that training uses (MoMask, Sec. 3.2)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

RANDOM_SHARE = 0.1  # of the chosen tokens: replaced by a random one
MASK_SHARE = 0.88  # of the others: replaced by [MASK]; the rest stays and must still be predicted


class Corrupted(NamedTuple):
    """Ids (B, N) as the model sees them, and where it is asked (B, N)."""

    ids: Tensor
    asked: Tensor


def cosine_share(progress: Tensor) -> Tensor:
    """Share of tokens hidden at `progress` in [0, 1]: all at 0, none at 1."""
    return torch.cos(progress * (math.pi / 2))


def valid_positions(lengths: Tensor, size: int) -> Tensor:
    """(B, size), True in the first `lengths` (B,) positions."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def corrupt(ids: Tensor, lengths: Tensor, chance: Tensor, noise: Tensor, *, codes: int) -> Corrupted:
    """Hide a cosine-distributed share of each row, at least one token.

    Args:
        ids: (B, N) base-layer ids.
        lengths: (B,) real tokens of each row; the share is taken of these.
        chance: (B,) uniform numbers that decide the share.
        noise: (B, 3, N) uniform numbers that decide places, kinds and random ids.
        codes: size of the codebook; id `codes` is [MASK].
    """
    order, kind, value = noise.unbind(1)
    valid = valid_positions(lengths, ids.shape[1])
    hidden = (cosine_share(chance) * lengths).round().clamp(min=1)
    rank = order.masked_fill(~valid, 2.0).argsort(-1).argsort(-1)
    asked = (rank < hidden[:, None]) & valid
    random = asked & (kind < RANDOM_SHARE)
    masked = asked & ~random & ((kind - RANDOM_SHARE) < MASK_SHARE * (1 - RANDOM_SHARE))
    shown = torch.where(random, (value * codes).long().clamp(max=codes - 1), ids)
    return Corrupted(torch.where(masked, codes, shown), asked)
