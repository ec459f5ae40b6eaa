"""Find implementations by name through entry points, so that no package has to import one that stands above it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kinmo_core.errors import InputError

if TYPE_CHECKING:
    from kinmo_core.text import Reasoner, TextEncoder

TEXT_ENCODERS: Final = "kinmo.text_encoders"
REASONERS: Final = "kinmo.reasoners"


def names(group: str) -> list[str]:
    """Return the names that the installed packages offer in an entry-point group."""
    return sorted({entry.name for entry in entry_points(group=group)})


def find(group: str, name: str) -> Any | None:
    """Import the object that an installed package offers under a name; None where no package does."""
    for entry in entry_points(group=group, name=name):
        return entry.load()
    return None


def load_reasoner(name: str, *, folder: Path, encoder: TextEncoder) -> Reasoner:
    """Load the reasoner that a model folder names, from its files in that folder.

    Raises:
        InputError: no installed package offers this reasoner, or its files are missing or damaged.
    """
    load = find(REASONERS, name)
    if load is None:
        raise InputError(f"reasoner must be one of {', '.join(names(REASONERS)) or 'none installed'}, got {name!r}")
    return load(folder, encoder)
