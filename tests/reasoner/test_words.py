"""Words in short form, small misspellings, and languages that are not English."""

from __future__ import annotations

import pytest

from kinmo_core.errors import InputError
from kinmo_reasoner.actions import Actions
from kinmo_reasoner.words import Lexicon, limb_of

LEXICON = Lexicon.load(Actions.load().bases, ["wall", "house"])


def short(sentence: str) -> str:
    return " ".join(word.base for word in LEXICON.shorten(sentence))


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("The man raised his left arms", "raise L arm"),
        ("a woman is lifting both of her hands", "lift B hand"),
        ("she's waving her arms", "WHO wave B arm"),
        ("he lifts his feet, knees bent", "WHO lift B foot , B knee bend"),
        ("the person swings from side to side", "swing SIDES"),
        ("turns clockwise by 90 degrees", "turn to R clockwise by A90"),
        ("jumps three times", "jump X3"),
        ("takes four steps back", "take N4 step back"),
        ("walks 2.5 metres", "walk D2.5"),
        ("claps again and again", "clap XX"),
        ("throws right-handed", "throw with R hand"),
        ("touches the toes", "touch B toe"),
        ("lay on its back", "lay on back"),
    ],
)
def test_sentences_in_short_form(sentence: str, words: str):
    assert short(sentence) == words


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("rasies", "raise"),
        ("jmups", "jump"),
        ("walsk", "walk"),
        ("rigth arm", "R arm"),
        ("hnad", "hand"),
        ("wavess", "wave"),
    ],
)
def test_small_misspellings_are_corrected(typo: str, meant: str):
    assert short(f"a persom {typo}") == meant


@pytest.mark.parametrize("word", ["wall", "house", "puddle", "cheers"])
def test_other_words_are_no_misspellings(word: str):
    assert short(f"walks to the {word}") == f"walk to {word}"


def test_participles_are_marked():
    assert [(word.base, word.ing) for word in LEXICON.shorten("walks waving")] == [("walk", False), ("wave", True)]


@pytest.mark.parametrize(
    "sentence",
    [
        "un hombre camina hacia adelante",
        "la mujer salta dos veces",
        "ein Mann geht vorwärts und winkt",
        "eine Person hebt den linken Arm",
        "une personne marche vers l'avant",
        "una persona alza il braccio sinistro",
        "een man loopt vooruit",
        "человек идёт вперёд",
        "一个人向前走",
    ],
)
def test_other_languages_are_refused(sentence: str):
    with pytest.raises(InputError, match=r"^only English is understood$"):
        LEXICON.shorten(sentence)


@pytest.mark.parametrize("sentence", ["pirouettes", "a perosn jmups", "arms up!", "the ballerina does an arabesque"])
def test_english_with_unknown_words_is_read(sentence: str):
    assert LEXICON.shorten(sentence)


def test_parts_of_limbs():
    assert [limb_of(word) for word in ("fist", "knee", "head")] == ["arm", "leg", None]
