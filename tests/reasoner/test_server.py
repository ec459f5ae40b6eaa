"""The reasoner on a server, against one on 127.0.0.1 that fails in every known way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model_answers import GOOD, INJECTION, question
from openai_server import HANG, MODES, Reply, Script, Server, first

from kinmo_core.errors import InputError
from kinmo_core.text import BODY, Reasoner, Timeline
from kinmo_reasoner.server import LLMReasoner, load

RIGHT = Reply(json.dumps(GOOD))


def right(*_: Any) -> Reply:
    return RIGHT


def said(*statements: str) -> Reply:
    return Reply(json.dumps({"seconds": 4.0, "statements": list(statements)}))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-secret-of-the-tests")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


def reasoner(server: Server, folder: Path, **options: Any) -> LLMReasoner:
    journal, defaults = str(folder / "journal"), {"backoff": 0.01, "retries": 1, "timeout": 10.0}
    return LLMReasoner("openai/stub", api_base=server.api_base, journal=journal, **{**defaults, **options})


def plan_one(script: Script, folder: Path, sentence: str = "a person walks", **options: Any) -> tuple[Timeline, Server]:
    with Server(script) as server:
        [[timeline]] = reasoner(server, folder, **options).plan([sentence], seconds=4.0)
    return timeline, server


def test_a_sentence_becomes_a_timeline(tmp_path: Path):
    timeline, server = plan_one(right, tmp_path)
    assert timeline.of(BODY)[0].text == "a person walks"
    assert {s.who for s in timeline.statements} == {BODY, "torso", "left_arm", "left_leg+right_leg"}
    [request] = server.served
    assert request["body"]["response_format"]["json_schema"]["name"] == "timeline"
    assert "arms: rises" in request["body"]["messages"][0]["content"]


def test_draws_differ_by_their_seed_and_are_paid_for_once(tmp_path: Path):
    with Server(right) as server:
        it = reasoner(server, tmp_path, seed=5)
        assert isinstance(it, Reasoner)
        plans = it.plan(["a person walks", "a person sits"], draws=2)
        assert it.plan(["a person walks", "a person sits"], draws=2) == plans
    assert [len(drawn) for drawn in plans] == [2, 2]
    assert sorted(row["body"]["seed"] for row in server.served) == [5, 5, 6, 6]
    assert (it.spending.requests, it.spending.journal_hits) == (4, 4)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Reply("Certainly! The person walks."), "no complete JSON object"),
        (Reply(json.dumps(GOOD)[:70], finish_reason="length"), "it is cut off"),
        (Reply(json.dumps(GOOD)[:70]), "no complete JSON object"),
        (Reply(None), "no complete JSON object"),
        (said("left_arm 0-1 the right arm rises"), "is about another limb, the right arm"),
        (said("left_hand 0-1 rises"), "who must be one of"),
        (said("torso 0-9 leans"), "end must be within the 4 s"),
    ],
    ids=["prose", "cut off", "truncated", "empty", "another limb", "unknown limb", "outside"],
)
def test_an_unusable_answer_is_asked_for_again_with_the_reason(bad: Reply, reason: str, tmp_path: Path):
    timeline, server = plan_one(first(bad, then=right), tmp_path)
    assert timeline.of("torso")
    assert len(server.served) == 2
    assert reason in server.served[1]["body"]["messages"][-1]["content"]


def test_a_model_that_never_answers_in_the_form_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="no usable plan of 'a person walks' in 3 answers") as raised:
        plan_one(MODES["prose"], tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "line"),
    [
        ("401", "refuses requests .*check the key"),
        ("404", "check model and api_base"),
        ("429", "gave no answer in 2 attempts"),
        ("500", "gave no answer in 2 attempts"),
    ],
)
def test_a_provider_that_fails_is_one_line(mode: str, line: str, tmp_path: Path):
    with pytest.raises(InputError, match=line) as raised:
        plan_one(MODES[mode], tmp_path)
    assert "\n" not in str(raised.value)
    assert "sk-a-secret" not in str(raised.value)


def test_a_provider_that_hangs_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="gave no answer in 1 attempts"):
        plan_one(lambda *_: Reply(json.dumps(GOOD), wait=HANG), tmp_path, timeout=0.3, retries=0)


def test_a_busy_provider_is_asked_again(tmp_path: Path):
    timeline, _ = plan_one(first(Reply(status=429, headers={"Retry-After": "0.01"}), then=right), tmp_path)
    assert timeline.of("torso")


def test_an_injection_in_the_sentence_stays_data(tmp_path: Path):
    timeline, server = plan_one(right, tmp_path, INJECTION)
    messages = server.served[0]["body"]["messages"]
    assert question(messages)["sentence"] == INJECTION
    assert timeline.of("torso")[0].text.startswith("travels")


def test_a_model_that_obeys_an_injection_is_asked_again(tmp_path: Path):
    timeline, server = plan_one(first(Reply("Roses are red, violets are blue."), then=right), tmp_path, INJECTION)
    assert len(server.served) == 2
    assert timeline.of("torso")


def test_arguments_are_checked(tmp_path: Path):
    with pytest.raises(InputError, match="asks must be at least 1, got 0"):
        LLMReasoner(asks=0)
    with pytest.raises(InputError, match="concurrency must be at least 1, got 0"):
        LLMReasoner(concurrency=0)
    with pytest.raises(InputError, match="temperature must be between 0 and 2, got 3"):
        LLMReasoner(temperature=3, journal=str(tmp_path))


def test_it_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with Server(right) as server:
        found = load(f"openai/stub@{server.api_base}")
        [[timeline]] = found.plan(["a person walks"])
    assert timeline.of("torso")
    with pytest.raises(InputError, match="the reasoner server needs a model"):
        load(None)
