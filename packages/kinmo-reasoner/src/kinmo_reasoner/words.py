"""Words of a sentence in short form: base forms, without articles and pronouns; L, R and B for left, right and both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from kinmo_core.errors import InputError
from kinmo_core.parsing import read_table

LIMBS: Final = {
    "arm": ("arm", "hand", "fist", "palm", "wrist", "forearm", "finger", "elbow"),
    "leg": ("leg", "foot", "knee", "heel", "toe", "thigh", "ankle"),
}
_LIMB: Final = {word: limb for limb, words in LIMBS.items() for word in words}
_PAIRED: Final = ("hip", "shoulder", "ear", "eye")  # plural, but never what a side is about
_SIDES: Final = {"left": "L", "right": "R", "both": "B"}
_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|[,.;!?:()]")
_MARKS: Final = ("SIDES", "UPDOWN", "FORTH", "FOURS", "XX")
SUBJECT: Final = "WHO"  # stands for "he" and the like, which start a clause
_MIN_BASE: Final = 3  # letters of a base form that a word is cut down to: "toes" is not from "to"
_MIN_TYPO: Final = 4  # letters; shorter words have too many neighbours
_KNOWN_SHARE: Final = 0.4  # of the words of an English sentence, at least
_KEYS: Final = {  # neighbours on a keyboard; other wrong letters are other words more often than misspellings
    key: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for place, key in enumerate(row)
}
_LATIN: Final = 0x250  # characters from here on are of other alphabets


@dataclass(frozen=True)
class Word:
    """A word in short form; `ing` tells whether it was a present participle."""

    base: str
    ing: bool = False


class Lexicon:
    """What is known of English words.

    Args:
        values: content of `lexicon.yaml`.
        bases: base forms of the words that actions are named by.
        common: further English words, which are no misspelling of those.
    """

    def __init__(self, values: Mapping[str, Any], bases: Iterable[str], common: Iterable[str] = ()) -> None:
        self.sets: dict[str, frozenset[str]] = {
            name: frozenset(value.split()) for name, value in values.items() if isinstance(value, str)
        }
        self.numbers: Mapping[str, int] = values["numbers"]
        self._phrases = [(re.compile(pattern), text) for pattern, text in values["phrases"]]
        self._irregular = {form: base for base, forms in values["irregular"].items() for form in forms.split()}
        self.bases = (
            frozenset(bases) | self.sets["openers"] | _LIMB.keys() | frozenset(values["irregular"]) | frozenset(_PAIRED)
        )
        self._common = frozenset(common)

    @classmethod
    def load(cls, bases: Iterable[str], common: Iterable[str] = ()) -> Lexicon:
        """Read the lexicon of this package."""
        return cls(read_table(Path(__file__).with_name("lexicon.yaml")), bases, common)

    @cached_property
    def _function_words(self) -> frozenset[str]:
        english = (words for name, words in self.sets.items() if name != "foreign")
        return frozenset().union(*english, self.numbers, _SIDES)

    def shorten(self, sentence: str) -> list[Word]:
        """Bring a sentence to short form.

        Raises:
            InputError: the sentence is not English.
        """
        words = self._english(sentence)
        return _with_both(_numbered([w for w in map(self._word, words) if w is not None], self.numbers))

    def _english(self, sentence: str) -> list[str]:
        """Return the words of a sentence, with small misspellings corrected."""
        text = sentence.lower().replace("\u2019", "'")
        if sum(ord(letter) >= _LATIN for letter in text if letter.isalpha()) * 2 > len(text):
            raise InputError("only English is understood")
        for pattern, replacement in self._phrases:
            text = pattern.sub(f" {replacement} " if replacement.isupper() else replacement, text)
        words = [word if word in _MARKS else self._spelled(word) for word in _TOKEN.findall(text)]
        if self.sets["foreign"] & set(words) and not self.sets["english"] & set(words):
            raise InputError("only English is understood")
        letters = [self._spelled(word) for word in re.findall(r"[^\W\d_]+", sentence.lower())]
        if len(letters) > 1 and sum(map(self._known, letters)) < _KNOWN_SHARE * len(letters):
            raise InputError("only English is understood")
        return words

    @lru_cache(maxsize=2**14)  # noqa: B019 - lexicons live as long as the program
    def _known(self, word: str) -> bool:
        return word in self._function_words or word in self._common or self.base(word) is not None

    @lru_cache(maxsize=2**14)  # noqa: B019 - as above
    def _spelled(self, word: str) -> str:
        if len(word) < _MIN_TYPO or not word.isalpha() or self._known(word):
            return word
        near = {other for other in _edits(word) if self._meant(other)}
        return min(near, key=lambda other: (other[0] != word[0], sorted(other) != sorted(word), other), default=word)

    def _meant(self, word: str) -> bool:
        return self.base(word) is not None or word in _SIDES or word in self.sets["subjects"]

    def base(self, word: str) -> str | None:
        """Return the base form of a word that names an action or a part of the body; None for others."""
        if word in self._irregular:
            return self._irregular[word]
        return next((form for form in _base_forms(word) if form in self.bases), None)

    def _word(self, word: str) -> Word | None:
        if word in self.sets["pronouns"]:
            return Word(SUBJECT)
        if word in self.sets["dropped"] or word in self.sets["subjects"]:
            return None
        if word in _SIDES:
            return Word(_SIDES[word])
        if word in "!?:()":
            return Word(".") if word in "!?:" else Word(",")
        base = self.base(word) or word
        plural = base in _LIMB and word != base and not word.endswith(("ing", "ed"))
        return Word(f"{base}S" if plural else base, word.endswith("ing") and base != word)


def _base_forms(word: str) -> Iterable[str]:
    """Yield what a word may be a form of, the most likely first."""
    yield word
    for ending, replacements in (
        ("ies", ("y", "ie")),
        ("es", ("", "e")),
        ("s", ("",)),
        ("ied", ("y",)),
        ("ed", ("", "e")),
        ("ing", ("", "e")),
        ("er", ("", "e")),
    ):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1:
            yield from (stem + more for more in replacements if len(stem + more) >= _MIN_BASE)
            if stem[-1] == stem[-2]:  # "hopping"
                yield stem[:-1]


def _edits(word: str) -> Iterable[str]:
    """Yield all words that a missing, added or exchanged letter, or that of a neighbouring key, turns into `word`."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    for head, tail in splits:
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _KEYS.get(tail[0], ""))
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in letters)


def _numbered(words: list[Word], numbers: Mapping[str, int]) -> list[Word]:
    """Write numbers with what they count: X3 times, N4 steps, A90 degrees, D2 metres."""
    out: list[Word] = []
    for place, word in enumerate(words):
        number = numbers.get(word.base, word.base if word.base.replace(".", "").isdigit() else None)
        after = words[place + 1].base if place + 1 < len(words) else ""
        if number is None:
            out.append(word)
        elif after in ("times", "time"):
            out.append(Word(f"X{number}"))
        elif after.startswith("degree"):
            out.append(Word(f"A{number}"))
        elif after in ("m", "metre", "metres", "meter", "meters", "yards", "yard"):
            out.append(Word(f"D{number}"))
        elif after == "step":
            out.append(Word(f"N{number}"))
        elif number == 1 and out and out[-1].base in _SIDES.values():
            out.append(Word("one"))
        elif after.rstrip("S") in _LIMB or after in ("of", ""):
            out.append(Word("B" if number == 2 else "one"))
        else:
            out.append(Word(f"X{number}"))
    units = ("times", "time", "degrees", "degree", "metres", "meters", "metre", "meter", "m", "yards", "yard")
    return [w for i, w in enumerate(out) if not (w.base in units and i and out[i - 1].base[0] in "XAD")]


def _with_both(words: list[Word]) -> list[Word]:
    """Put B before a plural of arms or legs that names no side."""
    out: list[Word] = []
    for word in words:
        if word.base.endswith("S") and word.base not in _MARKS:
            word = Word(word.base[:-1], word.ing)
            before = [w.base for w in out[-2:]]
            if not (before and before[-1] in _SIDES.values()) and not (
                len(before) > 1
                and before[0] in _SIDES.values()
                and before[1].isalpha()
                and before[1] not in ("and", "or")
            ):
                out.append(Word("B"))
        out.append(word)
    out = [word for place, word in enumerate(out) if word.base != "of" or not place or out[place - 1].base != "B"]
    return [word for place, word in enumerate(out) if place == 0 or word.base != "B" or out[place - 1].base != "B"]


def limb_of(base: str) -> str | None:
    """Return "arm" or "leg" for the base form of one of their parts, None for other words."""
    return _LIMB.get(base)
