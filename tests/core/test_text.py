"""What a sentence and a description may be, and who is a text encoder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kinmo_core.errors import InputError
from kinmo_core.testing import HashTextEncoder
from kinmo_core.text import (
    GROUPS,
    MAX_CHARACTERS,
    PAIRS,
    UNKNOWN,
    Description,
    TextEncoder,
    check_sentence,
    read_descriptions,
    read_records,
)


def test_space_around_a_sentence_is_dropped():
    assert check_sentence("  a person walks \n") == "a person walks"
    assert len(check_sentence("x" * MAX_CHARACTERS)) == MAX_CHARACTERS


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_sentence_is_refused(text: str):
    with pytest.raises(InputError, match="the text is empty; want a sentence"):
        check_sentence(text)


def test_a_very_long_sentence_is_refused():
    with pytest.raises(InputError, match="the text has 10000 characters; want at most 2000"):
        check_sentence("a" * 10_000)


def test_the_fake_encoder_keeps_the_protocol():
    assert isinstance(HashTextEncoder(), TextEncoder)
    assert not isinstance("minilm", TextEncoder)


def description(**changed: str) -> Description:
    groups = {name: f"the {name.replace('_', ' ')} moves" for name in GROUPS}
    return Description("a person turns left", groups | changed, dict.fromkeys(PAIRS, UNKNOWN))


def test_a_description_goes_through_json():
    given = description()
    assert Description.from_json(json.loads(json.dumps(given.to_json()))) == given
    assert given.level("global") == "a person turns left"
    assert given.level("interaction") == UNKNOWN
    assert given.level("group").startswith("the torso moves the neck moves")


def test_mirroring_a_description_exchanges_limbs_and_words():
    pairs = dict.fromkeys(PAIRS, UNKNOWN) | {("left_arm", "right_leg"): "the left hand meets the right knee"}
    mirrored = replace(description(left_arm="the left arm waves"), interactions=pairs).mirror()
    assert mirrored.text == "a person turns right"
    assert mirrored.groups["right_arm"] == "the right arm waves"
    assert mirrored.interactions["right_arm", "left_leg"] == "the right hand meets the left knee"
    assert mirrored.mirror() == replace(description(left_arm="the left arm waves"), interactions=pairs)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "must be a JSON object, got list"),
        ({"groups": {}, "interactions": {}}, "needs 'text' as str, got None"),
        ({"text": "x", "groups": {}, "interactions": {}}, "groups must have a sentence .*; torso has nothing"),
        ({"text": "x", "groups": {"tail": "wags"}, "interactions": {}}, "torso has nothing"),
        ({"text": "", "groups": {}, "interactions": {}}, "the text is empty"),
    ],
)
def test_a_description_that_is_none_is_refused_by_field(value: object, message: str):
    with pytest.raises(InputError, match=message):
        Description.from_json(value)


def test_an_unknown_limb_is_refused_by_name():
    with pytest.raises(InputError, match=r"groups must have .* for each of torso, .*; tail has 'wags'"):
        description(tail="wags")


def test_descriptions_are_read_by_id(tmp_path: Path):
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"id": id, **description().to_json()}) + "\n" for id in ("1", "2")))
    assert read_descriptions(path) == {"1": description(), "2": description()}


def test_a_sentence_may_hold_any_line_end(tmp_path: Path):
    odd = replace(description(), text="a person\u2028turns")
    (tmp_path / "texts.jsonl").write_text(
        json.dumps({"id": "1", **odd.to_json()}, ensure_ascii=False), encoding="utf-8"
    )
    assert read_descriptions(tmp_path / "texts.jsonl") == {"1": odd}
    (tmp_path / "texts.jsonl").write_text("")
    assert read_descriptions(tmp_path / "texts.jsonl") == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{\n", "line 1: want a JSON object with an id"),
        ('{"id": 1}\n', "line 1: want a JSON object with an id"),
        ('{"id": "1"}\n' * 2, "line 2: the id '1' occurs twice"),
    ],
)
def test_a_bad_line_is_refused_by_number(content: str, message: str, tmp_path: Path):
    (tmp_path / "texts.jsonl").write_text(content)
    with pytest.raises(InputError, match=message):
        list(read_records(tmp_path / "texts.jsonl"))
