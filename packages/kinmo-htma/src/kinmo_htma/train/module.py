"""Train text and motion encoders until a text and its motion have similar embeddings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kinmo_core import metrics
from kinmo_core.model_folder import to_dict
from kinmo_core.nn import SampleRandom, gather_rows
from kinmo_core.stats import Statistics
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_htma.align import Aligned, Alignment, check_similarity, retrieval_vectors
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.embeddings import TextSettings
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.retrieval import metrics_of
from kinmo_htma.train.data import PairBatch


class AlignmentModule(Stage):
    """The defaults are TMR's sizes, losses and optimiser, with KinMo's three levels.

    Args:
        network: sizes and variants of the networks.
        losses: weights of the losses.
        optim: optimiser.
        sample: decode samples of the Gaussians instead of their means.
        similarity: similarity that validation ranks by, see `retrieval_vectors`.
        statistics: of the features, from the data module.
        text_settings: how text is fed, from the data module.
    """

    def __init__(
        self,
        network: AlignmentConfig = AlignmentConfig(),
        losses: AlignmentLoss = AlignmentLoss(),
        optim: OptimConfig = OptimConfig(learning_rate=1e-4, weight_decay=0.01, betas=(0.9, 0.999)),
        *,
        sample: bool = True,
        similarity: str = "mean",
        statistics: Statistics | None = None,
        text_settings: TextSettings | None = None,
    ) -> None:
        check_similarity(similarity, network.levels)
        configs: dict[str, Any] = {"network": network, "losses": losses, "sample": sample, "similarity": similarity}
        super().__init__(optim, statistics=statistics, **configs)
        self.losses = losses
        self.sample = sample
        self.similarity = similarity
        self.text_settings = text_settings
        self.model = Alignment(network)
        self._sentence_level = network.levels.index("global") if "global" in network.levels else 0
        self._embedded: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        """Return the loss over the batches of all processes."""
        terms = self._loss(self._align(batch, sample=self.sample), batch)
        for name, value in terms.items():
            self.log(f"train/{name}", value, prog_bar=name == "loss")
        return terms["loss"]

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Log the losses of a batch and keep its embeddings."""
        self._evaluate(batch, "val")

    def test_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Log the losses of a batch and keep its embeddings."""
        self._evaluate(batch, "test")

    def on_validation_epoch_end(self) -> None:
        """Log retrieval on the validation split."""
        self._retrieve("val")

    def on_test_epoch_end(self) -> None:
        """Log retrieval on the test split."""
        self._retrieve("test")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add feature statistics and text settings."""
        super().on_save_checkpoint(checkpoint)
        if self.text_settings is not None:
            checkpoint["text"] = to_dict(self.text_settings)

    def _align(self, batch: PairBatch, *, sample: bool) -> Aligned:
        size = (2, len(self.model.levels), self.model.config.dim)
        noise = SampleRandom(batch.seeds).normal(*size).to(batch.features) if sample else None
        return to_float32(self.model(batch.texts, batch.features, batch.frames, noise))

    def _loss(self, aligned: Aligned, batch: PairBatch) -> dict[str, Tensor]:
        with torch.autocast(self.device.type, enabled=False):
            return self.losses(aligned, *batch[:2], batch.sentence, batch.clips, batch.sided)

    def _evaluate(self, batch: PairBatch, name: str) -> None:
        aligned = self._align(batch, sample=False)
        for term, value in self._loss(aligned, batch).items():
            self.log(f"{name}/{term}", value, batch_size=len(batch.frames), sync_dist=True)
        self._embedded.append((aligned.text.mu, aligned.motion.mu, batch.clips, batch.sided))

    def _retrieve(self, name: str) -> None:
        """Log over all clips of a split: mean rank as a share (0.5 = chance), mean of both directions; R@k; MedR; sides."""
        text, motion, clips, sided = (gather_rows(torch.cat(parts)) for parts in zip(*self._embedded, strict=True))
        self._embedded.clear()
        levels = self.model.levels
        for similarity in dict.fromkeys((self.similarity, "mean", *levels)):
            vectors = [retrieval_vectors(mu, levels, similarity).double() for mu in (text, motion)]
            both = (vectors[0] @ vectors[1].T).cpu()
            found = {"t2m": metrics.ranks(both), "m2t": metrics.ranks(both.T)}
            rank = sum(metrics.mean_rank(ranks, len(both)) for ranks in found.values()) / 2
            self.log(f"{name}/rank_{similarity}", float(rank))
            if similarity == self.similarity:
                self.log(f"{name}/sides", right_sides(both, clips.cpu(), sided[:, self._sentence_level].cpu()))
                self.log(f"{name}/rank", float(rank), prog_bar=True)
                for direction, ranks in found.items():
                    for metric, value in metrics_of(ranks).items():
                        self.log(f"{name}/{direction}_{metric}", value)


def right_sides(similarity: Tensor, clips: Tensor, sided: Tensor) -> float:
    """Return the share of texts more similar to their motion than to its mirrored copy; 0.5 is chance.

    Args:
        similarity: (N, N) of text i with motion j.
        clips: (N,) numbers that only a motion and its mirrored copy share.
        sided: (N,) True for the texts that tell the two apart; only these count. NaN where there are none.
    """
    own = torch.eye(len(clips), dtype=torch.bool)
    twins = (clips[:, None] == clips) & ~own & sided[:, None]
    right = similarity.diagonal()[:, None] > similarity
    return float(right[twins].double().mean())


def to_float32(aligned: Aligned) -> Aligned:
    """Cast everything to float32, in which the losses are computed whatever type the networks multiplied in."""
    gaussians = (Gaussian(*(part.float() for part in gaussian)) for gaussian in (aligned.text, aligned.motion))
    tensors = (part.float() for part in aligned[2:])
    return Aligned(*gaussians, *tensors)  # type: ignore[arg-type]
