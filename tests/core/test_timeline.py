"""Statements and timelines: exact algebra over time, exact files, one clear line for what a person writes wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, PAIRS, UNITS, UNKNOWN, WHO, Description, Statement, Timeline
from kinmo_core.text.statement import in_words

SECONDS = 8.0
TEXTS = (
    "rises",
    "moves to the left by about",
    "the right hand comes near the head",
    "turns {} clockwise",
    "größer als ½",
)


@st.composite
def rows(draw: st.DrawFn) -> tuple:
    """Fields of a `Statement`; the tests build it, since beartype draws random numbers that a strategy must not."""
    start = draw(st.floats(0, SECONDS - 0.1))
    end = draw(st.floats(start + 0.01, SECONDS))
    text = draw(st.sampled_from(TEXTS))
    amount = draw(st.floats(-1e6, 1e6)) if "{}" in text or draw(st.booleans()) else None
    return draw(st.sampled_from(WHO)), start, end, text, amount, "" if amount is None else draw(st.sampled_from(UNITS))


timelines = st.lists(rows(), max_size=8)


def built(found: list[tuple]) -> Timeline:
    return Timeline(tuple(Statement(*row) for row in found), SECONDS)


@given(timelines, st.randoms())
def test_equal_whatever_the_order_they_are_given_in(timeline: Any, random):
    timeline = built(timeline)
    shuffled = list(timeline.statements)
    random.shuffle(shuffled)
    assert Timeline(tuple(shuffled), SECONDS) == timeline


@given(timelines)
def test_mirror_is_its_own_inverse_and_exchanges_sides(timeline: Any):
    timeline = built(timeline)
    mirrored = timeline.mirror()
    assert mirrored.mirror() == timeline
    for side, other in (("left_arm", "right_arm"), ("neck+left_leg", "neck+right_leg")):
        assert len(mirrored.of(side)) == len(timeline.of(other))


@given(timelines, st.floats(0, 100))
def test_shift_there_and_back_is_exact(timeline: Any, by: float):
    timeline = built(timeline)
    assert timeline.shift(by).shift(-by) == timeline
    assert timeline.shift(by).seconds == pytest.approx(SECONDS + by, abs=1e-6)


@given(timelines, timelines)
def test_windows_of_a_join_are_what_was_joined(first: Any, second: Any):
    first, second = built(first), built(second)
    joined = first.join(second)
    assert joined.window(0, SECONDS) == first
    assert joined.window(SECONDS, 2 * SECONDS) == second


@given(timelines, timelines, timelines)
def test_join_is_associative(a: Any, b: Any, c: Any):
    a, b, c = built(a), built(b), built(c)
    assert a.join(b).join(c) == a.join(b.join(c))


@given(timelines, st.floats(0, 3), st.floats(5, SECONDS), st.floats(0, 0.9), st.floats(1.1, 2))
def test_window_of_a_window_is_a_window(timeline: Any, start: float, end: float, inner: float, inner_end: float):
    timeline = built(timeline)
    start, end, inner, inner_end = (round(value, 3) for value in (start, end, inner, inner_end))
    assert timeline.window(start, end).window(inner, inner_end) == timeline.window(start + inner, start + inner_end)


@given(timelines)
def test_window_and_mirror_commute(timeline: Any):
    timeline = built(timeline)
    assert timeline.mirror().window(1, 3) == timeline.window(1, 3).mirror()


@given(timelines)
def test_json_and_yaml_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, timeline: Any):
    timeline = built(timeline)
    assert Timeline.from_json(timeline.to_json()) == timeline
    folder = tmp_path_factory.mktemp("timeline")
    for name in ("t.json", "t.yaml"):
        timeline.save(folder / name)
        assert Timeline.load(folder / name) == timeline


def test_window_shortens_what_crosses_the_cut_and_drops_what_only_touches_it():
    timeline = Timeline((Statement("neck", 0, 1, "nods"), Statement("torso", 0.5, 2, "leans")), 3)
    assert timeline.window(1, 3).statements == (Statement("torso", 0, 1, "leans"),)


# The words


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (68.3, "degrees", "70 degrees"),
        (-68.3, "degrees", "70 degrees"),
        (4.0, "degrees", "4 degrees"),
        (350.0, "degrees", "a full turn"),
        (540.0, "degrees", "one and a half turns"),
        (0.04, "metres", "0.04 m"),
        (1.26, "metres", "1.3 m"),
        (12.4, "metres", "12 m"),
        (1, "times", "once"),
        (2.0, "times", "twice"),
        (13, "times", "13 times"),
        (0.4, "seconds", "0.4 seconds"),
        (1.2, "seconds", "a second"),
        (3.4, "seconds", "three seconds"),
        (1.44, "metres a second", "1.4 m/s"),
    ],
)
def test_words_round_the_amount(amount: float, unit: str, words: str):
    assert in_words(amount, unit) == words


def test_the_amount_stands_at_its_mark_or_behind_the_text():
    assert Statement("torso", 0, 1, "leans to about", 68.3, "degrees").sentence == "leans to about 70 degrees"
    assert Statement("torso", 0, 1, "travels {} forward", 2.04, "metres").sentence == "travels 2.0 m forward"
    assert Statement("torso", 0, 1, "stays upright").sentence == "stays upright"


def test_description_joins_by_time():
    timeline = Timeline(
        (
            Statement("body", 0, 4, "a person bows"),
            Statement("left_arm", 2, 3, "drops"),
            Statement("left_arm", 0, 1, "rises to about", 0.5, "metres"),
            Statement("left_arm", 2.2, 3, "swings {}", 3, "times"),
            Statement("left_arm+right_arm", 0, 1, "the hands meet"),
        ),
        4,
    )
    description = timeline.description()
    assert description.text == "A person bows."
    assert description.groups["left_arm"] == "The left arm rises to about 0.5 m, then drops and swings three times."
    assert description.interactions["left_arm", "right_arm"] == "The hands meet."
    assert {description.groups[name] for name in GROUPS if name != "left_arm"} == {UNKNOWN}
    assert sum(text != UNKNOWN for text in description.interactions.values()) == 1
    assert len(description.interactions) == len(PAIRS)


@given(timelines)
def test_description_of_the_mirrored_timeline_is_the_mirrored_description(timeline: Any):
    timeline = built(timeline)
    # Statements that start and end together are listed by their texts, whose order a mirror may exchange.
    spans = [(s.who, s.start, s.end) for s in timeline.statements]
    if len(set(spans)) == len(spans):
        assert timeline.mirror().description() == timeline.description().mirror()


# What a person writes


WRITTEN = """
seconds: 4
statements:
- {who: torso, start: 0.5, end: 1.5, text: leans forward to about, amount: 70, unit: degrees}
- who: body
  start: 0
  end: 4
  text: a person bows
"""


def test_a_file_written_by_hand(tmp_path: Path):
    path = tmp_path / "bow.yaml"
    path.write_text(WRITTEN)
    timeline = Timeline.load(path)
    assert [statement.who for statement in timeline.statements] == ["body", "torso"]
    assert timeline.of("torso")[0].sentence == "leans forward to about 70 degrees"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"who": "tail"}, "statement 1: who must be body, a group or a pair .* got 'tail'"),
        ({"who": "right_arm+left_arm"}, "statement 1: who must be .* got 'right_arm.left_arm'"),
        ({"who": ["torso"]}, "statement 1: who must be a text, got .'torso'."),
        ({"start": 2}, "statement 1: start and end must be 0 <= start < end, got 2 and 1"),
        ({"start": -1}, "statement 1: start and end must be 0 <= start < end, got -1 and 1"),
        ({"end": 9}, "must end within 4 s, got one of torso that ends at 9 s"),
        ({"end": "1s"}, "statement 1: end must be a number, got '1s'"),
        ({"end": float("nan")}, "statement 1: end must be seconds, got nan"),
        ({"text": " "}, "statement 1: the text is empty"),
        ({"text": 3}, "statement 1: text must be a text, got 3"),
        ({"amount": "far", "unit": "metres"}, "statement 1: amount must be a number, got 'far'"),
        ({"amount": True, "unit": "metres"}, "statement 1: amount must be a number, got True"),
        ({"amount": 3, "unit": "feet"}, "statement 1: unit must be one of degrees, .* got 'feet'"),
        ({"amount": 3}, "statement 1: unit must be one of degrees, .* got ''"),
        ({"unit": "metres"}, "statement 1: a unit or a mark {} needs an amount"),
        ({"text": "goes {} or {}", "amount": 3, "unit": "times"}, "statement 1: text must have at most one mark {}"),
        ({"limb": "torso"}, "statement 1 must have who, .* got the unknown key 'limb'"),
    ],
)
def test_a_wrong_field_is_named(change: dict, message: str):
    row = {"who": "torso", "start": 0, "end": 1, "text": "leans"} | change
    with pytest.raises(InputError, match=message):
        Timeline.from_json({"seconds": 4, "statements": [row]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "a timeline must be an object with seconds, statements"),
        ("seconds: 3", "a timeline must have seconds, statements, got no statements"),
        ("seconds: 0\nstatements: []", "seconds must be positive, got 0"),
        ("seconds: 3\nstatements: {}", "a timeline: statements must be a list, got {}"),
        ("seconds: 3\nstatements:\n- {who: torso, start: 0, text: leans}", "statement 1 must have who, .* got no end"),
        ("seconds: [", "it is not readable YAML"),
        ("\x00", "it is not readable YAML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, message: str):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"wrong.yaml: {message}"):
        Timeline.load(path)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"cannot read .*none\.yaml"):
        Timeline.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("window", [(-1, 2), (2, 2), (3, 2), (0, 9)])
def test_a_window_outside_is_refused(window: tuple[float, float]):
    with pytest.raises(InputError, match="a window must lie within 0 to 4 s"):
        Timeline((), 4).window(*window)


def test_a_shift_before_zero_is_refused():
    with pytest.raises(InputError, match="start and end must be"):
        Timeline((Statement("neck", 0.5, 1, "nods"),), 4).shift(-1)
    with pytest.raises(InputError, match="seconds must be positive, got -1"):
        Timeline((), 4).shift(-5)


def test_what_is_saved_can_be_read_by_a_person(tmp_path: Path):
    path = tmp_path / "bow.yaml"
    Timeline((Statement("torso", 0.5, 1.5, "leans forward to about", 70, "degrees"),), 4.0).save(path)
    row = "- {who: torso, start: 0.5, end: 1.5, text: leans forward to about, amount: 70, unit: degrees}"
    assert path.read_text() == f"seconds: 4.0\nstatements:\n{row}\n"
    assert yaml.safe_load(path.read_text())["seconds"] == 4.0


def test_a_description_said_over_the_whole_time_is_described_by_the_same_texts():
    groups = {**dict.fromkeys(GROUPS, UNKNOWN), "torso": "The torso turns, then sinks.", "left_leg": "The knee bends."}
    pairs = {**dict.fromkeys(PAIRS, UNKNOWN), ("torso", "neck"): "The head nods. The head rises."}
    timeline = Timeline.of_description(Description("A person turns.", groups, pairs), 3.0)
    assert {(s.who, s.start, s.end) for s in timeline.statements} == {
        (who, 0.0, 3.0) for who in ("body", "torso", "left_leg", "torso+neck")
    }
    made = timeline.description()
    assert made.text == "A person turns."
    assert made.groups == {**groups, "left_leg": "The left leg The knee bends."}
    assert made.interactions == pairs


def test_a_stretched_timeline_keeps_amounts_but_seconds():
    turn, sit = (
        Statement("torso", 1.0, 2.5, "turns by", 90, "degrees"),
        Statement("torso", 0, 1.0, "sits", 1, "seconds"),
    )
    slower = (Statement("torso", 2.0, 5.0, "turns by", 90, "degrees"), Statement("torso", 0, 2.0, "sits", 2, "seconds"))
    assert Timeline((turn, sit), 3.0).stretch(6.0) == Timeline(slower, 6.0)
    with pytest.raises(InputError, match="seconds must be positive, got -1"):
        Timeline((turn, sit), 3.0).stretch(-1.0)
