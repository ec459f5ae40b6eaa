"""What all trainings share: AdamW with a linear warm-up and steps down, and what a checkpoint must carry."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler

from kinmo_core.stats import Statistics


class Stage(L.LightningModule):
    """Base of all LightningModules. It reads five hyper-parameters that every subclass takes in its constructor.

    Args:
        learning_rate: after the warm-up.
        weight_decay: of AdamW.
        warmup_steps: the rate rises from 0 over this many steps.
        decay_at: at each of these steps the rate is multiplied by `decay_by`.
        decay_by: the factor.
    """

    betas = (0.9, 0.99)  # of AdamW; MoMask's

    def configure_optimizers(self) -> OptimizerLRScheduler:
        h = self.hparams
        decay_at = h["decay_at"] or []
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=h["learning_rate"], betas=self.betas, weight_decay=h["weight_decay"]
        )

        def factor(step: int) -> float:
            warm = min(1.0, (step + 1) / max(1, h["warmup_steps"]))
            return warm * h["decay_by"] ** sum(step >= at for at in decay_at)

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


class FeatureStage(Stage):
    """A stage whose model sees normalised features: without their statistics a checkpoint would be of no use."""

    @property
    def statistics(self) -> Statistics:
        """Those of the data module."""
        return self.trainer.datamodule.statistics  # type: ignore[attr-defined]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["statistics"] = {"mean": self.statistics.mean, "std": self.statistics.std}
