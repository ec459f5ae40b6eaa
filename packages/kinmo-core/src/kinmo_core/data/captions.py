"""Caption lines of HumanML3D: `text#word/POS word/POS ...#start#end`, seconds; 0 and 0 mean the whole clip."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from kinmo_core.errors import InputError


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
    """Parse the content of a caption file; `source` names the file in errors.

    Raises:
        InputError: a line of another form; names it.
    """
    captions = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.strip().split("#")
        if len(parts) != 4:
            raise InputError(f"{source} line {number}: must be text#tokens#start#end, got {line.strip()[:80]!r}")
        captions.append(Caption(parts[0], parts[1], *(_seconds(part, f"{source} line {number}") for part in parts[2:])))
    return tuple(captions)


def _seconds(field: str, source: str) -> float:
    """Parse seconds; HumanML3D writes `nan` for an unknown span, which means the whole clip."""
    try:
        value = float(field)
    except ValueError:
        raise InputError(f"{source}: start and end must be seconds, got {field[:80]!r}") from None
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


def _swap(match: re.Match[str]) -> str:
    word = match.group(0)
    other = _SWAPS[word.lower().replace("-", "")]
    return other.capitalize() if word[0].isupper() else other
