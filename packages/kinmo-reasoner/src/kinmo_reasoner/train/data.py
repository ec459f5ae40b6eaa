"""Sentences with the timelines of their motions, as packed tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.text import Timeline, check_sentence
from kinmo_core.train.data import DrawnDataset, LoaderConfig, StepDataModule
from kinmo_reasoner.build import read_timelines
from kinmo_reasoner.model import DEFAULT_BASE, load_tokenizer
from kinmo_reasoner.packing import Dialogue, Rows, encode, pack
from kinmo_reasoner.pairs import Described, described
from kinmo_reasoner.request import Request
from kinmo_reasoner.synthetic import sentence_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SHORTEST: Final = 2.0  # s: the shortest part of a motion that a sentence is written for


@dataclass(frozen=True)
class SentenceConfig:
    """Which sentence a timeline is learned from, drawn anew each time.

    Args:
        synthetic: share of draws with a sentence written from the timeline, in place of a caption.
        part: share of these in which the timeline is a random part of the motion.
        seconds: share of draws in which the sentence comes with the duration.
    """

    synthetic: float = 0.3
    part: float = 0.5
    seconds: float = 0.5


class SentenceData(StepDataModule):
    """Captions, and sentences written from timelines, with the timelines of their motions.

    Args:
        root: a HumanML3D directory.
        descriptions: annotation file of `kinmo-annotate predict`.
        base: name or folder of the language model, whose tokenizer is used.
        context: longest row of tokens; motions that do not fit are left out.
        sentences: which sentence is drawn.
        loader: see `LoaderConfig`; `batch_size` counts sentences.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        descriptions: str = "data/humanml3d/descriptions.jsonl",
        base: str = DEFAULT_BASE,
        *,
        context: int = 4096,
        sentences: SentenceConfig = SentenceConfig(),
        loader: LoaderConfig = LoaderConfig(batch_size=16),
    ) -> None:
        super().__init__(loader)
        self.root, self.descriptions, self.base = root, descriptions, base
        self.context, self.sentences = context, sentences

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of the base, loaded when it is first needed."""
        return load_tokenizer(self.base)

    def setup(self, stage: str) -> None:
        """Read the timelines that this stage needs."""
        timelines = read_timelines(self.descriptions)
        for name, splits in self.splits_of(stage).items():
            found = described(HumanML3DFolder(self.root).samples(splits), timelines)
            items = [item for item in found if self._fits(item)]
            if not items:
                raise InputError(
                    f"{self.descriptions} must describe motions of {', '.join(splits)} in at most {self.context} tokens, "
                    f"got none of {len(found)}"
                )
            if len(items) < len(found):
                print(
                    f"{name}: {len(found) - len(items)} of {len(found)} motions are longer than {self.context} tokens"
                )
            config = self.sentences if name == "train" else SentenceConfig(synthetic=0.0, seconds=1.0)
            self.datasets[name] = self._dataset(items, config)

    def collate(self, samples: list[Dialogue]) -> Rows:
        """Pack the samples of a batch into rows."""
        return pack(samples, self.context, padding=int(self.tokenizer.pad_token_id))  # type: ignore[arg-type]

    def _fits(self, item: Described) -> bool:
        longest = max(item.sentences, key=len)
        return len(self._encode(longest, item.timeline, seconds=True)) <= self.context

    def _dataset(self, items: list[Described], config: SentenceConfig) -> DrawnDataset[Dialogue]:
        def make(index: int, rng: np.random.Generator) -> Dialogue:
            item = items[index]
            seconds = bool(rng.random() < config.seconds)
            if rng.random() < config.synthetic:
                timeline = _part(item.timeline, rng) if rng.random() < config.part else item.timeline
                sentence = sentence_of(timeline, rng)
                written = None if sentence is None else self._encode(sentence, timeline, seconds=seconds)
                if written is not None and len(written) <= self.context:
                    return written
            return self._encode(item.sentences[rng.integers(len(item.sentences))], item.timeline, seconds=seconds)

        return DrawnDataset(make, [1] * len(items))

    def _encode(self, sentence: str, timeline: Timeline, *, seconds: bool) -> Dialogue:
        request = Request(check_sentence(sentence), float(timeline.seconds) if seconds else None)
        return encode(self.tokenizer, request, timeline)


def _part(timeline: Timeline, rng: np.random.Generator) -> Timeline:
    """Return a random part of at least `_SHORTEST` seconds."""
    if timeline.seconds <= _SHORTEST:
        return timeline
    length = rng.uniform(_SHORTEST, timeline.seconds)
    start = rng.uniform(0, timeline.seconds - length)
    return timeline.window(float(start), float(start + length))
