"""Recognise the collection of recordings that a pack comes from: whom to credit, and what its texts are worth."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Source:
    """A collection of recordings.

    Args:
        name: what reports call it.
        credit: line that must stay with every copy; empty if none is known.
        licence: terms in one line; empty if none are known.
        texts_describe: whether the short texts of its recordings describe the motion, so that they can be captions.
    """

    name: str
    credit: str = ""
    licence: str = ""
    texts_describe: bool = True


CMU: Final = Source(
    name="CMU",
    credit=(
        "The data used in this project was obtained from mocap.cs.cmu.edu. "
        "The database was created with funding from NSF EIA-0196217."
    ),
    licence="free for all uses; the data itself may not be resold, even in converted form",
)
ACCAD: Final = Source(
    name="ACCAD",
    credit="Open Motion Project by ACCAD/The Ohio State University; the data was changed",
    licence="CC BY 3.0, https://creativecommons.org/licenses/by/3.0/",
    texts_describe=False,  # made from the names of the files
)
_TRIALS: Final = ((re.compile(r"\d+_\d+"), CMU), (re.compile(r"accad_.+"), ACCAD))


def source_of(trials: Collection[str], *, folder: str) -> Source:
    """Return the source whose naming all trials follow; an unknown one is called by the name of its folder.

    Args:
        trials: names of the recordings.
        folder: name of the pack's folder.
    """
    for pattern, source in _TRIALS:
        if trials and all(pattern.fullmatch(trial) for trial in trials):
            return source
    return Source(name=folder)
