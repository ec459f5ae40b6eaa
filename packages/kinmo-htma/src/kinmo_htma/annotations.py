"""Descriptions of the training motions, as kinmo-annotate writes them.

Only the lines of the wanted motions are parsed, so that text of test motions in the same file is never used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from kinmo_core.data.humanml3d import Sample
from kinmo_core.errors import InputError
from kinmo_core.features import FPS
from kinmo_core.text import UNKNOWN, Description, Timeline, read_records
from kinmo_htma.levels import bare
from kinmo_reasoner.known import Known


def training_descriptions(path: Path | str, samples: Iterable[Sample]) -> dict[str, Description]:
    """Read the description of every sample, by its key.

    Args:
        path: JSONL file; lines of other motions are skipped.
        samples: samples of the training splits.

    Raises:
        InputError: no such file, a sample that it does not describe, or a description that misses a limb or has an empty
            level; names the motion.
    """
    wanted = {sample.key for sample in samples}
    if not Path(path).is_file():
        raise InputError(f"no annotations {path}; write them with `make annotate`, or train with levels: [global]")
    found: dict[str, Description] = {}
    for key, record in read_records(path):
        if key in wanted and "skipped" not in record:  # a motion that kinmo-annotate could not describe
            try:
                found[key] = Description.from_json(record)
            except InputError as error:
                raise InputError(f"{path}, motion {key}: {error}") from None
    missing = sorted(wanted - set(found))
    if missing:
        raise InputError(
            f"{path} has no group and interaction text for {len(missing)} of {len(wanted)} training motions, "
            f"the first is {missing[0]}"
        )
    return found


def known_sentences(samples: Iterable[Sample], described: Mapping[str, Description] | None) -> list[Known]:
    """Return every caption of every sample with the sample's description, or without limb texts where None are given."""
    known = []
    for sample in samples:
        description = bare(UNKNOWN) if described is None else replace(described[sample.key], text=UNKNOWN)
        timeline = Timeline.of_description(description, len(sample) / FPS)
        known += [Known(sample.key, caption.text, timeline) for caption in sample.captions]
    return known
