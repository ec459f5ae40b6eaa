"""Train the residual transformer: base tokens and text to the tokens of the other layers."""

from __future__ import annotations

from torch import Tensor

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_core.train.stage import OptimConfig
from kinmo_gen.residual import ResidualConfig, ResidualTransformer, draw_layer
from kinmo_gen.train.tokens import TokenBatch, TokenModule


class ResidualModule(TokenModule):
    """Predict every token of one residual layer per sample, drawn with more weight on the low layers.

    Args:
        network: sizes of the transformer.
        optim: optimiser.
        text_dropout: share of samples without text, for classifier-free guidance.
    """

    def __init__(
        self,
        network: ResidualConfig = ResidualConfig(),
        optim: OptimConfig = OptimConfig(weight_decay=1e-5, warmup_steps=2000),
        *,
        text_dropout: float = 0.2,
    ) -> None:
        super().__init__(optim, network=network, text_dropout=text_dropout)
        self.text_dropout = text_dropout
        self.model = ResidualTransformer(network)

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        layer = draw_layer(random.uniform(), self.model.layers)
        target = batch.ids.gather(-1, layer[:, None, None].expand(-1, batch.ids.shape[1], 1))[..., 0]
        valid = valid_positions(batch.lengths, batch.ids.shape[1])
        return self.model(batch.ids, layer, batch.text, lengths=batch.lengths), target, valid
