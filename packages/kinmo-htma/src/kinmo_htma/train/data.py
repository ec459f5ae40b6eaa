"""Motions with their captions and descriptions.

In training, the group and interaction text of a motion is its annotation. In validation and test it comes from a reasoner
that sees the caption only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.data.humanml3d import HumanML3DFolder, Sample, readable
from kinmo_core.files import cache_folder
from kinmo_core.stats import Statistics
from kinmo_core.text import Description, Reasoner, TokenStateEncoder, describe
from kinmo_core.train.data import MAX_SEED, DrawnDataset, LoaderConfig, TokenStateDataModule
from kinmo_htma.annotations import known_sentences, training_descriptions
from kinmo_htma.embeddings import Embedder, TextSettings, padded
from kinmo_htma.items import per_dimension_statistics, retrieval_samples
from kinmo_htma.levels import LEVELS, LevelText, bare, sentences_of
from kinmo_reasoner.nearest import NearestReasoner


class PairSample(NamedTuple):
    """A motion and a text about it."""

    features: Tensor  # (T, 263) normalised
    texts: dict[str, tuple[Tensor, Tensor]]  # level to vectors (n, text_dim) and roles (n,)
    sentence: Tensor  # (S,) unit vector of the caption
    sided: Tensor  # (levels,) True where the text of a level differs from that of the mirrored copy
    clip: int  # number that a motion shares with its mirrored copy only
    seed: int  # of everything that the module draws for this sample
    twin: PairSample | None = None  # the mirrored copy with the mirrored text, which goes into the same batch


class PairBatch(NamedTuple):
    """`PairSample`s padded with zeros."""

    features: Tensor  # (B, T, 263)
    frames: Tensor  # (B,)
    texts: dict[str, LevelText]
    sentence: Tensor  # (B, S)
    sided: Tensor  # (B, levels)
    clips: Tensor  # (B,)
    seeds: Tensor  # (B,)


class PairData(TokenStateDataModule):
    """Clips with a random caption in training, with their first caption in validation and test.

    Args:
        root: a HumanML3D directory.
        text_encoder: the frozen language model; its name (see `load_text_encoder`) or the encoder itself.
        annotations: JSONL file of the training motions' descriptions; `descriptions.jsonl` in `root` where None. It is not
            read for the global level alone.
        reasoner: describes validation and test clips; a `NearestReasoner` over the training motions where None.
        reasoned: share of training draws whose group and interaction texts come from the nearest *other* motion, as all do
            in use, instead of from the motion's annotation.
        levels: levels of text; the command line takes them from the network.
        finer, parts: see `TextSettings`.
        twins: put the mirrored copy of each training motion into its batch, as a negative wherever a text tells the two
            apart; a batch then has up to twice `loader.batch_size` motions.
        per_dimension: normalise each feature by its own deviation over the training clips, as TMR does, instead of by the
            directory's statistics, which share one deviation within each block of features.
        cache: directory for what the language model computes; see `cache_folder`.
        loader: see `LoaderConfig`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        text_encoder: str | TokenStateEncoder = "minilm",
        *,
        annotations: str | None = None,
        reasoner: Reasoner | None = None,
        reasoned: float = 0.0,
        levels: tuple[str, ...] = LEVELS,
        finer: str = "sentences",
        parts: str = "six",
        twins: bool = False,
        per_dimension: bool = False,
        cache: str | None = None,
        loader: LoaderConfig = LoaderConfig(batch_size=32, bucket_batches=8),
    ) -> None:
        super().__init__(text_encoder, loader)
        if not 0 <= reasoned <= 1:
            raise ValueError(f"reasoned must be a share between 0 and 1, got {reasoned}")
        self.root = root
        self.annotations = Path(annotations) if annotations else Path(root) / "descriptions.jsonl"
        self.reasoner = reasoner
        self.reasoned = reasoned
        self.levels = tuple(levels)
        self.finer = finer
        self.parts = parts
        self.twins = twins
        self.per_dimension = per_dimension
        self.cache = cache_folder(cache)

    @property
    def text_settings(self) -> TextSettings:
        """How text is fed, for the checkpoint."""
        return TextSettings(self.encoder.name, self.finer, self.parts, self.loader.train_splits)

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics that features are normalised by."""
        return per_dimension_statistics(self._training_samples) if self.per_dimension else self._folder.statistics

    def setup(self, stage: str) -> None:
        """Find the pairs and encode their sentences, or read these from the cache."""
        embedder = Embedder(self.encoder, self.levels, self.text_settings, cache=self.cache)
        described = training_descriptions(self.annotations, self._training_samples) if len(self.levels) > 1 else None
        nearest = self._nearest(embedder, described)
        for name, splits in self.splits_of(stage).items():
            if name == "train":
                share = self.reasoned if described else 0.0
                items = _training_items(self._training_samples, nearest, with_reasoned=share > 0)
                dataset = _pair_dataset(items, embedder, self.statistics, reasoned=share, twins=self.twins)
            else:
                items = self._evaluation_items(splits, None if described is None else self.reasoner or nearest)
                dataset = _pair_dataset(items, embedder, self.statistics)
            self.datasets[name] = dataset

    def collate(self, samples: list[PairSample]) -> PairBatch:
        """Pad features and texts of the samples, each followed by its twin, with zeros."""
        samples = [one for sample in samples for one in (sample, sample.twin) if one is not None]
        return PairBatch(
            pad_sequence([sample.features for sample in samples], batch_first=True),
            torch.tensor([len(sample.features) for sample in samples]),
            {level: padded([sample.texts[level] for sample in samples]) for level in samples[0].texts},
            torch.stack([sample.sentence for sample in samples]),
            torch.stack([sample.sided for sample in samples]),
            torch.tensor([sample.clip for sample in samples]),
            torch.tensor([sample.seed for sample in samples]),
        )

    @cached_property
    def _folder(self) -> HumanML3DFolder:
        return HumanML3DFolder(self.root)

    @cached_property
    def _training_samples(self) -> list[Sample]:
        return readable(self._folder.samples(self.loader.train_splits))

    def _nearest(self, embedder: Embedder, described: dict[str, Description] | None) -> NearestReasoner:
        known = known_sentences(self._training_samples, described)
        vectors = embedder.sentences.vectors(entry.text for entry in known)
        rows = torch.stack([vectors[entry.text] for entry in known])
        return NearestReasoner(known, self.encoder, vectors=rows)

    def _evaluation_items(self, splits: list[str], reasoner: Reasoner | None) -> list[Item]:
        samples = readable(retrieval_samples(self._folder, splits))
        texts = [sample.captions[0].text for sample in samples]
        drawn = [[bare(text)] for text in texts] if reasoner is None else describe(reasoner, texts)
        return [Item(sample, descriptions) for sample, descriptions in zip(samples, drawn, strict=True)]


class Item(NamedTuple):
    """A motion and the descriptions to draw from, one per caption; `reasoned` has those of the nearest other motions."""

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
    for sample in samples:  # known sentences are in the order of samples and captions
        part = slice(start, start + len(sample.captions))
        items.append(Item(sample, known[part], others[part] if with_reasoned else None))
        start = part.stop
    return items


def _pair_dataset(
    items: list[Item], embedder: Embedder, statistics: Statistics, *, reasoned: float = 0.0, twins: bool = False
) -> DrawnDataset[PairSample]:
    numbers = {key: index for index, key in enumerate(dict.fromkeys(_unmirrored(item) for item in items))}
    places = {item.sample.key: index for index, item in enumerate(items)}
    clips = [statistics.normalize(item.sample.features()) for item in items]
    embedder.prepare(d for item in items for d in (*item.descriptions, *(item.reasoned or ())))
    vectors = embedder.sentences.vectors(d.text for item in items for d in item.descriptions)

    def chosen(index: int, caption: int, *, from_others: bool) -> Description:
        item = items[index]
        return (item.reasoned if item.reasoned is not None and from_others else item.descriptions)[caption]

    @cache
    def sided(index: int, caption: int, *, from_others: bool) -> Tensor:
        return sided_levels(chosen(index, caption, from_others=from_others), embedder.levels)

    def read(index: int, caption: int, seed: int, *, from_others: bool) -> PairSample:
        description = chosen(index, caption, from_others=from_others)
        return PairSample(
            clips[index],
            {level: embedder.row(description, level) for level in embedder.levels},
            vectors[description.text],
            sided(index, caption, from_others=from_others),
            numbers[_unmirrored(items[index])],
            seed,
        )

    def make(index: int, rng: np.random.Generator) -> PairSample:
        key, captions = items[index].sample.key, len(items[index].descriptions)
        caption, share, seed = int(rng.integers(captions)), rng.random(), int(rng.integers(MAX_SEED))
        sample = read(index, caption, seed, from_others=share < reasoned)
        twin = places.get(key.removeprefix("M") if key.startswith("M") else f"M{key}")
        if not twins or twin is None or caption >= len(items[twin].descriptions):
            return sample
        other = read(twin, caption, int(rng.integers(MAX_SEED)), from_others=share < reasoned)
        return sample._replace(twin=other)

    return DrawnDataset(make, [len(clip) for clip in clips])


def sided_levels(description: Description, levels: Sequence[str]) -> Tensor:
    """Return (levels,), True where the text of a level tells a motion from its mirrored copy."""
    mirrored = description.mirror()
    return torch.tensor([sentences_of(description, level) != sentences_of(mirrored, level) for level in levels])


def _unmirrored(item: Item) -> str:
    """Return the key of a motion, or of the motion whose mirrored copy it is."""
    return item.sample.key.removeprefix("M")
