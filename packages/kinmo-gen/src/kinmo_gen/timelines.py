"""Timelines of training motions, as kinmo-annotate writes them: how rare they are, and sentences of what they hold."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
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


def rarity(timelines: Sequence[Timeline], groups: Sequence[str], *, alike: float = 0.0) -> np.ndarray:
    """Return the probability of each motion, higher the rarer its rarest statement about one of the groups is.

    Args:
        timelines: of the motions.
        groups: limbs whose statements count; all motions are alike where none has such a statement.
        alike: share of the probability that all motions have alike.
    """
    said = [{s.text for group in groups for s in timeline.of(group)} for timeline in timelines]
    count = Counter(text for texts in said for text in texts)
    weights = np.array([max((count[text] ** -0.5 for text in texts), default=0.0) for texts in said])
    even = np.full(len(weights), 1 / len(weights))
    return alike * even + (1 - alike) * weights / weights.sum() if weights.any() else even
