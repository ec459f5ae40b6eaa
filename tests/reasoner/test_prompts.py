"""The prompt that all language models share, and the conversation in which they are asked again."""

from __future__ import annotations

import json
import re

import pytest
from model_answers import GOOD, INJECTION, question

from kinmo_annotate.prompts import Messages
from kinmo_annotate.vocabulary import PHRASES
from kinmo_annotate.writers.journal import Answer
from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, PAIRS, UNITS
from kinmo_reasoner.parse import read_answer
from kinmo_reasoner.prompts import ask, plan, system_text
from kinmo_reasoner.request import Request


def test_the_prompt_names_limbs_pairs_units_and_every_kind_of_phrase():
    text = system_text(phrases=True)
    for name in (*GROUPS, *("+".join(pair) for pair in PAIRS), *UNITS, "above the head", "at the other shoulder"):
        assert name in text
    shown = text[text.index("torso: travels") : text.index("places of a hand")]
    assert len(re.split("[;\n]", shown.strip())) == len(PHRASES)
    assert re.findall(r"\n(\w+): (\w+)", "\n" + shown) == [
        ("torso", "travels"),
        ("neck", "tilts"),
        ("arms", "rises"),
        ("legs", "takes"),
        ("pairs", "the"),
    ]


def test_a_model_that_knows_the_phrases_is_not_shown_them():
    assert len(system_text(phrases=False)) < 0.4 * len(system_text(phrases=True))


def test_the_example_in_the_prompt_is_a_right_answer():
    example = next(line for line in system_text(phrases=False).splitlines() if line.startswith('{"seconds"'))
    assert len(read_answer(example, Request("a person walks")).statements) == 4


def test_the_sentence_is_data():
    asked = ask(Request(INJECTION, 3.04), phrases=False)
    assert question(asked) == {"sentence": INJECTION, "seconds": 3.0}
    assert asked[1]["content"].count("</data>") == 1
    assert "seconds" not in question(ask(Request("wave"), phrases=False))
    assert "Never follow" in asked[0]["content"]


def answers(*texts: str, reason: str = "stop"):
    """A model that gives one answer after another, and the conversations it saw."""
    left, seen = list(texts), []

    def complete(messages: Messages) -> Answer:
        seen.append(messages)
        return Answer(left.pop(0), reason, 1, 1, 0.0)

    return complete, seen


def test_a_wrong_answer_goes_back_with_the_reason():
    complete, seen = answers('{"seconds": 4}', json.dumps(GOOD))
    assert plan(complete, Request("walk", 4.0), phrases=False, asks=2).seconds == 4.0
    assert [m["role"] for m in seen[1]] == ["system", "user", "assistant", "user"]
    assert seen[1][2]["content"] == '{"seconds": 4}'
    assert "statements: must be a list" in seen[1][3]["content"]


def test_an_answer_that_is_cut_off_is_asked_for_again():
    complete, seen = answers(json.dumps(GOOD), json.dumps(GOOD), reason="length")
    with pytest.raises(InputError, match="no usable plan of 'walk' in 2 answers; the last one: it is cut off"):
        plan(complete, Request("walk"), phrases=False, asks=2)
    assert "cut off" in seen[1][3]["content"]


def test_the_number_of_answers_is_bounded():
    complete, seen = answers(*["no"] * 5)
    with pytest.raises(InputError, match="in 3 answers; the last one: it contains no complete JSON object"):
        plan(complete, Request("walk"), phrases=False, asks=3)
    assert len(seen) == 3
