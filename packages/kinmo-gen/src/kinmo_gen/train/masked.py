"""Train the masked transformer: condition to base tokens."""

from __future__ import annotations

from torch import Tensor

from kinmo_core.nn import SampleRandom
from kinmo_core.train.stage import OptimConfig
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.masking import corrupt
from kinmo_gen.train.initial import start_from
from kinmo_gen.train.tokens import ConditionDropout, TokenBatch, TokenModule


class MaskedModule(TokenModule):
    """Predict base-layer tokens of which a cosine-distributed share is hidden (`kinmo_gen.masking.corrupt`).

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
        network: MaskedConfig = MaskedConfig(),
        optim: OptimConfig = OptimConfig(weight_decay=1e-5, warmup_steps=2000),
        *,
        dropout: ConditionDropout = ConditionDropout(),
        initial: str | None = None,
    ) -> None:
        super().__init__(optim, dropout, network=network, initial=initial or "random")
        self.model = MaskedTransformer(network)
        start_from(initial, "masked", self.model)

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        base = batch.ids[:, :, 0]
        seen = corrupt(base, batch.lengths, random, codes=self.model.codes)
        return self.model(seen.ids, batch.condition, lengths=batch.lengths), base, seen.predict_mask
