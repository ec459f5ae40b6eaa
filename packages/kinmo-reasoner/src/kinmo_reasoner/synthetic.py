"""Sentences written from timelines, as people might have worded them: more ways to say what a motion holds.

Captions of people name few limbs. A model that is to hear "the left arm" needs sentences that name it, with the timeline in
which it moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np

from kinmo_core.text import Statement, Timeline
from kinmo_reasoner.wordings import Clause, clauses_of

_T = TypeVar("_T")

_MOST_CLAUSES: Final = 4  # in a sentence
_TYPING_ERRORS: Final = 0.05  # share of sentences with one
_AT_ONCE: Final = 0.5  # share of the shorter of two statements that must be common for "while"
_SUBJECTS: Final = (  # subject, possessive, whether the verb ends in -s, weight
    ("a person", "their", True, 5.0),
    ("the person", "their", True, 2.0),
    ("someone", "their", True, 2.0),
    ("a man", "his", True, 2.0),
    ("a woman", "her", True, 2.0),
    ("he", "his", True, 1.0),
    ("she", "her", True, 1.0),
    ("a figure", "its", True, 0.5),
    ("they", "their", False, 1.0),
    ("I", "my", False, 0.7),
    ("you", "your", False, 0.7),
    ("people", "their", False, 0.3),
)
_FORMS: Final = (("present", 6.0), ("progressive", 2.0), ("past", 1.5), ("order", 1.5), ("noun", 1.0))
_AFTER: Final = (", then ", " and then ", ", and then ", " then ", ", after that ", " and ", " before ")
_TOGETHER: Final = (" and ", " while ", " and at the same time ")
_BEFORE_ING: Final = (" while ", " before ")
_IRREGULAR: Final = {  # past tense, -ing
    "run": ("ran", "running"),
    "go": ("went", "going"),
    "do": ("did", "doing"),
    "sit": ("sat", "sitting"),
    "stand": ("stood", "standing"),
    "take": ("took", "taking"),
    "get": ("got", "getting"),
    "bend": ("bent", "bending"),
    "bring": ("brought", "bringing"),
    "put": ("put", "putting"),
    "hold": ("held", "holding"),
    "keep": ("kept", "keeping"),
    "swing": ("swung", "swinging"),
    "spin": ("spun", "spinning"),
    "rise": ("rose", "rising"),
    "kneel": ("knelt", "kneeling"),
    "lie": ("lay", "lying"),
    "spread": ("spread", "spreading"),
    "stay": ("stayed", "staying"),
}
_DOUBLED: Final = ("squat", "step", "nod", "hop", "bob", "jog", "clap", "flap", "wag", "flip", "drop")
_IRREGULAR_S: Final = {"go": "goes", "do": "does"}


def sentence_of(timeline: Timeline, rng: np.random.Generator) -> str | None:
    """Write a sentence that says some of what happens in a timeline, in its order; None where nobody would say anything.

    Args:
        timeline: of kinmo-annotate, whose phrases are known.
        rng: chooses what is said and the words.
    """
    said = [(s, *clauses_of(s)) for s in timeline.statements]
    said = [entry for entry in said if entry[1] > 0]
    if not said:
        return None
    weights = np.array([weight for _, weight, _ in said])
    number = min(len(said), 1 + int(rng.integers(_MOST_CLAUSES)))
    chosen = sorted(rng.choice(len(said), number, replace=False, p=weights / weights.sum()))
    picked = [(said[i][0], _pick(rng, said[i][2])) for i in chosen]
    sentence = _compose(picked, rng)
    return _mistyped(sentence, rng) if rng.random() < _TYPING_ERRORS else sentence


def _compose(picked: Sequence[tuple[Statement, Clause]], rng: np.random.Generator) -> str:
    """Join clauses with one subject, in one form of the verb."""
    subject, their, with_s, _ = _SUBJECTS[_weighted(rng, [weight for *_, weight in _SUBJECTS])]
    form, _ = _FORMS[_weighted(rng, [weight for _, weight in _FORMS])]
    if form == "order":
        subject, their = "", "your"
    if form == "progressive":
        subject += " am" if subject == "I" else " is" if with_s else " are"

    def said(clause: Clause, form: str = form) -> str:
        return f"{_conjugate(clause.verb, form, with_s)} {clause.rest}".strip().replace("{their}", their)

    text = f"{subject} {said(picked[0][1])}".strip()
    for (before, _), (statement, clause) in pairwise(picked):
        word = _pick(rng, _TOGETHER if _at_once(before, statement) else _AFTER)
        text += word + said(clause, "progressive" if word in _BEFORE_ING else form)
    return text


def _at_once(first: Statement, second: Statement) -> bool:
    common = min(first.end, second.end) - max(first.start, second.start)
    return common > _AT_ONCE * min(first.end - first.start, second.end - second.start)


def _conjugate(verb: str, form: str, with_s: bool) -> str:
    if form in ("progressive", "noun"):
        if verb in _IRREGULAR:
            return _IRREGULAR[verb][1]
        return f"{_stem(verb)}ing"
    if form == "past":
        return _IRREGULAR[verb][0] if verb in _IRREGULAR else f"{_stem(verb)}ed"
    if form == "order" or not with_s:
        return verb
    return _IRREGULAR_S.get(
        verb, f"{verb[:-1]}ies" if verb == "hurry" else f"{verb}{'es' if verb.endswith(('ch', 'ss')) else 's'}"
    )


def _stem(verb: str) -> str:
    """Return a regular verb as it stands before -ing and -ed."""
    if verb in _DOUBLED:
        return verb + verb[-1]
    return verb[:-1] if verb.endswith("e") else verb


def _mistyped(text: str, rng: np.random.Generator) -> str:
    """Swap two letters that follow each other."""
    place = 1 + int(rng.integers(max(1, len(text) - 2)))
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _pick(rng: np.random.Generator, options: Sequence[_T]) -> _T:
    return options[int(rng.integers(len(options)))]


def _weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    values = np.asarray(weights)
    return int(rng.choice(len(values), p=values / values.sum()))
