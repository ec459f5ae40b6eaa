"""Data of the token stages: ids of every clip from a frozen tokenizer and sentence vectors of every caption, made once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import cached, fingerprint
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.stats import Statistics
from kinmo_core.text import TextEncoder, identity
from kinmo_core.train.data import DrawnDataset, StepDataModule, required_encoder
from kinmo_gen.checkpoint import load_tokenizer
from kinmo_gen.tokenizer import DOWNSAMPLE, Tokenizer

MAX_TOKENS = 49  # 196 frames


class TokenSample(NamedTuple):
    """One clip with one of its captions, and the random numbers of this draw."""

    ids: Tensor  # (n, Q)
    text: Tensor  # (text_dim,)
    chance: Tensor  # (2,) uniform
    noise: Tensor  # (3, MAX_TOKENS) uniform


class TokenBatch(NamedTuple):
    """A batch of `TokenSample`s, padded to the longest."""

    ids: Tensor  # (B, N, Q)
    lengths: Tensor  # (B,)
    text: Tensor  # (B, text_dim)
    chance: Tensor  # (B, 2)
    noise: Tensor  # (B, 3, N)


class TokenData(StepDataModule):
    """Clips as tokens, each with a random caption and, in training, a random start.

    Args:
        root: a HumanML3D directory.
        tokenizer: model folder, or checkpoint of a tokenizer run.
        text_encoder: turns captions into vectors.
        cache: folder for tokens and sentence vectors.
        train_splits, val_splits, batch_size, workers, seed, bucket_batches: see `StepDataModule`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        tokenizer: str = "runs/tokenizer_humanml3d/best.ckpt",
        text_encoder: TextEncoder | None = None,
        *,
        train_splits: list[str] | None = None,
        val_splits: list[str] | None = None,
        cache: str = "runs/cache",
        batch_size: int = 64,
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
        self.tokenizer = tokenizer
        self.text_encoder = text_encoder
        self.cache = cache

    def setup(self, stage: str) -> None:
        """Tokenise what this stage needs, or read it from the cache."""
        encoder = required_encoder(self.text_encoder)
        folder = HumanML3DFolder(self.root)
        tokenizer, statistics = load_tokenizer(Path(self.tokenizer))
        for name, splits in self.splits_of(stage).items():
            samples = folder.samples(splits)
            self.datasets[name] = _token_dataset(
                _tokens(samples, tokenizer, statistics, self.cache),
                _sentence_vectors(samples, encoder, self.cache),
                random_start=name == "train",
            )

    def collate(self, samples: list[TokenSample]) -> TokenBatch:
        ids = pad_sequence([sample.ids for sample in samples], batch_first=True)
        return TokenBatch(
            ids,
            torch.tensor([len(sample.ids) for sample in samples]),
            torch.stack([sample.text for sample in samples]),
            torch.stack([sample.chance for sample in samples]),
            torch.stack([sample.noise[:, : ids.shape[1]] for sample in samples]),
        )


def _token_dataset(tokens: list[list[Tensor]], texts: list[Tensor], *, random_start: bool) -> DrawnDataset[TokenSample]:
    """`tokens[clip][offset]` (n, Q) for a start 0..3 frames into the clip; `texts[clip]` (captions, text_dim)."""

    def make(index: int, rng: np.random.Generator) -> TokenSample:
        ids = tokens[index][0]
        if random_start:
            ids = tokens[index][rng.integers(DOWNSAMPLE)]
            # HumanML3D's lengths: a third of the draws are one token shorter, so a clip of full length has two starts.
            shorter = int(rng.random() < 1 / 3 and len(ids) > 1)
            start = int(rng.integers(shorter + 1))
            ids = ids[start : start + len(ids) - shorter]
        text = texts[index][rng.integers(len(texts[index]))]
        chance, noise = rng.random(2, dtype=np.float32), rng.random((3, MAX_TOKENS), dtype=np.float32)
        return TokenSample(ids[:MAX_TOKENS].long(), text, torch.from_numpy(chance), torch.from_numpy(noise))

    return DrawnDataset(make, [len(offsets[0]) for offsets in tokens])


def _tokens(samples: list[Sample], tokenizer: Tokenizer, statistics: Statistics, cache: str) -> list[list[Tensor]]:
    """Ids of every sample at its four offsets."""

    def make() -> dict[str, Tensor]:
        rows = []
        for sample in samples:
            features = statistics.normalize(sample.features())[None]
            rows += [tokenizer.tokenize(features[:, offset:])[0].short() for offset in range(DOWNSAMPLE)]
        return {"ids": torch.cat(rows), "sizes": torch.tensor([len(row) for row in rows])}

    key = [fingerprint(tokenizer), *(f"{s.path} {s.path.stat().st_mtime_ns} {s.start} {s.end}" for s in samples)]
    stored = cached(cache, "tokens", key, make)
    rows = stored["ids"].split(stored["sizes"].tolist())
    return [list(rows[i : i + DOWNSAMPLE]) for i in range(0, len(rows), DOWNSAMPLE)]


def _sentence_vectors(samples: list[Sample], encoder: TextEncoder, cache: str) -> list[Tensor]:
    """Vectors (captions, dim) of every sample's captions; each distinct sentence is encoded once."""
    texts = sorted({caption.text for sample in samples for caption in sample.captions})
    stored = cached(cache, "sentences", [identity(encoder), *texts], lambda: {"vectors": encoder.encode(texts)})
    row = {text: number for number, text in enumerate(texts)}
    return [stored["vectors"][[row[c.text] for c in sample.captions]] for sample in samples]
