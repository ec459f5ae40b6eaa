"""A reasoner by lookup: a sentence gets the group and interaction texts of the most similar known sentence.

What it knows must come from training motions only: a test motion's own annotation would carry the answer into the query.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from kinmo_core.data.humanml3d import clip_of
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.model_folder import load_tensors, save_tensors
from kinmo_core.text import UNKNOWN, Description, TextEncoder, read_records

_CHUNK: Final = 512  # sentences compared at a time: the whole similarity matrix of HumanML3D would take 8 GB


@dataclass(frozen=True)
class Known:
    """A sentence about a motion, and what its limbs do.

    Args:
        owner: id of the motion.
        description: its global text is the sentence.
    """

    owner: str
    description: Description


class NearestReasoner:
    """Implements `kinmo_core.text.Reasoner`; "nearest" in the entry-point group `kinmo.reasoners`.

    Args:
        known: sentences of training motions with their descriptions.
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
        texts = [entry.description.text for entry in self.known]
        self.vectors = encoder.encode(texts) if vectors is None else vectors.float()
        if len(self.vectors) != len(texts):
            raise InputError(f"vectors must be one per known sentence ({len(texts)}), got {len(self.vectors)}")
        self._order = lru_cache(maxsize=1)(self._nearest_first)  # the draws of the same sentences follow each other

    @classmethod
    def load(cls, folder: Path, encoder: TextEncoder) -> NearestReasoner:
        """Read what `save` wrote; every known sentence is "unknown".

        Raises:
            InputError: a file is missing or damaged.
        """
        known: list[Known] = []
        for owner, record in read_records(folder / "known.jsonl"):
            known += [Known(owner, Description.from_json(record))] * record["sentences"]
        tensors = load_tensors(folder / "known.safetensors")
        if "vectors" not in tensors:
            raise InputError(f"{folder / 'known.safetensors'} is damaged: it holds no vectors")
        return cls(known, encoder, vectors=tensors["vectors"])

    def save(self, folder: Path) -> None:
        """Write `known.jsonl`, a line per motion, and `known.safetensors`, the vectors of the sentences as fp16.

        The sentences themselves are left out: the reasoner needs only their vectors, and a model folder without the text of
        its data may be published where the data may not.
        """
        with atomic_path(folder / "known.jsonl") as temporary, temporary.open("w", encoding="utf-8") as file:
            for owner, entries in groupby(self.known, key=lambda entry: entry.owner):
                same = list(entries)
                record = {"id": owner, "sentences": len(same), **replace(same[0].description, text=UNKNOWN).to_json()}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        save_tensors({"vectors": self.vectors.half()}, folder / "known.safetensors")

    def describe(self, texts: Sequence[str], *, draw: int = 0) -> list[Description]:
        """Give each sentence the group and interaction texts of the most similar known one, or of the `draw` + 1st."""
        if not texts:
            return []
        return self._take(texts, self._order(tuple(texts))[:, min(draw, len(self.known) - 1)])

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

    def _nearest_first(self, texts: tuple[str, ...]) -> Tensor:
        """Return (N, known) indices of the known sentences, the most similar first."""
        return (self.encoder.encode(texts) @ self.vectors.T).argsort(dim=-1, descending=True, stable=True)

    def _take(self, texts: Sequence[str], chosen: Tensor) -> list[Description]:
        return [replace(self.known[i].description, text=text) for i, text in zip(chosen.tolist(), texts, strict=True)]
