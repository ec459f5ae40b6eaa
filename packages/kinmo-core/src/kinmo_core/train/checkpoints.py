"""Checkpoints that are there whole or not at all, so that a run can always go on from its last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from kinmo_core.files import atomic_path


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside the earlier one; Lightning's own goes through /tmp, where a kill leaves it."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint.

        Raises:
            InputError: it cannot be written.
        """
        del storage_options
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            torch.save(checkpoint, temporary)
