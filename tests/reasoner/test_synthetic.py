"""Sentences written from timelines say what is there, on the right side, in plain English."""

from __future__ import annotations

import re

import numpy as np
import pytest

from kinmo_core.text import Statement, Timeline
from kinmo_reasoner.synthetic import _conjugate, sentence_of
from kinmo_reasoner.wordings import _forms, clauses_of

WAVE = Statement("left_arm", 1.0, 3.0, "swings from side to side {} beside the head", 3, "times")
WALK = Statement("torso", 0.0, 4.0, "travels forward about {} at walking pace", 3.2, "metres")
SIT = Statement("torso", 4.0, 5.0, "sits down on the floor")


def sentences(*statements: Statement, count: int = 60) -> list[str]:
    rng, timeline = np.random.default_rng(0), Timeline(statements, 6.0)
    return [sentence for _ in range(count) if (sentence := sentence_of(timeline, rng))]


def test_the_side_is_that_of_the_statement():
    for statement, side in ((WAVE, "left"), (WAVE.mirror(), "right")):
        said = " ".join(phrase.rest for phrase in clauses_of(statement)[1])
        assert side in said
        assert {"left": "right", "right": "left"}[side] not in said


def test_counts_are_words():
    assert any("three times" in phrase.rest for phrase in clauses_of(WAVE)[1])
    twice = Statement("left_arm", 0, 2, WAVE.text, 2, "times")
    assert any("twice" in phrase.rest for phrase in clauses_of(twice)[1])


def test_persons_and_tenses_vary():
    said = sentences(WALK)
    starts = {sentence.split()[0] for sentence in said}
    assert {"a", "the", "someone"} <= starts
    for form in ("person walks", " is ", "ed "):
        assert any(form in sentence for sentence in said), form
    assert _conjugate("walk", "present", False) == "walk"
    for verb, forms in {
        "walk": "walks walking walked",
        "go": "goes going went",
        "step": "steps stepping stepped",
    }.items():
        assert [_conjugate(verb, form, True) for form in ("present", "progressive", "past")] == forms.split()


def test_order_and_overlap_are_said():
    after = [s for s in sentences(WALK, SIT) if "sit" in s and re.search("walk|step|mov|go|went", s)]
    assert after
    assert all(re.search("then|after that|before| and ", s) for s in after)
    assert not any("while" in s for s in after)
    together = [s for s in sentences(WALK, WAVE) if "wav" in s and re.search("walk|step|mov|go|went", s)]
    assert any("while" in s for s in together)
    assert not any("then" in s for s in together)


def test_an_order_speaks_to_the_reader():
    orders = [s for s in sentences(WAVE) if s.startswith("wave")]
    assert orders
    assert all("your" in s or "the left arm" in s for s in orders)


def test_a_full_turn_is_a_spin():
    turn = Statement("torso", 0, 2, "turns to the left by {}", 360, "degrees")
    assert "spin" in {clause.verb for clause in clauses_of(turn)[1]}
    slight = Statement("torso", 0, 2, "turns to the left by about {}", 60, "degrees")
    assert "spin" not in {clause.verb for clause in clauses_of(slight)[1]}


@pytest.mark.parametrize("amount", [0.1, 0.4])
def test_a_slight_bend_is_no_squat(amount: float):
    sink = Statement("torso", 0, 1, "sinks by about {}", amount, "metres")
    assert bool(clauses_of(sink)[1]) == (amount > 0.25)


def test_what_nobody_says_is_not_said():
    rest = Statement("torso+neck", 0, 4, "the head stays over the hips")
    assert clauses_of(rest) == (0.0, ())
    assert sentence_of(Timeline((rest,), 4.0), np.random.default_rng(0)) is None


def test_the_same_draw_is_the_same_sentence():
    assert sentences(WALK, WAVE, SIT, count=5) == sentences(WALK, WAVE, SIT, count=5)


def test_every_form_has_a_weight_and_phrases_with_a_verb():
    forms = [form for group in _forms().values() for form in group]
    assert len(forms) > 50
    assert all(form.weight > 0 and all(re.match(r"\w+\|", phrase) for phrase in form.phrases) for form in forms)
