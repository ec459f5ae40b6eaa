"""What the stages on tokens share: their data, and logging, text dropout and loss of their modules.

Ids of every clip, from a frozen tokenizer, and vectors of every caption are computed once.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import SentenceCache, cached, fingerprint
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.language import resolve_encoder
from kinmo_core.nn import SampleRandom
from kinmo_core.stats import Statistics
from kinmo_core.text import TextEncoder
from kinmo_core.train.data import MAX_SEED, DrawnDataset, LoaderConfig, StepDataModule
from kinmo_core.train.stage import Stage
from kinmo_gen.model_folder import load_tokenizer
from kinmo_gen.tokenizer import DOWNSAMPLE, MAX_TOKENS, Tokenizer

# Share of draws that are one token shorter, so that a clip of full length has two starts (HumanML3D).
_SHORTER: Final = 1 / 3


class TokenSample(NamedTuple):
    """One clip with one of its captions."""

    ids: Tensor  # (n, Q)
    text: Tensor  # (text_dim,)
    seed: int  # of everything that the module draws for this sample


class TokenBatch(NamedTuple):
    """A batch of `TokenSample`s, padded to the longest."""

    ids: Tensor  # (B, N, Q)
    lengths: Tensor  # (B,)
    text: Tensor  # (B, text_dim)
    seeds: Tensor  # (B,)


class TokenData(StepDataModule):
    """Clips as tokens, each with a random caption and, in training, a random start.

    Args:
        root: a HumanML3D directory.
        tokenizer: model folder, or checkpoint of a tokenizer run.
        text_encoder: turns captions into vectors; its name (see `load_text_encoder`) or the encoder itself.
        cache: directory for tokens and sentence vectors.
        loader: see `LoaderConfig`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        tokenizer: str = "runs/tokenizer_humanml3d/best.ckpt",
        text_encoder: str | TextEncoder = "minilm",
        *,
        cache: str = "runs/cache",
        loader: LoaderConfig = LoaderConfig(bucket_batches=8),
    ) -> None:
        super().__init__(loader)
        self.root = root
        self.tokenizer = tokenizer
        self.text_encoder = text_encoder
        self.cache = cache

    @cached_property
    def encoder(self) -> TextEncoder:
        """The text encoder, loaded when it is first needed."""
        return resolve_encoder(self.text_encoder)

    @property
    def text_dim(self) -> int:
        """Size of a sentence vector."""
        return self.encoder.dim

    def setup(self, stage: str) -> None:
        """Tokenise the clips that this stage needs, or read them from the cache."""
        folder = HumanML3DFolder(self.root)
        sentences = SentenceCache(self.encoder, self.cache)
        tokenizer, statistics = load_tokenizer(Path(self.tokenizer))
        for name, splits in self.splits_of(stage).items():
            samples = folder.samples(splits)
            vectors = sentences.vectors(caption.text for sample in samples for caption in sample.captions)
            texts = [torch.stack([vectors[caption.text] for caption in sample.captions]) for sample in samples]
            tokens = _tokens(samples, tokenizer, statistics, self.cache)
            self.datasets[name] = _token_dataset(tokens, texts, random_start=name == "train")

    def collate(self, samples: list[TokenSample]) -> TokenBatch:
        """Pad the ids of the samples to the longest."""
        return TokenBatch(
            pad_sequence([sample.ids for sample in samples], batch_first=True),
            torch.tensor([len(sample.ids) for sample in samples]),
            torch.stack([sample.text for sample in samples]),
            torch.tensor([sample.seed for sample in samples]),
        )


def _token_dataset(tokens: list[list[Tensor]], texts: list[Tensor], *, random_start: bool) -> DrawnDataset[TokenSample]:
    """Draw samples from `tokens[clip][offset]` (n, Q), offsets of 0..3 frames, and `texts[clip]` (captions, text_dim)."""

    def make(index: int, rng: np.random.Generator) -> TokenSample:
        ids = tokens[index][0]
        if random_start:
            ids = tokens[index][rng.integers(DOWNSAMPLE)]
            shorter = int(rng.random() < _SHORTER and len(ids) > 1)
            start = int(rng.integers(shorter + 1))
            ids = ids[start : start + len(ids) - shorter]
        text = texts[index][rng.integers(len(texts[index]))]
        return TokenSample(ids[:MAX_TOKENS].long(), text, int(rng.integers(MAX_SEED)))

    return DrawnDataset(make, [len(offsets[0]) for offsets in tokens])


def _tokens(samples: list[Sample], tokenizer: Tokenizer, statistics: Statistics, cache: str) -> list[list[Tensor]]:
    """Tokenise every sample at its four offsets."""

    def compute() -> dict[str, Tensor]:
        rows = []
        for sample in samples:
            features = statistics.normalize(sample.features())[None]
            rows += [tokenizer.tokenize(features[:, offset:])[0].short() for offset in range(DOWNSAMPLE)]
        return {"ids": torch.cat(rows), "sizes": torch.tensor([len(row) for row in rows])}

    stored = cached(cache, "tokens", [fingerprint(tokenizer), *map(_identity, samples)], compute)
    rows = stored["ids"].split(stored["sizes"].tolist())
    return [list(rows[i : i + DOWNSAMPLE]) for i in range(0, len(rows), DOWNSAMPLE)]


def _identity(sample: Sample) -> str:
    """Name the content of a sample; a mirrored copy may share the file of its original."""
    return f"{sample.path} {sample.path.stat().st_mtime_ns} {sample.start} {sample.end} {sample.mirrored}"


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
