"""A reasoner by lookup: a sentence gets the timeline of the most similar known sentence.

What it knows must come from training motions only: a test motion's own annotation would carry the answer into the query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from kinmo_core.data.humanml3d import clip_of
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.language import load_text_encoder
from kinmo_core.model_folder import load_tensors, save_tensors
from kinmo_core.text import BODY, UNKNOWN, Description, Statement, TextEncoder, Timeline, read_records
from kinmo_core.text.statement import Real
from kinmo_reasoner.request import Request, requests

SHIPPED: Final = Path(__file__).parent / "weights"
_UNTIMED: Final = 4.0  # s; length of a timeline of texts without times: about the mean of a motion in captions
_CHUNK: Final = 512  # sentences compared at a time: the whole similarity matrix of HumanML3D would take 8 GB


@dataclass(frozen=True)
class Known:
    """A sentence about a motion, and what its limbs do.

    Args:
        owner: id of the motion.
        text: the sentence.
        timeline: what the limbs do in the motion.
    """

    owner: str
    text: str
    timeline: Timeline

    @property
    def description(self) -> Description:
        """The timeline in words, with the sentence as global text."""
        return replace(self.timeline.description(), text=self.text)


class NearestReasoner:
    """Implements `kinmo_core.text.Reasoner`; "nearest" in the entry-point group `kinmo.reasoners`.

    Args:
        known: sentences of training motions with their timelines.
        encoder: its vectors decide what is similar.
        vectors: (known, dim) of the known sentences; encoded where None.

    Raises:
        InputError: nothing is known, or the number of vectors differs.
    """

    def __init__(self, known: Sequence[Known], encoder: TextEncoder, *, vectors: Tensor | None = None) -> None:
        if not known:
            raise InputError("the nearest reasoner needs at least one known sentence")
        self.known = list(known)
        self.encoder = encoder
        texts = [entry.text for entry in self.known]
        self.vectors = encoder.encode(texts) if vectors is None else vectors.float()
        if len(self.vectors) != len(texts):
            raise InputError(f"vectors must be one per known sentence ({len(texts)}), got {len(self.vectors)}")

    @classmethod
    def load(cls, folder: Path | str | None, encoder: TextEncoder | None) -> NearestReasoner:
        """Read what `save` wrote; every known sentence is "unknown".

        Args:
            folder: with the files; those of this package if None.
            encoder: the one whose vectors were written; MiniLM if None.

        Raises:
            InputError: a file is missing or damaged.
        """
        folder = SHIPPED if folder is None else Path(folder)
        known: list[Known] = []
        for owner, record in read_records(folder / "known.jsonl"):
            known += [Known(owner, UNKNOWN, _timeline(record))] * record["sentences"]
        tensors = load_tensors(folder / "known.safetensors")
        if "vectors" not in tensors:
            raise InputError(f"{folder / 'known.safetensors'} is damaged: it holds no vectors")
        return cls(known, encoder or load_text_encoder("minilm"), vectors=tensors["vectors"])

    def save(self, folder: Path) -> None:
        """Write `known.jsonl`, a line per motion, and `known.safetensors`, the vectors of the sentences as fp16.

        The sentences themselves are left out: the reasoner needs only their vectors, and a model folder without the text of
        its data may be published where the data may not.
        """
        with atomic_path(folder / "known.jsonl") as temporary, temporary.open("w", encoding="utf-8") as file:
            for owner, entries in groupby(self.known, key=lambda entry: entry.owner):
                same = list(entries)
                limbs = tuple(s for s in same[0].timeline.statements if s.who != BODY)
                record = {"id": owner, "sentences": len(same), **replace(same[0].timeline, statements=limbs).to_json()}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        save_tensors({"vectors": self.vectors.half()}, folder / "known.safetensors")

    def plan(
        self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None, draws: int = 1
    ) -> list[list[Timeline]]:
        """Give each sentence the timelines of the most similar known ones, stretched to its duration."""
        asked = requests(sentences, seconds, draws)
        if not asked:
            return []
        found = self._nearest_first([request.sentence for request in asked])[:, :draws].tolist()
        rows = ([*row, *row[-1:] * (draws - len(row))] for row in found)
        return [[self._answer(one, known) for known in row] for one, row in zip(asked, rows, strict=True)]

    def _answer(self, request: Request, known: int) -> Timeline:
        timeline = self.known[known].timeline
        return say(request.sentence, timeline.stretch(request.seconds or timeline.seconds))

    def describe_others(self, vectors: Tensor, texts: Sequence[str], owners: Sequence[str]) -> list[Description]:
        """Describe training sentences as `describe` does, without what is known of their own motion.

        Args:
            vectors: (N, dim) of the sentences.
            texts: the sentences.
            owners: id of the motion of each; its mirrored copy and its spans are left out as well.
        """
        clips = {clip: number for number, clip in enumerate(dict.fromkeys(clip_of(k.owner) for k in self.known))}
        known = torch.tensor([clips[clip_of(entry.owner)] for entry in self.known])
        found: list[Description] = []
        for start in range(0, len(texts), _CHUNK):
            part = slice(start, start + _CHUNK)
            own = torch.tensor([clips.get(clip_of(owner), -1) for owner in owners[part]])
            similarity = (vectors[part] @ self.vectors.T).masked_fill(own[:, None] == known, -torch.inf)
            found += self._take(texts[part], similarity.argmax(-1))
        return found

    def _nearest_first(self, texts: Sequence[str]) -> Tensor:
        """Return (N, known) indices of the known sentences, the most similar first."""
        return (self.encoder.encode(texts) @ self.vectors.T).argsort(dim=-1, descending=True, stable=True)

    def _take(self, texts: Sequence[str], chosen: Tensor) -> list[Description]:
        return [replace(self.known[i].description, text=text) for i, text in zip(chosen.tolist(), texts, strict=True)]


def say(sentence: str, timeline: Timeline) -> Timeline:
    """Put the sentence on a timeline as what the body does over the whole time."""
    limbs = (statement for statement in timeline.statements if statement.who != BODY)
    whole = Statement(BODY, 0.0, timeline.seconds, sentence.removesuffix("."))
    return Timeline((*limbs, whole), timeline.seconds)


def _timeline(record: Mapping[str, Any]) -> Timeline:
    """Read a line of `known.jsonl`: a timeline or, in folders of version 0.1.0, a description without times."""
    if "statements" not in record:
        return Timeline.of_description(Description.from_json(record), _UNTIMED)
    return Timeline.from_json({name: record[name] for name in ("seconds", "statements")})
