"""Every rule holds for a puppet that does it, and not for one that does something like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from posable import Pose, held, joined, march, play, repeat

from kinmo_core.data.captions import mirror_text
from kinmo_core.motion import Motion
from kinmo_core.testing import Action, walking_joints
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.expression import RULES, parse_rule

STAND = Pose()
SQUAT = Pose(left_thigh=(0.2, -0.2, 1), right_thigh=(0.2, -0.2, 1), left_shin=(0, -1, -0.6), right_shin=(0, -1, -0.6))
SIT = Pose(left_thigh=(0, 0, 1), right_thigh=(0, 0, 1))
FLOOR = Pose(left_thigh=(0, 0.05, 1), right_thigh=(0, 0.05, 1), left_shin=(0, -0.05, 1), right_shin=(0, -0.05, 1))
BOTH_KNEES = Pose(left_shin=(0, 0, -1), right_shin=(0, 0, -1))
LEFT_KNEE = Pose(left_shin=(0, 0, -1), right_thigh=(0, 0.05, 1), right_shin=(0, -1, 0))
HANDS_DOWN = dict.fromkeys(("left_arm", "right_arm", "left_forearm", "right_forearm"), (0, -1, 0.1))
FOURS = replace(BOTH_KNEES, trunk=(0, 0.25, 1), head=(0, 0, 1), **HANDS_DOWN)
PLANK_LEGS = dict.fromkeys(("left_thigh", "right_thigh", "left_shin", "right_shin"), (0, -0.4, -1))
HIGH = replace(FOURS, trunk=(0, 0.25, 1), **PLANK_LEGS)
LOW = replace(HIGH, trunk=(0, -0.05, 1), left_arm=(1, 0, -0.3), right_arm=(1, 0, -0.3))
BACK = replace(STAND, pitch=-90.0)
BELLY = replace(STAND, pitch=90.0)
UP: dict[str, Any] = {"left_arm": (0.1, 1, 0), "left_forearm": (0.1, 1, 0)}
UP_BOTH = Pose(**UP, right_arm=(0.1, 1, 0), right_forearm=(0.1, 1, 0))
SIDE = Pose(left_arm=(1, 0, 0), left_forearm=(1, 0, 0))
FRONT = Pose(left_arm=(0, 0, 1), left_forearm=(0, 0, 1))
GUARD = Pose(left_arm=(0, -1, 0.2), left_forearm=(0, 1, 0.5), right_arm=(0, -1, 0.2), right_forearm=(0, 1, 0.5))
KICK = Pose(left_thigh=(0, -0.3, 1), left_shin=(0, 0, 1))
DOWN = replace(STAND, trunk=(0, 0.4, 1))
JUMP = replace(STAND, lift=0.4)
CROUCH = Pose(left_thigh=(0, -1, 0.7), right_thigh=(0, -1, 0.7), left_shin=(0, -1, -0.6), right_shin=(0, -1, -0.6))
WIDE = Pose(left_thigh=(0.45, -1, 0), left_shin=(0.45, -1, 0), right_thigh=(0.45, -1, 0), right_shin=(0.45, -1, 0))
ARC = [(0, -1, 0), (0, -0.1, 1), (0, 1, 0.1), (0, 0.1, -1), (0, -1, -0.1)]

STROLL = Action(speed=1.2, stride=0.25, lift=0.5, arm_swing=0.35)
RUN = Action(speed=3.0, stride=0.7, lift=1.0)

still = held(STAND)
walk = Motion(walking_joints(80))


def moved(pose: Pose, **changes: Any) -> Pose:
    return replace(pose, **changes)


def leap(left: float = 0.0, forward: float = 0.0, *, yaw: float = 0.0) -> Motion:
    ahead = (left, forward)
    half = (left / 2, forward / 2)
    return play(
        *((0, STAND), (0.5, STAND), (0.3, CROUCH), (0.2, moved(JUMP, at=half, yaw=yaw / 2))),
        *((0.2, moved(CROUCH, at=ahead, yaw=yaw)), (0.3, moved(STAND, at=ahead, yaw=yaw))),
        (0.5, moved(STAND, at=ahead, yaw=yaw)),
    )


def turn(degrees: float) -> Motion:
    return play((0, STAND), (0.5, STAND), (1.0, moved(STAND, yaw=degrees)), (0.5, moved(STAND, yaw=degrees)))


def climb(metres: float) -> Motion:
    walked = march(0, 1.5)
    slope = walked.joints.new_tensor([0.0, metres, 0.0]) * (walked.joints[:, :1, 2:] / 1.5)
    return Motion(walked.joints + slope)


def waving(side: str = "left") -> Motion:
    first, second = (moved(STAND, **{f"{side}_arm": (1, 0.2, 0), f"{side}_forearm": (x, 1, 0)}) for x in (-0.4, 0.5))
    return repeat(first, second, seconds=0.3)


def punch(side: str = "left") -> Motion:
    out = moved(GUARD, **{f"{side}_arm": (0, 0, 1), f"{side}_forearm": (0, 0, 1)})
    return play((0, GUARD), (0.5, GUARD), (0.2, out), (0.2, GUARD), (0.5, GUARD))


def kick(pose: Pose = KICK) -> Motion:
    return play((0, STAND), (0.5, STAND), (0.25, pose), (0.3, STAND), (0.5, STAND))


def roll(degrees: float) -> Motion:
    tucked = replace(SQUAT, trunk=(0, 0.6, 1), left_thigh=(0, 0.3, 1), right_thigh=(0, 0.3, 1))
    turns = [(0.2, moved(tucked, pitch=degrees * k / 8, at=(0, k / 8))) for k in range(1, 9)]
    return play((0, STAND), (0.4, tucked), *turns, (0.5, moved(STAND, pitch=degrees, at=(0, 1))))


def cartwheel(sign: float) -> Motion:
    pose = replace(UP_BOTH, left_thigh=WIDE.left_thigh, right_thigh=WIDE.right_thigh)
    turns = [(0.2, moved(pose, roll=sign * 45 * k, at=(sign * 0.2 * k, 0))) for k in range(1, 9)]
    return play((0, pose), (0.4, pose), *turns)


def step(side: str, left: float, forward: float) -> Motion:
    """Put a foot somewhere, and the body between the feet."""
    outward = left if side == "left" else -left
    lifted = {f"{side}_thigh": (outward, -0.8, forward), f"{side}_shin": (outward, -0.8, forward)}
    legs = {"left": (left, -2, forward), "right": (left, -2, -forward)}
    apart = {f"{each}_{part}": legs[each] for each in legs for part in ("thigh", "shin")}
    landed = moved(STAND, at=(left / 2, forward / 2), **apart)
    return play((0, STAND), (0.5, STAND), (0.3, moved(STAND, **lifted)), (0.4, landed), (0.6, landed))


def hopping(pose: Pose) -> Motion:
    return repeat(pose, replace(pose, lift=0.15), count=4, seconds=0.25)


def log_roll(degrees: float) -> Motion:
    """Turn about the length of a body that lies on the back."""
    lying = held(BACK, after=BACK).joints
    angle = torch.linspace(0, degrees, len(lying)).deg2rad()[:, None]
    across, up = lying[..., 0], lying[..., 1] - 0.15
    turned = torch.stack([across * angle.cos() - up * angle.sin(), across * angle.sin() + up * angle.cos()], dim=-1)
    return Motion(torch.cat([turned, lying[..., 2:]], dim=-1))


CLASP = Pose(left_arm=(-0.1, -1, 0.3), left_forearm=(-0.9, 0, 1), right_arm=(-0.1, -1, 0.3), right_forearm=(-0.9, 0, 1))
TEE = Pose(left_arm=(1, 0, 0), left_forearm=(1, 0, 0), right_arm=(1, 0, 0), right_forearm=(1, 0, 0))
HANDS_UP = Pose(left_arm=(1, 0.2, 0), left_forearm=(-0.4, 1, 0), right_arm=(1, 0.2, 0), right_forearm=(-0.4, 1, 0))
HANDS_OUT = replace(HANDS_UP, left_forearm=(0.5, 1, 0), right_forearm=(0.5, 1, 0))
BEHIND = Pose(
    left_arm=(0, -1, -0.6), left_forearm=(-0.5, -0.5, -0.4), right_arm=(0, -1, -0.6), right_forearm=(-0.5, -0.5, -0.4)
)
ONE_LEG = Pose(left_thigh=(0, -1, 0.3), left_shin=(0, -0.6, -1))
HOP = Pose(right_thigh=(0, -1, 0.3), right_shin=(0, -0.6, -1))
KNEE = Pose(left_thigh=(0, 0, 1), left_shin=(0, -1, 0))
LUNGE = Pose(left_thigh=(0, -0.6, 1), left_shin=(0, -1, -0.1), right_thigh=(0, -1, -0.6), right_shin=(0, -0.5, -1))

# Rule, a motion that obeys it, a motion that does not.
CASES: list[tuple[str, Motion, Motion]] = [
    ("travels(forward, 1.0, fastest=1.9)", walk, still),
    ("travels(forward, 1.0, fastest=1.9)", walk, Motion(RUN.joints(80))),
    ("travels(forward, 1.0)", march(0, 2), play((0, STAND), (2, moved(STAND, at=(0, 2))))),  # slides without a step
    ("travels(forward, 2.0, slowest=1.6)", Motion(RUN.joints(80)), walk),
    ("travels(backward, 0.7)", march(0, -1.5), march(0, 1.5)),
    ("travels(left, 0.6)", march(1.5, 0), march(0, 1.5)),
    ("travels(forward, 0.35, most=1.5)", march(0, 1.0, steps=4), march(0, 3)),
    ("steps_in_place(4)", march(0, 0), march(0, 2)),
    ("jumps()", leap(), march(0, 0)),
    ("jumps(rise=0.35)", leap(), repeat(STAND, replace(STAND, lift=0.12), seconds=0.2)),
    ("jumps(forward, 0.5)", leap(0, 0.9), leap()),
    ("jumps(left, 0.35)", leap(0.6, 0), leap(0, 0.9)),
    ("jumps(turn=left, degrees=60)", leap(yaw=100), leap()),
    ("times(jumps(within=0.35), 2)", joined(leap(), leap()), leap()),
    ("climbs(0.25)", climb(0.5), march(0, 1.5)),
    ("climbs(-0.25)", climb(-0.5), march(0, 1.5)),
    ("turns(left, 45)", turn(90), still),
    ("turns(left, 65, most=120)", turn(90), turn(180)),
    ("turns(left, 60, within=0.45)", turn(90), march(0, 2, yaw=90)),
    ("together(travels(forward, 1.2), turns(left, 50))", Motion(replace(STROLL, turn=0.6).joints(80)), walk),
    ("throughout(posture(still, 0.5))", still, walk),
    ("then(posture(standing), posture(squatting))", held(SQUAT), held(SIT)),
    ("then(posture(standing), posture(sitting, 0.4))", held(SIT), held(SQUAT)),
    ("posture(low)", held(SQUAT), held(BOTH_KNEES)),
    ("posture(crouching)", held(SQUAT), still),
    ("posture(knees_bent)", held(SQUAT), still),
    ("posture(feet_together)", still, held(WIDE, after=WIDE)),
    ("posture(on_floor, 0.4)", held(FLOOR), held(SIT)),
    ("posture(near_floor)", held(BELLY), held(SIT)),
    ("posture(kneeling)", held(LEFT_KNEE), held(SQUAT)),
    ("posture(left_knee_down, 0.3)", held(LEFT_KNEE), held(BOTH_KNEES)),
    ("posture(on_both_knees, 0.3)", held(BOTH_KNEES), held(LEFT_KNEE)),
    ("posture(lying)", held(BACK), held(FLOOR)),
    ("posture(lying_on_back, 0.6)", held(BACK), held(BELLY)),
    ("posture(lying_on_belly, 0.6)", held(BELLY), held(BACK)),
    ("posture(on_all_fours, 0.3)", held(FOURS), held(BELLY)),
    ("posture(plank)", held(HIGH), held(BACK)),
    ("posture(upside_down, 0.7)", held(moved(UP_BOTH, pitch=180.0)), held(UP_BOTH)),
    ("crawls(0.6)", play((0, FOURS), (2, moved(FOURS, at=(0, 1)))), held(FOURS)),
    ("together(crawls(0.6), posture(on_all_fours))", play((0, FOURS), (2, moved(FOURS, at=(0, 1)))),
     play((0, BELLY), (2, moved(BELLY, at=(0, 1))))),
    ("rolls(230)", roll(330), held(BACK)),
    ("rolls(-230)", roll(-330), roll(330)),
    ("rolls_over(120)", log_roll(200), held(BACK)),
    ("cartwheels(left)", cartwheel(1), roll(330)),
    ("push_ups(2)", repeat(HIGH, LOW, count=3), held(HIGH)),
    ("sit_ups(2)", repeat(FLOOR, replace(FLOOR, trunk=(0, 0.1, -1)), count=3), held(FLOOR)),
    ("hand(left, above_head, 1.0)", held(Pose(**UP)), held(UP_BOTH)),
    ("hand(both, above_head)", held(UP_BOTH), held(Pose(**UP))),
    ("hand(any, above_shoulder)", held(Pose(**UP)), still),
    ("brings(left, above_head)", held(Pose(**UP)), held(Pose(**UP), after=Pose(**UP))),
    ("then(hand(left, above_head), hand(left, low))", held(STAND, after=Pose(**UP)), held(Pose(**UP))),
    ("brings(left, side)", held(SIDE), held(FRONT)),
    ("brings(left, front)", held(FRONT), held(SIDE)),
    ("hand(left, hip, 0.5)", held(Pose(left_arm=(0.7, -1, -0.3), left_forearm=(-0.8, -0.6, 0.3))), still),
    ("brings(left, face)", held(Pose(left_arm=(0.3, -0.1, 1), left_forearm=(-0.8, 1, -0.8))), held(FRONT)),
    ("hand(left, knee)", held(replace(SIT, left_arm=(-0.16, -0.5, 0.4), left_forearm=(-0.16, -0.5, 0.4))), still),
    ("brings(left, other_shoulder)", held(Pose(left_arm=(-0.5, -0.2, 0.7), left_forearm=(-1, 0.1, -0.4))), held(FRONT)),
    ("hand(any, floor)", held(replace(SQUAT, trunk=(0, 0.6, 1), left_arm=(0, -1, 0), left_forearm=(0, -1, 0))), still),
    ("hand(both, other_hand)", held(CLASP), still),
    ("hand(both, behind_back)", held(BEHIND), still),
    ("punches(left)", punch(), held(GUARD)),
    ("times(punches(any), 2)", joined(punch(), punch("right")), punch()),
    ("throws(left)", play((0, STAND), (0.5, Pose(left_arm=(0.5, 0.6, -0.5), left_forearm=(0, 1, -0.5))),
                          (0.2, FRONT), (0.5, STAND)), held(FRONT)),
    ("waves(left)", waving(), held(Pose(**UP))),
    ("waves(both)", repeat(HANDS_UP, HANDS_OUT, seconds=0.3), waving()),
    ("claps(2)", repeat(CLASP, replace(CLASP, left_forearm=(0.3, 0, 1), right_forearm=(0.3, 0, 1)), seconds=0.25), still),
    ("circles(left)", play(*[(0.25, Pose(left_arm=a, left_forearm=a)) for a in ARC + ARC[1:]]), held(Pose(**UP))),
    ("swings_arm(left, up, 0.25, 4)", repeat(STAND, FRONT), held(FRONT)),
    ("swings_arm(both, forward, 0.3, 4)", Motion(replace(STROLL, arm_swing=0.7).joints(80)), still),
    ("flaps(3)", repeat(STAND, TEE), held(SIDE)),
    ("bends_elbow(left, 70)", held(Pose(left_forearm=(0, 0.3, 1))), held(FRONT)),
    ("kicks(left)", kick(), march(0, 1)),
    ("kicks(left, backward)", kick(Pose(left_thigh=(0, -0.6, -1), left_shin=(0, -0.4, -1), trunk=(0, 1, 0.3))), kick()),
    ("kicks(left, outward)", kick(Pose(left_thigh=(1, -0.3, 0), left_shin=(1, -0.3, 0))), kick()),
    ("lifts_knee(left)", held(KNEE), held(ONE_LEG)),
    ("stands_on(right, 1.0)", held(ONE_LEG), still),
    ("leg_out(left, outward)", held(Pose(left_thigh=(0.8, -1, 0), left_shin=(0.8, -1, 0))), held(KICK)),
    ("leg_out(left, forward)", held(KICK), held(ONE_LEG)),
    ("heel_back(left)", held(Pose(left_thigh=(0, -1, -0.2), left_shin=(0, 0.5, -1))), held(KNEE)),
    ("hops(left, 2)", hopping(HOP), hopping(STAND)),
    ("steps_with(left, forward, 0.25)", step("left", 0, 0.5), step("left", 0, -0.5)),
    ("steps_with(left, left, 0.25)", step("left", 0.5, 0), step("left", 0, 0.5)),
    ("lunges(left)", held(LUNGE), held(SQUAT)),
    ("feet_apart(0.5, 0.6)", held(WIDE), still),
    ("leans(forward, 35, 0.4)", held(DOWN), still),
    ("leans(backward, 15, 0.3)", held(Pose(trunk=(0, 1, -0.5))), held(DOWN)),
    ("leans(left, 20, 0.3)", held(Pose(trunk=(0.6, 1, 0))), held(DOWN)),
    ("bows(35)", joined(held(DOWN), held(STAND, after=DOWN)), held(DOWN)),
    ("bows(30, 2)", repeat(STAND, DOWN, count=2, seconds=0.7), joined(held(DOWN), held(STAND, after=DOWN))),
    ("twists(left, 35)", held(Pose(twist=60)), turn(60)),
    ("twists_to_and_fro(35, 3)", repeat(Pose(twist=-40), Pose(twist=40)), held(Pose(twist=60))),
    ("sways(14, 3)", repeat(Pose(trunk=(-0.4, 1, 0)), Pose(trunk=(0.4, 1, 0))), held(Pose(trunk=(0.4, 1, 0)))),
    ("looks(down, 0.5)", held(Pose(head=(0, 0.1, 1))), still),
    ("looks(up)", held(Pose(head=(0, 1, 0))), still),
    ("nods(2, 12)", repeat(STAND, Pose(head=(0, 0.3, 1)), count=3), still),
    ("tilts_head(left, 18)", held(Pose(head=(0.7, 1, 0.5))), still),
    ("then(kicks(left), punches(right))", joined(kick(), punch("right")), joined(punch("right"), kick())),
    ("together(hand(left, above_head), posture(standing))", held(Pose(**UP)), held(STAND, after=STAND)),
    ("without(hand(left, above_head), turns(any, 40))", held(Pose(**UP)), still),
    ("never(jumps())", walk, leap()),
    ("either(jumps(), posture(sitting))", leap(), walk),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "does", "other"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_a_rule_holds_for_who_does_it_and_on_its_own_side(rule: str, does: Motion, other: Motion):
    body, mirrored, mirrored_rule = Body.of(does), Body.of(does.mirror()), parse_rule(mirror_text(rule))
    assert parse_rule(rule)(body)
    assert not parse_rule(rule)(Body.of(other))
    assert mirrored_rule(mirrored)
    if mirror_text(rule) != rule:
        assert not parse_rule(rule)(mirrored)
        assert not mirrored_rule(body)


def test_every_rule_has_a_case():
    words = " ".join(rule for rule, _, _ in CASES)
    assert [name for name in RULES if f"{name}(" not in words] == []
