"""Train the masked transformer: text to base tokens."""

from __future__ import annotations

from torch import Tensor

from kinmo_core.nn import SampleRandom
from kinmo_core.train.stage import OptimConfig
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.masking import corrupt
from kinmo_gen.train.tokens import TokenBatch, TokenModule


class MaskedModule(TokenModule):
    """Predict base-layer tokens of which a cosine-distributed share is hidden (`kinmo_gen.masking.corrupt`).

    Args:
        network: sizes of the transformer.
        optim: optimiser.
        text_dropout: share of samples without text, for classifier-free guidance.
    """

    def __init__(
        self,
        network: MaskedConfig = MaskedConfig(),
        optim: OptimConfig = OptimConfig(weight_decay=1e-5, warmup_steps=2000),
        *,
        text_dropout: float = 0.1,
    ) -> None:
        super().__init__(optim, network=network, text_dropout=text_dropout)
        self.text_dropout = text_dropout
        self.model = MaskedTransformer(network)

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        base = batch.ids[..., 0]
        seen = corrupt(base, batch.lengths, random, codes=self.model.codes)
        return self.model(seen.ids, batch.text, lengths=batch.lengths), base, seen.predict_mask
