"""Base of all LightningModules: AdamW with warm-up and steps down, and plain hyper-parameters in the checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler

from kinmo_core.errors import InputError
from kinmo_core.model_folder import to_dict
from kinmo_core.stats import Statistics


@dataclass(frozen=True)
class OptimConfig:
    """AdamW and its learning rate over time.

    Args:
        learning_rate: after the warm-up.
        weight_decay: of AdamW.
        warmup_steps: steps over which the rate rises from 0.
        decay_at: steps at which the rate is multiplied by `decay_by`.
        decay_by: factor of each decay.
        betas: of AdamW; the default is MoMask's.
    """

    learning_rate: float = 2e-4
    weight_decay: float = 0.0
    warmup_steps: int = 0
    decay_at: tuple[int, ...] = ()
    decay_by: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)

    def __post_init__(self) -> None:
        for name in ("learning_rate", "weight_decay", "warmup_steps", "decay_by"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name} must be a number of at least 0, got {getattr(self, name)}")


class Stage(L.LightningModule):
    """A network in training.

    Args:
        optim: optimiser.
        statistics: of the features that the network sees, for the checkpoint; None where it sees none. The command line
            takes them from the data module.
        configs: the other configurations, saved as hyper-parameters under these names; `network` is the network's.
    """

    def __init__(self, optim: OptimConfig, *, statistics: Statistics | None = None, **configs: Any) -> None:
        super().__init__()
        self.optim = optim
        self.statistics = statistics
        values = {
            name: value if isinstance(value, str | int | float) else to_dict(value) for name, value in configs.items()
        }
        self.save_hyperparameters({**values, "optim": to_dict(optim)})

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make AdamW and its schedule."""
        optim = self.optim
        trained = [weight for weight in self.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(
            trained, lr=optim.learning_rate, betas=optim.betas, weight_decay=optim.weight_decay
        )

        def factor(step: int) -> float:
            warm = min(1.0, (step + 1) / max(1, optim.warmup_steps))
            return warm * optim.decay_by ** sum(step >= at for at in optim.decay_at)

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the feature statistics, without which the network would be of no use."""
        if self.statistics is not None:
            checkpoint["statistics"] = {"mean": self.statistics.mean, "std": self.statistics.std}
