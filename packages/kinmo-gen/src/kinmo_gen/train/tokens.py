"""Train what works on tokens: masked transformer, residual transformer, length estimator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.train.stage import Stage
from kinmo_gen.length import LengthEstimator
from kinmo_gen.masked import MaskedTransformer
from kinmo_gen.masking import corrupt, valid_positions
from kinmo_gen.residual import ResidualTransformer, draw_layer
from kinmo_gen.train.data import TokenBatch


class TokenModule(Stage):
    """What the three stages share: logging, text dropout, optimiser. Subclasses give `_logits`.

    Its hyper-parameters are those of the subclass.
    """

    def training_step(self, batch: TokenBatch, batch_idx: int) -> Tensor:
        del batch_idx
        loss, _ = self._loss(batch, self.hparams.get("text_dropout", 0.0))
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: TokenBatch, batch_idx: int) -> None:
        del batch_idx
        self._evaluate(batch, "val")

    def test_step(self, batch: TokenBatch, batch_idx: int) -> None:
        del batch_idx
        self._evaluate(batch, "test")

    def _evaluate(self, batch: TokenBatch, name: str) -> None:
        loss, accuracy = self._loss(batch, 0.0)
        self.log(f"{name}/loss", loss, batch_size=len(batch.text), sync_dist=True, prog_bar=True)
        self.log(f"{name}/accuracy", accuracy, batch_size=len(batch.text), sync_dist=True)

    def _loss(self, batch: TokenBatch, text_dropout: float) -> tuple[Tensor, Tensor]:
        """Cross-entropy and accuracy over the asked positions.

        Divided by the mean count of positions over processes, so that the mean over processes is that of one big batch.
        """
        text = batch.text * (batch.chance[:, 1:] >= text_dropout)
        logits, target, asked = self._logits(batch._replace(text=text))
        count = self.trainer.strategy.reduce(asked.sum().float(), reduce_op="mean")
        loss = F.cross_entropy(logits.float()[asked], target[asked], reduction="sum")
        return loss / count, (logits.argmax(-1) == target)[asked].sum() / count

    def _logits(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (..., classes), targets (...,) and where a prediction is asked (...,) bool."""
        raise AssertionError("a subclass defines _logits")


class MaskedModule(TokenModule):
    """Base-layer tokens, a cosine-distributed share of them hidden (`kinmo_gen.masking.corrupt`).

    Args:
        text_dim, codes, code_dim, dim, depth, heads, feedforward, dropout: see `MaskedTransformer`.
        text_dropout: share of samples without text, for classifier-free guidance.
        learning_rate, weight_decay, warmup_steps, decay_at, decay_by: see `Stage`.
    """

    def __init__(
        self,
        text_dim: int = 512,
        codes: int = 512,
        code_dim: int = 512,
        *,
        dim: int = 384,
        depth: int = 8,
        heads: int = 6,
        feedforward: int = 1024,
        dropout: float = 0.2,
        text_dropout: float = 0.1,
        learning_rate: float = 2e-4,
        weight_decay: float = 1e-5,
        warmup_steps: int = 2000,
        decay_at: list[int] | None = None,
        decay_by: float = 0.1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = MaskedTransformer(
            text_dim, codes, code_dim, dim=dim, depth=depth, heads=heads, feedforward=feedforward, dropout=dropout
        )

    def _logits(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        base = batch.ids[..., 0]
        seen = corrupt(base, batch.lengths, batch.chance[:, 0], batch.noise, codes=self.model.codes)
        return self.model(seen.ids, batch.text, lengths=batch.lengths), base, seen.asked


class ResidualModule(TokenModule):
    """One residual layer per sample, drawn with more weight on the low ones; every token is asked.

    Args:
        text_dim, codes, code_dim, layers, dim, depth, heads, feedforward, dropout: see `ResidualTransformer`.
        text_dropout: share of samples without text, for classifier-free guidance.
        learning_rate, weight_decay, warmup_steps, decay_at, decay_by: see `Stage`.
    """

    def __init__(
        self,
        text_dim: int = 512,
        codes: int = 512,
        code_dim: int = 512,
        layers: int = 6,
        *,
        dim: int = 384,
        depth: int = 8,
        heads: int = 6,
        feedforward: int = 1024,
        dropout: float = 0.2,
        text_dropout: float = 0.2,
        learning_rate: float = 2e-4,
        weight_decay: float = 1e-5,
        warmup_steps: int = 2000,
        decay_at: list[int] | None = None,
        decay_by: float = 0.1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = ResidualTransformer(
            text_dim,
            codes,
            code_dim,
            layers,
            dim=dim,
            depth=depth,
            heads=heads,
            feedforward=feedforward,
            dropout=dropout,
        )

    def _logits(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        layer = draw_layer(batch.chance[:, 0], self.model.layers)
        target = batch.ids.gather(-1, layer[:, None, None].expand(-1, batch.ids.shape[1], 1))[..., 0]
        asked = valid_positions(batch.lengths, batch.ids.shape[1])
        return self.model(batch.ids, layer, batch.text, lengths=batch.lengths), target, asked


class LengthModule(TokenModule):
    """How many tokens a caption's clip has.

    Args:
        text_dim, max_tokens: see `LengthEstimator`.
        learning_rate, weight_decay, warmup_steps, decay_at, decay_by: see `Stage`.
    """

    def __init__(
        self,
        text_dim: int = 512,
        max_tokens: int = 49,
        *,
        learning_rate: float = 1e-4,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        decay_at: list[int] | None = None,
        decay_by: float = 0.1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = LengthEstimator(text_dim, max_tokens)

    def _logits(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        lengths = batch.lengths.clamp(max=self.model.max_tokens)
        return self.model(batch.text), lengths, torch.ones_like(lengths, dtype=torch.bool)
