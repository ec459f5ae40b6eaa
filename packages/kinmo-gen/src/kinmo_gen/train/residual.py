"""Train the residual transformer: base tokens and condition to the tokens of the other layers."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_core.train.stage import OptimConfig
from kinmo_gen.residual import ResidualConfig, ResidualTransformer, draw_layer
from kinmo_gen.train.initial import start_from
from kinmo_gen.train.tokens import ConditionDropout, TokenBatch, TokenModule


class ResidualModule(TokenModule):
    """Predict all ids of one residual layer per sample, drawn with more weight on the low layers.

    Args:
        network: sizes of the transformer.
        optim: optimiser.
        dropout: how much of the condition each sample does without.
        initial: model folder, or checkpoint of a run, whose weights the training starts from; random where None.

    Raises:
        InputError: `initial` is no such network, or less than half of it fits `network`.
    """

    def __init__(
        self,
        network: ResidualConfig = ResidualConfig(),
        optim: OptimConfig = OptimConfig(weight_decay=1e-5, warmup_steps=2000),
        *,
        dropout: ConditionDropout = ConditionDropout(everything=0.2),
        initial: str | None = None,
    ) -> None:
        super().__init__(optim, dropout, network=network, initial=initial or "random")
        self.model = ResidualTransformer(network)
        start_from(initial, "residual", self.model)

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        layer = draw_layer(random.uniform(), self.model.layers)
        target = batch.ids[torch.arange(len(layer), device=layer.device), :, layer]
        valid = valid_positions(batch.lengths, batch.ids.shape[1])[..., None].expand(target.shape)
        return self.model(batch.ids, layer, batch.condition, lengths=batch.lengths), target, valid
