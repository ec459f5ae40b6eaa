"""Timelines of training motions, as kinmo-annotate writes them, and sentences that say some of what they hold."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from kinmo_core.data.humanml3d import Sample
from kinmo_core.errors import InputError
from kinmo_core.text import Timeline, read_records
from kinmo_reasoner.synthetic import sentence_of

_SENTENCES: Final = 3  # written for each motion


def read_timelines(path: Path, samples: Iterable[Sample]) -> dict[str, Timeline]:
    """Read the timeline of every sample, by its key; other lines of the file are not parsed.

    Raises:
        InputError: no such file, a sample that it does not describe, or a wrong timeline; names the motion.
    """
    wanted = {sample.key for sample in samples}
    if not path.is_file():
        raise InputError(f"no annotations {path}; write them with `make annotate`, or train with levels: [body]")
    found: dict[str, Timeline] = {}
    for key, record in read_records(path):
        if key in wanted and "timeline" in record:
            try:
                found[key] = Timeline.from_json(record["timeline"])
            except InputError as error:
                raise InputError(f"{path}, motion {key}: {error}") from None
    missing = sorted(wanted - set(found))
    if missing:
        raise InputError(
            f"{path} has no timeline of {len(missing)} of {len(wanted)} motions, the first is {missing[0]}"
        )
    return found


def written_sentences(key: str, timeline: Timeline) -> tuple[str, ...]:
    """Write sentences that say some of what a motion does, always the same for its key; none where nobody would say it."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    written = (sentence_of(timeline, rng) for _ in range(_SENTENCES))
    return tuple(sentence for sentence in written if sentence is not None)
