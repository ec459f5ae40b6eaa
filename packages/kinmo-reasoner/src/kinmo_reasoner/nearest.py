"""A reasoner by lookup: a sentence gets the timelines of the most similar known sentences.

What it knows must come from training motions only: a test motion's own annotation would carry the answer into the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from kinmo_core.data.humanml3d import clip_of
from kinmo_core.errors import InputError
from kinmo_core.language import load_text_encoder
from kinmo_core.text import Description, TextEncoder, Timeline
from kinmo_core.text.statement import Real
from kinmo_reasoner.known import Known, read_known, say, write_known
from kinmo_reasoner.request import Request, requests
from kinmo_reasoner.typical import most_typical

SHIPPED: Final = Path(__file__).parent / "weights"
TYPICAL: Final = (
    10  # similar motions that a limb is chosen among; of 1, 3, 5, 10 and 20 the best on the val clips of CMU
)
_CHUNK: Final = 512  # sentences compared at a time: the whole similarity matrix of HumanML3D would take 8 GB


class NearestReasoner:
    """Implements `kinmo_core.text.Reasoner`; "nearest" in the entry-point group `kinmo.reasoners`.

    Args:
        known: sentences of training motions with their timelines.
        encoder: its vectors decide what is similar.
        vectors: (known, dim) of the known sentences; encoded where None.
        number: similar motions among which the most typical is taken, limb by limb; 1 takes the most similar motion whole.

    Raises:
        InputError: nothing is known, or the number of vectors differs.
    """

    def __init__(
        self, known: Sequence[Known], encoder: TextEncoder, *, vectors: Tensor | None = None, number: int = 1
    ) -> None:
        if not known:
            raise InputError("the nearest reasoner needs at least one known sentence")
        self.known = list(known)
        self.encoder = encoder
        self.number = number
        texts = [entry.text for entry in self.known]
        self.vectors = encoder.encode(texts) if vectors is None else vectors.float()
        if len(self.vectors) != len(texts):
            raise InputError(f"vectors must be one per known sentence ({len(texts)}), got {len(self.vectors)}")

    @classmethod
    def load(cls, folder: Path | str | None, encoder: TextEncoder | None) -> NearestReasoner:
        """Read what `save` wrote.

        Args:
            folder: with the files; those of this package, with `TYPICAL` motions to choose among, if None.
            encoder: the one whose vectors were written; MiniLM if None.

        Raises:
            InputError: a file is missing or damaged.
        """
        known, vectors = read_known(SHIPPED if folder is None else Path(folder))
        number = TYPICAL if folder is None else 1
        return cls(known, encoder or load_text_encoder("minilm"), vectors=vectors, number=number)

    def save(self, folder: Path) -> None:
        """Write what is known; see `write_known`."""
        write_known(folder, self.known, self.vectors)

    def plan(
        self, sentences: Sequence[str], seconds: Real | Sequence[Real] | None = None, draws: int = 1
    ) -> list[list[Timeline]]:
        """Give each sentence the timelines of the most similar known ones, stretched to its duration."""
        asked = requests(sentences, seconds, draws)
        return [self._answers(request, self.similarity(request.sentence), draws) for request in asked]

    def similarity(self, sentence: str) -> Tensor:
        """Return the cosines (known,) of a sentence and the known ones."""
        return self.vectors @ self.encoder.encode([sentence])[0]

    def look_up(self, similarity: Tensor, seconds: float | None, draws: int) -> list[Timeline]:
        """Return what the limbs do in the motions of the most similar sentences, the best first.

        Each further draw starts at a less similar sentence.

        Args:
            similarity: (known,) as `similarity` returns it.
            seconds: duration; that of the most similar motion if None.
            draws: number of timelines.
        """
        order = similarity.argsort(descending=True, stable=True).tolist()
        if self.number > 1:  # motions rather than captions
            first: dict[str, int] = {}
            for i in order:
                first.setdefault(self.known[i].owner, i)
            order = list(first.values())
        found = []
        for draw in range(draws):
            start = min(draw, len(order) - 1)
            chosen = [self.known[i].timeline for i in order[start : start + self.number]]
            found.append(most_typical(chosen, seconds or float(chosen[0].seconds)))
        return found

    def _answers(self, request: Request, similarity: Tensor, draws: int) -> list[Timeline]:
        found = self.look_up(similarity, request.seconds, draws)
        return [say(request.sentence, timeline) for timeline in found]

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

    def _take(self, texts: Sequence[str], chosen: Tensor) -> list[Description]:
        return [replace(self.known[i].description, text=text) for i, text in zip(chosen.tolist(), texts, strict=True)]
