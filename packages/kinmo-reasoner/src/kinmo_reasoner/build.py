"""Build what the offline reasoner knows of training motions: their timelines, and the vectors of their captions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from kinmo_core.data.captions import mirror_text
from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.errors import InputError
from kinmo_core.files import atomic_folder
from kinmo_core.text import BODY, TextEncoder, Timeline, read_records
from kinmo_reasoner.known import Known
from kinmo_reasoner.nearest import NearestReasoner

WORDS: Final = "words.txt"
_DECIMALS: Final = 2  # of amounts; sentences round them further
_MIN_MOTIONS: Final = 3  # whose captions hold a word, so that it counts as English and not as a misspelling


def build(data: Path, descriptions: Path, out: Path, encoder: TextEncoder, *, splits: Sequence[str]) -> int:
    """Write `known.jsonl`, `known.safetensors` and `words.txt`; returns the number of captions.

    Of a mirrored copy only captions that name a side are taken, since all others are those of the original.

    Args:
        data: HumanML3D directory.
        descriptions: JSONL file that `kinmo-annotate predict` wrote for it.
        out: folder to write.
        encoder: gives the vectors of captions.
        splits: training splits; nothing of other motions is read.

    Raises:
        InputError: the data or the descriptions cannot be read, or describe none of the motions.
    """
    samples = HumanML3DFolder(data).samples(list(splits))
    timelines = read_timelines(descriptions, {sample.key for sample in samples})
    originals = {sample.key for sample in without_mirrored(samples)}
    known = [
        entry
        for sample in samples
        if sample.key in timelines
        for entry in _known(sample, timelines[sample.key], mirrored=sample.key not in originals)
    ]
    if not known:
        raise InputError(f"{descriptions} has a timeline of none of the {len(samples)} motions of {', '.join(splits)}")
    with atomic_folder(out, marker=WORDS, own=("known.*",)) as new:
        NearestReasoner(known, encoder).save(new)
        (new / WORDS).write_text("\n".join(_words(known)) + "\n", encoding="utf-8")
    return len(known)


def read_timelines(path: Path | str, wanted: set[str] | None = None) -> dict[str, Timeline]:
    """Read the timelines of some motions, or of all, from a file of kinmo-annotate, by id.

    Raises:
        InputError: the file cannot be read or a record holds no timeline; names the motion.
    """
    found = {}
    for key, record in read_records(path):
        if (wanted is None or key in wanted) and "skipped" not in record:
            try:
                found[key] = Timeline.from_json(record.get("timeline"))
            except InputError as error:
                raise InputError(f"{path}, motion {key}: {error}") from None
    return found


def without_mirrored(samples: Sequence[Sample]) -> list[Sample]:
    """Leave out the mirrored copies of samples that are there themselves."""
    keys = {sample.key for sample in samples}
    return [sample for sample in samples if not (sample.key.startswith("M") and sample.key[1:] in keys)]


def _known(sample: Sample, timeline: Timeline, *, mirrored: bool) -> Iterator[Known]:
    limbs = tuple(
        replace(s, amount=None if s.amount is None else round(float(s.amount), _DECIMALS))
        for s in timeline.statements
        if s.who != BODY
    )
    for caption in sample.captions:
        if not mirrored or mirror_text(caption.text) != caption.text:
            yield Known(sample.key, caption.text, Timeline(limbs, timeline.seconds))


def _words(known: Sequence[Known]) -> list[str]:
    """Return the words of the captions of several motions, in alphabetical order."""
    pairs = {(word, entry.owner) for entry in known for word in re.findall(r"[a-z]+", entry.text.lower())}
    motions = Counter(word for word, _ in pairs)
    return sorted(word for word, number in motions.items() if number >= _MIN_MOTIONS)
