"""The LightningModule that turns motions into annotations."""

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
    """Observes motions and passes the observations to a writer; has no weights.

    Args:
        writer: writes the descriptions.
        keyframer: finds keyframes, for a writer that needs them; `Keyframer()` if None.
    """

    def __init__(self, writer: Writer, keyframer: Keyframer | None = None) -> None:
        super().__init__()
        self.writer = writer
        self.keyframer = (keyframer or Keyframer()) if writer.needs_keyframes else None

    def predict_step(self, batch: list[Clip | Skipped], batch_idx: int) -> list[Annotation | Skipped]:
        """Return the annotations of a batch, followed by the motions that cannot be described."""
        # The texts must not depend on trainer.precision: bfloat16 has steps of 1.6 cm at 2 m.
        with torch.autocast("cpu", enabled=False):
            seen = [self._observe(clip) for clip in batch]
            observations = [one for one in seen if isinstance(one, Observation)]
            annotations = self.writer.write(observations) if observations else []
        return [*annotations, *(one for one in seen if isinstance(one, Skipped))]

    def _observe(self, clip: Clip | Skipped) -> Observation | Skipped:
        if isinstance(clip, Skipped):
            return clip
        try:
            return observe(clip.motion, id=clip.id, captions=clip.captions, keyframer=self.keyframer)
        except InputError as error:
            return Skipped(clip.id, str(error))
