"""Read captions of a folder of motions: `captions.csv` or `captions.jsonl`, one caption a row.

Fields: `file` (path of the motion in the folder, with or without its suffix) and `caption`; where wanted `start` and `end`
(seconds of the part that is meant) and `split` (train, val or test). A line of JSON may have a list `captions`.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kinmo_core.data.captions import Caption
from kinmo_core.data.pack import SPLITS
from kinmo_core.errors import InputError
from kinmo_core.files import read_text

_SHOWN: Final = 80  # characters of a line that an error quotes


@dataclass(frozen=True)
class Row:
    """One caption.

    Args:
        place: file and line, for errors.
        file: as given.
        caption: of the whole motion or of a part.
        split: "" if not given.
    """

    place: str
    file: str
    caption: Caption
    split: str = ""


def read_caption_file(path: Path | str) -> list[Row]:
    """Read all rows of a `.csv` or `.jsonl` file.

    Raises:
        InputError: another suffix, not UTF-8, a field that is missing or wrong (with the line), or no row.
    """
    path = Path(path)
    readers = {".csv": _csv_lines, ".jsonl": _json_lines}
    if path.suffix.lower() not in readers:
        raise InputError(f"captions must be a .csv or .jsonl file, got {path}")
    rows = [row for line, fields in readers[path.suffix.lower()](path) for row in _rows(f"{path} line {line}", fields)]
    if not rows:
        raise InputError(f"{path} must have at least one caption, got none")
    return rows


def _csv_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(read_text(path).splitlines(keepends=True))
    try:
        for fields in reader:
            yield reader.line_num, {name: value for name, value in fields.items() if name is not None}
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num}: must be CSV, got {error}") from None


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip():
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError):
                fields = None
            if not isinstance(fields, dict):
                raise InputError(f"{path} line {number}: must be a JSON object, got {line[:_SHOWN]!r}")
            yield number, fields


def _rows(place: str, fields: Mapping[str, Any]) -> Iterator[Row]:
    file, split = fields.get("file"), fields.get("split") or ""
    texts = fields.get("captions") or [fields.get("caption")]
    if not isinstance(file, str) or not file.strip():
        raise InputError(f"{place}: must have the fields file and caption, got {', '.join(map(str, fields)) or 'none'}")
    if split not in ("", *SPLITS):
        raise InputError(f"{place}: split must be one of {', '.join(SPLITS)}, got {split!r}")
    start, end = (_seconds(place, name, fields.get(name)) for name in ("start", "end"))
    if (start, end) != (0.0, 0.0) and not start < end:
        raise InputError(f"{place}: must have start < end, got {start:g} and {end:g}")
    for text in texts if isinstance(texts, list) else [texts]:
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{place}: caption must be a sentence, got {text!r}")
        yield Row(place, file.strip(), Caption(" ".join(text.split()), start=start, end=end), split)


def _seconds(place: str, name: str, value: object) -> float:
    """Parse seconds; an empty field is 0."""
    try:
        seconds = float(value or 0)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise InputError(f"{place}: {name} must be seconds of 0 or more, got {value!r}")
    return seconds
