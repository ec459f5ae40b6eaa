"""Train the stages that work on tokens: masked transformer, residual transformer, length estimator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_gen.length import LengthConfig, LengthEstimator
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.masking import corrupt
from kinmo_gen.residual import ResidualConfig, ResidualTransformer, draw_layer
from kinmo_gen.train.data import TokenBatch


class TokenModule(Stage):
    """Logging, text dropout and loss that the three stages share; a subclass defines `_predict`."""

    text_dropout = 0.0

    def training_step(self, batch: TokenBatch, batch_idx: int) -> Tensor:
        """Return the loss with text dropout."""
        loss, _ = self._loss(batch, self.text_dropout)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: TokenBatch, batch_idx: int) -> None:
        """Log validation loss and accuracy."""
        self._evaluate(batch, "val")

    def test_step(self, batch: TokenBatch, batch_idx: int) -> None:
        """Log test loss and accuracy."""
        self._evaluate(batch, "test")

    def _evaluate(self, batch: TokenBatch, name: str) -> None:
        loss, accuracy = self._loss(batch, 0.0)
        self.log(f"{name}/loss", loss, batch_size=len(batch.text), sync_dist=True, prog_bar=True)
        self.log(f"{name}/accuracy", accuracy, batch_size=len(batch.text), sync_dist=True)

    def _loss(self, batch: TokenBatch, text_dropout: float) -> tuple[Tensor, Tensor]:
        """Return cross-entropy and accuracy over the predicted positions.

        Both are divided by the mean count of positions over the processes, so that their mean over the processes is that of
        one joint batch.
        """
        random = SampleRandom(batch.seeds)
        text = batch.text * (random.uniform(1) >= text_dropout)
        logits, target, predict_mask = self._predict(batch._replace(text=text), random)
        count = self.trainer.strategy.reduce(predict_mask.sum().float(), reduce_op="mean")
        loss = F.cross_entropy(logits.float()[predict_mask], target[predict_mask], reduction="sum")
        return loss / count, (logits.argmax(-1) == target)[predict_mask].sum() / count

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (..., classes), targets (...,) and a mask (...,) of the positions to score."""
        raise AssertionError("a subclass defines _predict")


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
        return self.model(batch.text), lengths, torch.ones_like(lengths, dtype=torch.bool)
