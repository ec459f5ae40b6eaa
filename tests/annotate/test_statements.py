"""What puppets do is what is seen: one known thing in a motion, told of the right limb, in the right words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from puppets import eased, kinds, move_arm, observed, seen, standing
from torch import Tensor

from kinmo_annotate.observe import observe
from kinmo_annotate.statements import words
from kinmo_annotate.vocabulary import Amount
from kinmo_core.errors import InputError
from kinmo_core.motion import Motion, mirror_joints
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D, Skeleton
from kinmo_core.testing import Action, walking_joints
from kinmo_core.text import BODY, Statement, Timeline

SIDES = ("left", "right")


def other(side: str) -> str:
    return "right" if side == "left" else "left"


def hop(height: float = 0.36, times: int = 1) -> Tensor:
    """Return a standing body thrown up; 0.6 s in the air each time."""
    joints, time = standing(60), torch.arange(60) / 20
    for number in range(times):
        phase = (time - 0.5 - number) / 0.6
        joints[..., 1] += (4 * height * phase * (1 - phase)).clamp(min=0)[:, None]
    return joints


def leg(side: str, thigh: Tensor, knee: Tensor) -> Tensor:
    """Return a standing body with one leg that swings forward by `thigh` and bends by `knee` (T,) degrees."""
    joints = standing(len(thigh))
    hip, knee_joint, ankle, foot = HUMANML3D.index(*(f"{side}_{name}" for name in ("hip", "knee", "ankle", "foot")))
    lower = torch.deg2rad(thigh - knee)

    def bone(angle: Tensor) -> Tensor:
        return torch.stack([torch.zeros_like(angle), -angle.cos(), angle.sin()], dim=-1)

    toes = joints[:, foot] - joints[:, ankle]
    joints[:, knee_joint] = joints[:, hip] + 0.39 * bone(torch.deg2rad(thigh))
    joints[:, ankle] = joints[:, knee_joint] + 0.43 * bone(lower)
    joints[:, foot] = joints[:, ankle] + toes
    return joints


# Arms


@pytest.mark.parametrize("side", SIDES)
def test_an_arm_that_is_raised_forward(side: str):
    joints = move_arm(standing(), side, eased(0, 170, 60, 0.2, 0.5))
    [raised, held] = observed(joints, f"{side}_arm")
    assert (raised.kind, held.kind) == ("arm_up", "arm_hold")
    assert raised.statement.sentence == "rises quickly from beside the hip to above the head"
    assert 0.5 <= raised.statement.start < raised.statement.end <= 1.6
    assert held.statement.sentence == "stays above the head for two seconds"
    assert kinds(joints, f"{other(side)}_arm") == ["arm_still"]
    assert kinds(joints, f"neck+{side}_arm") == ["hand_above_head"]
    assert kinds(joints, f"neck+{other(side)}_arm") == []


def test_an_arm_that_comes_down_again_is_told_in_order():
    up, down = eased(0, 170, 80, 0.1, 0.3), eased(0, 170, 80, 0.6, 0.8)
    joints = move_arm(standing(80), "left", up - down)
    assert [kind for kind in kinds(joints, "left_arm") if kind != "arm_hold"] == ["arm_up", "arm_down"]


def test_an_arm_that_opens_to_the_side_goes_outward_and_not_forward():
    [opened, *_] = observed(move_arm(standing(), "right", eased(0, 90, 60, 0.2, 0.5), out=True), "right_arm")
    assert opened.kind == "arm_outward"
    assert "out to the side" in opened.statement.sentence
    assert "forward" not in opened.statement.sentence


@pytest.mark.parametrize("side", SIDES)
def test_waving_is_a_repetition_and_counted(side: str):
    joints = Action(wave=side).joints(60)  # sways twice a clock of 0.9 Hz: 1.8 Hz in 2.95 s
    elbow, waved = sorted(observed(joints, f"{side}_arm"), key=lambda one: one.kind, reverse=True)
    assert (waved.kind, elbow.kind) == ("arm_repeat", "elbow_repeat")
    assert elbow.size < waved.size
    assert waved.words["way"] == "from side to side"
    assert (waved.statement.amount, waved.statement.unit) == (5, "times")
    assert "head" in waved.words["place"]


@pytest.mark.parametrize("out", [False, True], ids=["forward", "outward"])
def test_an_arm_that_goes_round_swings_in_circles(out: bool):
    round_and_round = eased(0, 1, 100, 0.1, 0.9) * 3 * 360
    [circles] = observed(move_arm(standing(100), "left", round_and_round, out=out), "left_arm")
    assert (circles.kind, circles.words["way"]) == ("arm_repeat", "in circles")
    to_and_fro = 90 * torch.sin(round_and_round.deg2rad())
    swings = observed(move_arm(standing(100), "left", to_and_fro, out=out), "left_arm")
    assert "in circles" not in {one.words.get("way") for one in swings}


def test_an_elbow_that_bends_alone_is_told_of_the_elbow():
    joints = standing()
    shoulder, elbow, wrist = HUMANML3D.index("left_shoulder", "left_elbow", "left_wrist")
    joints[:, elbow] = joints[:, shoulder] + torch.tensor([0.0, -0.26, 0.0])
    angle = torch.deg2rad(eased(0, 60, 60, 0.2, 0.6))
    joints[:, wrist] = joints[:, elbow] + 0.12 * torch.stack([0 * angle, -angle.cos(), angle.sin()], dim=-1)
    assert kinds(joints, "left_arm") == ["elbow_bend"]


def test_speed_is_named():
    slow = observed(move_arm(standing(200), "left", eased(0, 170, 200, 0.0, 1.0)), "left_arm")[0]
    quick = observed(move_arm(standing(60), "left", eased(0, 170, 60, 0.4, 0.55)), "left_arm")[0]
    assert " slowly" in slow.statement.sentence or slow.words["pace"] == " slowly"
    assert " quickly" in quick.statement.sentence


# Torso


def test_a_walk_travels_forward_as_far_as_it_does():
    [travel] = [e for e in observed(walking_joints(101, speed=1.2), "torso") if e.kind == "travel"]
    assert travel.statement.sentence == "travels forward about 6.0 m at walking pace"
    assert (travel.statement.start, travel.statement.end) == (pytest.approx(0, abs=0.2), pytest.approx(5, abs=0.2))


@pytest.mark.parametrize(("speed", "pace"), [(0.45, "slow"), (1.2, "walking"), (2.1, "fast"), (3.2, "running")])
def test_the_pace_follows_the_speed(speed: float, pace: str):
    [travel] = [e for e in observed(walking_joints(80, speed=speed), "torso") if e.kind == "travel"]
    assert travel.words["pace"] == f"at {'a ' if pace in ('slow', 'fast') else ''}{pace} pace"


def test_the_way_is_what_the_body_sees_whatever_its_heading():
    backward = Action(speed=-1.0, stride=0.2, lift=0.4).joints(60)
    assert observed(backward, "torso")[0].words["way"] == "backward"
    for heading in (0.5, 2.0, -3.0):
        assert observed(walking_joints(60, heading=heading), "torso")[0].words["way"] == "forward"
    sideways = standing()
    sideways[..., 0] += torch.linspace(0, 2, 60)[:, None]  # x is the person's left
    assert observed(sideways, "torso")[0].words["way"] == "to the left"


@pytest.mark.parametrize(("turn", "side"), [(0.9, "left"), (-0.9, "right")])
def test_a_turn_has_side_and_angle(turn: float, side: str):
    [told] = [e for e in observed(Action(turn=turn).joints(60), "torso") if e.kind == "turn"]
    assert told.statement.sentence == f"turns to the {side} by about 150 degrees"
    assert math.degrees(0.9 * 59 / 20) == pytest.approx(152, abs=1)


def test_amounts_are_numbers_that_are_rounded_in_words_only():
    [turn] = [e.statement for e in observed(Action(turn=0.9).joints(60), "torso") if e.kind == "turn"]
    assert (turn.text, turn.unit) == ("turns to the left by about {}", "degrees")
    assert turn.amount == pytest.approx(math.degrees(0.9 * 59 / 20), abs=8)  # smoothing takes a little of the ends
    assert turn.amount not in (150, 160)


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        (words.degrees(-38.0), "about 40 degrees"),
        (words.degrees(4.0), "about 10 degrees"),
        (words.degrees(350.0), "a full turn"),
        (words.degrees(20.0, ", bent by "), ", bent by about 20 degrees"),
        (words.metres(0.02), "about 0.1 m"),
        (words.metres(-12.3), "about 12 m"),
        (words.times(2, " "), "twice"),
    ],
)
def test_small_amounts_and_full_turns_are_told_as_what_can_be_measured(amount: Amount, sentence: str):
    assert Statement("torso", 0, 1, str(amount), amount.number, amount.unit).sentence == sentence


def test_a_phrase_without_a_mark_drops_the_amount():
    [travel] = [e for e in observed(walking_joints(60), "torso") if e.kind == "travel"]
    assert travel.say("goes {way} {distance}").statement.sentence.startswith("goes forward about 3")
    assert travel.say("goes {way}").statement == replace(travel.statement, text="goes forward", amount=None, unit="")


def test_a_mark_in_a_sentence_about_the_whole_action_is_no_amount():
    [body] = seen(standing()).timeline_with("a person draws {}").of(BODY)
    assert body.sentence == "a person draws ( )"


def test_full_turns_are_counted():
    text = observed(Action(turn=2.0).joints(96), "torso")[0].statement.sentence  # 9.5 rad
    assert text == "turns to the left by one and a half turns"


def test_jumps_are_counted_and_a_squat_is_none():
    [jump] = [e for e in observed(hop(0.36, 2), "torso") if e.kind == "jump"]
    assert jump.words["times"] == "twice"
    assert [kinds(hop(0.36, 2), f"{side}_leg") for side in SIDES] == [["leg_jump"]] * 2
    squat = Action(squat=1.1, cadence=0.5).joints(41)
    assert "jump" not in kinds(squat, "torso")
    assert {"torso_sink", "torso_rise"} <= set(kinds(squat, "torso"))
    assert kinds(squat, "left_leg") == ["knee_bend", "knee_straighten"]


def test_a_step_up_is_no_jump():
    joints, time = standing(), torch.arange(60) / 20
    for side, start in (("left", 0.5), ("right", 1.2)):
        rise = 0.3 * ((time - start) / 0.4).clamp(0, 1)
        for name in ("knee", "ankle", "foot"):
            joints[:, HUMANML3D.index(f"{side}_{name}")[0], 1] += rise
    upper = [i for i, name in enumerate(HUMANML3D.names) if not any(p in name for p in ("knee", "ankle", "foot"))]
    joints[:, upper, 1] += (0.3 * ((time - 1.0) / 0.5).clamp(0, 1))[:, None]
    assert "jump" not in kinds(joints, "torso")
    assert "torso_rise" in kinds(joints, "torso")


def test_a_foot_that_creeps_does_not_stay_planted():
    joints = standing(100)
    leg = HUMANML3D.index("left_hip", "left_knee", "left_ankle", "left_foot")
    joints[:, leg, 0] += torch.linspace(0, 0.4, 100)[:, None]
    assert kinds(joints, "left_leg") == ["leg_shift"]


def test_a_body_that_turns_over_is_upside_down():
    joints = standing(60)
    angle = torch.deg2rad(eased(0, 180, 60, 0.1, 0.8))[:, None]
    local = joints - joints[:, :1]
    y, z = (
        local[..., 1] * angle.cos() - local[..., 2] * angle.sin(),
        local[..., 1] * angle.sin() + local[..., 2] * angle.cos(),
    )
    over = torch.stack([local[..., 0], y, z], dim=-1) + joints[:, :1]
    assert "invert" in kinds(over, "torso")
    assert "jump" not in kinds(over, "torso")


def test_a_bow_leans_and_straightens():
    joints = standing(80)
    angle = eased(0, 60, 80, 0.1, 0.4) - eased(0, 60, 80, 0.6, 0.9)
    upper = [
        i for i, name in enumerate(HUMANML3D.names) if not any(p in name for p in ("hip", "knee", "ankle", "foot"))
    ]
    local = joints[:, upper] - joints[:, :1]
    cos, sin = torch.deg2rad(angle).cos()[:, None], torch.deg2rad(angle).sin()[:, None]
    turned = torch.stack(
        [local[..., 0], cos * local[..., 1] - sin * local[..., 2], sin * local[..., 1] + cos * local[..., 2]], dim=-1
    )
    joints[:, upper] = joints[:, :1] + turned
    told = [e for e in observed(joints, "torso") if e.kind in ("lean", "straighten")]
    assert [e.statement.sentence for e in told] == ["leans forward to about 60 degrees", "straightens up"]


def test_hands_that_stay_while_the_trunk_bows_over_them_do_not_move():
    joints = standing(80)
    angle = eased(0, 60, 80, 0.3, 0.6).deg2rad()[:, None]
    trunk = HUMANML3D.index(*(name for name in HUMANML3D.names if any(p in name for p in ("spine", "neck", "collar"))))
    trunk += HUMANML3D.index("head", "left_shoulder", "right_shoulder")
    x, y, z = (joints[:, trunk] - joints[:, :1]).unbind(-1)
    bowed = torch.stack([x, y * angle.cos() - z * angle.sin(), y * angle.sin() + z * angle.cos()], dim=-1)
    joints[:, trunk] = joints[:, :1] + bowed
    assert "lean" in kinds(joints, "torso")
    assert not {"arm_back", "arm_forward"} & set(kinds(joints, "left_arm"))


@pytest.mark.parametrize("side", SIDES)
def test_the_weight_goes_over_a_foot_and_the_trunk_leans_to_a_side(side: str):
    joints, sign = standing(80), 1.0 if side == "left" else -1.0
    above = [i for i, name in enumerate(HUMANML3D.names) if "ankle" not in name and "foot" not in name]
    shifted = joints.clone()
    shifted[:, above, 0] += sign * eased(0, 0.09, 80, 0.3, 0.5)[:, None]
    [told] = [one for one in observed(shifted, "torso") if one.kind == "weight"]
    assert told.statement.text == f"shifts the weight over the {side} foot by about {{}}"
    leaning, upper = joints.clone(), HUMANML3D.index("pelvis")[0]
    rows = [i for i, name in enumerate(HUMANML3D.names) if not any(p in name for p in ("hip", "knee", "ankle", "foot"))]
    angle, local = eased(0, sign * 18, 80, 0.3, 0.5).deg2rad()[:, None], joints[:, rows] - joints[:, [upper]]
    x, y, z = local.unbind(-1)
    leaning[:, rows] = joints[:, [upper]] + torch.stack(
        [x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin(), z], dim=-1
    )
    assert [one.words["side"] for one in observed(leaning, "torso") if one.kind == "tip"] == [side]


def test_the_weight_of_a_body_that_turns_on_the_spot_goes_nowhere():
    joints = standing(80)
    above = [i for i, name in enumerate(HUMANML3D.names) if "ankle" not in name and "foot" not in name]
    joints[:, above, 0] += eased(0, 0.09, 80, 0.3, 0.5)[:, None]
    turned = rotate_yaw(joints, eased(0, 40, 80, 0.2, 0.6).deg2rad()[:, None])
    assert "weight" in kinds(joints, "torso")
    assert "weight" not in kinds(turned, "torso")


def test_shoulders_that_twist_over_hips_that_stay_are_no_turn():
    joints, angle = standing(80), eased(0, 70, 80, 0.3, 0.5).deg2rad()[:, None]
    rows = [i for i, name in enumerate(HUMANML3D.names) if not any(p in name for p in ("hip", "knee", "ankle", "foot"))]
    twisted = joints.clone()
    twisted[:, rows] = joints[:, :1] + rotate_yaw(joints[:, rows] - joints[:, :1], angle)
    assert kinds(twisted, "torso") == ["twist"]
    assert kinds(rotate_yaw(joints, angle), "torso") == ["turn"]


@pytest.mark.parametrize("side", SIDES)
def test_only_a_foot_on_the_floor_stands_far_out(side: str):
    stands, out = standing(60), HUMANML3D.index(f"{side}_knee", f"{side}_ankle", f"{side}_foot")
    stands[:, out, 0] += (1.0 if side == "left" else -1.0) * torch.tensor([0.25, 0.5, 0.5])
    held = stands.clone()
    held[:, out, 1] += 0.2
    assert "leg_out" in kinds(stands, f"torso+{side}_leg")
    assert "leg_out" not in kinds(held, f"torso+{side}_leg")


@pytest.mark.parametrize(("turn", "side"), [(0.16, "left"), (-0.16, "right")])
def test_a_small_turn_is_told_as_slight(turn: float, side: str):
    [told] = [one for one in observed(Action(turn=turn).joints(60), "torso") if one.kind == "turn"]
    assert told.statement.text == f"turns slightly to the {side} by about {{}}"


@pytest.mark.parametrize("speed", [0.9, 1.4, 2.2])
def test_a_straight_walk_does_not_turn_lean_or_shift(speed: float):
    told = set(kinds(walking_joints(100, speed=speed), "torso"))
    assert not told & {"turn", "turns", "tip", "rocks", "weight", "sways"}


# Neck


def head_to(tilt: Tensor, trunk: Tensor | None = None) -> Tensor:
    """Return a standing body whose head tilts to the left by `tilt`, and all of it forward by `trunk` (T,) degrees."""
    joints = standing(len(tilt))
    neck, head = HUMANML3D.index("neck", "head")
    angle = torch.deg2rad(tilt)
    joints[:, head] = joints[:, neck] + 0.1 * torch.stack(
        [0.77 * angle.sin(), 0.77 * angle.cos(), torch.full_like(angle, 0.64)], dim=-1
    )
    if trunk is None:
        return joints
    cos, sin, (x, y, z) = trunk.deg2rad().cos()[:, None], trunk.deg2rad().sin()[:, None], joints.unbind(-1)
    return torch.stack([x, y * cos - z * sin, y * sin + z * cos], dim=-1)


@pytest.mark.parametrize("side", SIDES)
def test_the_head_tilts_to_a_side_and_back(side: str):
    tilt = eased(0, 50, 80, 0.1, 0.3) - eased(0, 50, 80, 0.6, 0.8)
    joints = head_to(tilt) if side == "left" else mirror_joints(head_to(tilt))
    assert [e.statement.sentence for e in observed(joints, "neck")] == [
        f"tilts to the {side} to about 40 degrees",  # the bone leans forward, too
        "comes back upright",
    ]
    assert kinds(standing(), "neck") == []
    assert kinds(head_to(45 * torch.cos(torch.arange(80) / 20 * 2 * torch.pi)), "neck") == ["head_rocks"]


def test_a_body_that_goes_head_over_heels_does_not_nod():
    assert kinds(head_to(torch.zeros(80), eased(0, 360, 80, 0.1, 0.9)), "neck") == []
    for trunk, told in ((20, ["head_tilt"]), (90, [])):
        assert kinds(head_to(eased(0, 50, 80, 0.1, 0.3), eased(trunk, trunk, 80, 0, 1)), "neck") == told


def test_a_head_that_turns_makes_no_statement_of_a_turn():
    joints, angle = standing(80), torch.deg2rad(eased(0, 30, 80, 0.1, 0.4))
    neck, head = HUMANML3D.index("neck", "head")
    turned = torch.stack([0.64 * angle.sin(), torch.full_like(angle, 0.77), 0.64 * angle.cos()], dim=-1)
    joints[:, head] = joints[:, neck] + 0.1 * turned
    assert kinds(joints, "neck") == []


# Legs


def test_steps_are_counted_for_each_leg():
    for side in SIDES:
        [steps] = observed(walking_joints(100, speed=1.2), f"{side}_leg")  # 0.9 strides a second, 5 s
        assert steps.kind == "steps"
        assert steps.words["way"] == "forward"
        assert steps.words["steps"] in ("four steps", "five steps")


@pytest.mark.parametrize("side", SIDES)
def test_a_raised_knee_and_a_kick_are_told_of_their_leg(side: str):
    swing = eased(0, 1, 60, 0.3, 0.45) - eased(0, 1, 60, 0.55, 0.7)
    lifted, kicked = leg(side, 95 * swing, 95 * swing), leg(side, 75 * swing, 5 * swing)
    assert kinds(lifted, f"{side}_leg") == ["knee_lift"]
    assert kinds(lifted, f"torso+{side}_leg") == ["knee_at_hip"]
    assert kinds(kicked, f"{side}_leg") == ["kick"]
    for joints in (lifted, kicked):
        assert kinds(joints, f"{other(side)}_leg") == ["leg_stand"]


@pytest.mark.parametrize("side", SIDES)
def test_kicks_go_forward_back_or_out(side: str):
    swing = eased(0, 1, 60, 0.3, 0.42) - eased(0, 1, 60, 0.45, 0.6)
    back, low = leg(side, -60 * swing, 5 * swing), leg(side, 60 * swing, 10 * swing)
    assert [one.words["way"] for one in observed(back, f"{side}_leg") if one.kind == "kick"] == ["backward"]
    assert [one.words["way"] for one in observed(low, f"{side}_leg") if one.kind == "kick"] == ["forward"]
    assert "kick" not in kinds(leg(side, 30 * swing, 50 * swing), f"{side}_leg")


@pytest.mark.parametrize("speed", [0.9, 1.4, 2.2, 3.5])
def test_no_kick_is_said_of_walks_and_runs(speed: float):
    run = Action(speed=speed, cadence=0.7 + 0.25 * speed, stride=0.3 + 0.15 * speed, lift=0.5 + 0.4 * speed)
    for joints in (walking_joints(100, speed=speed), run.joints(100)):
        assert "kick" not in kinds(joints, "left_leg") + kinds(joints, "right_leg")


@pytest.mark.parametrize("side", SIDES)
def test_a_heel_that_goes_up_behind_is_told(side: str):
    swing = eased(0, 1, 60, 0.3, 0.45) - eased(0, 1, 60, 0.5, 0.65)
    assert kinds(leg(side, 0 * swing, 100 * swing), f"{side}_leg") == ["heel_up"]


def test_what_happens_inside_of_steps_is_told():
    heels = Action(speed=2.0, cadence=1.2, stride=0.35, lift=2.1).joints(80)
    assert {one.words["high"] for one in observed(heels, "left_leg") if one.kind == "steps"} == {
        ", kicking the heel up behind"
    }


# Pairs


def test_a_walk_swings_arms_against_their_own_legs():
    joints = walking_joints(100, speed=1.2)
    assert kinds(joints, "left_arm+left_leg") == ["swing_against"]
    assert kinds(joints, "left_arm+right_leg") == ["swing_with"]
    assert kinds(joints, "left_arm+right_arm") == ["arms_in_turn"]
    [turns] = observed(joints, "left_leg+right_leg")
    [passes] = [one for one in observed(joints, "torso+left_leg") if one.kind == "leg_passes"]
    assert (turns.kind, turns.words["times"]) == ("legs_in_turn", "{}")
    assert turns.statement.amount in (8, 9)  # 0.9 strides a second of either leg, 5 s
    assert passes.statement.amount == 4


@pytest.mark.parametrize("side", SIDES)
def test_a_foot_that_stands_under_the_hips_is_told_of_either_leg(side: str):
    [told] = observed(standing(), f"torso+{side}_leg")
    assert told.statement.sentence == f"the {side} foot stays under the hips"


def test_the_hips_sink_toward_feet_that_stand_only():
    squat = Action(squat=1.0, cadence=0.3).joints(70)
    assert "hip_to_foot" in kinds(squat, "torso+left_leg")
    swing = eased(0, 1, 60, 0.3, 0.45) - eased(0, 1, 60, 0.55, 0.7)
    assert "hip_to_foot" not in kinds(leg("left", 95 * swing, 95 * swing), "torso+left_leg")


def test_arms_that_move_alike_and_hands_that_meet():
    flap = 60 - 60 * torch.cos(torch.linspace(0, 4 * torch.pi, 60))
    flapping = move_arm(move_arm(standing(), "left", flap), "right", flap)
    assert "arms_alike" in kinds(flapping, "left_arm+right_arm")
    once = move_arm(move_arm(standing(30), "left", flap[:30]), "right", flap[:30])
    assert kinds(once, "left_arm+right_arm")[0] == "arms_rise"
    both = eased(0, 90, 60, 0.2, 0.5)
    joints = move_arm(move_arm(standing(), "left", both), "right", both)
    assert "arms_rise" in kinds(joints, "left_arm+right_arm")
    left, right = HUMANML3D.index("left_wrist", "right_wrist")
    joints[40:, [left, right]] = joints[40:, [left, right]].mean(1, keepdim=True) + torch.tensor(
        [[0.05, 0.0, 0.0], [-0.05, 0.0, 0.0]]
    )
    assert "hands_meet" in kinds(joints, "left_arm+right_arm")


def test_a_hand_that_reaches_the_other_knee():
    joints = standing()
    wrist, knee = HUMANML3D.index("left_wrist", "right_knee")
    joints[20:30, wrist] = joints[20:30, knee] + torch.tensor([0.0, 0.05, 0.1])
    assert kinds(joints, "left_arm+right_leg") == ["hand_at_leg"]
    [told] = observed(joints, "left_arm+right_leg")
    assert told.statement.sentence == "the left hand comes near the right knee"


# What must not change what is seen


@pytest.mark.parametrize(
    "joints",
    [
        walking_joints(100),
        Action(wave="left", turn=0.5).joints(80),
        Action(squat=1.0, cadence=0.6, wave="right").joints(70),
    ],
    ids=["walk", "wave", "squat"],
)
def test_the_mirrored_motion_has_the_mirrored_events(joints: Tensor):
    plain, mirrored = seen(joints).timeline, seen(mirror_joints(joints)).timeline

    def words(timeline: Timeline) -> set[tuple[str, float | int, float | int, str]]:
        return {(s.who, s.start, s.end, s.sentence) for s in timeline.statements}

    assert words(mirrored) == words(plain.mirror())


@pytest.mark.parametrize("fps", [30.0, 60.0, 120.0])
def test_another_frame_rate_shows_the_same(fps: float):
    frames = int(4 * fps)
    there = [e.statement.sentence for e in seen(walking_joints(frames, fps=fps), fps).observed]
    assert there == [e.statement.sentence for e in seen(walking_joints(80)).observed]


def test_a_few_frames_less_show_nearly_the_same():
    joints = Action(wave="left", speed=1.0, stride=0.25, lift=0.5, arm_swing=0.3).joints(120)
    whole, cut = ({(e.statement.who, e.kind) for e in seen(part).observed} for part in (joints, joints[2:-2]))
    assert whole == cut


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        (
            Motion(standing(1)),
            r"walk.bvh must last at least 0.1 seconds to show movement, got 1 frame\(s\) at 20 a second",
        ),
        (Motion(standing(3), fps=120.0), r"walk.bvh must last .* got 3 frame\(s\) at 120 a second"),
        (
            Motion(
                torch.zeros(9, 2, 3),
                skeleton=Skeleton(("a", "b"), (-1, 0), ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (0.0, 1.0)),
            ),
            "walk.bvh must have HumanML3D's 22 joints, got 2 others",
        ),
    ],
    ids=["one frame", "too short", "other skeleton"],
)
def test_what_shows_no_movement_is_refused(motion: Motion, message: str):
    with pytest.raises(InputError, match=message):
        observe(motion, id="walk.bvh")
