"""Motions with their captions and descriptions.

In training the group and interaction text of a motion is its annotation. In validation and test it comes from a reasoner
that sees the caption only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.stats import Statistics
from kinmo_core.text import Description, Reasoner
from kinmo_core.train.data import DrawnDataset, StepDataModule, required_encoder
from kinmo_htma.annotations import known_sentences, training_descriptions
from kinmo_htma.embeddings import Embedder, padded
from kinmo_htma.items import per_dimension_statistics, retrieval_samples
from kinmo_htma.language import TokenStateEncoder
from kinmo_htma.levels import LevelText, bare
from kinmo_htma.nearest import NearestReasoner


class PairSample(NamedTuple):
    """A motion and a text of it."""

    features: Tensor  # (T, 263) normalised
    texts: dict[str, tuple[Tensor, Tensor]]  # level to vectors (n, text_dim) and roles (n,)
    sentence: Tensor  # (S,) unit vector of the caption
    seed: int  # of the latents' noise


class PairBatch(NamedTuple):
    """`PairSample`s padded with zeros."""

    features: Tensor  # (B, T, 263)
    frames: Tensor  # (B,)
    texts: dict[str, LevelText]
    sentence: Tensor  # (B, S)
    seeds: Tensor  # (B,)


class PairData(StepDataModule):
    """Clips with a random caption in training, with their first caption in validation and test.

    Which levels of text there are follows from the module that is trained.

    Args:
        root: a HumanML3D directory.
        text_encoder: the frozen language model.
        annotations: JSONL file of the training motions' descriptions; `descriptions.jsonl` in `root` where None. Not read
            for a model of the global level alone.
        reasoner: writes the descriptions of validation and test; where None, a `NearestReasoner` over the training motions.
        reasoned: share of training draws whose group and interaction texts come from the nearest *other* motion, as they
            will in use, instead of the motion's annotation.
        finer, parts: see `Embedder`.
        per_dimension: normalise each feature by its own deviation over the training clips, as TMR does, instead of by the
            directory's statistics, which share one deviation in each block of features.
        cache: folder for what the language model made.
        train_splits, val_splits, batch_size, workers, seed, bucket_batches: see `StepDataModule`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        text_encoder: TokenStateEncoder | None = None,
        *,
        annotations: str | None = None,
        reasoner: Reasoner | None = None,
        reasoned: float = 0.0,
        finer: str = "sentences",
        parts: str = "six",
        per_dimension: bool = False,
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
        if not 0 <= reasoned <= 1:
            raise ValueError(f"reasoned must be a share between 0 and 1, got {reasoned}")
        self.root = root
        self.text_encoder = text_encoder
        self.annotations = Path(annotations) if annotations else Path(root) / "descriptions.jsonl"
        self.reasoner = reasoner
        self.reasoned = reasoned
        self.finer = finer
        self.parts = parts
        self.per_dimension = per_dimension
        self.cache = cache

    def setup(self, stage: str) -> None:
        """Find the pairs and encode their sentences, or read these from the cache."""
        encoder = required_encoder(self.text_encoder)
        folder = HumanML3DFolder(self.root)
        levels = self._trainer.lightning_module.hparams["levels"]
        embedder = Embedder(encoder, levels, finer=self.finer, parts=self.parts, cache=self.cache)
        train = folder.samples(self.splits["train"])
        self.statistics = per_dimension_statistics(train) if self.per_dimension else folder.statistics
        described = training_descriptions(self.annotations, train) if len(levels) > 1 else None
        known = known_sentences(train, described)
        vectors = embedder.vectors(entry.description.text for entry in known)
        nearest = NearestReasoner(
            known, encoder, vectors=torch.stack([vectors[entry.description.text] for entry in known])
        )
        for name, splits in self.splits_of(stage).items():
            if name == "train":
                share = self.reasoned if described else 0.0
                items = _training_items(train, nearest, with_reasoned=share > 0)
            else:
                share = 0.0
                samples = retrieval_samples(folder, splits)
                texts = [sample.captions[0].text for sample in samples]
                told = [bare(t) for t in texts] if described is None else (self.reasoner or nearest).describe(texts)
                items = [Item(sample, [description]) for sample, description in zip(samples, told, strict=True)]
            self.datasets[name] = _pair_dataset(items, embedder, self.statistics, reasoned=share)

    @property
    def text_settings(self) -> dict[str, Any]:
        """How the text was fed, and from where, for the checkpoint."""
        assert self.text_encoder is not None
        return {
            "language_model": self.text_encoder.name,
            "finer": self.finer,
            "parts": self.parts,
            "splits": self.splits["train"],
        }

    def collate(self, samples: list[PairSample]) -> PairBatch:
        return PairBatch(
            pad_sequence([sample.features for sample in samples], batch_first=True),
            torch.tensor([len(sample.features) for sample in samples]),
            {level: padded([sample.texts[level] for sample in samples]) for level in samples[0].texts},
            torch.stack([sample.sentence for sample in samples]),
            torch.tensor([sample.seed for sample in samples]),
        )


class Item(NamedTuple):
    """A motion and the descriptions to draw from, one a caption; the second list has those of the nearest other motions."""

    sample: Sample
    descriptions: list[Description]
    reasoned: list[Description] | None = None


def _training_items(samples: list[Sample], nearest: NearestReasoner, *, with_reasoned: bool) -> list[Item]:
    known = [entry.description for entry in nearest.known]
    others: list[Description] = []
    if with_reasoned:
        owners = [entry.owner for entry in nearest.known]
        others = nearest.describe_others(nearest.vectors, [d.text for d in known], owners)
    items, start = [], 0
    for sample in samples:  # known sentences lie in the order of samples and captions
        part = slice(start, start + len(sample.captions))
        items.append(Item(sample, known[part], others[part] if with_reasoned else None))
        start = part.stop
    return items


def _pair_dataset(
    items: list[Item], embedder: Embedder, statistics: Statistics, *, reasoned: float
) -> DrawnDataset[PairSample]:
    clips = [statistics.normalize(item.sample.features()) for item in items]
    embedder.prepare(d for item in items for d in (*item.descriptions, *(item.reasoned or ())))
    vectors = embedder.vectors(d.text for item in items for d in item.descriptions)

    def make(index: int, rng: np.random.Generator) -> PairSample:
        item = items[index]
        caption, share, seed = rng.integers(len(item.descriptions)), rng.random(), rng.integers(2**62)
        chosen = item.reasoned if item.reasoned is not None and share < reasoned else item.descriptions
        description = chosen[caption]
        texts = {level: embedder.row(description, level) for level in embedder.levels}
        return PairSample(clips[index], texts, vectors[description.text], int(seed))

    return DrawnDataset(make, [len(clip) for clip in clips])
