"""From the answer of a language model to a text for each limb, or a `MalformedError` with the reason.

A server may ignore the JSON schema that it gets, so keys, lengths and sides are checked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from kinmo_core.text import GROUPS, PAIRS, UNKNOWN

# Limits of an answer.
MAX_WORDS: Final = 170  # of a level: at about 1.3 tokens a word, 256 tokens, the input of the text encoders
MAX_CHARACTERS: Final = 1200  # of a level, for scripts that put no spaces between words
MAX_SENTENCE: Final = 60  # words; the prompts ask for 40, but a longer sentence is cheaper than another request
_SHOWN_CHARACTERS: Final = 60  # of a wrong sentence in the reason that goes back to the model

PAIR_KEYS: Final = tuple("+".join(pair) for pair in PAIRS)


class MalformedError(ValueError):
    """An answer that cannot be used; the message goes back to the model."""


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with exactly these keys, in the subset that the strict modes of providers share."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string"}
SCHEMAS: Final = {  # by stage
    "groups": _object({"text": _TEXT, "groups": _object(dict.fromkeys(GROUPS, _TEXT))}),
    "interactions": _object({"interactions": _object(dict.fromkeys(PAIR_KEYS, _TEXT))}),
}


def read_groups(answer: str) -> tuple[str, dict[str, str]]:
    """Return the global text and a text for each group from the answer to the first stage.

    Raises:
        MalformedError: lists everything that is wrong.
    """
    value = _validated("groups", answer)
    text, groups = _clean(value["text"]), {name: _clean(text) for name, text in value["groups"].items()}
    problems = [*_length_problems({"text": text}), *_length_problems(groups)]
    if text == UNKNOWN:
        problems.append(f"text: must say what the person does, got {UNKNOWN!r}")
    problems += [problem for name, text in groups.items() for problem in limb_problems(name, text)]
    _raise_if(problems)
    return text, groups


def read_interactions(answer: str) -> dict[tuple[str, str], str]:
    """Return a text for each pair from the answer to the second stage.

    Raises:
        MalformedError: lists everything that is wrong.
    """
    value = _validated("interactions", answer)
    texts = {name: _clean(text) for name, text in value["interactions"].items()}
    _raise_if([*_length_problems(texts), *(problem for item in texts.items() for problem in limb_problems(*item))])
    return {pair: texts[key] for pair, key in zip(PAIRS, PAIR_KEYS, strict=True)}


def _validated(stage: str, answer: str) -> dict[str, Any]:
    """Return the object in an answer, with its keys in the order of the schema; check keys and types."""
    from pydantic import ValidationError

    try:
        return _model(stage).model_validate(single_object(answer)).model_dump()
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()]
        raise MalformedError("; ".join(problems)) from None


@cache
def _model(stage: str) -> Any:
    """Return the pydantic model of a stage's schema."""
    from pydantic import ConfigDict, create_model

    def model(title: str, schema: Mapping[str, Any]) -> Any:
        parts = schema["properties"].items()
        fields: dict[str, Any] = {name: (str if part is _TEXT else model(name, part), ...) for name, part in parts}
        return create_model(title, __config__=ConfigDict(extra="forbid", strict=True), **fields)

    return model(stage, SCHEMAS[stage])


def single_object(answer: str) -> dict[str, Any]:
    """Return the only JSON object in an answer; a code fence, a greeting or a chain of thought may surround it.

    Raises:
        MalformedError: there is no object or more than one, or an object has a key twice.
    """
    answer = answer.rpartition("</think>")[2]
    found = list(_objects(answer))
    if not found:
        raise MalformedError("it contains no complete JSON object")
    if len(found) > 1:
        raise MalformedError(f"it contains {len(found)} JSON objects; want one")
    return found[0]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the outermost JSON objects in a text."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique_keys)
    start = text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
            yield value
        except json.JSONDecodeError:
            end = start + 1
        except RecursionError:
            raise MalformedError("its JSON is nested far too deep") from None
        start = text.find("{", end)


def _unique_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise MalformedError(f"it has a key twice, one of {', '.join(value)}")
    return value


def one_line(text: str) -> str:
    """Return the text on one line, without characters that UTF-8 cannot encode: half an emoji becomes a question mark."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _clean(text: str) -> str:
    """Return the text on one line; "Unknown." becomes "unknown"."""
    line = one_line(text)
    return UNKNOWN if line.casefold().strip(" .\"'") == UNKNOWN else line


def _length_problems(texts: Mapping[str, str]) -> Iterator[str]:
    for name, text in texts.items():
        words = len(text.split())
        if not words:
            yield f"{name}: is empty; want a sentence or {UNKNOWN!r}"
        if words > MAX_SENTENCE:
            yield f"{name}: has {words} words; want at most {MAX_SENTENCE}"
    known = [text for text in texts.values() if text != UNKNOWN]
    words, characters = sum(len(text.split()) for text in known), sum(map(len, known))
    if words > MAX_WORDS:
        yield f"all sentences together have {words} words; want at most {MAX_WORDS}"
    if characters > MAX_CHARACTERS:
        yield f"all sentences together have {characters} characters; want at most {MAX_CHARACTERS}"


_PARTS: Final = {
    "arm": "arms?|hands?|elbows?|wrists?|shoulders?|forearms?|fists?|palms?|fingers?",
    "leg": "legs?|foot|feet|knees?|ankles?|thighs?|shins?|cal(?:f|ves)|heels?|toes?|hips?",
}
_OPPOSITE: Final = {"left": "right", "right": "left"}


def _mention(limb: str) -> str:
    """Return a pattern for the name of a limb or of its parts, with the side: "left upper arm", "right and left hands".

    It does not match "to the right hand side".
    """
    side, kind = limb.split("_")
    both = rf"(?:\s+(?:and|or)\s+(?:the\s+)?{_OPPOSITE[side]})?"
    return rf"\b{side}{both}(?:\s+(?:upper|lower))?[\s-]+(?:{_PARTS[kind]})\b(?![\s-]+side)"


_MENTIONS: Final = {limb: re.compile(_mention(limb), re.IGNORECASE) for limb in GROUPS if "_" in limb}
_SUBJECT: Final = r"(?:(?:the|his|her|their|its)\s+)?(?:person's\s+)?"
_SUBJECTS: Final = {limb: re.compile(_SUBJECT + _mention(limb), re.IGNORECASE) for limb in _MENTIONS}


def limb_problems(key: str, text: str) -> Iterator[str]:
    """Yield the reasons why a text belongs to another limb than its key.

    A group's text must not begin with another limb. No text may name the opposite limb without its own.
    """
    limbs, shown = key.split("+"), repr(text[:_SHOWN_CHARACTERS])
    for limb, subject in _SUBJECTS.items():
        if len(limbs) == 1 and limb != key and subject.match(text):
            yield f"{key}: is about another limb, the {limb.replace('_', ' ')}: {shown}"
            return
    for limb in filter(_MENTIONS.__contains__, limbs):
        side, kind = limb.split("_")
        opposite = f"{_OPPOSITE[side]}_{kind}"
        if opposite not in limbs and _MENTIONS[opposite].search(text) and not _MENTIONS[limb].search(text):
            yield f"{key}: names the {opposite.replace('_', ' ')} and not the {limb.replace('_', ' ')}: {shown}"


def _raise_if(problems: Sequence[str]) -> None:
    if problems:
        raise MalformedError("; ".join(problems))
