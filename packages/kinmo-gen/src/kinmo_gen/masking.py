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
    """Ids (B, N, P) as the model sees them, and True (B, N, P) where a prediction is scored."""

    ids: Tensor
    predict_mask: Tensor


def corrupt(ids: Tensor, lengths: Tensor, random: SampleRandom, *, codes: int) -> Corrupted:
    """Hide a cosine-distributed share of the ids of each row, at least one.

    Among several parts, what is hidden gathers in some of them, more or less by chance: while sampling, a limb that rests is
    soon known and one that moves is not.

    Args:
        ids: (B, N, P) base-layer ids.
        lengths: (B,) real tokens of each row, of which the share is taken.
        random: draws the share, then how much each part is preferred, places, kinds and random ids.
        codes: size of the codebook; id `codes` is [MASK].
    """
    size, parts = ids.shape[1:]
    share = cosine_share(random.uniform())
    preferred = (random.uniform(1, 1) * random.uniform(1, parts)) if parts > 1 else 0.0
    order, kind, value = random.uniform(3, MAX_TOKENS, parts)[:, :, :size].unbind(1)
    valid = valid_positions(lengths, size)[..., None].expand(ids.shape)
    hidden = (share * lengths * parts).round().clamp(min=1)
    order_rank = (order + preferred).masked_fill(~valid, 3.0).flatten(1).argsort(-1).argsort(-1).view(ids.shape)
    predict_mask = (order_rank < hidden[:, None, None]) & valid
    replaced = predict_mask & (kind < RANDOM_SHARE)
    masked = predict_mask & ~replaced & ((kind - RANDOM_SHARE) < MASK_SHARE * (1 - RANDOM_SHARE))
    shown = torch.where(replaced, (value * codes).long().clamp(max=codes - 1), ids)
    return Corrupted(torch.where(masked, codes, shown), predict_mask)
