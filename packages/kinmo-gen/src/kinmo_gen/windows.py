"""Motions of any length: a window of tokens after the other, each going on from the last tokens of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_gen.conditions import Condition, crop, stack
from kinmo_gen.masked import MaskedTransformer
from kinmo_gen.residual import ResidualTransformer
from kinmo_gen.sampling import OPEN, SamplingConfig, sample_base, sample_residual
from kinmo_gen.tokenizer import MAX_TOKENS

CARRIED: Final = 16  # tokens (3.2 s) that the next window sees of the one before


def sample_tokens(
    masked: MaskedTransformer,
    residual: ResidualTransformer | None,
    conditions: Sequence[Condition],
    lengths: Tensor,
    random: SampleRandom,
    config: SamplingConfig,
    *,
    known: Tensor | None = None,
) -> Tensor:
    """Draw the ids of all layers (B, N, Q, P), 0 past `lengths`.

    Up to `MAX_TOKENS`, as many as the networks are trained on, are drawn at once. Longer motions go on in further windows,
    whose first `CARRIED` tokens are known and over which the condition slides along.

    Args:
        masked, residual: in eval mode. Without a residual transformer, finer layers than the first get `NO_CODE`.
        conditions: of each motion, whole.
        lengths: (B,) tokens of each motion.
        random: of each motion.
        config: passes, guidance and temperature.
        known: (B, N, Q, P) ids that stay, `OPEN` where one is to be drawn; all are drawn where None.
    """
    size = (len(lengths), int(lengths.max()), 1 if residual is None else residual.layers, masked.parts)
    ids = torch.full(size, OPEN, device=lengths.device) if known is None else known.clone()
    done = 0
    while (rows := (lengths > done).nonzero()[:, 0]).numel():
        start = max(0, done - CARRIED)
        end = start + MAX_TOKENS
        sizes = lengths[rows].clamp(max=end) - start
        told = stack(
            [crop(conditions[row], float(start), size) for row, size in zip(rows.tolist(), sizes.tolist(), strict=True)]
        )
        told = told.to(ids.device)
        window = ids[rows, start : start + int(sizes.max())]
        draws = random.rows(rows)
        base = sample_base(masked, told, sizes, draws, config, known=window[:, :, 0])
        if residual is None:
            drawn = torch.cat([base[:, :, None], window[:, :, 1:]], dim=2)  # where OPEN is NO_CODE
        else:
            drawn = sample_residual(residual, base, told, sizes, draws, config, known=window)
        ids[rows, start : start + window.shape[1]] = drawn
        done = end
    return ids.masked_fill(~valid_positions(lengths, ids.shape[1])[..., None, None], 0)
