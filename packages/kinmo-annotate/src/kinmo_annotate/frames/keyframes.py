"""Keyframes: the frames whose pose reads differently (KinMo, ICCV 2025, section 3.2).

Every frame gets a sentence about its pose; a frame whose sentence has a cosine below 0.8 with that of an earlier frame is a
keyframe. The paper leaves open which earlier frame, how many frames are skipped, and the sentence model; all are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from kinmo_annotate.frames.posecodes import categorize, pose_sentences
from kinmo_annotate.measures import FPS
from kinmo_annotate.observation import Keyframe
from kinmo_core.text import TextEncoder


class Keyframer:
    """Finds keyframes, and remembers the vectors of sentences, since poses come again.

    Args:
        threshold: cosine below which a pose is a new one.
        reference: a frame is compared with the last "keyframe", which also catches slow changes, or with the
            "previous" frame.
        stride: distance of the frames that are looked at (at 20 a second).
        encoder: sentences to vectors; without one the bundled MiniLM is loaded when the first sentence comes.

    Raises:
        ValueError: a threshold outside -1 to 1, an unknown reference, a stride below 1.
    """

    def __init__(
        self,
        threshold: float = 0.8,
        reference: Literal["keyframe", "previous"] = "keyframe",
        stride: int = 2,
        encoder: TextEncoder | None = None,
    ) -> None:
        if not -1 <= threshold <= 1:
            raise ValueError(f"threshold must be a cosine, -1 to 1, got {threshold}")
        if reference not in ("keyframe", "previous"):
            raise ValueError(f'reference must be "keyframe" or "previous", got {reference!r}')
        if stride < 1:
            raise ValueError(f"stride must be at least 1, got {stride}")
        self.threshold = threshold
        self.reference = reference
        self.stride = stride
        self._encoder = encoder
        self._vectors: dict[str, Tensor] = {}

    def find(self, numbers: Mapping[str, Tensor]) -> tuple[Keyframe, ...]:
        """Find the keyframes of one motion from its numbers (`measures.measure`, (T,) each); the first frame is one."""
        every = {name: values[:: self.stride] for name, values in numbers.items()}
        sentences = pose_sentences(categorize(every))
        vectors = self._encode(sentences)
        chosen, reference = [0], vectors[0]
        for frame in range(1, len(sentences)):
            new = float(vectors[frame] @ reference) < self.threshold
            if new:
                chosen.append(frame)
            if new or self.reference == "previous":
                reference = vectors[frame]
        return tuple(Keyframe(frame * self.stride / FPS, sentences[frame]) for frame in chosen)

    def _encode(self, sentences: Sequence[str]) -> Tensor:
        """Return unit vectors (N, dim); each distinct sentence is encoded once, in all motions."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._vectors]
        if new:
            if self._encoder is None:
                from kinmo_core.language import LanguageModel

                self._encoder = LanguageModel()
            self._vectors |= zip(new, torch.nn.functional.normalize(self._encoder.encode(new), dim=-1), strict=True)
        return torch.stack([self._vectors[text] for text in sentences])
