"""Train the evaluator in whose space FID, KID, R-precision and MM-Dist are measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import cached
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.stats import Statistics
from kinmo_core.text import TextEncoder, identity
from kinmo_core.train.data import DrawnDataset, StepDataModule, required_encoder
from kinmo_core.train.stage import FeatureStage
from kinmo_gen.evaluator import MOVEMENT_RATE, Evaluator, contrastive_loss


@runtime_checkable
class TokenStateEncoder(TextEncoder, Protocol):
    """A text encoder that also gives a vector for every token."""

    def token_states(self, texts: Sequence[str]) -> list[Tensor]:
        """States (tokens, dim) of each sentence."""
        ...


class PairSample(NamedTuple):
    """A motion and one of its captions."""

    features: Tensor  # (T, 263) normalised
    states: Tensor  # (n, dim)
    sentence: Tensor  # (dim,)


class PairBatch(NamedTuple):
    """`PairSample`s padded with zeros."""

    features: Tensor  # (B, T, 263)
    frames: Tensor  # (B,)
    states: Tensor  # (B, N, dim)
    tokens: Tensor  # (B,)
    sentence: Tensor  # (B, dim)


class PairData(StepDataModule):
    """Clips with a random caption; in training cut to a random length at a random start, as in HumanML3D.

    Args:
        root: a HumanML3D directory.
        text_encoder: gives token states.
        feature_bias: see `Statistics.with_feature_bias`; must be the one of the models to evaluate.
        cache: folder for token states.
        train_splits, val_splits, batch_size, workers, seed, bucket_batches: see `StepDataModule`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        text_encoder: TokenStateEncoder | None = None,
        *,
        feature_bias: float = 25.0,
        train_splits: list[str] | None = None,
        val_splits: list[str] | None = None,
        cache: str = "runs/cache",
        batch_size: int = 32,
        workers: int = 0,
        seed: int = 0,
        bucket_batches: int = 8,
    ) -> None:
        super().__init__(
            batch_size,
            train_splits=train_splits,
            val_splits=val_splits,
            workers=workers,
            seed=seed,
            bucket_batches=bucket_batches,
        )
        self.root = root
        self.text_encoder = text_encoder
        self.feature_bias = feature_bias
        self.cache = cache

    def setup(self, stage: str) -> None:
        """Find the pairs and encode their captions, or read these from the cache."""
        encoder = required_encoder(self.text_encoder)
        folder = HumanML3DFolder(self.root)
        self.statistics = folder.statistics.with_feature_bias(self.feature_bias)
        for name, splits in self.splits_of(stage).items():
            samples = folder.samples(splits)
            self.datasets[name] = _pair_dataset(
                samples, token_states(samples, encoder, self.cache), self.statistics, crop=name == "train"
            )

    def collate(self, samples: list[PairSample]) -> PairBatch:
        return PairBatch(
            pad_sequence([sample.features for sample in samples], batch_first=True),
            torch.tensor([len(sample.features) for sample in samples]),
            pad_sequence([sample.states for sample in samples], batch_first=True),
            torch.tensor([len(sample.states) for sample in samples]),
            torch.stack([sample.sentence for sample in samples]),
        )


def token_states(samples: list[Sample], encoder: TokenStateEncoder, cache: str) -> dict[str, tuple[Tensor, Tensor]]:
    """Per caption its token states (n, dim) and sentence vector (dim,); each distinct caption is encoded once."""
    texts = sorted({caption.text for sample in samples for caption in sample.captions})

    def make() -> dict[str, Tensor]:
        states = encoder.token_states(texts)
        sizes = torch.tensor([len(s) for s in states])
        return {"states": torch.cat(states).half(), "sizes": sizes, "sentences": encoder.encode(texts)}

    stored = cached(cache, "token-states", [identity(encoder), *texts], make)
    states = stored["states"].split(stored["sizes"].tolist())
    return dict(zip(texts, zip(states, stored["sentences"], strict=True), strict=True))


def _pair_dataset(
    samples: list[Sample], states: dict[str, tuple[Tensor, Tensor]], statistics: Statistics, *, crop: bool
) -> DrawnDataset[PairSample]:
    clips = [statistics.normalize(sample.features()) for sample in samples]

    def make(index: int, rng: np.random.Generator) -> PairSample:
        clip, captions = clips[index], samples[index].captions
        words, sentence = states[captions[rng.integers(len(captions))].text]
        frames = len(clip) // MOVEMENT_RATE * MOVEMENT_RATE
        if crop:
            frames = max(frames - MOVEMENT_RATE * int(rng.random() < 1 / 3), MOVEMENT_RATE)
            start = int(rng.integers(len(clip) - frames + 1))
            clip = clip[start:]
        return PairSample(clip[:frames], words.float(), sentence)

    return DrawnDataset(make, [len(clip) for clip in clips])


class EvaluatorModule(FeatureStage):
    """Contrast text with motion; captions that say nearly the same are no negatives of each other.

    Args:
        text_dim, movement_dim, motion_hidden, text_hidden, output_dim, dropout, sequence_dropout: see
            `Evaluator`.
        alike_above: cosine of two sentence vectors above which they say the same.
        learning_rate, weight_decay, warmup_steps, decay_at, decay_by: see `Stage`.
    """

    def __init__(
        self,
        text_dim: int = 384,
        *,
        movement_dim: int = 512,
        motion_hidden: int = 1024,
        text_hidden: int = 512,
        output_dim: int = 512,
        dropout: float = 0.2,
        sequence_dropout: float = 0.0,
        alike_above: float = 0.8,
        learning_rate: float = 1e-4,
        weight_decay: float = 0.01,
        warmup_steps: int = 200,
        decay_at: list[int] | None = None,
        decay_by: float = 0.1,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = Evaluator(
            text_dim,
            movement_dim=movement_dim,
            motion_hidden=motion_hidden,
            text_hidden=text_hidden,
            output_dim=output_dim,
            dropout=dropout,
            sequence_dropout=sequence_dropout,
        )
        self._seen: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        del batch_idx
        text, motion = (self._of_all_processes(embedded) for embedded in self._embed(batch))
        sentence = self._of_all_processes(batch.sentence)
        alike = sentence @ sentence.T > self.hparams["alike_above"]
        loss = contrastive_loss(text, motion, alike=alike)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        del batch_idx
        self._seen.append(self._embed(batch))

    def on_validation_epoch_end(self) -> None:
        self._evaluate("val")

    def test_step(self, batch: PairBatch, batch_idx: int) -> None:
        self.validation_step(batch, batch_idx)

    def on_test_epoch_end(self) -> None:
        self._evaluate("test")

    def _evaluate(self, name: str) -> None:
        """Mean rank of the right motion among all motions of the split, as a share (0.5 = chance), and the loss."""
        text, motion = (self._of_all_processes(torch.cat(parts)) for parts in zip(*self._seen, strict=True))
        self._seen.clear()
        distance = torch.cdist(text, motion)
        rank = (distance < distance.diagonal()[:, None]).float().mean(1)
        self.log(f"{name}/rank", rank.mean(), sync_dist=True, prog_bar=True)
        self.log(f"{name}/loss", contrastive_loss(text, motion), sync_dist=True)

    def _of_all_processes(self, rows: Tensor) -> Tensor:
        """(B, D) of this process to (processes * B, D): each contrasts with the whole batch, as one process would."""
        gathered = self.all_gather(rows, sync_grads=torch.is_grad_enabled())
        assert isinstance(gathered, Tensor)
        return gathered.flatten(0, -2)

    def _embed(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        text = self.model.embed_text(batch.states, batch.tokens)
        return text.float(), self.model.embed_motion(batch.features, batch.frames).float()
