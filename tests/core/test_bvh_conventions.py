"""BVH files as other programs write them: the joints are found and are where forward kinematics of the puppet puts them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.io.bvh import read_bvh
from kinmo_core.io.names import read_labels
from kinmo_core.io.recognise import recognise
from kinmo_core.reading import ReadOptions
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action
from kinmo_core.testing.conventions import CONVENTIONS, Convention
from kinmo_core.testing.foreign import write_foreign

PLAIN = CONVENTIONS[0]
DERIVED = 0.035  # m, toes and vertebrae that a file lacks
DERIVED_HEAD = 0.065  # m, a head that a file lacks, since its End Site says little


def dance(frames: int = 40) -> Tensor:
    """A person who walks a curve and waves with the right arm, so that sides, fronts and heights differ."""
    action = Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, wave="right", turn=0.4, heading=0.3)
    return action.joints(frames)


def read(text: str, folder: Path, options: ReadOptions | None = None) -> np.ndarray:
    (folder / "a.bvh").write_text(text)
    return read_bvh(folder / "a.bvh", options or ReadOptions()).joints.numpy()


def error(convention: Convention, folder: Path) -> dict[str, float]:
    """Return the largest distance of each joint from its true place, m."""
    text, true = write_foreign(convention, dance())
    distance = np.linalg.norm(read(text, folder) - true, axis=-1).max(0)
    return dict(zip(HUMANML3D.names, distance.tolist(), strict=True))


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.title)
def test_joints_are_where_forward_kinematics_puts_them(convention: Convention, tmp_path: Path) -> None:
    for joint, distance in error(convention, tmp_path).items():
        if joint in convention.names():
            assert distance < 1e-4, joint
        else:
            assert distance < (DERIVED_HEAD if joint == "head" else DERIVED), joint


def test_the_file_of_the_writer_means_the_same_to_another_reader(tmp_path: Path) -> None:
    pybvh = pytest.importorskip("pybvh")
    for convention in (c for c in CONVENTIONS if c.up == "y" and " " not in c.prefix):  # it cuts names at a space
        text, true = write_foreign(convention, dance())
        (tmp_path / "a.bvh").write_text(text)
        theirs = pybvh.read_bvh_file(tmp_path / "a.bvh", world_up="+y")
        order = [list(theirs.joint_names).index(name) for name in convention.names().values()]
        ours = [HUMANML3D.names.index(joint) for joint in convention.names()]
        positions = np.asarray(theirs.joint_positions())[:, order] * convention.unit
        np.testing.assert_allclose(positions, true[:, ours], atol=1e-4)


@pytest.mark.parametrize("up", ["y", "z"])
@pytest.mark.parametrize("rest", ["t", "a", "x"])
@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45])
def test_axes_rest_poses_and_units_are_found(up: str, rest: str, unit: float, tmp_path: Path) -> None:
    assert max(error(replace(PLAIN, up=up, rest=rest, unit=unit), tmp_path).values()) < 1e-4


def test_an_unknown_unit_is_taken_from_the_legs(tmp_path: Path) -> None:
    text, true = write_foreign(replace(PLAIN, unit=0.37), dance())
    joints = read(text, tmp_path)
    ratio = np.linalg.norm(joints[:, 4] - joints[:, 1], axis=-1) / np.linalg.norm(true[:, 4] - true[:, 1], axis=-1)
    np.testing.assert_allclose(ratio, 1 / 1.06, atol=1e-3)  # the person's legs are 1.06 times HumanML3D's


def test_a_child_keeps_its_size(tmp_path: Path) -> None:
    text, true = write_foreign(replace(PLAIN, unit=0.01), dance() * 1.0)
    scaled = read(text, tmp_path, ReadOptions(scale=0.007))
    np.testing.assert_allclose(scaled, true * 0.7, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "side", "words"),
    [
        ("mixamorig1:LeftUpLeg", "left", "leg up"),
        ("Bip01 L Thigh", "left", "thigh"),
        ("m_avg_R_Hip", "right", "hip"),
        ("LUArm", "left", "arm up"),
        ("lThighBend", "left", "thigh"),
        ("rightlowerarm", "right", "arm low"),
        ("upper_arm.R", "right", "arm up"),
        ("Armature|Hips", "", "hip"),
        ("L5", "", "spine"),
        ("rankle", "right", "ankle"),
    ],
)
def test_names_are_read(name: str, side: str, words: str) -> None:
    prefixes = {"mixamorig1:LeftUpLeg": "", "Bip01 L Thigh": "Bip01 ", "m_avg_R_Hip": "m_avg_"}
    others = [f"{prefixes.get(name, '')}{other}" for other in ("Spine", "Neck", "Head", "LeftFoot", "RightFoot")]
    label = read_labels([name, *others])[0]
    assert (label.side, " ".join(sorted(label.words)), label.kind) == (side, words, "body")


@pytest.mark.parametrize("name", ["LeftHandThumb1", "upperarm_twist_01_l", "ik_foot_l", "LeftEye", "L_Foot_End", "jaw"])
def test_names_of_no_body_joint_are_told_apart(name: str) -> None:
    assert read_labels([name])[0].kind != "body"


# Skeletons with more than the 22 joints, or other names; a line hangs on the last one that is indented one column less.
TREES = {
    "ARKit": """
        root
         hips_joint
          left_upLeg_joint/left_leg_joint/left_foot_joint/left_toes_joint/left_toesEnd_joint
          right_upLeg_joint/right_leg_joint/right_foot_joint/right_toes_joint
          spine_1_joint/spine_2_joint/spine_3_joint/spine_4_joint/spine_5_joint/spine_6_joint/spine_7_joint
           left_shoulder_1_joint/left_arm_joint/left_forearm_joint/left_hand_joint/left_handIndex_1_joint
           right_shoulder_1_joint/right_arm_joint/right_forearm_joint/right_hand_joint
           neck_1_joint/neck_2_joint/head_joint/jaw_joint""",
    "Biped, arms on the neck and legs on the spine": """
        Bip001
         Bip001 Footsteps
         Bip001 Pelvis/Bip001 Spine
          Bip001 L Thigh/Bip001 L Calf/Bip001 L Foot/Bip001 L Toe0/Bip001 L Toe0Nub
          Bip001 R Thigh/Bip001 R Calf/Bip001 R Foot/Bip001 R Toe0
          Bip001 Spine1/Bip001 Spine2/Bip001 Neck
           Bip001 Head/Bip001 HeadNub
           Bip001 L Clavicle/Bip001 L UpperArm/Bip001 L Forearm/Bip001 L Hand/Bip001 L Finger0
           Bip001 R Clavicle/Bip001 R UpperArm/Bip001 R Forearm/Bip001 R Hand""",
    "Rigify, deforming bones": """
        root
         DEF-spine
          DEF-thigh.L/DEF-thigh.L.001/DEF-shin.L/DEF-shin.L.001/DEF-foot.L/DEF-toe.L
          DEF-thigh.R/DEF-thigh.R.001/DEF-shin.R/DEF-shin.R.001/DEF-foot.R/DEF-toe.R
          DEF-pelvis.L
          DEF-spine.001/DEF-spine.002/DEF-spine.003
           DEF-spine.004/DEF-spine.005/DEF-spine.006
           DEF-shoulder.L/DEF-upper_arm.L/DEF-upper_arm.L.001/DEF-forearm.L/DEF-forearm.L.001/DEF-hand.L/DEF-palm.01.L
           DEF-shoulder.R/DEF-upper_arm.R/DEF-upper_arm.R.001/DEF-forearm.R/DEF-forearm.R.001/DEF-hand.R""",
    "Unreal 5": """
        root
         ik_foot_root
          ik_foot_l
         pelvis
          thigh_l/calf_l
           foot_l/ball_l
           calf_twist_01_l
          thigh_r/calf_r/foot_r/ball_r
          spine_01/spine_02/spine_03/spine_04/spine_05
           clavicle_l
            upperarm_l/lowerarm_l/hand_l/index_metacarpal_l
            clavicle_out_l
           clavicle_r/upperarm_r/lowerarm_r/hand_r
           neck_01/neck_02/head""",
    "Kinect": """
        SpineBase
         SpineMid/SpineShoulder
          Neck/Head
          ShoulderLeft/ElbowLeft/WristLeft/HandLeft/HandTipLeft
          ShoulderRight/ElbowRight/WristRight/HandRight
         HipLeft/KneeLeft/AnkleLeft/FootLeft
         HipRight/KneeRight/AnkleRight/FootRight""",
    "iPi": """
        Hip
         LThigh/LShin/LFoot/LToe
         RThigh/RShin/RFoot/RToe
         LowerSpine/MiddleSpine/Chest
          Neck/Head
          LClavicle/LShoulder/LForearm/LHand
          RClavicle/RShoulder/RForearm/RHand""",
    "mocopi": """
        root
         torso_1/torso_2/torso_3/torso_4/torso_5/torso_6/torso_7
          neck_1/neck_2/head
          l_shoulder/l_up_arm/l_low_arm/l_hand
          r_shoulder/r_up_arm/r_low_arm/r_hand
         l_up_leg/l_low_leg/l_foot/l_toes
         r_up_leg/r_low_leg/r_foot/r_toes""",
}
# pelvis, left hip, knee, ankle and toe, right collar, shoulder, elbow and wrist, neck, head; "-" for none
EXPECTED = {
    "ARKit": "hips_joint left_upLeg_joint left_leg_joint left_foot_joint left_toes_joint right_shoulder_1_joint "
    "right_arm_joint right_forearm_joint right_hand_joint neck_1_joint head_joint",
    "Biped, arms on the neck and legs on the spine": "Pelvis L_Thigh L_Calf L_Foot L_Toe0 R_Clavicle R_UpperArm R_Forearm "
    "R_Hand Neck Head",
    "Rigify, deforming bones": "DEF-spine DEF-thigh.L DEF-shin.L DEF-foot.L DEF-toe.L DEF-shoulder.R DEF-upper_arm.R "
    "DEF-forearm.R DEF-hand.R DEF-spine.004 DEF-spine.006",
    "Unreal 5": "pelvis thigh_l calf_l foot_l ball_l clavicle_r upperarm_r lowerarm_r hand_r neck_01 head",
    "Kinect": "SpineBase HipLeft KneeLeft AnkleLeft FootLeft - ShoulderRight ElbowRight WristRight Neck Head",
    "iPi": "Hip LThigh LShin LFoot LToe RClavicle RShoulder RForearm RHand Neck Head",
    "mocopi": "root l_up_leg l_low_leg l_foot l_toes r_shoulder r_up_arm r_low_arm r_hand neck_1 head",
}
ASKED = ("pelvis", "left_hip", "left_knee", "left_ankle", "left_foot", "right_collar", "right_shoulder", "right_elbow")
ASKED = (*ASKED, "right_wrist", "neck", "head")


@pytest.mark.parametrize("program", TREES)
def test_real_trees_are_recognised(program: str) -> None:
    names: list[str] = []
    parents: list[int] = []
    last: dict[int, int] = {-1: -1}  # of each column
    for line in TREES[program].strip("\n").splitlines():
        column = len(line) - len(line.lstrip()) - 8
        parent = last[column - 1]
        for name in line.strip().split("/"):
            parents.append(parent)
            names.append(name)
            parent = len(names) - 1
        last[column] = parent
    found = recognise(names, parents, np.ones((len(names), 3)))
    got = [names[found[joint]].removeprefix("Bip001 ").replace(" ", "_") if joint in found else "-" for joint in ASKED]
    assert got == EXPECTED[program].split()
    assert {"spine1", "spine3"} <= found.keys()


def test_a_second_person_is_left_out(tmp_path: Path) -> None:
    text, true = write_foreign(PLAIN, dance())
    head, motion = text.split("MOTION\n")
    frames, step, *rows = motion.strip().split("\n")
    thing = "ROOT Ball\n{\nOFFSET 0 0 0\nCHANNELS 3 Xposition Yposition Zposition\n}\n"
    rows = [f"{row} 1 2 3" for row in rows]
    np.testing.assert_allclose(
        read(f"{head}{thing}MOTION\n{frames}\n{step}\n" + "\n".join(rows), tmp_path), true, atol=1e-4
    )


def test_shoulders_in_the_wrong_place_are_no_match(tmp_path: Path) -> None:
    text, _ = write_foreign(PLAIN, dance())
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.endswith("Character1_LeftArm"))
    lines[at + 2] = "OFFSET 0 -60 0"
    with pytest.raises(InputError, match=r"left_shoulder are \d.* leg lengths apart") as caught:
        read("\n".join(lines), tmp_path)
    assert "left_shoulder: Character1_LeftArm" in caught.value.attachment


def test_bones_of_unlike_sides_are_no_match(tmp_path: Path) -> None:
    text, _ = write_foreign(PLAIN, dance())
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.endswith("Character1_LeftForeArm"))
    lines[at + 2] = "OFFSET 44 0 0"
    with pytest.raises(InputError, match="from shoulder to elbow are"):
        read("\n".join(lines), tmp_path)


def test_swapped_sides_are_no_match(tmp_path: Path) -> None:
    text, _ = write_foreign(PLAIN, dance())
    with pytest.raises(InputError, match="left and right are swapped, since the toes point backwards"):
        read(text.replace("Left", "Other").replace("Right", "Left").replace("Other", "Right"), tmp_path)
