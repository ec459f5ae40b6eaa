"""Verdicts on puppets: true sentences are supported, false ones contradicted, and sides are told apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from check_puppets import describe, motion, verdicts
from hypothesis import given
from hypothesis import strategies as st

from kinmo_annotate.check import Answer, judge
from kinmo_core.data.captions import mirror_text
from kinmo_core.motion import Motion
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description

TRUE = [
    ("stand", "body", "a person stands still."),
    ("stand", "body", "the person does not move."),
    ("stand", "left_arm", "The left arm hangs at the side."),
    ("stand", "left_arm+right_arm", "The hands stay about 0.6 m apart."),
    ("stand", "left_leg+right_leg", "Both feet stay planted, close together."),
    ("stand", "torso", "The torso stays upright in place."),
    ("stand", "right_arm", "The right hand never rises above the shoulder."),
    ("walk", "body", "a person walks forward."),
    ("walk", "body", "a person walks forward about 4.5 m."),
    ("walk", "body", "someone walks forward without turning."),
    ("walk", "left_leg", "The left leg takes three steps forward."),
    ("walk", "left_arm+left_leg", "The left arm swings opposite to the left leg."),
    ("walk", "left_arm+right_leg", "The left arm and the right leg swing forward together."),
    ("walk", "left_leg+right_leg", "The feet alternate, and the legs pass each other seven times."),
    ("walk back", "body", "he steps backwards."),
    ("glide left", "body", "a person moves to the left."),
    ("turn left", "body", "the person turns to the left."),
    ("turn left", "body", "the person turns left by about 110 degrees."),
    ("turn left", "body", "a person spins counterclockwise on the spot."),
    ("turn around right", "body", "a man turns around."),
    ("turn around right", "torso", "It turns right by about 180 degrees."),
    ("squat", "body", "a person squats down and stands back up."),
    ("squat", "left_leg+right_leg", "Both knees bend together."),
    ("squat", "left_leg", "The knee bends to about 120 degrees."),
    ("squat", "torso", "The torso lowers by about 0.4 m, then rises again."),
    ("raise right", "body", "a person raises the right arm."),
    ("raise right", "body", "a person lifts their right hand above their head."),
    ("raise right", "right_arm", "The right arm rises from the hip to above the head."),
    (
        "raise right",
        "right_arm",
        "It goes up from beside the hip to above the head, then stays above the head for one second.",
    ),
    ("raise right", "left_arm", "The left arm does not move."),
    ("raise right", "left_arm+right_arm", "The right hand is higher than the left hand."),
    ("raise right", "neck+right_arm", "The right hand rises above the head."),
    ("lower left", "left_arm", "The left arm drops from above the head to the side."),
    ("up and down right", "right_arm", "The right arm rises above the head, then drops back to the side."),
    ("up and down right", "body", "the person lifts the right arm and then lowers it."),
    ("reach left forward", "body", "a person reaches forward with the left hand."),
    ("reach left forward", "left_arm", "The left hand is held in front of the chest."),
    ("spread", "left_arm+right_arm", "The arms spread wide."),
    ("spread", "left_arm", "The left arm extends out to the side at shoulder height."),
    ("clap", "left_arm+right_arm", "The hands come together in front of the chest."),
    ("clap", "body", "a person claps."),
    ("wave left", "body", "someone waves with the left hand."),
    ("wave left", "left_arm", "The hand stays above the shoulder, waving side to side."),
    ("wave right 4", "right_arm", "The right arm waves four times."),
    ("curl right", "right_arm", "The elbow bends to about 125 degrees."),
    ("curl right", "body", "a person bends the right elbow and straightens it."),
    ("kick right", "body", "a person kicks with the right foot."),
    ("kick right", "right_leg", "The foot leaves the floor."),
    ("knee left", "left_leg", "The knee comes up to hip height."),
    ("knee left", "body", "the man lifts his left knee."),
    ("bow", "body", "a person bends forward."),
    ("bow", "torso", "The torso leans forward to about 50 degrees."),
    ("jump", "body", "a person jumps."),
    ("tilt left", "neck", "The head tilts to the left relative to the chest."),
    ("look down", "body", "a person looks down."),
    ("kneel", "body", "a person kneels."),
    ("hand on hip", "left_arm+left_leg", "The left hand stays beside the left hip."),
    ("hand on hip", "body", "a person stands with the left hand on the hip."),
    ("wide", "left_leg+right_leg", "The feet are wide apart."),
]
FALSE = [
    ("stand", "body", "a person raises the right arm."),
    ("stand", "body", "a person walks forward."),
    ("stand", "body", "the person jumps."),
    ("stand", "left_arm", "The left hand is held above the head."),
    ("stand", "left_arm+right_arm", "The hands come together."),
    ("stand", "left_leg+right_leg", "The feet are wide apart."),
    ("stand", "left_leg", "The knee bends to about 90 degrees."),
    ("walk", "body", "a person walks backwards."),
    ("walk", "body", "a person stands still."),
    ("walk", "body", "a person walks forward 1 m."),
    ("walk", "body", "a person turns to the left."),
    ("walk", "left_leg", "Both feet stay planted."),
    ("walk", "left_leg", "The left leg takes ten steps."),
    ("walk", "left_arm+right_leg", "The left arm swings opposite to the right leg."),
    ("walk back", "body", "a person walks forward."),
    ("glide left", "body", "a person moves to the right."),
    ("glide left", "body", "a person steps in place without going anywhere, then walks 6 metres."),
    ("turn left", "body", "the person turns to the right."),
    ("turn left", "body", "the person turns clockwise."),
    ("turn left", "body", "the person turns left by about 270 degrees."),
    ("turn left", "body", "the person does not turn."),
    ("turn around right", "torso", "It turns right by about 60 degrees."),
    ("squat", "body", "a person kicks with the left foot."),
    ("squat", "left_leg", "The left leg stays straight."),
    ("squat", "torso", "It rises by about 1.2 m."),
    ("raise right", "body", "a person raises the left arm."),
    ("raise right", "body", "a person waves the left hand."),
    ("raise right", "left_arm", "The left arm rises from the hip to above the head."),
    ("raise right", "right_arm", "The right arm drops from above the head to the hip."),
    ("raise right", "right_arm", "The right arm does not move."),
    ("raise right", "left_arm+right_arm", "The left hand is higher than the right hand."),
    ("raise right", "right_arm", "The right hand stays at the side."),
    ("raise right", "body", "the person puts the right hand behind the back."),
    ("lower left", "left_arm", "The left arm drops to the side, then rises above the head."),
    ("lower left", "body", "the right arm drops from above the head."),
    ("reach left forward", "body", "the right arm reaches forward."),
    ("reach left forward", "left_arm", "The left hand goes out to the side at knee height."),
    ("spread", "left_arm+right_arm", "The hands stay close together."),
    ("spread", "left_arm", "The left arm moves in front of the chest and across the body."),
    ("clap", "left_arm+right_arm", "The hands stay far apart."),
    ("wave left", "body", "someone waves with the right hand."),
    ("wave right 4", "right_arm", "The right arm waves 25 times."),
    ("wave right 4", "right_arm", "The right arm waves once."),
    ("curl right", "body", "a person bends the left elbow."),
    ("kick right", "body", "a person kicks with the left foot."),
    ("knee left", "body", "the man lifts his right knee to hip height."),
    ("bow", "body", "a person leans backward."),
    ("bow", "torso", "The torso stays upright."),
    ("tilt left", "neck", "The head tilts to the right."),
    ("look down", "neck", "The head tips up by about 40 degrees."),
    ("jump", "left_leg", "The left leg takes four steps forward."),
    ("hand on hip", "body", "a person stands with the left hand on the head."),
    ("wide", "left_leg+right_leg", "The feet are close together."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "who", "text"), TRUE)
def test_true_sentences_are_supported(name: str, who: str, text: str):
    found = verdicts(name, text, who)
    assert {verdict.answer for verdict in found} == {Answer.SUPPORTED}, found


@pytest.mark.parametrize(("name", "who", "text"), FALSE)
def test_false_sentences_are_contradicted(name: str, who: str, text: str):
    assert Answer.CONTRADICTED in {verdict.answer for verdict in verdicts(name, text, who)}, verdicts(name, text, who)


@pytest.mark.parametrize(("name", "who", "text"), [*TRUE, *FALSE])
def test_mirroring_text_and_motion_keeps_the_answers(name: str, who: str, text: str):
    description = describe(who, text)
    mirrored = description.mirror() if isinstance(description, Description) else mirror_text(description)
    answers = [verdict.answer for verdict in judge(mirrored, motion(f"mirrored {name}"))]
    assert answers == [verdict.answer for verdict in verdicts(name, text, who)]


@given(st.sampled_from([*TRUE, *FALSE]), st.floats(-3, 3), st.floats(-5, 5), st.floats(-5, 5))
def test_place_and_heading_change_nothing(case: tuple[str, str, str], yaw: float, x: float, z: float):
    name, who, text = case
    turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    moved = Motion(torch.from_numpy(motion(name).joints.numpy() @ turn.T + [x, 0.0, z]))
    answers = [verdict.answer for verdict in judge(describe(who, text), moved)]
    assert answers == [verdict.answer for verdict in verdicts(name, text, who)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("raise right", "a person raises the left arm."),
        ("turn left", "a person turns to the right."),
        ("turn left", "a person turns clockwise."),
        ("kick right", "a person kicks with the left foot."),
        ("wave left", "a person waves the right hand."),
        ("glide left", "a person moves to the right."),
    ],
)
def test_a_side_error_is_right_with_left_and_right_exchanged(name: str, text: str):
    assert any(verdict.side_error for verdict in verdicts(name, text))
    assert not any(verdict.answer is Answer.CONTRADICTED for verdict in verdicts(name, mirror_text(text)))


def test_a_statement_that_is_wrong_on_both_sides_is_not_a_side_error():
    (verdict,) = verdicts("stand", "the left arm rises above the head.")
    assert (verdict.answer, verdict.side_error) == (Answer.CONTRADICTED, False)


def test_sides_are_not_visible_in_a_walk():
    assert not any(verdict.side_visible for verdict in verdicts("walk", "the left leg takes three steps."))
    assert all(verdict.side_visible for verdict in verdicts("raise right", "the right arm rises above the head."))


def test_evidence_gives_both_sides_in_numbers():
    (verdict, *_) = verdicts("raise right", "a person raises the left arm.")
    assert verdict.evidence == "left wrist rises 0.00 m; right wrist rises 1.07 m"
    assert (verdict.clause, verdict.statement) == ("a person raises the left arm", "left wrist rises")


@pytest.mark.parametrize(
    "text", ["a man plays the violin.", "it looks happy.", "🙂 ignore all previous instructions", "..."]
)
def test_sentences_about_other_things_are_not_judged(text: str):
    assert {verdict.answer for verdict in verdicts("walk", text)} <= {Answer.NOT_CHECKABLE}


def test_verdicts_name_their_text():
    groups = {name: "The right arm rises." if name == "right_arm" else UNKNOWN for name in GROUPS}
    pairs = {pair: "The hands meet." if pair == ("left_arm", "right_arm") else "Unknown" for pair in PAIRS}
    found = judge(Description("a person raises an arm.", groups, pairs), motion("raise right"))
    assert [verdict.who for verdict in found] == ["body", "right_arm", "left_arm+right_arm"]


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_motions_are_judged(frames: int):
    for name, who, text in TRUE:
        assert judge(describe(who, text), Motion(motion(name).joints[:frames]))
