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


def load_reasoner(spec: str, *, folder: Path | None = None, encoder: TextEncoder | None = None) -> Reasoner:
    """Load a reasoner: `offline`, or a name and what it needs (`nearest:FOLDER`).

    The entry point is a function of what follows the colon, or of the folder, and of the encoder; both may be None.

    Args:
        spec: name in the entry-point group `kinmo.reasoners`, or `NAME:REST`.
        folder: where the files of the reasoner are, for a model folder that names its reasoner.
        encoder: gives the sentence vectors; the reasoner loads its own where None.

    Raises:
        InputError: no installed package offers this reasoner, or its files are missing or damaged.
    """
    name, _, rest = spec.partition(":")
    load = find(REASONERS, name)
    if load is None:
        raise InputError(f"reasoner must be one of {', '.join(names(REASONERS)) or 'none installed'}, got {name!r}")
    return load(rest or folder, encoder)
