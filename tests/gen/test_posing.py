"""Posing, held against the geometric rules of the follow list, which know nothing of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinmo_annotate.measures import PLACES
from kinmo_annotate.observe import observe
from kinmo_core.features import decode, encode_raw
from kinmo_core.metrics import bones_off, foot_skating, jerk
from kinmo_core.motion import Motion
from kinmo_core.rig import constant_body
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.puppet import Action, walk
from kinmo_core.text import Statement, Timeline
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.expression import parse_rule
from kinmo_gen.posing import PATH, limbs_to_pose, pose, statements_of
from kinmo_gen.posing.bones import bend, tilt
from kinmo_gen.posing.edits import Span, poses, times_of
from kinmo_gen.posing.path import _steered

SECONDS = 5.0


def motion(action: Action) -> Motion:
    return Motion(constant_body(decode(encode_raw(action.joints(101)))), 20.0, text="a motion")


STANDS, WALKS = motion(Action()), motion(walk(1.2))


def told(
    who: str, text: str, amount: float | None = None, unit: str = "", start: float = 0.5, end: float = 2.5
) -> Timeline:
    return Timeline((Statement(who, start, end, text, amount, unit),), SECONDS)


def follows(rule: str, made: Motion) -> bool:
    return bool(parse_rule(rule)(Body.of(made)))


@pytest.mark.parametrize("base", [STANDS, WALKS], ids=["stands", "walks"])
@pytest.mark.parametrize(
    ("who", "text", "rule"),
    [
        ("left_arm", "rises from beside the hip to above the head", "brings(left, above_head)"),
        ("right_arm", "rises outward from beside the hip to out to the side at shoulder height", "brings(right, side)"),
        ("left_arm", "rises forward from beside the hip to far in front at shoulder height", "brings(left, front)"),
        ("right_arm", "rises from beside the hip to the face", "brings(right, face)"),
        ("left_arm", "rises from beside the hip to the other shoulder", "brings(left, other_shoulder)"),
        ("left_arm", "moves back from beside the hip to behind the back", "hand(left, behind_back)"),
        ("right_arm", "drops from above the head to beside the hip", "then(hand(right, above_head), hand(right, low))"),
    ],
)
def test_a_hand_gets_to_its_place(base: Motion, who: str, text: str, rule: str):
    assert not follows(rule, base)
    plan = told(who, text)
    made = pose(base, plan, {who})
    assert follows(rule, made)
    assert made.text == base.text
    assert float(bones_off(made.joints)) == 0


def test_left_is_left():
    for side, other in (("left", "right"), ("right", "left")):
        made = pose(STANDS, told(f"{side}_arm", "rises from beside the hip to above the head"), {f"{side}_arm"})
        assert follows(f"hand({side}, above_head)", made)
        assert not follows(f"hand({other}, above_head)", made)


@pytest.mark.parametrize(
    ("who", "text", "amount", "unit", "rule"),
    [
        ("left_arm", "rests on the hip for {}", 2.0, "seconds", "hand(left, hip, 0.5)"),
        ("right_arm", "bends at the elbow to about {}", 100.0, "degrees", "bends_elbow(right, 70)"),
        ("left_arm", "swings in circles {}", 2.0, "times", "circles(left, 360)"),
        ("left_arm", "swings forward and back {}", 4.0, "times", "swings_arm(left, forward, 0.25, 4)"),
        ("right_leg", "kicks forward once, about {} high", 0.7, "metres", "kicks(right)"),
        ("left_leg", "lifts the knee to hip height {}", 1.0, "times", "lifts_knee(left)"),
        ("left_leg", "kicks the heel up behind {}", 1.0, "times", "heel_back(left)"),
        ("right_leg", "lifts the foot off the floor once by about {}", 0.3, "metres", "stands_on(left, 0.7)"),
        ("torso", "leans forward to about {}", 60.0, "degrees", "leans(forward, 40, 0.4)"),
        ("torso", "leans backward to about {}", 25.0, "degrees", "leans(backward, 15, 0.3)"),
        ("torso", "tips to the left by about {}", 40.0, "degrees", "leans(left, 30, 0.2)"),
        ("torso", "bends forward and back {}", 2.0, "times", "bows(30, 2)"),
        ("torso", "twists to the right", None, "", "twists(right, 35)"),
        ("neck", "tilts to the left to about {}", 25.0, "degrees", "tilts_head(left, 18)"),
        ("neck", "nods {}", 2.0, "times", "nods(2, 14)"),
    ],
)
def test_limbs_do_what_is_said(who: str, text: str, amount: float | None, unit: str, rule: str):
    assert not follows(rule, STANDS)
    assert follows(rule, pose(STANDS, told(who, text, amount, unit), {who}))


def test_hands_clap_and_wave():
    claps = Timeline((Statement("left_arm+right_arm", 0.5, 3.0, "the hands clap {}", 4.0, "times"),), SECONDS)
    assert follows("claps(3)", pose(STANDS, claps, {"left_arm", "right_arm"}))
    waves = Timeline(
        (
            Statement("left_arm", 0.3, 1.2, "rises from beside the hip to above the head"),
            Statement("left_arm", 1.2, 3.0, "swings from side to side {}", 3.0, "times"),
        ),
        SECONDS,
    )
    assert follows("waves(left)", pose(STANDS, waves, {"left_arm"}))


def test_a_raised_arm_is_let_down_before_it_rises():
    waves = motion(Action(wave="left"))
    made = pose(
        waves, told("left_arm", "rises from beside the hip to above the head", start=1.5, end=3.0), {"left_arm"}
    )
    assert follows("then(hand(left, low), hand(left, above_head))", made)
    assert not follows("hand(left, low)", waves)


def test_what_is_not_posed_stays_and_what_was_posed_comes_back():
    made = pose(WALKS, told("left_arm", "rises from beside the hip to above the head"), {"left_arm"})
    others = HUMANML3D.index("right_wrist", "left_ankle", "right_ankle", "head", "pelvis")
    torch.testing.assert_close(made.joints[:, others], WALKS.joints[:, others], atol=2e-3, rtol=0)
    wrist = HUMANML3D.names.index("left_wrist")
    torch.testing.assert_close(
        made.joints[-5:, wrist], WALKS.joints[-5:, wrist], atol=2e-3, rtol=0
    )  # 0.8 s and 0.9 s later
    assert float((made.joints - WALKS.joints)[30:60, wrist].abs().max()) > 0.5
    assert float(jerk(made.joints)) < 2 * float(jerk(WALKS.joints))
    unposed = pose(WALKS, told("left_arm", "rises from beside the hip to above the head"), set())
    torch.testing.assert_close(unposed.joints, WALKS.joints, atol=2e-3, rtol=0)


def headed(made: Motion) -> float:
    """Return how far the body turns in all, degrees, to the left."""
    heading = Body.of(made).heading
    return float(np.degrees(heading[-1] - heading[0]))


@pytest.mark.parametrize("metres", [5.0, 7.0])
def test_the_body_goes_as_far_as_told_by_longer_or_shorter_strides(metres: float):
    made = pose(WALKS, told("torso", "travels forward about {} at walking pace", metres, "metres", 0.0, 5.0), {PATH})
    gone = made.joints[-1, 0] - made.joints[0, 0]
    assert float(gone[2]) == pytest.approx(metres, abs=0.4)  # 6 m before
    assert float(gone[0].abs()) < 0.1
    assert float(bones_off(made.joints)) == 0
    assert float(foot_skating(made.joints)) < float(foot_skating(WALKS.joints)) + 0.02


def test_a_turn_gets_as_wide_as_told_where_the_body_turns_already():
    turns = motion(Action(stride=0.15, lift=0.5, turn=0.4))
    before = headed(turns)
    made = pose(turns, told("torso", "turns to the left by about {}", 180.0, "degrees", 0.0, 5.0), {PATH})
    assert before == pytest.approx(114, abs=5)
    assert headed(made) == pytest.approx(180, abs=8)
    other = pose(turns, told("torso", "turns to the right by about {}", 180.0, "degrees", 0.0, 5.0), {PATH})
    assert headed(other) == pytest.approx(before, abs=3)  # nothing there to widen
    stands = pose(STANDS, told("torso", "turns to the left by about {}", 90.0, "degrees"), {PATH})
    assert headed(stands) == pytest.approx(0, abs=2)  # nobody is spun on the spot


def test_who_turns_on_the_spot_stays_there_unless_told_to_go():
    goes_round = motion(replace(walk(0.5), turn=0.5))
    turn = told("torso", "turns to the left by about {}", 140.0, "degrees", 0.0, 5.0)
    assert not follows("turns(left, 100, within=0.6)", goes_round)
    assert follows("turns(left, 100, within=0.6)", pose(goes_round, turn, {PATH}))
    far = Statement("torso", 0.0, 5.0, "travels forward about {} at walking pace", 2.5, "metres")
    made = pose(goes_round, Timeline((*turn.statements, far), SECONDS), {PATH})
    assert follows("travels(any, 1)", made)


def test_a_circle_is_walked_at_an_even_pace():
    times = torch.arange(len(WALKS.joints)) / 20
    yaw = 0.9 * times + 0.5 * torch.sin(2 * math.pi * times / 2.5)  # turns back at times
    halting = Motion(constant_body(_steered(WALKS.joints, yaw)), 20.0)
    go = Statement("torso", 0.0, 5.0, "travels forward about {} at walking pace", 6.0, "metres")
    turn = Statement("torso", 0.0, 5.0, "turns to the left by {}", 280.0, "degrees")
    made = pose(halting, Timeline((go, turn), SECONDS), {PATH})
    slowest = [np.degrees(np.diff(Body.of(one).heading))[15:-15].min() * 20 for one in (halting, made)]
    assert slowest[0] < 0 < 25 < slowest[1]
    assert headed(made) == pytest.approx(280, abs=15)


@pytest.mark.parametrize("base", [STANDS, motion(Action(stride=0.3))], ids=["stands", "strides in place"])
def test_feet_go_apart_and_together(base: Motion):
    apart = Statement("left_leg+right_leg", 0.5, 2.5, "the feet are wide apart")
    together = Statement("left_leg+right_leg", 3.0, 5.0, "the feet stay together")
    made = pose(base, Timeline((apart, together), SECONDS), {PATH})
    assert follows("then(feet_apart(0.55), posture(feet_together))", made)
    assert not follows("feet_apart(0.45)", base)
    assert float(made.joints[:, HUMANML3D.index("left_ankle", "right_ankle"), 1].amin()) > 0.03


def test_jumping_jacks_are_feet_and_hands_at_the_same_time():
    feet = Statement("left_leg+right_leg", 0.5, 4.5, "the feet are wide apart {}", 4.0, "times")
    hands = (
        Statement(f"neck+{side}_arm", 0.5, 4.5, f"the {side} hand is above the head {{}}", 4.0, "times")
        for side in ("left", "right")
    )
    plan = Timeline((feet, *hands), SECONDS)
    made = pose(STANDS, plan, {PATH, "left_arm", "right_arm"})
    jack = "together(feet_apart(0.4, 0.1), hand(both, above_head, 0.1))"
    assert follows(f"then(posture(feet_together, 0.05), {jack}, posture(feet_together, 0.05), {jack})", made)
    assert limbs_to_pose(STANDS, plan, plan) == {PATH, "left_arm", "right_arm"}


def test_the_body_sinks_over_its_feet_and_rises_again():
    sinks = Statement("torso", 0.5, 1.5, "sinks by about {}", 0.35, "metres")
    rises = Statement("torso", 3.0, 4.0, "rises by about {}", 0.35, "metres")
    made = pose(STANDS, Timeline((sinks, rises), SECONDS), {PATH})
    height = made.joints[:, 0, 1] - STANDS.joints[:, 0, 1]
    assert float(height[35:55].max()) == pytest.approx(-0.35, abs=0.04)
    assert float(height[90:].abs().max()) < 0.03
    ankles = HUMANML3D.index("left_ankle", "right_ankle")
    torch.testing.assert_close(made.joints[:, ankles], STANDS.joints[:, ankles], atol=0.03, rtol=0)


def test_who_is_low_already_sinks_no_further():
    first, again = (Statement("torso", s, s + 1, "sinks by about {}", 0.3, "metres") for s in (0.5, 2.5))
    made = pose(STANDS, Timeline((first, again), SECONDS), {PATH})
    assert float(made.joints[-1, 0, 1] - STANDS.joints[-1, 0, 1]) == pytest.approx(-0.3, abs=0.04)


def test_the_body_sits_down_on_a_seat_and_stands_up():
    plan = (
        Statement("torso", 0.5, 1.5, "sits down"),
        Statement("torso", 1.5, 3.0, "sits for {}", 1.5, "seconds"),
        Statement("torso", 3.0, 4.0, "stands up from sitting"),
    )
    made = pose(STANDS, Timeline(plan, SECONDS), {PATH})
    assert follows("then(posture(standing), posture(sitting, 1), posture(standing, 0.4))", made)
    seen = [one.text for one in observe(made).timeline.of("torso")]
    assert {"sits down", "stands up from sitting"} <= set(seen)
    from_the_start = Timeline((replace(plan[1], start=0.0), plan[2]), SECONDS)
    assert follows("then(posture(sitting, 1), posture(standing, 0.4))", pose(STANDS, from_the_start, {PATH}))


def test_the_body_sits_down_on_the_floor_and_gets_up():
    plan = (
        Statement("torso", 0.5, 1.8, "sits down on the floor"),
        Statement("torso", 1.8, 3.0, "sits on the floor for {}", 1.2, "seconds"),
        Statement("torso", 3.0, 4.5, "gets up from the floor"),
    )
    made = pose(STANDS, Timeline(plan, SECONDS), {PATH})
    assert follows("then(posture(standing), posture(on_floor, 1), posture(standing, 0.4))", made)
    assert "sits down on the floor" in {one.text for one in observe(made).timeline.of("torso")}
    assert float(made.joints[..., 1].min()) > -0.02


def test_a_hand_gets_down_to_the_floor():
    bends = Statement("torso", 0.5, 2.5, "leans forward to about {}", 60.0, "degrees")
    drops = Statement("left_arm", 0.5, 2.0, "drops from beside the hip to near the floor")
    made = pose(STANDS, Timeline((bends, drops), SECONDS), {"torso", "left_arm"})
    wrist = HUMANML3D.names.index("left_wrist")
    assert float(made.joints[30:50, wrist, 1].max()) < 0.2
    assert follows("posture(standing)", replace(made, joints=made.joints[80:]))


def test_a_hand_gets_to_the_knee_and_the_other_one_stays_at_the_hip():
    statements = (
        Statement("torso", 0.5, 2.4, "leans forward to about {}", 80.0, "degrees"),
        Statement("left_arm", 0.5, 1.5, "drops from beside the hip to in front of the knees"),
        Statement("left_arm+left_leg", 1.7, 3.4, "the left hand comes near the left knee"),
        Statement("right_arm", 0.0, 5.0, "stays beside the hip, swaying a little"),
    )
    made = pose(STANDS, Timeline(statements, SECONDS), {"torso", "left_arm", "right_arm"})
    assert follows("brings(left, knee)", made)
    assert not follows("brings(right, knee)", made)


def test_who_jumps_goes_and_turns_in_the_air():
    frames = torch.arange(100)
    height = (0.3 * torch.sin(math.pi * (frames - 40) / 20)).clamp(min=0) * ((frames >= 40) & (frames <= 60))
    base = replace(STANDS, joints=STANDS.joints + height[:, None, None] * torch.tensor([0.0, 1.0, 0.0]))
    jump = Statement("torso", 2.0, 3.0, "jumps once, about {} high", 0.3, "metres")
    aside = Statement("torso", 2.0, 3.0, "travels to the left about {} at walking pace", 0.5, "metres")
    made = pose(base, Timeline((jump, aside), SECONDS), {PATH})
    way = made.joints[:, 0, 0] - base.joints[:, 0, 0]
    assert float(way[-1]) == pytest.approx(0.5, abs=0.02)
    assert float(way[:40].abs().max()) < 0.01  # on the floor before and after
    assert float(way[62:].min()) > 0.48
    turn = Statement("torso", 2.0, 3.0, "turns to the right by about {}", 90.0, "degrees")
    assert headed(pose(base, Timeline((jump, turn), SECONDS), {PATH})) == pytest.approx(-90, abs=3)


@pytest.mark.parametrize("already", [0.0, 25.0])
def test_a_trunk_leans_as_far_as_told_however_far_it_leans_already(already: float):
    base = replace(STANDS, joints=bend(STANDS.joints, "left", torch.full((STANDS.joints.shape[0],), already)))
    made = pose(base, told("torso", "leans forward to about {}", 50.0, "degrees"), {"torso"})
    assert float(tilt(made.joints, "left")[45]) == pytest.approx(50, abs=6)


def test_nobody_kicks_with_a_leg_while_the_other_one_walks():
    made = pose(WALKS, told("left_leg", "kicks forward once, about {} high", 0.7, "metres"), {"left_leg"})
    torch.testing.assert_close(made.joints, WALKS.joints, atol=2e-3, rtol=0)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [("takes four steps forward, lifting the knee high", None, ""), ("lifts the knee to hip height {}", 3.0, "times")],
)
def test_who_walks_lifts_the_knees_in_the_steps(text: str, amount: float | None, unit: str):
    both = tuple(Statement(f"{side}_leg", 0.0, 5.0, text, amount, unit) for side in ("left", "right"))
    made = pose(WALKS, Timeline(both, SECONDS), {"left_leg", "right_leg"})
    rule = "together(times(lifts_knee(left), 3), times(lifts_knee(right), 3))"
    assert follows(rule, made)
    assert not follows(rule, WALKS)
    torch.testing.assert_close(made.joints[:, 0], WALKS.joints[:, 0], atol=2e-3, rtol=0)


def test_knees_are_lifted_in_turn():
    lift = "lifts the knee to hip height {}"
    both = (Statement(f"{side}_leg", 0.5, 4.5, lift, 3.0, "times") for side in ("left", "right"))
    made = pose(STANDS, Timeline(tuple(both), SECONDS), {"left_leg", "right_leg"})
    assert follows("then(lifts_knee(left), lifts_knee(right), lifts_knee(left))", made)
    ankles = made.joints[:, HUMANML3D.index("left_ankle", "right_ankle"), 1]
    assert float(ankles.amin(1).max()) < 0.15  # one foot is always on the floor


def test_the_annotator_reads_what_was_posed():
    plan = told("right_arm", "rises from beside the hip to above the head")
    seen = observe(pose(STANDS, plan, {"right_arm"})).timeline.of("right_arm")
    assert any("above the head" in statement.text for statement in seen)


def test_limbs_that_the_words_name_are_posed_and_another_arm_that_does_not_rest():
    rise, rest = "rises from beside the hip to above the head", "swings forward and back {} beside the hip"
    wanted = told("left_arm", rise)
    plan = Timeline((*wanted.statements, Statement("right_arm", 0.0, SECONDS, rest, 4.0, "times")), SECONDS)
    assert limbs_to_pose(WALKS, plan, wanted) == {"left_arm"}
    assert limbs_to_pose(motion(Action(wave="right")), plan, wanted) == {"left_arm", "right_arm"}
    assert limbs_to_pose(motion(Action(wave="right")), wanted, wanted) == {"left_arm"}  # nothing is told of it
    assert limbs_to_pose(WALKS, plan, told("torso", "travels forward about {} at walking pace", 4.0, "metres")) == {
        PATH
    }
    assert limbs_to_pose(WALKS, plan, told("torso", "stays upright in place")) == set()


def test_statements_without_a_pose_are_left_out():
    lines = (
        Statement("left_arm", 2.0, 3.0, "rises from beside the hip to above the head"),
        Statement("left_arm", 0.0, 1.0, "does something unheard of"),
        Statement("left_arm", 0.0, 1.0, "bends at the elbow to about {}", 90.0, "degrees"),
        Statement("left_leg", 0.0, 1.0, "takes three steps forward"),
    )
    plan = Timeline(lines, SECONDS)
    assert [one.text for one in statements_of("left_arm", plan)] == [lines[2].text, lines[0].text]
    assert statements_of("left_leg", plan) == []


def test_poses_are_of_known_places_and_of_unit_length():
    extra = {"on the hip", "touching the other hand"}
    assert set(poses("arm")) - extra <= set(PLACES)
    for limb in ("arm", "leg"):
        lengths = torch.stack(list(poses(limb).values())).norm(dim=-1)
        assert float((lengths - 1).abs().max()) < 0.12


def test_how_often():
    span = Span(torch.arange(100) / 20, 0.0, 2.0)
    assert times_of(Statement("neck", 0, 2, "nods {}", 3, "times"), 2, span) == 3
    assert times_of(Statement("neck", 0, 2, "nods {}", 30, "times"), 2, span) == 4  # as fast as can be
    assert times_of(Statement("neck", 0, 2, "nods again and again"), 2, span) == 2
    assert times_of(Statement("left_leg", 0, 2, "kicks forward twice, about {} high", 0.5, "metres"), 1) == 2
    assert times_of(Statement("left_arm", 0, 2, "rises"), 1) == 1
