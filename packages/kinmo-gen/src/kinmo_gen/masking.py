"""Which tokens training hides, and how (MoMask, Sec. 3.2)."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_gen.masked import cosine_share
from kinmo_gen.tokenizer import MAX_TOKENS

RANDOM_SHARE: Final = 0.1  # of the chosen tokens: replaced by a random one
MASK_SHARE: Final = 0.88  # of the other chosen tokens: replaced by [MASK]; the rest stays and must still be predicted


class Corrupted(NamedTuple):
    """Ids (B, N) as the model sees them, and True (B, N) where a prediction is scored."""

    ids: Tensor
    predict_mask: Tensor


def corrupt(ids: Tensor, lengths: Tensor, random: SampleRandom, *, codes: int) -> Corrupted:
    """Hide a cosine-distributed share of each row, at least one token.

    Args:
        ids: (B, N) base-layer ids.
        lengths: (B,) real tokens of each row, of which the share is taken.
        random: draws the share, then places, kinds and random ids.
        codes: size of the codebook; id `codes` is [MASK].
    """
    share = cosine_share(random.uniform())
    order, kind, value = random.uniform(3, MAX_TOKENS)[..., : ids.shape[1]].unbind(1)
    valid = valid_positions(lengths, ids.shape[1])
    hidden = (share * lengths).round().clamp(min=1)
    order_rank = order.masked_fill(~valid, 2.0).argsort(-1).argsort(-1)
    predict_mask = (order_rank < hidden[:, None]) & valid
    replaced = predict_mask & (kind < RANDOM_SHARE)
    masked = predict_mask & ~replaced & ((kind - RANDOM_SHARE) < MASK_SHARE * (1 - RANDOM_SHARE))
    shown = torch.where(replaced, (value * codes).long().clamp(max=codes - 1), ids)
    return Corrupted(torch.where(masked, codes, shown), predict_mask)
