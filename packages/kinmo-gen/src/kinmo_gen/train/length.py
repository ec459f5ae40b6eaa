"""Train the length estimator: text to the number of tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_core.nn import SampleRandom
from kinmo_core.train.stage import OptimConfig
from kinmo_gen.length import LengthConfig, LengthEstimator
from kinmo_gen.train.tokens import TokenBatch, TokenModule


class LengthModule(TokenModule):
    """Predict the number of tokens of a caption's clip.

    Args:
        network: sizes of the estimator.
        optim: optimiser.
    """

    def __init__(
        self, network: LengthConfig = LengthConfig(), optim: OptimConfig = OptimConfig(learning_rate=1e-4)
    ) -> None:
        super().__init__(optim, network=network)
        self.model = LengthEstimator(network)

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        lengths = batch.lengths.clamp(max=self.model.max_tokens)
        return self.model(batch.condition.text), lengths, torch.ones_like(lengths, dtype=torch.bool)
