"""The short form of a timeline: written, read back exactly, and refused with the field that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_answers import GOOD

from kinmo_annotate.writers.answers import MalformedError
from kinmo_core.text import BODY, UNITS, Statement, Timeline, read_records
from kinmo_reasoner.parse import LIMBS, MAX_STATEMENTS, SCHEMA, body_statement, read_answer, rounded, to_answer
from kinmo_reasoner.request import Request

WALK = Request("a person walks and waves.", 4.0)


def answer(*statements: Any, seconds: Any = 4.0, **more: Any) -> str:
    return json.dumps({"seconds": seconds, "statements": list(statements), **more})


def test_an_answer_becomes_a_timeline_with_the_sentence_as_what_the_body_does():
    timeline = read_answer(json.dumps(GOOD), WALK)
    assert timeline.of(BODY) == (Statement(BODY, 0, 4, "a person walks and waves"),)
    assert timeline.of("torso") == (Statement("torso", 0, 4, "travels forward about {} at walking pace", 3, "metres"),)
    assert timeline.of("left_arm") == (Statement("left_arm", 0.5, 1.4, "rises from beside the hip to above the head"),)
    assert [s.sentence for s in timeline.of("left_leg+right_leg")] == ["the legs step past each other four times"]


def test_a_model_may_say_the_duration_where_none_is_asked_for():
    assert read_answer(json.dumps(GOOD), Request("a person walks")).seconds == 4.0
    assert read_answer(json.dumps({**GOOD, "seconds": 4}), Request("a person walks", 4.04)).seconds == 4.04


@pytest.mark.parametrize(
    "around", ["Certainly! {}", "```json\n{}\n```", "<think>{{what?}}</think>{}", "{}\nAnything else?"]
)
def test_words_around_the_object_are_ignored(around: str):
    assert read_answer(around.format(json.dumps(GOOD)), WALK) == read_answer(json.dumps(GOOD), WALK)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(LIMBS),
        st.floats(0, 0.9),
        st.floats(0.1, 1),
        st.floats(1e-3, 1e4),
        st.sampled_from(("", *UNITS)),
    ),
    min_size=1,
    max_size=6,
)


@given(ROWS, st.floats(0.3, 30), st.sampled_from(["", " to {} or so", " by {}"]))
def test_what_is_written_is_read_back(rows: list[tuple[str, float, float, float, str]], seconds: float, end: str):
    statements = []
    for word, (who, start, share, amount, unit) in zip("abcdef", rows, strict=False):
        span = start * seconds, seconds * (start + (1 - start) * share)
        said = f"{word} moves{end if unit else ''}"
        statements.append(Statement(who, *span, said, amount if unit else None, unit))
    timeline = Timeline(tuple(statements), seconds)
    plain = rounded(timeline)
    read = read_answer(to_answer(timeline), Request("a person moves"))
    assert tuple(s for s in read.statements if s.who != BODY) == plain.statements
    assert read.seconds == plain.seconds
    assert to_answer(read) == to_answer(timeline)
    for before, after in zip(
        sorted(timeline.statements, key=lambda s: s.text), sorted(plain.statements, key=lambda s: s.text), strict=True
    ):
        assert abs(before.start - after.start) <= 0.151
        assert abs(before.end - after.end) <= 0.151
        assert before.amount is None or after.amount == pytest.approx(before.amount, rel=0.06)


def test_all_timelines_of_the_pack_are_written_and_read_back(shared_data: Path):
    del shared_data
    path = Path(__file__).parents[2] / "data" / "cmu" / "descriptions.jsonl"
    if not path.is_file():
        pytest.skip(f"no {path}; `make data annotate` makes it")
    for _, record in list(read_records(path))[::150]:
        timeline = Timeline.from_json(record["timeline"])
        read = read_answer(to_answer(timeline), Request(record["text"]))
        assert [s for s in read.statements if s.who != BODY] == [
            s for s in rounded(timeline).statements if s.who != BODY
        ]


def test_a_sentence_with_a_mark_of_an_amount_is_no_amount():
    assert body_statement("a person waves {} times.", 3.0).text == "a person waves ( ) times"
    assert body_statement(".", 3.0).text == "."


WRONG = [
    (answer("torso 0-4 leans", seconds=0), r"seconds: must be a number above 0 and up to 600, got 0"),
    (answer("torso 0-4 leans", seconds="four"), r"seconds: must be a number above 0"),
    (answer("torso 0-4 leans", seconds=True), r"seconds: must be a number above 0"),
    (answer("torso 0-4 leans", seconds=9.0), r"seconds: must be 4 as asked for, got 9"),
    (json.dumps({"statements": []}), r"seconds: must be a number"),
    (json.dumps({"seconds": 4.0}), r"statements: must be a list of at least one text, got None"),
    (answer(), r"statements: must be a list of at least one text, got \[\]"),
    (json.dumps({"seconds": 4.0, "statements": "torso 0-4 leans"}), r"statements: must be a list"),
    (answer(*["torso 0-4 leans"] * (MAX_STATEMENTS + 1)), rf"statements: must be at most {MAX_STATEMENTS}, got"),
    (answer("torso 0-4 leans", mood="happy"), r"mood: is not a field; the fields are seconds and statements"),
    (answer("torso 0-4 leans", {"who": "torso"}), r'statement 2: must read "WHO START-END TEXT", got "\{\'who\'.*"'),
    (answer("torso leans forward"), r'statement 1: must read "WHO START-END TEXT", got \'torso leans forward\''),
    (answer("left_hand 0-1 rises"), r"statement 1: who must be one of torso, .*, got 'left_hand'"),
    (answer("body 0-1 walks"), r"statement 1: who must be one of torso, .*, got 'body'"),
    (answer("right_arm+left_arm 0-1 the hands meet"), r"statement 1: who must be one of .*, got 'right_arm\+left_arm'"),
    (answer("torso 0-4.5 leans"), r"statement 1: end must be within the 4 s of the motion, got 4.5"),
    (answer("torso 2-1 leans"), r"statement 1: start and end must be 0 <= start < end, got 2 and 1"),
    (answer("torso 1.2.3-4 leans"), r"statement 1: start must be seconds, got '1.2.3'"),
    (answer("left_arm 0-1 the right arm rises"), r"statement 1: left_arm: is about another limb, the right arm"),
    (answer("left_arm 0-1 meets the right hand"), r"statement 1: left_arm: names the right arm and not the left arm"),
    (answer("torso 0-1 leans to {70}"), r"statement 1: an amount must be one number with one of the units degrees"),
    (answer("torso 0-1 leans to {70 furlongs}"), r"statement 1: an amount must be .*, got 'leans to \{70 furlongs\}'"),
    (answer("torso 0-1 leans {7 degrees} or {9 degrees}"), r"statement 1: an amount must be one number"),
    (answer("torso 0-1 leans {70 degrees"), r"statement 1: an amount must be one number"),
    (answer("torso 0-2 leans", "torso 1-3 leans"), r"torso: says 'leans' twice at a time, 0-2 and 1-3 s"),
    (json.dumps(GOOD)[:60], r"it contains no complete JSON object"),
    ("The person walks.", r"it contains no complete JSON object"),
    (json.dumps(GOOD) * 2, r"it contains 2 JSON objects; want one"),
    (answer(*["a"] * 7), r"statement 5: .*; and 2 more$"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG, ids=[reason[:40] for _, reason in WRONG])
def test_an_answer_that_is_wrong_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(MalformedError, match=reason):
        read_answer(text, WALK)


def test_a_limb_may_do_two_things_at_a_time():
    timeline = read_answer(answer("left_arm 0-2 rises", "left_arm 1-3 bends at the elbow", "left_arm 2-3 rises"), WALK)
    assert len(timeline.of("left_arm")) == 3


def test_the_schema_names_what_is_read():
    assert set(SCHEMA["properties"]) == set(GOOD) == set(SCHEMA["required"])
    assert not SCHEMA["additionalProperties"]
