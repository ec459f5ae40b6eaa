"""Plans of all captions of a data set as JSONL, with resume after a kill."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kinmo_annotate.records import Records, Skipped
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import FPS
from kinmo_core.progress import with_progress
from kinmo_core.text import Reasoner

_AT_ONCE: Final = 32  # captions planned between two writes to disk


def predict(
    reasoner: Reasoner, name: str, data: HumanML3DFolder, splits: Sequence[str], out: Path, *, own_seconds: bool = False
) -> int:
    """Write a line for every caption of some splits: id, sentence, the texts of all limbs, and the timeline.

    The id is that of the motion and the number of the caption: "000021#0". A second call goes on where the first one ended.

    Args:
        reasoner: plans the captions.
        name: of the reasoner; a file by another one is refused.
        data: HumanML3D directory.
        splits: names of split lists.
        out: JSONL file.
        own_seconds: plan each caption in the duration of its motion rather than in an estimated one.

    Returns:
        The number of lines in the file.

    Raises:
        InputError: the file is by another reasoner or being written by another process, or the data cannot be read.
    """
    captions = {
        f"{sample.key}#{number}": (caption.text, len(sample) / FPS if own_seconds else None)
        for sample in data.samples(list(splits))
        for number, caption in enumerate(sample.captions)
    }
    records = Records(out, writer=name)
    records.prepare()
    try:
        done = records.lines()
        waiting = [id for id in captions if id not in done]
        if len(waiting) < len(captions):
            print(
                f"{out}: {len(captions) - len(waiting)} of {len(captions)} captions are planned already",
                file=sys.stderr,
            )
        for start in with_progress(range(0, len(waiting), _AT_ONCE), "planning captions"):
            ids = waiting[start : start + _AT_ONCE]
            records.append(0, [_record(reasoner, name, id, *captions[id]) for id in ids])
        records.close_part()
        return records.merge(list(captions), {})
    finally:
        records.close()


def _record(reasoner: Reasoner, name: str, id: str, sentence: str, seconds: float | None) -> dict[str, Any]:
    try:
        [[plan]] = reasoner.plan([sentence], seconds)
    except InputError as error:
        warnings.warn(f"left out {id}: {error}", DataWarning, stacklevel=2)
        return Skipped(id, str(error)).to_json()
    return {"id": id, **plan.description().to_json(), "text": sentence, "writer": name, "timeline": plan.to_json()}
