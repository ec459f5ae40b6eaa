"""Checks of a language model's answers, prompt files, and the projection of a price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openai_server import good_answer

from kinmo_annotate.observation import Keyframe, Observation, Observed
from kinmo_annotate.prompts import PLACEHOLDERS, load_prompts
from kinmo_annotate.writers.answers import (
    MAX_CHARACTERS,
    MAX_WORDS,
    PAIR_KEYS,
    SCHEMAS,
    MalformedError,
    read_groups,
    read_interactions,
    single_object,
)
from kinmo_annotate.writers.libraries import load_litellm
from kinmo_annotate.writers.projection import project
from kinmo_annotate.writers.spending import max_input_tokens
from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Statement

SEEN = Observation(
    "walk",
    3.0,
    (Observed(Statement("left_arm", 0.0, 1.0, "swings")),),
    (Keyframe(0.0, "the left arm hangs"),),
    ("a man walks",),
)


def groups(**texts: str) -> str:
    return json.dumps({"text": "a person moves", "groups": {**dict.fromkeys(GROUPS, UNKNOWN), **texts}})


def pairs(texts: dict[str, str]) -> str:
    return json.dumps({"interactions": {**dict.fromkeys(PAIR_KEYS, UNKNOWN), **texts}})


def good(schema: dict[str, Any]) -> dict[str, Any]:
    return good_answer({"response_format": {"json_schema": {"schema": schema}}})


@pytest.mark.parametrize(
    ("schema", "read"), [(SCHEMAS["groups"], read_groups), (SCHEMAS["interactions"], read_interactions)]
)
def test_schema_and_check_want_the_same_keys(schema: dict[str, Any], read: Any):
    answer = good(schema)
    read(json.dumps(answer))
    level = next(name for name, value in answer.items() if isinstance(value, dict))
    for name in list(answer[level]):
        less = {**answer, level: {key: text for key, text in answer[level].items() if key != name}}
        with pytest.raises(MalformedError, match="Field required"):
            read(json.dumps(less))
    for wrong in ({**answer, "more": "x"}, {**answer, level: {**answer[level], "more": "x"}}):
        with pytest.raises(MalformedError, match="Extra inputs"):
            read(json.dumps(wrong))


def test_texts_are_cleaned():
    text, texts = read_groups(groups(torso="  The torso\n turns.", neck="Unknown.", left_leg="half \ud83d an emoji"))
    assert text == "a person moves"
    assert texts["torso"] == "The torso turns."
    assert texts["neck"] == UNKNOWN
    assert texts["left_leg"] == "half ? an emoji"
    assert list(texts) == list(GROUPS)


def test_pairs_come_in_the_order_of_descriptions():
    answer = json.loads(pairs({"left_arm+right_leg": "The left arm and the right leg swing together."}))
    backwards = {"interactions": dict(reversed(answer["interactions"].items()))}
    texts = read_interactions(json.dumps(backwards))
    assert list(texts) == list(PAIRS)
    assert texts["left_arm", "right_leg"].startswith("The left arm")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (groups(torso=""), "torso: is empty"),
        (groups(torso=" \n"), "torso: is empty"),
        (groups(torso="word " * 61), "torso: has 61 words; want at most 60"),
        (groups(**dict.fromkeys(GROUPS, "word " * 40)), f"together have 240 words; want at most {MAX_WORDS}"),
        (groups(**dict.fromkeys(GROUPS, "举" * 300)), f"together have 1800 characters; want at most {MAX_CHARACTERS}"),
        (groups().replace("a person moves", "unknown"), "text: must say what the person does"),
        (groups().replace("a person moves", "word " * 80), "text: has 80 words"),
        ('{"groups": {}, "groups": {}}', "has a key twice"),
        ("[1, 2]", "no complete JSON object"),
        ("{" * 5000, "no complete JSON object"),
        ('{"a":' * 100_000, "nested far too deep"),
    ],
    ids=lambda value: value[:30],
)
def test_unusable_answers(answer: str, reason: str):
    with pytest.raises(MalformedError, match=reason):
        read_groups(answer)


def test_one_error_lists_all_problems():
    with pytest.raises(MalformedError) as caught:
        read_groups(groups(torso="", left_arm="The right arm swings.", left_leg="The right knee bends."))
    assert [part.split(":")[0] for part in str(caught.value).split("; ") if ":" in part] == [
        "torso",
        "left_arm",
        "left_leg",
    ]


def test_single_object():
    assert single_object('A {b} c: {"d": {"e": "}"}} f {') == {"d": {"e": "}"}}
    with pytest.raises(MalformedError, match="2 JSON objects"):
        single_object('{"a": 1} or {"a": 2}')


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("left_arm", "The left arm swings to the right."),
        ("left_arm", "It swings to the right."),
        ("left_arm", "The left hand touches the right knee, then the right hand."),
        ("left_arm", "Swings across to the right hand side."),
        ("right_arm", "The right and left hands clap."),
        ("right_arm", "Both arms rise; the right one leads."),
        ("left_leg", "The left leg steps over the right foot."),
        ("torso", "The torso leans toward the right hip."),
        ("neck", "The head turns to the left shoulder."),
        ("left_arm", "The left arm right away rises."),
    ],
)
def test_sentences_about_their_limb(key: str, text: str):
    assert read_groups(groups(**{key: text}))[1][key] == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("left_arm", "The right arm swings to the left."),
        ("left_arm", "right hand rises"),
        ("left_arm", "It rises above the right shoulder."),
        ("left_arm", "The left leg kicks."),
        ("right_leg", "The person's left upper leg lifts."),
        ("right_leg", "The LEFT foot steps."),
        ("torso", "His right arm rises."),
        ("neck", "The left and right hands clap."),
    ],
)
def test_sentences_about_another_limb(key: str, text: str):
    with pytest.raises(MalformedError, match=f"^{key}: "):
        read_groups(groups(**{key: text}))


@pytest.mark.parametrize(
    ("key", "text", "fits"),
    [
        ("left_arm+right_leg", "The left arm swings forward with the right leg.", True),
        ("left_arm+right_leg", "The right arm swings forward with the left leg.", False),
        ("left_arm+right_leg", "They swing together, the left hand above the left knee.", False),
        ("left_arm+right_arm", "The right hand holds the left wrist.", True),
        ("left_arm+left_leg", "Both right hand and right foot rise.", False),
        ("torso+right_arm", "The right arm swings as the torso turns left.", True),
        ("torso+neck", "The head follows the torso toward the left arm.", True),
    ],
)
def test_sides_of_pairs(key: str, text: str, fits: bool):
    if fits:
        assert read_interactions(pairs({key: text}))[PAIRS[PAIR_KEYS.index(key)]] == text
    else:
        with pytest.raises(MalformedError, match=r"^left_arm\+|^torso\+"):
            read_interactions(pairs({key: text}))


# Prompts.


def test_the_prompts_name_every_key():
    prompts = load_prompts()
    asked = prompts.ask_groups(SEEN)[1]["content"], prompts.ask_interactions(SEEN, "t", {})[1]["content"]
    for names, question in ((GROUPS, asked[0]), (PAIR_KEYS, asked[1])):
        assert all(question.count(f'"{name}": "..."') == 1 for name in names)
    assert asked[0].split("Write")[0] == asked[1].split("What is already")[0], "a provider can cache the common start"


def test_a_folder_overrides_what_it_has(tmp_path: Path):
    (tmp_path / "system.md").write_text("Answer like a bard, for 5 $$.\n", encoding="utf-8")
    (tmp_path / "again.md").write_text("Nay: ${problem}!", encoding="utf-8")
    (tmp_path / "README.txt").write_text("not a prompt")
    prompts, own = load_prompts(tmp_path), load_prompts()
    assert prompts.ask_groups(SEEN) == [
        {"role": "system", "content": "Answer like a bard, for 5 $."},
        own.ask_groups(SEEN)[1],
    ]
    again = prompts.ask_again([], "x", "a $problem of {braces}")
    assert again[-1]["content"] == "Nay: a $problem of {braces}!"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("groups.md", "Write.", r"groups\.md lacks the placeholder \$observation"),
        ("groups.md", "$observation $limbs", r"groups\.md has the placeholder \$limbs, .*it can have \$observation"),
        ("system.md", "$model", r"system\.md has the placeholder \$model, which is unknown; it can have none"),
        ("again.md", "$problem costs 5 $", r"again\.md has a \$ without a name"),
        ("group.md", "$observation", r"group\.md is not a prompt; want one or more of system\.md, observation\.md"),
    ],
)
def test_invalid_prompts(tmp_path: Path, name: str, text: str, message: str):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_prompts(tmp_path)


def test_a_folder_without_prompts(tmp_path: Path):
    with pytest.raises(InputError, match="no Markdown file in the folder"):
        load_prompts(tmp_path / "missing")
    (tmp_path / "system.md").write_bytes(b"\xff")
    with pytest.raises(InputError, match="cannot read the prompts"):
        load_prompts(tmp_path)


def test_every_prompt_file_is_used():
    folder = Path(__import__("kinmo_annotate.prompts", fromlist=["prompts"]).__file__).parent
    assert {path.stem for path in folder.glob("*.md")} == set(PLACEHOLDERS)


# Price.


def description() -> Description:
    return Description.from_json({**good(SCHEMAS["groups"]), **good(SCHEMAS["interactions"])})


def test_projection_counts_prompts_schemas_and_answers():
    one = project(SEEN, description())
    prompts, litellm = load_prompts(), load_litellm()
    written = description()
    questions = [prompts.ask_groups(SEEN), prompts.ask_interactions(SEEN, written.text, written.groups)]
    texts = [message["content"] for question in questions for message in question]
    texts += map(json.dumps, SCHEMAS.values())
    content = sum(litellm.token_counter(model="gpt-4o-mini", text=text) for text in texts)
    assert content < one.input_tokens < content + 40, "and a few tokens a message"
    answers = [json.dumps(good(schema)) for schema in SCHEMAS.values()]
    assert one.output_tokens == sum(litellm.token_counter(model="gpt-4o-mini", text=text) for text in answers)
    assert one.usd == pytest.approx(0.15e-6 * one.input_tokens + 0.6e-6 * one.output_tokens)


def test_repeated_questions_cost_more():
    once, twice = project(SEEN, description()), project(SEEN, description(), repeated=1.0)
    assert twice.output_tokens == 2 * once.output_tokens
    assert twice.input_tokens == 2 * once.input_tokens + once.output_tokens
    assert twice.usd == pytest.approx(0.15e-6 * twice.input_tokens + 0.6e-6 * twice.output_tokens)


def test_a_projection_needs_a_price():
    with pytest.raises(InputError, match="price of 'openai/local' is not in litellm's table"):
        project(SEEN, description(), "openai/local")


def test_max_input_tokens_is_an_upper_bound():
    """Include text that takes many tokens."""
    odd = Observation("odd", 1.0, (), (), ("🕺💃🏽 ǅ ﷽ \u200d 举重", "aaaa" * 50, "\n\t\n\t"))
    for seen in (SEEN, odd):
        messages = load_prompts().ask_groups(seen)
        for model in ("gpt-4o-mini", "claude-3-haiku-20240307"):
            assert load_litellm().token_counter(model=model, messages=messages) < max_input_tokens(messages, {})
