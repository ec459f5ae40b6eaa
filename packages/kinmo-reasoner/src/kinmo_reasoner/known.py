"""Known sentences with what the limbs do in their motions, and the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.model_folder import load_tensors, save_tensors
from kinmo_core.text import BODY, UNKNOWN, Description, Statement, Timeline, read_records

_UNTIMED: Final = 4.0  # s; length of a timeline of texts without times: about the mean of a motion in captions


@dataclass(frozen=True)
class Known:
    """A sentence about a motion, and what its limbs do.

    Args:
        owner: id of the motion.
        text: the sentence.
        timeline: what the limbs do in the motion.
    """

    owner: str
    text: str
    timeline: Timeline

    @property
    def description(self) -> Description:
        """The timeline in words, with the sentence as global text."""
        return replace(self.timeline.description(), text=self.text)


class _Stored(Known):
    """Known from a file, whose timeline is made when it is first asked for: to make all of them takes half a second."""

    _read: Callable[[], Timeline]

    def __init__(self, owner: str, read: Callable[[], Timeline]) -> None:
        self.__dict__.update(owner=owner, text=UNKNOWN, _read=read)

    @cached_property
    def timeline(self) -> Timeline:  # type: ignore[override]  # of a frozen class, so nobody sets it
        """What the limbs do in the motion."""
        return self._read()


def write_known(folder: Path, known: Sequence[Known], vectors: Tensor) -> None:
    """Write `known.jsonl`, a line per motion, and `known.safetensors`, the vectors (known, dim) of the sentences as fp16.

    The sentences themselves are left out: a reasoner needs only their vectors, and a model folder without the text of its
    data may be published where the data may not.
    """
    written: dict[str, Timeline] = {}
    with atomic_path(folder / "known.jsonl") as temporary, temporary.open("w", encoding="utf-8") as file:
        for owner, entries in groupby(known, key=lambda entry: entry.owner):
            same = list(entries)
            written[owner] = timeline = without_body(same[0].timeline)
            original = owner.removeprefix("M")
            mirrors = original != owner and original in written and timeline == written[original].mirror()
            said = {"mirrors": original} if mirrors else timeline.to_json()
            file.write(json.dumps({"id": owner, "sentences": len(same), **said}, ensure_ascii=False) + "\n")
    save_tensors({"vectors": vectors.half()}, folder / "known.safetensors")


def read_known(folder: Path) -> tuple[list[Known], Tensor]:
    """Read what `write_known` wrote; every known sentence is "unknown".

    Raises:
        InputError: a file is missing or damaged; a wrong statement is an error when its timeline is first asked for.
    """
    readers: dict[str, Callable[[], Timeline]] = {}
    known: list[Known] = []
    for owner, record in read_records(folder / "known.jsonl"):
        original = readers.get(record.get("mirrors", ""))
        readers[owner] = cache(partial(_timeline, record) if original is None else partial(_mirrored, original))
        known += [_Stored(owner, readers[owner])] * record["sentences"]
    tensors = load_tensors(folder / "known.safetensors")
    if "vectors" not in tensors:
        raise InputError(f"{folder / 'known.safetensors'} is damaged: it holds no vectors")
    return known, tensors["vectors"]


def say(sentence: str, timeline: Timeline) -> Timeline:
    """Put the sentence on a timeline as what the body does over the whole time."""
    whole = Statement(BODY, 0.0, timeline.seconds, sentence.removesuffix(".") or sentence)
    return Timeline((*without_body(timeline).statements, whole), timeline.seconds)


def without_body(timeline: Timeline) -> Timeline:
    """Take out what is said of the body as a whole."""
    return replace(timeline, statements=tuple(s for s in timeline.statements if s.who != BODY))


def _mirrored(read: Callable[[], Timeline]) -> Timeline:
    return read().mirror()


def _timeline(record: Mapping[str, Any]) -> Timeline:
    """Read a line of `known.jsonl`: a timeline or, in folders of version 0.1.0, a description without times."""
    if "statements" not in record:
        return Timeline.of_description(Description.from_json(record), _UNTIMED)
    return Timeline.from_json({name: record[name] for name in ("seconds", "statements")})
