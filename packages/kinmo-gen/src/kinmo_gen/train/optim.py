"""The optimiser of all stages: AdamW, linear warm-up, then steps down (MoMask's)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn


def adamw(
    parameters: Iterable[nn.Parameter],
    *,
    learning_rate: float,
    weight_decay: float,
    warmup_steps: int,
    decay_at: Sequence[int],
    decay_by: float,
) -> Any:
    """What `configure_optimizers` returns.

    Args:
        parameters: what trains.
        learning_rate: after the warm-up.
        weight_decay: of AdamW.
        warmup_steps: the rate rises from 0 over this many steps.
        decay_at: at each of these steps the rate is multiplied by `decay_by`.
        decay_by: the factor.
    """
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, betas=(0.9, 0.99), weight_decay=weight_decay)

    def factor(step: int) -> float:
        warm = min(1.0, (step + 1) / max(1, warmup_steps))
        return warm * decay_by ** sum(step >= at for at in decay_at)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
