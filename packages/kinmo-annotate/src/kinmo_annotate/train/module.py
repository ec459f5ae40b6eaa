"""What a Trainer runs: motions to annotations."""

from __future__ import annotations

import lightning as L
import torch

from kinmo_annotate.frames.keyframes import Keyframer
from kinmo_annotate.observation import Annotation, Observation
from kinmo_annotate.observe import observe
from kinmo_annotate.records import Skipped
from kinmo_annotate.train.data import Clip
from kinmo_annotate.writers import Writer
from kinmo_core.errors import InputError


class AnnotationModule(L.LightningModule):
    """Observes motions and has them written about; has no weights and nothing to train.

    Args:
        writer: writes the descriptions.
        keyframer: finds keyframes for a writer that needs them; the usual one where None.
    """

    def __init__(self, writer: Writer, keyframer: Keyframer | None = None) -> None:
        super().__init__()
        self.writer = writer
        self.keyframer = (keyframer or Keyframer()) if writer.needs_keyframes else None

    def predict_step(self, batch: list[Clip | Skipped], batch_idx: int) -> list[Annotation | Skipped]:
        """An annotation of each motion; what cannot be described comes behind, with the reason."""
        observations: list[Observation] = []
        skipped: list[Skipped] = []
        # The words must not depend on trainer.precision: in half precision a centimetre is lost two metres from the origin.
        with torch.autocast("cpu", enabled=False):
            for clip in batch:
                seen = self._observe(clip)
                (skipped if isinstance(seen, Skipped) else observations).append(seen)  # pyright: ignore[reportArgumentType]
            annotations = self.writer.write(observations) if observations else []
        return [*annotations, *skipped]

    def _observe(self, clip: Clip | Skipped) -> Observation | Skipped:
        if isinstance(clip, Skipped):
            return clip
        try:
            return observe(clip.motion, id=clip.id, captions=clip.captions, keyframer=self.keyframer)
        except InputError as error:
            return Skipped(clip.id, str(error))
