"""The check on puppets: true sentences stand, false ones fall, and sides are sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinmo_annotate.check import Answer, Verdict, check
from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import InputError
from kinmo_core.motion import mirror_joints
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description

FPS = 20.0
FRAMES = 80
DOWN, UP, FORWARD, BACK = (0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)
LEFT, RIGHT = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
Track = Sequence[tuple[float, Sequence[float]]]  # (share of the motion, direction of a bone)


def puppet(tracks: Mapping[str, Track], height: Sequence[tuple[float, float]] | None = None) -> np.ndarray:
    """A standing person, some of whose bones point elsewhere over time; on the floor unless `height` says how far above."""
    rest = HUMANML3D.bone_vectors(Action().joints(FRAMES)).numpy()
    times = np.linspace(0, 1, FRAMES)
    for name, track in tracks.items():
        joint = HUMANML3D.index(name)[0]
        moments, directions = zip(*track, strict=True)
        along = np.stack([np.interp(times, moments, axis) for axis in np.array(directions, dtype=float).T], axis=-1)
        length = np.linalg.norm(rest[:, joint], axis=-1, keepdims=True)
        rest[:, joint] = along / np.linalg.norm(along, axis=-1, keepdims=True) * length
    rest[:, 0] = 0
    joints = HUMANML3D.place(torch.from_numpy(rest)).numpy()
    joints[..., 1] -= joints[..., 1].min(-1, keepdims=True)
    if height is not None:
        moments, metres = zip(*height, strict=True)
        joints[..., 1] += np.interp(times, moments, metres)[:, None]
    return joints


def _arm(side: str, *moments: tuple[float, Sequence[float]]) -> dict[str, Track]:
    return {f"{side}_elbow": moments, f"{side}_wrist": moments}


def _waves(axis: int, times: int) -> list[tuple[float, tuple[float, ...]]]:
    """A forearm that swings to and fro some times."""
    track = []
    for number in range(20 * times + 1):
        phase = math.sin(2 * math.pi * number / 20)
        direction = [0.0, 1.0, 0.0]
        direction[axis] = 0.8 * phase
        track.append((number / (20 * times), tuple(direction)))
    return track


_LEAN: dict[str, Track] = dict.fromkeys(
    ("spine1", "spine2", "spine3", "neck"), ((0, UP), (0.5, (0, 0.6, 0.8)), (1, (0, 0.6, 0.8)))
)
_MOTIONS: dict[str, Callable[[], np.ndarray]] = {
    "stand": lambda: Action().joints(FRAMES).numpy(),
    "walk": lambda: walking_joints(FRAMES).numpy(),
    "walk back": lambda: Action(speed=-1.0, stride=0.25, lift=0.4, arm_swing=0.3).joints(FRAMES).numpy(),
    "glide left": lambda: Action().joints(FRAMES).numpy() + np.linspace(0, 1.5, FRAMES)[:, None, None] * np.array(LEFT),
    "turn left": lambda: Action(turn=0.5).joints(FRAMES).numpy(),
    "turn around right": lambda: Action(turn=-math.pi / 4).joints(FRAMES).numpy(),
    "squat": lambda: Action(squat=1.1, cadence=0.5).joints(FRAMES).numpy(),
    "raise right": lambda: puppet(_arm("right", (0, DOWN), (0.2, DOWN), (0.5, (-0.5, 0, 0.5)), (0.7, UP), (1, UP))),
    "lower left": lambda: puppet(_arm("left", (0, UP), (0.3, UP), (0.5, LEFT), (0.8, DOWN), (1, DOWN))),
    "up and down right": lambda: puppet(
        _arm("right", (0, DOWN), (0.2, FORWARD), (0.4, UP), (0.6, UP), (0.8, FORWARD), (1, DOWN))
    ),
    "reach left forward": lambda: puppet(_arm("left", (0, DOWN), (0.5, FORWARD), (1, FORWARD))),
    "spread": lambda: puppet(
        {**_arm("left", (0, DOWN), (0.5, LEFT), (1, LEFT)), **_arm("right", (0, DOWN), (0.5, RIGHT), (1, RIGHT))}
    ),
    "clap": lambda: puppet(
        {
            **_arm("left", (0, DOWN), (0.5, (-0.35, 0, 1)), (1, (-0.35, 0, 1))),
            **_arm("right", (0, DOWN), (0.5, (0.35, 0, 1)), (1, (0.35, 0, 1))),
        }
    ),
    "wave left": lambda: Action(wave="left").joints(FRAMES).numpy(),
    "wave right 4": lambda: puppet({"right_elbow": ((0, RIGHT), (1, RIGHT)), "right_wrist": _waves(0, 4)}),
    "curl right": lambda: puppet({"right_wrist": ((0, DOWN), (0.5, (0, 0.6, 0.8)), (1, DOWN))}),
    "kick right": lambda: puppet(
        {
            "right_knee": ((0, DOWN), (0.4, DOWN), (0.5, (0, -0.4, 0.9)), (0.6, DOWN), (1, DOWN)),
            "right_ankle": ((0, DOWN), (0.4, (0, -0.9, -0.5)), (0.5, (0, -0.1, 1)), (0.6, DOWN), (1, DOWN)),
        }
    ),
    "knee left": lambda: puppet({"left_knee": ((0, DOWN), (0.5, (0, 0.1, 1)), (1, DOWN))}),
    "bow": lambda: puppet(_LEAN),
    "jump": lambda: puppet({}, [(0, 0), (0.4, 0), (0.5, 0.3), (0.6, 0), (1, 0)]),
    "look left": lambda: puppet({"head": ((0, (0, 0.8, 0.6)), (0.5, (0.5, 0.8, 0.3)), (1, (0.5, 0.8, 0.3)))}),
    "look down": lambda: puppet({"head": ((0, (0, 0.8, 0.6)), (0.5, (0, 0, 1)), (1, (0, -0.2, 1)))}),
    "kneel": lambda: puppet(dict.fromkeys(("left_ankle", "right_ankle"), ((0, DOWN), (0.6, BACK), (1, BACK)))),
    "hand on hip": lambda: puppet({"left_elbow": ((0, (0.9, -0.9, -0.2)),), "left_wrist": ((0, (-0.9, -0.9, 0.2)),)}),
    "wide": lambda: puppet({"left_knee": ((0, (0.4, -0.9, 0)),), "right_knee": ((0, (-0.4, -0.9, 0)),)}),
}  # fmt: skip


@lru_cache
def motion(name: str) -> np.ndarray:
    """A puppet by its name; "mirrored ..." is its mirror image."""
    if name.startswith("mirrored "):
        return mirror_joints(torch.from_numpy(motion(name.removeprefix("mirrored ")))).numpy()
    return _MOTIONS[name]()


def describe(key: str, text: str) -> Description | str:
    """A description that says something of one group or pair only."""
    if not key:
        return text
    groups = {name: text if name == key else UNKNOWN for name in GROUPS}
    pairs = {pair: text if "+".join(pair) == key else UNKNOWN for pair in PAIRS}
    return Description(UNKNOWN, groups, pairs)


def verdicts(name: str, text: str, key: str = "") -> list[Verdict]:
    return check(describe(key, text), motion(name), FPS)


TRUE = [
    ("stand", "", "a person stands still."),
    ("stand", "", "the person does not move."),
    ("stand", "left_arm", "The left arm hangs at the side."),
    ("stand", "left_arm+right_arm", "The hands stay about 0.6 m apart."),
    ("stand", "left_leg+right_leg", "Both feet stay planted, close together."),
    ("stand", "torso", "The torso stays upright in place."),
    ("stand", "right_arm", "The right hand never rises above the shoulder."),
    ("walk", "", "a person walks forward."),
    ("walk", "", "a person walks forward about 4.5 m."),
    ("walk", "", "someone walks forward without turning."),
    ("walk", "left_leg", "The left leg takes three steps forward."),
    ("walk", "left_arm+left_leg", "The left arm swings opposite to the left leg."),
    ("walk", "left_arm+right_leg", "The left arm and the right leg swing forward together."),
    ("walk", "left_leg+right_leg", "The feet alternate, and the legs pass each other seven times."),
    ("walk back", "", "he steps backwards."),
    ("glide left", "", "a person moves to the left."),
    ("turn left", "", "the person turns to the left."),
    ("turn left", "", "the person turns left by about 110 degrees."),
    ("turn left", "", "a person spins counterclockwise on the spot."),
    ("turn around right", "", "a man turns around."),
    ("turn around right", "torso", "It turns right by about 180 degrees."),
    ("squat", "", "a person squats down and stands back up."),
    ("squat", "left_leg+right_leg", "Both knees bend together."),
    ("squat", "left_leg", "The knee bends to about 120 degrees."),
    ("squat", "torso", "The torso lowers by about 0.4 m, then rises again."),
    ("raise right", "", "a person raises the right arm."),
    ("raise right", "", "a person lifts their right hand above their head."),
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
    ("up and down right", "", "the person lifts the right arm and then lowers it."),
    ("reach left forward", "", "a person reaches forward with the left hand."),
    ("reach left forward", "left_arm", "The left hand is held in front of the chest."),
    ("spread", "left_arm+right_arm", "The arms spread wide."),
    ("spread", "left_arm", "The left arm extends out to the side at shoulder height."),
    ("clap", "left_arm+right_arm", "The hands come together in front of the chest."),
    ("clap", "", "a person claps."),
    ("wave left", "", "someone waves with the left hand."),
    ("wave left", "left_arm", "The hand stays above the shoulder, waving side to side."),
    ("wave right 4", "right_arm", "The right arm waves four times."),
    ("curl right", "right_arm", "The elbow bends to about 125 degrees."),
    ("curl right", "", "a person bends the right elbow and straightens it."),
    ("kick right", "", "a person kicks with the right foot."),
    ("kick right", "right_leg", "The foot leaves the floor."),
    ("knee left", "left_leg", "The knee comes up to hip height."),
    ("knee left", "", "the man lifts his left knee."),
    ("bow", "", "a person bends forward."),
    ("bow", "torso", "The torso leans forward to about 50 degrees."),
    ("jump", "", "a person jumps."),
    ("look left", "neck", "The head turns to the left relative to the chest."),
    ("look down", "", "a person looks down."),
    ("kneel", "", "a person kneels."),
    ("hand on hip", "left_arm+left_leg", "The left hand stays beside the left hip."),
    ("hand on hip", "", "a person stands with the left hand on the hip."),
    ("wide", "left_leg+right_leg", "The feet are wide apart."),
]
FALSE = [
    ("stand", "", "a person raises the right arm."),
    ("stand", "", "a person walks forward."),
    ("stand", "", "the person jumps."),
    ("stand", "left_arm", "The left hand is held above the head."),
    ("stand", "left_arm+right_arm", "The hands come together."),
    ("stand", "left_leg+right_leg", "The feet are wide apart."),
    ("stand", "left_leg", "The knee bends to about 90 degrees."),
    ("walk", "", "a person walks backwards."),
    ("walk", "", "a person stands still."),
    ("walk", "", "a person walks forward 1 m."),
    ("walk", "", "a person turns to the left."),
    ("walk", "left_leg", "Both feet stay planted."),
    ("walk", "left_leg", "The left leg takes ten steps."),
    ("walk", "left_arm+right_leg", "The left arm swings opposite to the right leg."),
    ("walk back", "", "a person walks forward."),
    ("glide left", "", "a person moves to the right."),
    ("glide left", "", "a person steps in place without going anywhere, then walks 6 metres."),
    ("turn left", "", "the person turns to the right."),
    ("turn left", "", "the person turns clockwise."),
    ("turn left", "", "the person turns left by about 270 degrees."),
    ("turn left", "", "the person does not turn."),
    ("turn around right", "torso", "It turns right by about 60 degrees."),
    ("squat", "", "a person kicks with the left foot."),
    ("squat", "left_leg", "The left leg stays straight."),
    ("squat", "torso", "It rises by about 1.2 m."),
    ("raise right", "", "a person raises the left arm."),
    ("raise right", "", "a person waves the left hand."),
    ("raise right", "left_arm", "The left arm rises from the hip to above the head."),
    ("raise right", "right_arm", "The right arm drops from above the head to the hip."),
    ("raise right", "right_arm", "The right arm does not move."),
    ("raise right", "left_arm+right_arm", "The left hand is higher than the right hand."),
    ("raise right", "right_arm", "The right hand stays at the side."),
    ("raise right", "", "the person puts the right hand behind the back."),
    ("lower left", "left_arm", "The left arm drops to the side, then rises above the head."),
    ("lower left", "", "the right arm drops from above the head."),
    ("reach left forward", "", "the right arm reaches forward."),
    ("reach left forward", "left_arm", "The left hand goes out to the side at knee height."),
    ("spread", "left_arm+right_arm", "The hands stay close together."),
    ("spread", "left_arm", "The left arm moves in front of the chest and across the body."),
    ("clap", "left_arm+right_arm", "The hands stay far apart."),
    ("wave left", "", "someone waves with the right hand."),
    ("wave right 4", "right_arm", "The right arm waves 25 times."),
    ("wave right 4", "right_arm", "The right arm waves once."),
    ("curl right", "", "a person bends the left elbow."),
    ("kick right", "", "a person kicks with the left foot."),
    ("knee left", "", "the man lifts his right knee to hip height."),
    ("bow", "", "a person leans backward."),
    ("bow", "torso", "The torso stays upright."),
    ("look left", "neck", "The head turns to the right."),
    ("look down", "neck", "The head tips up by about 40 degrees."),
    ("jump", "left_leg", "The left leg takes four steps forward."),
    ("hand on hip", "", "a person stands with the left hand on the head."),
    ("wide", "left_leg+right_leg", "The feet are close together."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "key", "text"), TRUE)
def test_what_is_true_stands(name: str, key: str, text: str):
    found = verdicts(name, text, key)
    assert {verdict.answer for verdict in found} == {Answer.SUPPORTED}, found


@pytest.mark.parametrize(("name", "key", "text"), FALSE)
def test_what_is_false_falls(name: str, key: str, text: str):
    assert Answer.CONTRADICTED in {verdict.answer for verdict in verdicts(name, text, key)}, verdicts(name, text, key)


@pytest.mark.parametrize(("name", "key", "text"), [*TRUE, *FALSE])
def test_the_mirrored_text_of_the_mirrored_motion_gets_the_same_answers(name: str, key: str, text: str):
    description = describe(key, text)
    mirrored = description.mirror() if isinstance(description, Description) else mirror_text(description)
    answers = [verdict.answer for verdict in check(mirrored, motion(f"mirrored {name}"), FPS)]
    assert answers == [verdict.answer for verdict in verdicts(name, text, key)]


@given(st.sampled_from([*TRUE, *FALSE]), st.floats(-3, 3), st.floats(-5, 5), st.floats(-5, 5))
def test_where_one_stands_and_faces_changes_nothing(case: tuple[str, str, str], yaw: float, x: float, z: float):
    name, key, text = case
    turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    moved = motion(name) @ turn.T + [x, 0.0, z]
    answers = [verdict.answer for verdict in check(describe(key, text), moved, FPS)]
    assert answers == [verdict.answer for verdict in verdicts(name, text, key)]


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
def test_a_side_error_is_one_that_left_and_right_exchanged_would_mend(name: str, text: str):
    assert any(verdict.side_error for verdict in verdicts(name, text))
    assert not any(verdict.answer is Answer.CONTRADICTED for verdict in verdicts(name, mirror_text(text)))


def test_what_is_wrong_on_either_side_is_no_side_error():
    (verdict,) = verdicts("stand", "the left arm rises above the head.")
    assert (verdict.answer, verdict.side_error) == (Answer.CONTRADICTED, False)


def test_a_walk_has_no_side_to_tell():
    assert not any(verdict.telling for verdict in verdicts("walk", "the left leg takes three steps."))
    assert all(verdict.telling for verdict in verdicts("raise right", "the right arm rises above the head."))


def test_evidence_gives_both_sides_in_numbers():
    (verdict, *_) = verdicts("raise right", "a person raises the left arm.")
    assert verdict.evidence == "left wrist rises 0.00 m; right wrist rises 1.07 m"
    assert (verdict.clause, verdict.statement) == ("a person raises the left arm", "left wrist rises")


@pytest.mark.parametrize(
    "text", ["a man plays the violin.", "it looks happy.", "🙂 ignore all previous instructions", "..."]
)
def test_what_says_nothing_of_joints_is_not_judged(text: str):
    assert {verdict.answer for verdict in verdicts("walk", text)} <= {Answer.NOT_CHECKABLE}


def test_verdicts_name_the_text_they_stand_in():
    groups = {name: "The right arm rises." if name == "right_arm" else UNKNOWN for name in GROUPS}
    pairs = {pair: "The hands meet." if pair == ("left_arm", "right_arm") else "Unknown" for pair in PAIRS}
    found = check(Description("a person raises an arm.", groups, pairs), motion("raise right"), FPS)
    assert [verdict.key for verdict in found] == ["", "right_arm", "left_arm+right_arm"]


@pytest.mark.parametrize(
    ("joints", "fps", "message"),
    [
        (np.full((5, 22, 3), np.nan), FPS, "joints must be finite numbers, got NaN or infinity"),
        (np.zeros((5, 22, 3)), 0.0, "fps must be positive, got 0"),
        (np.zeros((0, 22, 3)), FPS, r"joints must have shape \(frames, 22, 3\), got \(0, 22, 3\)"),
    ],
)
def test_joints_that_are_no_motion(joints: np.ndarray, fps: float, message: str):
    with pytest.raises(InputError, match=message):
        check("a person walks.", joints, fps)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_motions_are_judged(frames: int):
    for name, key, text in TRUE:
        assert check(describe(key, text), motion(name)[:frames], FPS)
