"""Motions of any length: a window of tokens after the other, each going on from the last tokens of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from kinmo_core.nn import SampleRandom
from kinmo_gen.conditions import Condition, crop, stack
from kinmo_gen.masked import MaskedTransformer
from kinmo_gen.residual import ResidualTransformer
from kinmo_gen.sampling import SamplingConfig, sample_base, sample_residual
from kinmo_gen.tokenizer import MAX_TOKENS

CARRIED: Final = 16  # tokens (3.2 s) that the next window sees of the one before


def sample_tokens(
    masked: MaskedTransformer,
    residual: ResidualTransformer,
    conditions: Sequence[Condition],
    lengths: Tensor,
    random: SampleRandom,
    config: SamplingConfig,
) -> Tensor:
    """Draw the ids of all layers (B, N, Q, P), 0 past `lengths`.

    Up to `MAX_TOKENS`, as many as the networks are trained on, are drawn at once. Longer motions go on in further windows,
    whose first `CARRIED` tokens are known and over which the condition slides along.

    Args:
        masked, residual: in eval mode.
        conditions: of each motion, whole.
        lengths: (B,) tokens of each motion.
        random: of each motion.
        config: passes, guidance and temperature.
    """
    size = (len(lengths), int(lengths.max()), residual.layers, residual.parts)
    ids = torch.zeros(size, dtype=torch.long, device=lengths.device)
    done = 0
    while (rows := (lengths > done).nonzero()[:, 0]).numel():
        start = max(0, done - CARRIED)
        end = start + MAX_TOKENS
        sizes = lengths[rows].clamp(max=end) - start
        told = stack(
            [crop(conditions[row], float(start), size) for row, size in zip(rows.tolist(), sizes.tolist(), strict=True)]
        )
        told = told.to(ids.device)
        known = ids[rows, start:done] if done else None
        draws = random.rows(rows)
        base = sample_base(masked, told, sizes, draws, config, known=None if known is None else known[:, :, 0])
        drawn = sample_residual(residual, base, told, sizes, draws, config, known=known)
        ids[rows, start : start + drawn.shape[1]] = drawn
        done = end
    return ids
