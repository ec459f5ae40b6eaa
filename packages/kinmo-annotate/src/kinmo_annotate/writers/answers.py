"""From what a language model answers to texts of limbs, or the reason why not (`MalformedError`).

A server may ignore the schema it is sent, so nothing is taken on trust: keys, lengths and sides are checked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from kinmo_core.text import GROUPS, PAIRS, UNKNOWN

MAX_WORDS = 170  # of a level; at 1.3 tokens a word they stay within the 256 tokens that text encoders take
MAX_CHARACTERS = 1200  # of a level, for what is written without spaces
MAX_SENTENCE = 60  # words; the prompts ask for less, but a few more words are not worth another request

PAIR_KEYS: Final = tuple("+".join(pair) for pair in PAIRS)


class MalformedError(ValueError):
    """An answer that cannot be used; the message goes back to the model."""


def _model(title: str, fields: Mapping[str, Any]) -> type[BaseModel]:
    required: dict[str, Any] = {name: (kind, ...) for name, kind in fields.items()}
    return create_model(title, __config__=ConfigDict(extra="forbid", strict=True), **required)


_GROUPS_ANSWER: Final = _model("Groups", {"text": str, "groups": _model("GroupTexts", dict.fromkeys(GROUPS, str))})
_PAIRS_ANSWER: Final = _model("Interactions", {"interactions": _model("PairTexts", dict.fromkeys(PAIR_KEYS, str))})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Schema of an object with exactly these keys, in the subset of JSON schema that providers' strict modes share."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string"}
GROUPS_SCHEMA: Final = _object({"text": _TEXT, "groups": _object(dict.fromkeys(GROUPS, _TEXT))})
PAIRS_SCHEMA: Final = _object({"interactions": _object(dict.fromkeys(PAIR_KEYS, _TEXT))})


def read_groups(answer: str) -> tuple[str, dict[str, str]]:
    """The global text and a text for each group from the answer to the first stage.

    Raises:
        MalformedError: all that is wrong with it.
    """
    value = _validated(_GROUPS_ANSWER, answer)
    text, groups = _clean(value["text"]), {name: _clean(text) for name, text in value["groups"].items()}
    problems = [*_length_problems({"text": text}), *_length_problems(groups)]
    if text == UNKNOWN:
        problems.append(f"text: must say what the person does, got {UNKNOWN!r}")
    problems += [problem for name, text in groups.items() for problem in _limb_problems(name, text)]
    _raise_if(problems)
    return text, groups


def read_interactions(answer: str) -> dict[tuple[str, str], str]:
    """A text for each pair from the answer to the second stage.

    Raises:
        MalformedError: all that is wrong with it.
    """
    value = _validated(_PAIRS_ANSWER, answer)
    texts = {name: _clean(text) for name, text in value["interactions"].items()}
    _raise_if([*_length_problems(texts), *(problem for item in texts.items() for problem in _limb_problems(*item))])
    return {pair: texts[key] for pair, key in zip(PAIRS, PAIR_KEYS, strict=True)}


def _validated(model: type[BaseModel], answer: str) -> dict[str, Any]:
    try:
        return model.model_validate(single_object(answer)).model_dump()
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()]
        raise MalformedError("; ".join(problems)) from None


def single_object(answer: str) -> dict[str, Any]:
    """The one JSON object in an answer, whatever stands around it: a code fence, a greeting, a model's thoughts.

    Raises:
        MalformedError: there is none, more than one, or one with a key twice.
    """
    answer = answer.rpartition("</think>")[2]
    found = list(_objects(answer))
    if not found:
        raise MalformedError("it contains no complete JSON object")
    if len(found) > 1:
        raise MalformedError(f"it contains {len(found)} JSON objects; want one")
    return found[0]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects in a text."""
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
    """The text on one line, in characters that UTF-8 can carry: half an emoji becomes a question mark."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _clean(text: str) -> str:
    """On one line; "Unknown." is "unknown"."""
    line = one_line(text)
    return UNKNOWN if line.casefold().strip(" .\"'") == UNKNOWN else line


def _length_problems(texts: Mapping[str, str]) -> Iterator[str]:
    for name, text in texts.items():
        words = len(text.split())
        if not words:
            yield f"{name}: is empty; want a sentence or {UNKNOWN!r}"
        if words > MAX_SENTENCE:
            yield f"{name}: has {words} words; want at most {MAX_SENTENCE}"
    said = [text for text in texts.values() if text != UNKNOWN]
    words, characters = sum(len(text.split()) for text in said), sum(map(len, said))
    if words > MAX_WORDS:
        yield f"all sentences together have {words} words; want at most {MAX_WORDS}"
    if characters > MAX_CHARACTERS:
        yield f"all sentences together have {characters} characters; want at most {MAX_CHARACTERS}"


_PARTS: Final = {
    "arm": "arms?|hands?|elbows?|wrists?|shoulders?|forearms?|fists?|palms?|fingers?",
    "leg": "legs?|foot|feet|knees?|ankles?|thighs?|shins?|cal(?:f|ves)|heels?|toes?|hips?",
}
_SIDES: Final = {"left": "right", "right": "left"}


def _mention(limb: str) -> str:
    """Pattern of a limb's name or one of its parts', with its side: "left upper arm", "right and left hands".

    "To the right hand side" names no hand.
    """
    side, kind = limb.split("_")
    both = rf"(?:\s+(?:and|or)\s+(?:the\s+)?{_SIDES[side]})?"
    return rf"\b{side}{both}(?:\s+(?:upper|lower))?[\s-]+(?:{_PARTS[kind]})\b(?![\s-]+side)"


_MENTIONS: Final = {limb: re.compile(_mention(limb), re.IGNORECASE) for limb in GROUPS if "_" in limb}
_SUBJECT: Final = r"(?:(?:the|his|her|their|its)\s+)?(?:person's\s+)?"
_SUBJECTS: Final = {limb: re.compile(_SUBJECT + _mention(limb), re.IGNORECASE) for limb in _MENTIONS}


def _limb_problems(key: str, text: str) -> Iterator[str]:
    """Whether a text stands under another limb's name.

    A group's text must not begin with another limb; no text may name the limb opposite to its own and never its own.
    """
    limbs = key.split("+")
    for limb, subject in _SUBJECTS.items():
        if len(limbs) == 1 and limb != key and subject.match(text):
            yield f"{key}: is about another limb, the {limb.replace('_', ' ')}: {text[:60]!r}"
            return
    for limb in filter(_MENTIONS.__contains__, limbs):
        side, kind = limb.split("_")
        opposite = f"{_SIDES[side]}_{kind}"
        if opposite not in limbs and _MENTIONS[opposite].search(text) and not _MENTIONS[limb].search(text):
            yield f"{key}: names the {opposite.replace('_', ' ')} and not the {limb.replace('_', ' ')}: {text[:60]!r}"


def _raise_if(problems: Sequence[str]) -> None:
    if problems:
        raise MalformedError("; ".join(problems))
