"""A motion in words at three levels (`Description`), and the JSONL files that hold such descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import InputError
from kinmo_core.files import read_text
from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.parsing import parse_json

MAX_CHARACTERS = 2000
UNKNOWN: Final = "unknown"  # text of a limb or pair that does nothing worth saying
GROUPS: Final = SIX_GROUPS.names
PAIRS: Final = SIX_GROUPS.pairs


@dataclass(frozen=True)
class Description:
    """A motion in words at the three levels of KinMo (ICCV 2025, section 3.2).

    Args:
        text: the whole action.
        groups: a sentence for each of the six groups, or "unknown".
        interactions: a sentence for each of the 15 pairs, in the order of `PAIRS`, or "unknown".

    Raises:
        InputError: a group or pair is missing, unknown or has no text.
    """

    text: str
    groups: Mapping[str, str]
    interactions: Mapping[tuple[str, str], str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", check_sentence(self.text))
        object.__setattr__(self, "groups", _complete("groups", self.groups, GROUPS))
        object.__setattr__(self, "interactions", _complete("interactions", self.interactions, PAIRS))

    def mirror(self) -> Description:
        """Return the description of the mirrored motion: left and right exchanged in limbs and sentences."""
        groups = {mirror_text(name): mirror_text(text) for name, text in self.groups.items()}
        pairs = {mirror_pair(pair): mirror_text(text) for pair, text in self.interactions.items()}
        return Description(mirror_text(self.text), groups, pairs)

    def level(self, name: str) -> str:
        """Join the texts of one level ("global", "group", "interaction"); "unknown" where all are unknown."""
        if name == "global":
            return self.text
        texts = {"group": self.groups, "interaction": self.interactions}[name].values()
        return " ".join(text for text in texts if text != UNKNOWN) or UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """Return `{"text": ..., "groups": {"torso": ...}, "interactions": {"torso+neck": ...}}`."""
        pairs = {"+".join(pair): text for pair, text in self.interactions.items()}
        return {"text": self.text, "groups": dict(self.groups), "interactions": pairs}

    @staticmethod
    def from_json(value: Any) -> Description:
        """Read what `to_json` returns; further keys are ignored.

        Raises:
            InputError: names the field that is missing or wrong.
        """
        if not isinstance(value, dict):
            raise InputError(f"a description must be a JSON object, got {type(value).__name__}")
        for name, kind in (("text", str), ("groups", dict), ("interactions", dict)):
            if not isinstance(value.get(name), kind):
                raise InputError(f"a description needs {name!r} as {kind.__name__}, got {value.get(name)!r:.80}")
        pairs = {tuple(key.split("+")): text for key, text in value["interactions"].items()}
        return Description(value["text"], value["groups"], pairs)


def read_descriptions(path: Path | str) -> dict[str, Description]:
    """Read the descriptions of a JSONL file by `id`; each line holds `Description.to_json` with an `id`.

    Raises:
        InputError: names file and line.
    """
    return {id: Description.from_json(value) for id, value in read_records(path)}


def read_records(path: Path | str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (id, object) of every line of a JSONL file of descriptions, whatever else its lines hold.

    Raises:
        InputError: the file cannot be read, a line is not a JSON object with an `id`, or an id occurs twice.
    """
    path = Path(path)
    lines = read_text(path).split("\n")  # not splitlines: a sentence may contain other line ends
    seen: set[str] = set()
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, start=1):
        try:
            value = parse_json(line, source=str(path))
            id = value["id"]
            if not isinstance(id, str):
                raise TypeError
        except (ValueError, KeyError, TypeError):  # InputError is a ValueError
            raise InputError(f"{path} line {number}: want a JSON object with an id, got {line[:80]!r}") from None
        if id in seen:
            raise InputError(f"{path} line {number}: the id {id!r} occurs twice")
        seen.add(id)
        yield id, value


def check_sentence(text: str) -> str:
    """Return a sentence without surrounding space.

    Raises:
        InputError: the sentence is empty or longer than `MAX_CHARACTERS`.
    """
    stripped = text.strip()
    if not stripped:
        raise InputError("the text is empty; want a sentence such as 'a person walks forward'")
    if len(stripped) > MAX_CHARACTERS:
        raise InputError(f"the text has {len(stripped)} characters; want at most {MAX_CHARACTERS}")
    return stripped


def _complete(field: str, texts: Mapping[Any, Any], names: Sequence[Any]) -> dict[Any, str]:
    """Return the texts in the order of `names` after checking that all are there and none is empty."""
    for name in {**dict.fromkeys(names), **texts}:
        text = texts.get(name)
        if name not in names or not isinstance(text, str) or not text.strip():
            shown = name if isinstance(name, str) else "+".join(name)
            wanted = ", ".join(n if isinstance(n, str) else "+".join(n) for n in names)
            got = "nothing" if text is None else repr(text)[:80]
            raise InputError(f"{field} must have a sentence or {UNKNOWN!r} for each of {wanted}; {shown} has {got}")
    return {name: texts[name].strip() for name in names}


def mirror_pair(pair: tuple[str, str]) -> tuple[str, str]:
    """Return the pair that a pair of groups becomes in the mirror."""
    first, second = (mirror_text(name) for name in pair)
    return (first, second) if (first, second) in PAIRS else (second, first)
