"""Train text and motion encoders until a text and its motion lie together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kinmo_core.checkpoint import config_of
from kinmo_core.train.stage import FeatureStage
from kinmo_htma.align import Aligned, Alignment, retrieval_vectors
from kinmo_htma.gaussian import Gaussian
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.retrieval import metrics_of, ranks
from kinmo_htma.train.data import PairBatch


class AlignmentModule(FeatureStage):
    """The defaults are TMR's sizes, losses and optimiser, with KinMo's three levels.

    Args:
        text_dim, levels, dim, layers, heads, feedforward, dropout, cross_attention, key_value, share_weights, text_norm,
            separate_motion, frames_per_token, decoder_layers, decode: see `Alignment`.
        reconstruction, latent, kl, contrastive, temperature, alike_above, contrast: see `AlignmentLoss`.
        sample: decode samples of the Gaussians instead of their means.
        similarity: what validation ranks by, see `retrieval_vectors`.
        learning_rate, weight_decay, warmup_steps, decay_at, decay_by: see `Stage`.
    """

    betas = (0.9, 0.999)

    def __init__(
        self,
        text_dim: int = 384,
        levels: Sequence[str] = ("global", "group", "interaction"),
        *,
        dim: int = 256,
        layers: int = 6,
        heads: int = 4,
        feedforward: int = 1024,
        dropout: float = 0.1,
        cross_attention: bool = True,
        key_value: str = "states",
        share_weights: bool = False,
        text_norm: bool = True,
        separate_motion: bool = False,
        frames_per_token: int = 1,
        decoder_layers: int | None = None,
        decode: str = "all",
        reconstruction: float = 1.0,
        latent: float = 1e-5,
        kl: float = 1e-5,
        contrastive: float = 0.1,
        temperature: float = 0.1,
        alike_above: float = 0.6,
        contrast: str = "mu",
        sample: bool = True,
        similarity: str = "mean",
        learning_rate: float = 1e-4,
        weight_decay: float = 0.01,
        warmup_steps: int = 0,
        decay_at: list[int] | None = None,
        decay_by: float = 0.1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = Alignment(**config_of(Alignment, self.hparams))
        self.loss = AlignmentLoss(
            reconstruction=reconstruction,
            latent=latent,
            kl=kl,
            contrastive=contrastive,
            temperature=temperature,
            alike_above=alike_above,
            contrast=contrast,
        )
        self._seen: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        terms = self._losses(self._align(batch, sample=self.hparams["sample"]), batch)
        for name, value in terms.items():
            self.log(f"train/{name}", value, prog_bar=name == "loss")
        return terms["loss"]

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        self._evaluate(batch, "val")

    def test_step(self, batch: PairBatch, batch_idx: int) -> None:
        self._evaluate(batch, "test")

    def on_validation_epoch_end(self) -> None:
        self._retrieve("val")

    def on_test_epoch_end(self) -> None:
        self._retrieve("test")

    def on_save_checkpoint(self, checkpoint: dict[str, object]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["text"] = self.trainer.datamodule.text_settings  # type: ignore[attr-defined]

    def _align(self, batch: PairBatch, *, sample: bool) -> Aligned:
        size = (2, len(self.model.levels), self.hparams["dim"])
        noise = noise_of(batch.seeds, size).to(batch.features) if sample else None
        return in_full_precision(self.model(batch.texts, batch.features, batch.frames, noise))

    def _losses(self, aligned: Aligned, batch: PairBatch) -> dict[str, Tensor]:
        with torch.autocast(self.device.type, enabled=False):
            return self.loss(aligned, batch.features, batch.frames, batch.sentence, gather=self._of_all_processes)

    def _evaluate(self, batch: PairBatch, name: str) -> None:
        aligned = self._align(batch, sample=False)
        for term, value in self._losses(aligned, batch).items():
            self.log(f"{name}/{term}", value, batch_size=len(batch.frames), sync_dist=True)
        self._seen.append((aligned.text.mu, aligned.motion.mu))

    def _retrieve(self, name: str) -> None:
        """Over all clips of the split: mean rank of the right one as a share (0.5 = chance), both directions; R@k; MedR."""
        text, motion = (self._of_all_processes(torch.cat(parts)) for parts in zip(*self._seen, strict=True))
        self._seen.clear()
        levels = self.model.levels
        for similarity in dict.fromkeys((self.hparams["similarity"], "mean", *levels)):
            vectors = [retrieval_vectors(mu, levels, similarity).double() for mu in (text, motion)]
            both = (vectors[0] @ vectors[1].T).cpu()
            found = {"t2m": ranks(both), "m2t": ranks(both.T)}
            rank = sum(float(r.mean()) for r in found.values()) / 2 / len(both)
            if similarity == self.hparams["similarity"]:
                self.log(f"{name}/rank", rank, prog_bar=True)
                for direction, of_queries in found.items():
                    for metric, value in metrics_of(of_queries).items():
                        self.log(f"{name}/{direction}_{metric}", value)
            self.log(f"{name}/rank_{similarity}", rank)

    def _of_all_processes(self, rows: Tensor) -> Tensor:
        """(B, ...) of this process to (processes * B, ...): each contrasts with the whole batch, as one process would.

        Gradients flow into this process's rows only, times the number of processes, by whose number DDP divides their sum:
        nothing is sent backward. (torch.distributed.nn.all_gather also gives wrong gradients where they are not contiguous.)
        """
        processes = self.trainer.world_size
        if processes == 1:
            return rows
        fixed = rows.detach()
        parts = list(self.all_gather(fixed))  # type: ignore[arg-type]
        parts[self.global_rank] = fixed + processes * (rows - fixed)
        return torch.cat(parts)


def noise_of(seeds: Tensor, size: tuple[int, ...]) -> Tensor:
    """Standard normal noise (B, *size), each row from its own of the seeds (B,): the same in every batch and process."""
    return torch.stack([torch.randn(size, generator=torch.Generator().manual_seed(seed)) for seed in seeds.tolist()])


def in_full_precision(aligned: Aligned) -> Aligned:
    """Losses are computed in float32 whatever the networks multiplied in."""
    gaussians = (Gaussian(*(part.float() for part in gaussian)) for gaussian in (aligned.text, aligned.motion))
    tensors = (part.float() for part in aligned[2:])
    return Aligned(*gaussians, *tensors)  # type: ignore[arg-type]
