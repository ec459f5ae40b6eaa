"""Train the evaluator in whose embedding FID, KID, R-precision and MM-Dist are measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core import metrics
from kinmo_core.cache import SentenceCache
from kinmo_core.data.captions import sides_of
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample, readable
from kinmo_core.files import cache_folder
from kinmo_core.nn import gather_rows, info_nce, same_caption
from kinmo_core.stats import Statistics
from kinmo_core.text import TokenStateEncoder
from kinmo_core.train.data import DrawnDataset, LoaderConfig, TokenStateDataModule
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_gen.evaluator import MOVEMENT_RATE, Evaluator, EvaluatorConfig

_SHORTER: Final = 1 / 3  # share of draws that are one movement step shorter (HumanML3D)


class PairSample(NamedTuple):
    """A motion and one of its captions."""

    features: Tensor  # (T, 263) normalised
    states: Tensor  # (n, dim)
    sentence: Tensor  # (dim,)
    sides: Tensor  # (2,) 1 where the caption names the left, the right


class PairBatch(NamedTuple):
    """`PairSample`s padded with zeros."""

    features: Tensor  # (B, T, 263)
    frames: Tensor  # (B,)
    states: Tensor  # (B, N, dim)
    tokens: Tensor  # (B,)
    sentence: Tensor  # (B, dim)
    sides: Tensor  # (B, 2)


class PairData(TokenStateDataModule):
    """Clips with a random caption; in training cut to a random length at a random start, as in HumanML3D.

    Args:
        root: a HumanML3D directory.
        text_encoder: gives token states; its name (see `load_text_encoder`) or the encoder itself.
        feature_bias: see `Statistics.with_feature_bias`; must be that of the models to evaluate.
        twins: put the mirrored copy of every clip, with its mirrored caption, into the same batch, where the split list has
            it. Only then does a batch tell left from right; it holds up to twice `batch_size` motions.
        cache: directory for token states; see `cache_folder`.
        loader: see `LoaderConfig`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        text_encoder: str | TokenStateEncoder = "minilm",
        *,
        feature_bias: float = 25.0,
        twins: bool = False,
        cache: str | None = None,
        loader: LoaderConfig = LoaderConfig(batch_size=32, bucket_batches=8),
    ) -> None:
        super().__init__(text_encoder, loader)
        self.root = root
        self.feature_bias = feature_bias
        self.twins = twins
        self.cache = cache_folder(cache)

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics of the directory, with the feature bias."""
        return HumanML3DFolder(self.root).statistics.with_feature_bias(self.feature_bias)

    def setup(self, stage: str) -> None:
        """Read the clips and encode their captions, or read these from the cache."""
        folder = HumanML3DFolder(self.root)
        sentences = SentenceCache(self.encoder, self.cache)
        for name, splits in self.splits_of(stage).items():
            samples = readable(folder.samples(splits))
            training = name == "train"
            self.datasets[name] = _pair_dataset(
                samples, sentences, self.statistics, crop=training, twins=training and self.twins
            )

    def collate(self, samples: list[tuple[PairSample, ...]]) -> PairBatch:
        """Pad features and token states of the samples with zeros."""
        return _padded([sample for drawn in samples for sample in drawn])


def _padded(samples: list[PairSample]) -> PairBatch:
    return PairBatch(
        pad_sequence([sample.features for sample in samples], batch_first=True),
        torch.tensor([len(sample.features) for sample in samples]),
        pad_sequence([sample.states for sample in samples], batch_first=True),
        torch.tensor([len(sample.states) for sample in samples]),
        torch.stack([sample.sentence for sample in samples]),
        torch.stack([sample.sides for sample in samples]),
    )


def _pair_dataset(
    samples: list[Sample], sentences: SentenceCache, statistics: Statistics, *, crop: bool, twins: bool
) -> DrawnDataset[tuple[PairSample, ...]]:
    clips = [statistics.normalize(sample.features()) for sample in samples]
    texts = [caption.text for sample in samples for caption in sample.captions]
    states, vectors = sentences.states(texts), sentences.vectors(texts)
    twin = _twins(samples) if twins else {}

    def pair(index: int, caption: int, rng: np.random.Generator) -> PairSample:
        clip, captions = clips[index], samples[index].captions
        text = captions[caption % len(captions)].text
        frames = len(clip) // MOVEMENT_RATE * MOVEMENT_RATE
        if crop:
            frames = max(frames - MOVEMENT_RATE * int(rng.random() < _SHORTER), MOVEMENT_RATE)
            start = int(rng.integers(len(clip) - frames + 1))
            clip = clip[start:]
        return PairSample(clip[:frames], states[text].float(), vectors[text], torch.tensor(sides_of(text)).float())

    def make(index: int, rng: np.random.Generator) -> tuple[PairSample, ...]:
        caption = int(rng.integers(len(samples[index].captions)))
        return tuple(pair(each, caption, rng) for each in (index, twin.get(index)) if each is not None)

    return DrawnDataset(make, [len(clip) for clip in clips])


def _twins(samples: list[Sample]) -> dict[int, int]:
    """Return the number of the mirrored copy of each sample that has one, in both directions."""
    numbers = {sample.key: number for number, sample in enumerate(samples)}
    pairs = [(number, numbers.get(f"M{key}")) for key, number in numbers.items()]
    return {a: b for one, other in pairs if other is not None for a, b in ((one, other), (other, one))}


@dataclass(frozen=True)
class EvaluatorLosses:
    """The contrastive loss.

    Args:
        same_above: cosine of two captions above which their pair is not a negative, unless they name different sides.
    """

    same_above: float = 0.8


class EvaluatorModule(Stage):
    """Contrast text with motion by InfoNCE on minus half the squared Euclidean distance.

    Args:
        network: sizes of the evaluator.
        losses: the contrastive loss.
        optim: optimiser.
        statistics: of the features, from the data module.
    """

    def __init__(
        self,
        network: EvaluatorConfig = EvaluatorConfig(),
        losses: EvaluatorLosses = EvaluatorLosses(),
        optim: OptimConfig = OptimConfig(learning_rate=1e-4, weight_decay=0.01, warmup_steps=200),
        *,
        statistics: Statistics | None = None,
    ) -> None:
        super().__init__(optim, statistics=statistics, network=network, losses=losses)
        self.losses = losses
        self.model = Evaluator(network)
        self._embedded: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        """Return the loss over the batches of all processes."""
        text, motion = (gather_rows(embedded) for embedded in self._embed(batch))
        same = same_caption(gather_rows(batch.sentence), self.losses.same_above)
        same &= ~_other_side(gather_rows(batch.sides))
        loss = info_nce(_logits(text, motion), same=same)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Embed a batch of the validation split."""
        self._embedded.append(self._embed(batch))

    def on_validation_epoch_end(self) -> None:
        """Log the figures of the validation split."""
        self._evaluate("val")

    def test_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Embed a batch of the test split."""
        self._embedded.append(self._embed(batch))

    def on_test_epoch_end(self) -> None:
        """Log the figures of the test split."""
        self._evaluate("test")

    def _evaluate(self, name: str) -> None:
        """Log the mean rank of the right motion among all motions of the split, as a share (0.5 = chance), and the loss."""
        text, motion = (gather_rows(torch.cat(parts)) for parts in zip(*self._embedded, strict=True))
        self._embedded.clear()
        logits = _logits(text, motion)
        self.log(f"{name}/rank", metrics.mean_rank(metrics.ranks(logits), len(logits)).float(), prog_bar=True)
        self.log(f"{name}/loss", info_nce(logits))

    def _embed(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        text = self.model.embed_text(batch.states, batch.tokens)
        return text.float(), self.model.embed_motion(batch.features, batch.frames).float()


def _logits(text: Tensor, motion: Tensor) -> Tensor:
    return -0.5 * torch.cdist(text, motion).square()


def _other_side(sides: Tensor) -> Tensor:
    """Return (N, N), True where both captions name a side, and not the same; sentence vectors hardly tell them apart."""
    named = sides.any(-1)
    return (sides[:, None] != sides).any(-1) & named[:, None] & named
