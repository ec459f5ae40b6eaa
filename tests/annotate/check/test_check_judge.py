"""The public face: what `judge` takes, in which span it judges, what it refuses, and what the check imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from check_puppets import FPS, motion
from hypothesis import given
from hypothesis import strategies as st

import kinmo_annotate.check
from kinmo_annotate.check import Answer, judge, statements_of
from kinmo_annotate.check.verdicts import SPAN_MARGIN
from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import InputError
from kinmo_core.motion import Motion
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints
from kinmo_core.text import Statement, Timeline

# The right arm of "up and down right" rises from 0 to 1.6 s, stays up until 2.4 s and drops until 4 s.
UP_AND_DOWN = "up and down right"


def timeline(*statements: tuple) -> Timeline:
    return Timeline(tuple(Statement(*one) for one in statements), 4.0)


def answers(text: str | Timeline, name: str = UP_AND_DOWN) -> list[Answer]:
    return [verdict.answer for verdict in judge(text, motion(name))]


@pytest.mark.parametrize(
    ("who", "start", "end", "text", "supported"),
    [
        ("right_arm", 0.0, 1.6, "rises", True),
        ("right_arm", 2.4, 4.0, "rises", False),
        ("right_arm", 2.4, 4.0, "drops to the side", True),
        ("right_arm", 0.0, 1.6, "drops to the side", False),
        ("right_arm", 1.6, 2.4, "stays above the head", True),
        ("right_arm", 0.0, 4.0, "stays above the head", False),
        ("left_arm", 0.0, 1.6, "rises", False),
        ("body", 0.0, 1.6, "a person raises the right arm", True),
        ("body", 2.4, 4.0, "a person raises the right arm", False),
        ("left_arm+right_arm", 1.6, 2.4, "the right hand is higher than the left hand", True),
    ],
)
def test_a_statement_of_a_timeline_is_judged_within_its_span(
    who: str, start: float, end: float, text: str, supported: bool
):
    (verdict,) = [
        one for one in judge(timeline((who, start, end, text)), motion(UP_AND_DOWN)) if "active" not in one.statement
    ]
    assert (verdict.answer is Answer.SUPPORTED) == supported, verdict
    assert (verdict.who, verdict.span) == (who, (start, end))


def test_a_span_may_be_off_by_the_margin():
    jump = motion("jump")  # the feet are off the floor from 1.6 to 2.4 s
    for start, answer in (
        (2.38 + SPAN_MARGIN - 0.1, Answer.SUPPORTED),
        (2.42 + SPAN_MARGIN + 0.1, Answer.CONTRADICTED),
    ):
        (verdict,) = judge(timeline(("body", start, 4.0, "a person jumps")), jump)
        assert verdict.answer is answer


def test_amounts_of_a_timeline_are_read_in_words():
    found = judge(timeline(("right_arm", 0, 1.6, "rises by about", 1.07, "metres")), motion(UP_AND_DOWN))
    assert [(verdict.clause, verdict.answer) for verdict in found] == [("rises by about 1.1 m", Answer.SUPPORTED)]
    found = judge(timeline(("right_arm", 0, 1.6, "rises by about", 0.3, "metres")), motion(UP_AND_DOWN))
    assert [verdict.answer for verdict in found] == [Answer.CONTRADICTED]


def test_readings_and_verdicts_of_a_timeline_match():
    text = timeline(("neck", 0.5, 1, "nods twice"), ("torso", 0, 2, "is happy"), ("left_leg", 1, 2, "steps forward"))
    found = [(one.who, one.clause, one.span) for one in statements_of(text)]
    assert found == [(one.who, one.clause, one.span) for one in judge(text, motion("walk"))]
    assert [who for who, _, _ in found] == ["torso", "neck", "left_leg", "left_leg"]


def test_an_empty_timeline_has_no_verdicts():
    assert judge(Timeline((), 2.0), motion("stand")) == []


def test_a_statement_after_the_end_of_the_motion_is_refused():
    text = Timeline((Statement("neck", 5, 6, "nods"),), 8.0)
    with pytest.raises(InputError, match=r"statements must start within the motion's 4 s, got one of neck at 5 s"):
        judge(text, motion("stand"))


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "the text is empty"), (" \n", "the text is empty"), ("a" * 2001, "the text has 2001 characters")],
)
def test_texts_that_are_not_sentences_are_refused(text: str, message: str):
    with pytest.raises(InputError, match=message):
        judge(text, motion("stand"))
    with pytest.raises(InputError, match=message):
        statements_of(text)


def test_a_motion_on_another_skeleton_is_refused():
    from dataclasses import replace

    other = replace(HUMANML3D, names=(*HUMANML3D.names[:-1], "left_hand"))
    with pytest.raises(InputError, match="motion must have the 22 joints of HumanML3D, got 22 others"):
        judge("a person walks", Motion(torch.zeros(5, 22, 3), FPS, other))


@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0, 120.0])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a person walks forward about 4.8 m", Answer.SUPPORTED),
        ("a person takes eight steps", Answer.SUPPORTED),
        ("a person walks backward", Answer.CONTRADICTED),
        ("a person runs", Answer.SUPPORTED),
        ("a person stands still", Answer.CONTRADICTED),
    ],
)
def test_the_frame_rate_does_not_matter(fps: float, text: str, expected: Answer):
    walk = Motion(walking_joints(int(4 * fps), fps=fps), fps)
    assert {verdict.answer for verdict in judge(text, walk)} == {expected}


def test_tensors_that_carry_gradients_are_judged():
    joints = Action().joints(20).requires_grad_()
    assert judge("a person stands still", Motion(joints))[0].answer is Answer.SUPPORTED


SENTENCES = (
    "a person raises the left arm above the head",
    "a person waves the right hand four times",
    "a person walks forward and turns to the left",
    "the left knee rises to hip height",
    "a person steps to the right, then bows",
    "the right hand comes near the left knee",
    "a person looks to the left while leaning to the right",
    "the left arm never rises",
)
ACTIONS = st.fixed_dictionaries(
    {
        "speed": st.floats(-1.5, 2.5),
        "stride": st.floats(0, 0.6),
        "lift": st.floats(0, 1.5),
        "arm_swing": st.floats(0, 1.0),
        "wave": st.sampled_from(["", "left", "right"]),
        "squat": st.floats(0, 1.2),
        "turn": st.floats(-1.0, 1.0),
        "heading": st.floats(-3, 3),
        "phase": st.floats(0, 6),
    }
)


@given(ACTIONS, st.sampled_from(SENTENCES))
def test_mirroring_text_and_motion_never_changes_a_verdict(action: dict, text: str):
    shown = Motion(Action(**action).joints(40))
    found = [(one.answer, one.sides, one.side_error, one.side_visible) for one in judge(text, shown)]
    mirrored = judge(mirror_text(text), shown.mirror())
    assert found == [(one.answer, one.sides, one.side_error, one.side_visible) for one in mirrored]


@given(st.floats(0, 2.0), st.floats(0.5, 2.0), st.sampled_from(["left_arm", "right_arm", "neck", "torso", "left_leg"]))
def test_mirroring_timeline_and_motion_never_changes_a_verdict(start: float, length: float, who: str):
    texts = {"neck": "tilts to the left", "torso": "leans to the right"}
    text = timeline((who, start, min(start + length, 4.0), texts.get(who, "rises and moves outward")))
    for name in ("up and down right", "tilt left", "lean left"):
        found = [verdict.answer for verdict in judge(text, motion(name))]
        assert found == [verdict.answer for verdict in judge(text.mirror(), motion(name).mirror())]


# Independence: an error of the writers must not be repeated by their judge.

FOLDER = Path(kinmo_annotate.check.__file__).parent
SHARED = {
    "kinmo_core.data.humanml3d",
    "kinmo_core.errors",
    "kinmo_core.features",
    "kinmo_core.motion",
    "kinmo_core.progress",
    "kinmo_core.skeleton",
    "kinmo_core.text",
}


def test_the_check_shares_nothing_with_the_writers_but_what_its_docstring_lists():
    imported = {
        name
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _modules(node)
        if name.split(".")[0].startswith("kinmo")
    }
    own = {name for name in imported if name == "kinmo_annotate.check" or name.startswith("kinmo_annotate.check.")}
    assert imported - own == SHARED
    documented = kinmo_annotate.check.__doc__ or ""
    unlisted = {"kinmo_core.errors", "kinmo_core.motion"}  # the error and the motion value
    assert all(name in documented for name in SHARED - unlisted)


def test_only_joint_names_and_the_frame_rate_are_shared_geometry():
    names = {
        (path.name, alias.name)
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in ("kinmo_core.skeleton", "kinmo_core.features")
        for alias in node.names
    }
    assert {name for _, name in names} == {"HUMANML3D", "FPS", "decode"}
    assert {path for path, name in names if name == "decode"} == {"report.py"}  # which reads the motions of a folder


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "" if not node.level else "relative"]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
