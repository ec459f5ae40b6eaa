"""A reasoner that looks up: a sentence gets the group and interaction texts of the most similar sentence of known motions.

It stands in for kinmo-reasoner behind the same protocol. What it knows must be of training motions only: a test motion's
own annotation would carry the answer into the query.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.text import UNKNOWN, Description, TextEncoder, read_records


@dataclass(frozen=True)
class Known:
    """A sentence about a motion, and what its limbs do.

    Args:
        owner: id of the motion.
        description: its text is the sentence.
    """

    owner: str
    description: Description


class NearestReasoner:
    """Implements `kinmo_core.text.Reasoner`.

    Args:
        known: sentences of training motions with their descriptions.
        encoder: gives the vectors that decide what is similar.
        vectors: (known, dim) of the known sentences, if they are at hand.
    """

    def __init__(self, known: Sequence[Known], encoder: TextEncoder, *, vectors: Tensor | None = None) -> None:
        if not known:
            raise InputError("the nearest reasoner needs at least one known sentence")
        self.known = list(known)
        self.encoder = encoder
        texts = [entry.description.text for entry in self.known]
        self.vectors = encoder.encode(texts) if vectors is None else vectors.float()
        if len(self.vectors) != len(texts):
            raise InputError(f"want a vector for each of {len(texts)} known sentences, got {len(self.vectors)}")
        self._order = lru_cache(maxsize=1)(self._nearest_first)  # the draws of the same sentences follow each other

    def describe(self, texts: Sequence[str], *, draw: int = 0) -> list[Description]:
        """Each sentence with the group and interaction texts of the most similar known one, or of the `draw` + 1st."""
        if not texts:
            return []
        return self._take(texts, self._order(tuple(texts))[:, min(draw, len(self.known) - 1)])

    def describe_others(self, vectors: Tensor, texts: Sequence[str], owners: Sequence[str]) -> list[Description]:
        """As `describe` for training motions: what is known of the motion itself, its mirrored copy or a span is not used.

        Args:
            vectors: (N, dim) of the sentences.
            texts: the sentences.
            owners: id of the motion of each.
        """
        sources = {
            source: number for number, source in enumerate(dict.fromkeys(source_of(k.owner) for k in self.known))
        }
        known = torch.tensor([sources[source_of(entry.owner)] for entry in self.known])
        found: list[Description] = []
        for start in range(0, len(texts), 512):  # the whole matrix of HumanML3D would take 8 GB
            part = slice(start, start + 512)
            own = torch.tensor([sources.get(source_of(owner), -1) for owner in owners[part]])
            similarity = (vectors[part] @ self.vectors.T).masked_fill(own[:, None] == known, -torch.inf)
            found += self._take(texts[part], similarity.argmax(-1))
        return found

    def _nearest_first(self, texts: tuple[str, ...]) -> Tensor:
        """(N, known) places of the known sentences."""
        return (self.encoder.encode(texts) @ self.vectors.T).argsort(dim=-1, descending=True, stable=True)

    def _take(self, texts: Sequence[str], chosen: Tensor) -> list[Description]:
        return [replace(self.known[i].description, text=text) for i, text in zip(chosen.tolist(), texts, strict=True)]


def write_known(path: Path, known: Sequence[Known]) -> None:
    """As JSONL, a line a motion: `Description.to_json` with the motion's `id` and how many sentences are known of it.

    The sentences themselves are not written: a reasoner needs only their vectors, and a model folder that holds no text of
    its data may go where that may not.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for owner, entries in groupby(known, key=lambda entry: entry.owner):
            same = list(entries)
            record = {"id": owner, "sentences": len(same), **replace(same[0].description, text=UNKNOWN).to_json()}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_known(path: Path) -> list[Known]:
    """What `write_known` wrote, every sentence as "unknown"."""
    found: list[Known] = []
    for owner, record in read_records(path):
        found += [Known(owner, Description.from_json(record))] * record["sentences"]
    return found


def source_of(key: str) -> str:
    """The clip that a sample's key names: without the span of frames and the M of a mirrored copy."""
    return key.partition(":")[0].removeprefix("M")


def mirror_key(key: str) -> str:
    """Key of the mirrored copy in HumanML3D: M + key, or without it."""
    return key[1:] if key.startswith("M") else f"M{key}"
