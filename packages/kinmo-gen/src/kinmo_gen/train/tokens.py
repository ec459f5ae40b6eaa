"""What the stages on tokens share: their data, and logging, condition dropout and loss of their modules.

Ids of every clip, from a frozen tokenizer, and vectors of every caption and phrase are computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from kinmo_core.cache import SentenceCache, cached, fingerprint
from kinmo_core.data.humanml3d import Captions, HumanML3DFolder, Sample, readable
from kinmo_core.errors import InputError
from kinmo_core.files import cache_folder
from kinmo_core.language import resolve_encoder
from kinmo_core.nn import SampleRandom
from kinmo_core.progress import with_progress
from kinmo_core.stats import Statistics
from kinmo_core.text import GROUPS, TextEncoder, Timeline
from kinmo_core.train.data import MAX_SEED, DrawnDataset, LoaderConfig, StepDataModule
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_gen.conditions import PARTS, Condition, condition, crop, phrases_of, stack
from kinmo_gen.cues import has_cues
from kinmo_gen.model_folder import load_tokenizer
from kinmo_gen.timelines import read_timelines, written_sentences
from kinmo_gen.tokenizer import DOWNSAMPLE, MAX_TOKENS, Tokenizer

# Share of draws that are one token shorter, so that a clip of full length has two starts (HumanML3D).
_SHORTER: Final = 1 / 3
_WRITTEN: Final = 0.3  # share of draws of a captioned clip with a sentence that its timeline was put into
_AT_ONCE: Final = 16  # clips tokenised together: twice as fast as one by one on a CPU


class TokenSample(NamedTuple):
    """One clip with one of its captions and what its limbs do."""

    ids: Tensor  # (n, Q, P)
    condition: Condition  # of one motion
    seed: int  # of everything that the module draws for this sample


class TokenBatch(NamedTuple):
    """A batch of `TokenSample`s, padded to the longest."""

    ids: Tensor  # (B, N, Q, P)
    lengths: Tensor  # (B,)
    condition: Condition
    seeds: Tensor  # (B,)


class TokenData(StepDataModule):
    """Clips as tokens with their statements, each with a random caption, if it has one, and in training a random start.

    In training, clips without a caption, and some of the others, get a sentence that says some of what their timeline holds
    (`kinmo_reasoner.synthetic`): captions rarely name a limb, but users do.

    Args:
        root: a HumanML3D directory.
        tokenizer: model folder, or checkpoint of a tokenizer run.
        text_encoder: turns captions into vectors; its name (see `load_text_encoder`) or the encoder itself.
        levels: what the network is told; the command line takes them from it. Without groups, clips without a caption are
            left out and no annotations are read.
        annotations: JSONL file of the motions' timelines; `descriptions.jsonl` in `root` where None.
        shares: of the training draws, for each of `loader.train_splits`, since clips with captions that people wrote are few
            beside the others; by the number of their clips where None.
        cache: directory for tokens and sentence vectors; see `cache_folder`.
        loader: see `LoaderConfig`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        tokenizer: str = "runs/tokenizer_humanml3d/best.ckpt",
        text_encoder: str | TextEncoder = "minilm",
        *,
        levels: tuple[str, ...] = ("body",),
        annotations: str | None = None,
        shares: tuple[float, ...] | None = None,
        cache: str | None = None,
        loader: LoaderConfig = LoaderConfig(bucket_batches=8),
    ) -> None:
        super().__init__(loader)
        self.root = root
        self.with_cues = has_cues(levels)
        self.annotations = Path(annotations) if annotations else Path(root) / "descriptions.jsonl"
        if shares is not None and (len(shares) != len(loader.train_splits) or min(shares) <= 0):
            given, splits = ", ".join(map(str, shares)), ", ".join(loader.train_splits)
            raise InputError(f"shares must be a positive number for each of {splits}, got {given}")
        self.shares = shares
        self.tokenizer = tokenizer
        self.text_encoder = text_encoder
        self.cache = cache_folder(cache)

    @cached_property
    def encoder(self) -> TextEncoder:
        """The text encoder, loaded when it is first needed."""
        return resolve_encoder(self.text_encoder)

    @property
    def text_dim(self) -> int:
        """Size of a sentence vector."""
        return self.encoder.dim

    @cached_property
    def _tokenizer(self) -> tuple[Tokenizer, Statistics]:
        return load_tokenizer(Path(self.tokenizer))

    @property
    def parts(self) -> int:
        """Parts of the body with ids of their own."""
        return self._tokenizer[0].parts

    @property
    def codes(self) -> int:
        """Codes of each of them."""
        return self._tokenizer[0].codes

    @property
    def layers(self) -> int:
        """Layers of the quantizer."""
        return self._tokenizer[0].layers

    def setup(self, stage: str) -> None:
        """Tokenise the clips that this stage needs, or read them from the cache."""
        folder = HumanML3DFolder(self.root)
        sentences = SentenceCache(self.encoder, self.cache)
        tokenizer, statistics = self._tokenizer
        for name, splits in self.splits_of(stage).items():
            captions: Captions = "optional" if self.with_cues else "required"
            by_split = [readable(folder.samples([split], captions=captions)) for split in splits]
            samples = [sample for clips in by_split for sample in clips]
            timelines = read_timelines(self.annotations, samples) if self.with_cues else {}
            phrases = (phrase for timeline in timelines.values() for phrase in phrases_of(timeline))
            written = {key: written_sentences(key, one) for key, one in timelines.items()} if name == "train" else {}
            said = [
                Said(tuple(c.text for c in sample.captions), written.get(sample.key, ()), timelines.get(sample.key))
                for sample in samples
            ]
            vectors = sentences.vectors((*(text for one in said for text in one.captions + one.written), *phrases))
            tokens = _tokens(samples, tokenizer, statistics, self.cache)
            weights = _draw_weights(by_split, self.shares) if name == "train" else None
            self.datasets[name] = _token_dataset(
                tokens, said, vectors, self.text_dim, weights, random_start=name == "train"
            )

    def collate(self, samples: list[TokenSample]) -> TokenBatch:
        """Pad the ids of the samples to the longest."""
        return TokenBatch(
            pad_sequence([sample.ids for sample in samples], batch_first=True),
            torch.tensor([len(sample.ids) for sample in samples]),
            stack([sample.condition for sample in samples]),
            torch.tensor([sample.seed for sample in samples]),
        )


class Said(NamedTuple):
    """What is said about a clip: its captions, sentences written from its timeline, and the timeline."""

    captions: tuple[str, ...]
    written: tuple[str, ...]
    timeline: Timeline | None

    def draw(self, rng: np.random.Generator) -> str | None:
        """Choose a caption or a written sentence."""
        share = _WRITTEN if self.captions else 1.0
        texts = self.written if self.written and rng.random() < share else self.captions
        return texts[rng.integers(len(texts))] if texts else None


def _token_dataset(
    tokens: list[list[Tensor]],
    said: Sequence[Said],
    vectors: Mapping[str, Tensor],
    text_dim: int,
    weights: np.ndarray | None,
    *,
    random_start: bool,
) -> DrawnDataset[TokenSample]:
    """Draw samples from `tokens[clip][offset]` (n, Q, P), offsets of 0..3 frames, and captions and timeline of each clip."""

    def make(index: int, rng: np.random.Generator) -> TokenSample:
        ids, first = tokens[index][0], 0.0
        if random_start:
            offset = int(rng.integers(DOWNSAMPLE))
            ids = tokens[index][offset]
            shorter = int(rng.random() < _SHORTER and len(ids) > 1)
            start = int(rng.integers(shorter + 1))
            ids = ids[start : start + len(ids) - shorter]
            first = start + offset / DOWNSAMPLE
        ids = ids[:MAX_TOKENS].long()
        text = said[index].draw(rng)
        vector = None if text is None else vectors[text]
        told = crop(condition(vector, said[index].timeline, vectors, text_dim), first, len(ids))
        return TokenSample(ids, told, int(rng.integers(MAX_SEED)))

    return DrawnDataset(make, [len(offsets[0]) for offsets in tokens], weights)


def _draw_weights(by_split: Sequence[Sequence[Sample]], shares: Sequence[float] | None) -> np.ndarray:
    """Return how often each training clip is drawn, splits by their shares."""
    sizes = [len(clips) for clips in by_split]
    return np.repeat(np.divide(shares or sizes, sizes), sizes)


def _tokens(samples: list[Sample], tokenizer: Tokenizer, statistics: Statistics, cache: Path) -> list[list[Tensor]]:
    """Tokenise every sample at its four offsets."""

    def compute() -> dict[str, Tensor]:
        found: dict[int, list[Tensor]] = {}
        by_length = sorted(range(len(samples)), key=lambda number: len(samples[number]))
        groups = [list(group) for _, group in groupby(by_length, key=lambda number: len(samples[number]))]
        # Samples of one length go through the encoder together; others would see each other's padding.
        parts = [group[i : i + _AT_ONCE] for group in groups for i in range(0, len(group), _AT_ONCE)]
        for chosen in with_progress(parts, "tokenising motions"):
            features = statistics.normalize(torch.stack([samples[number].features() for number in chosen]))
            ids = [tokenizer.tokenize(features[:, offset:]).short() for offset in range(DOWNSAMPLE)]
            found |= {number: [of[row] for of in ids] for row, number in enumerate(chosen)}
        rows = [row for number in range(len(samples)) for row in found[number]]
        return {"ids": torch.cat(rows), "sizes": torch.tensor([len(row) for row in rows])}

    stored = cached(cache, "tokens", [fingerprint(tokenizer), *map(_identity, samples)], compute)
    rows = stored["ids"].split(stored["sizes"].tolist())
    return [list(rows[i : i + DOWNSAMPLE]) for i in range(0, len(rows), DOWNSAMPLE)]


def _identity(sample: Sample) -> str:
    """Name the content of a sample; a mirrored copy may share the file of its original."""
    return f"{sample.path} {sample.path.stat().st_mtime_ns} {sample.start} {sample.end} {sample.mirrored}"


@dataclass(frozen=True)
class ConditionDropout:
    """Shares of training samples that do without some of their condition.

    Args:
        everything: without sentence and statements, for classifier-free guidance.
        text: without the sentence.
        statements: without any statement.
        pairs: without statements about pairs.
        parts: with some of the groups and pairs only; the share that is kept is the square of a uniform number, since people
            name one limb or two.
        silent: told to do nothing, where there is no statement about a part; the other ones are free.
    """

    everything: float = 0.1
    text: float = 0.3
    statements: float = 0.1
    pairs: float = 0.3
    parts: float = 0.5
    silent: float = 0.5

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be a share between 0 and 1, got {share}")

    def __call__(self, condition: Condition, random: SampleRandom) -> Condition:
        """Leave out parts of the conditions of a batch."""
        everything, text, statements, pairs, parts, share = random.uniform(6).unbind(1)
        silent, kept = random.uniform(2, len(PARTS)).unbind(1)
        with_statements = (statements >= self.statements) & (everything >= self.everything)
        told = (
            (condition.told | (silent < self.silent)) & condition.told.any(1, keepdim=True) & with_statements[:, None]
        )
        told = told & ((parts >= self.parts)[:, None] | (kept < share[:, None].square()))
        is_group = torch.arange(len(PARTS), device=told.device) < len(GROUPS)
        told = told & ((pairs >= self.pairs)[:, None] | is_group)
        has_text = condition.has_text & (text >= self.text) & (everything >= self.everything)
        return condition._replace(has_text=has_text, told=told)


class TokenModule(Stage):
    """Logging, condition dropout and loss that the three stages share; a subclass defines `_predict`.

    Args:
        optim: optimiser.
        dropout: how much of the condition each training sample does without; nothing where None.
        configs: see `Stage`.
    """

    def __init__(self, optim: OptimConfig, dropout: ConditionDropout | None = None, **configs: Any) -> None:
        values: dict[str, Any] = configs if dropout is None else {**configs, "dropout": dropout}
        super().__init__(optim, **values)
        self.dropout = dropout

    def training_step(self, batch: TokenBatch, batch_idx: int) -> Tensor:
        """Return the loss with condition dropout."""
        loss, _ = self._loss(batch, self.dropout)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: TokenBatch, batch_idx: int) -> None:
        """Log validation loss and accuracy."""
        self._evaluate(batch, "val")

    def test_step(self, batch: TokenBatch, batch_idx: int) -> None:
        """Log test loss and accuracy."""
        self._evaluate(batch, "test")

    def _evaluate(self, batch: TokenBatch, name: str) -> None:
        loss, accuracy = self._loss(batch, None)
        self.log(f"{name}/loss", loss, batch_size=len(batch.ids), sync_dist=True, prog_bar=True)
        self.log(f"{name}/accuracy", accuracy, batch_size=len(batch.ids), sync_dist=True)

    def _loss(self, batch: TokenBatch, dropout: ConditionDropout | None) -> tuple[Tensor, Tensor]:
        """Return cross-entropy and accuracy over the predicted ids.

        Both are divided by the mean count of positions over the processes, so that their mean over the processes is that of
        one joint batch.
        """
        random = SampleRandom(batch.seeds)
        if dropout is not None:
            batch = batch._replace(condition=dropout(batch.condition, random))
        logits, target, predict_mask = self._predict(batch, random)
        count = self.trainer.strategy.reduce(predict_mask.sum().float(), reduce_op="mean")
        loss = F.cross_entropy(logits.float()[predict_mask], target[predict_mask], reduction="sum")
        return loss / count, (logits.argmax(-1) == target)[predict_mask].sum() / count

    def _predict(self, batch: TokenBatch, random: SampleRandom) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (..., classes), targets (...,) and a mask (...,) of the positions to score."""
        raise AssertionError("a subclass defines _predict")
