"""Plain sentences that `kinmo-htma caption` chooses from, and their stored embeddings.

Captions of a data set may not be shipped, so the sentences are our own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from torch import Tensor

from kinmo_core.model_folder import load_tensors, save_tensors

ACTIONS: Final = tuple((Path(__file__).parent / "actions.txt").read_text(encoding="utf-8").splitlines())
_FILE: Final = "actions.safetensors"


def save_actions(embeddings: Tensor, folder: Path) -> None:
    """Write the embeddings (actions, levels, D) of `ACTIONS` into a model folder, as fp16."""
    save_tensors({_name(): embeddings.half()}, folder / _FILE)


def load_actions(folder: Path) -> Tensor | None:
    """Read the embeddings of `ACTIONS` from a model folder; None where it has none of this list.

    Raises:
        InputError: the file is damaged.
    """
    if not (folder / _FILE).is_file():
        return None
    stored = load_tensors(folder / _FILE).get(_name())
    return None if stored is None else stored.float()


def _name() -> str:
    """Name the tensor by a hash of the list, so that embeddings of another list are not used."""
    return hashlib.sha256("\n".join(ACTIONS).encode()).hexdigest()[:16]
