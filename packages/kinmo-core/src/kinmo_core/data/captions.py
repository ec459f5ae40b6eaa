"""Caption lines of HumanML3D: `text#word/POS word/POS ...#start#end`, seconds; 0 and 0 mean the whole clip."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache

from kinmo_core.errors import DataWarning, InputError


@dataclass(frozen=True)
class Caption:
    """One sentence about a clip, or about its part between `start` and `end`, s."""

    text: str
    tokens: str = ""
    start: float = 0.0
    end: float = 0.0

    @property
    def whole(self) -> bool:
        """True if the sentence describes the whole clip."""
        return self.start == 0 and self.end == 0

    def line(self) -> str:
        """Format the caption as a line of a text file."""
        return f"{self.text.replace('#', ' ')}#{self.tokens}#{self.start}#{self.end}"

    def mirror(self) -> Caption:
        """Return the caption of the mirrored clip."""
        return replace(self, text=mirror_text(self.text), tokens=mirror_text(self.tokens))


def parse_captions(text: str, *, source: str) -> tuple[Caption, ...]:
    """Parse the content of a caption file.

    A line of another form is left out, and a warning counts these and names the first. So one bad line among a hundred
    thousand neither stops a training nor goes unseen. Fields are read from the right, since a sentence may hold a `#`.

    Args:
        text: the content.
        source: names the file in the warning.
    """
    captions, wrong = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                captions.append(_caption(line.strip()))
            except InputError as error:
                wrong.append(f"line {number}: {error}")
    if wrong:
        warnings.warn(
            f"{source}: {len(wrong)} of {len(wrong) + len(captions)} lines left out; {wrong[0]}",
            DataWarning,
            stacklevel=2,
        )
    return tuple(captions)


def _caption(line: str) -> Caption:
    fields = line.rsplit("#", 3)
    if len(fields) != 4:
        raise InputError(f"must be text#tokens#start#end, got {line[:80]!r}")
    text, tokens, *times = fields
    if not text.strip():
        raise InputError(f"must have a sentence, got {line[:80]!r}")
    start, end = map(_seconds, times)
    if (start, end) != (0.0, 0.0) and not 0 <= start < end:
        raise InputError(f"must have 0 <= start < end, got {start:g} and {end:g}")
    return Caption(text, tokens, start, end)


def _seconds(field: str) -> float:
    """Parse seconds; HumanML3D writes `nan` for an unknown span, which means the whole clip."""
    try:
        value = float(field)
    except ValueError:
        raise InputError(f"must have start and end in seconds, got {field[:80]!r}") from None
    if math.isinf(value):
        raise InputError(f"must have start and end in seconds, got {field[:80]!r}")
    return 0.0 if math.isnan(value) else value


_SWAPS = {
    "left": "right",
    "right": "left",
    "clockwise": "counterclockwise",
    "counterclockwise": "clockwise",
    "anticlockwise": "clockwise",
}
_SIDES = re.compile(r"(?<![a-z])((counter-?|anti-?)?clock-?wise|left|right)(?=(s|ward|wards|most)?(?![a-z]))", re.I)


@lru_cache(maxsize=2**14)  # timelines hold the same few thousand phrases over and over
def mirror_text(text: str) -> str:
    """Swap left and right, clockwise and counterclockwise, keeping a leading capital."""
    return _SIDES.sub(_swap, text)


def sides_of(text: str) -> tuple[bool, bool]:
    """Return whether a text names the left, and whether it names the right; counterclockwise is left, clockwise right."""
    words = {match.group(1).lower().replace("-", "") for match in _SIDES.finditer(text)}
    return bool(words & {"left", "counterclockwise", "anticlockwise"}), bool(words & {"right", "clockwise"})


def _swap(match: re.Match[str]) -> str:
    word = match.group(0)
    other = _SWAPS[word.lower().replace("-", "")]
    return other.capitalize() if word[0].isupper() else other
