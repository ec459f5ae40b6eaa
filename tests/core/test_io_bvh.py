"""BVH: our own file read back, by two foreign readers too; foreign files; every way a file can be broken."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from kinmo_core.errors import InputError
from kinmo_core.features import canonicalize
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.bvh import read_bvh
from kinmo_core.io.bvh_parse import Bvh, parse_bvh
from kinmo_core.io.bvh_write import euler_degrees, write_bvh
from kinmo_core.io.cgspeed import is_cgspeed, repair
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.rig import JOINT_NAMES, OFFSETS, fit_rotations, place_joints, rest_joints
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action

TINY = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Knee {
    OFFSET 0 -2 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    End Site { OFFSET 0 -2 0 }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
1 2 3 90 0 0 0 0 0
1 2 3 0 90 0 0 0 0
"""


def dance(frames: int = 60, seed: int = 0) -> torch.Tensor:
    """A clip that the rig can follow exactly: every joint turns smoothly and a lot, pelvis and chest all the way round."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, frames)
    waves = rng.normal(size=(3, 22, 3))
    angles = 0.5 * (waves[0] * np.sin(time)[:, None, None] + waves[1] * np.cos(2 * time)[:, None, None])
    angles[:, 0] += np.stack([0 * time, 3 * time, 0 * time], axis=-1)
    turns = Rotation.from_rotvec(angles.reshape(-1, 3)).as_matrix().reshape(frames, 22, 3, 3)
    root = torch.from_numpy(np.stack([np.sin(time), 1 + 0.1 * np.cos(time), time], axis=-1))
    return place_joints(root, torch.from_numpy(turns))


@pytest.fixture
def clip() -> Motion:
    return Motion(dance().float(), fps=20.0)


def test_rest_pose_is_a_t_pose() -> None:
    rest = dict(zip(HUMANML3D.names, rest_joints(), strict=True))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for start, end in (("shoulder", "elbow"), ("elbow", "wrist")):
            bone = rest[f"{side}_{end}"] - rest[f"{side}_{start}"]
            torch.testing.assert_close(bone / bone.norm(), torch.tensor([sign, 0.0, 0.0], dtype=torch.float64))
        for start, end in (("hip", "knee"), ("knee", "ankle")):
            bone = rest[f"{side}_{end}"] - rest[f"{side}_{start}"]
            torch.testing.assert_close(bone / bone.norm(), torch.tensor([0.0, -1.0, 0.0], dtype=torch.float64))
        foot = rest[f"{side}_foot"] - rest[f"{side}_ankle"]
        assert foot[0] == 0
        assert foot[2] > 0.9 * foot.norm()


def test_rest_directions_are_symmetric_and_lengths_those_of_humanml3d() -> None:
    lengths = torch.tensor(HUMANML3D.bone_lengths, dtype=torch.float64)
    torch.testing.assert_close(OFFSETS.norm(dim=-1), lengths)
    directions = OFFSETS[1:] / lengths[1:, None]
    twins = directions[[twin - 1 for twin in HUMANML3D.mirror_permutation[1:]]]
    torch.testing.assert_close(directions * torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64), twins)


def test_t_pose_needs_no_rotation() -> None:
    root, rotations = fit_rotations(rest_joints()[None] + torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(rotations, torch.eye(3, dtype=torch.float64).expand(1, 22, 3, 3))
    torch.testing.assert_close(root[0], torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))


def test_fit_follows_a_clip_of_the_rig_exactly() -> None:
    joints = dance()
    root, rotations = fit_rotations(joints)
    torch.testing.assert_close(place_joints(root, rotations), joints, atol=1e-6, rtol=0)
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(3).double().expand_as(rotations), atol=1e-9, rtol=0)
    torch.testing.assert_close(torch.linalg.det(rotations), torch.ones(60, 22, dtype=torch.float64))


def test_an_error_at_the_hips_does_not_reach_the_feet() -> None:
    joints = dance()
    hip, ankle = HUMANML3D.index("left_hip", "left_ankle")
    joints[:, hip] += torch.tensor([0.0, 0.004, 0.0])  # as other people's pelvis differs from the rig's
    error = (place_joints(*fit_rotations(joints)) - joints).norm(dim=-1).mean(0)
    assert error[hip] > 0.001
    assert error[ankle] < 0.5 * error[hip]


def test_joints_in_one_place_give_a_rotation_still() -> None:
    root, rotations = fit_rotations(torch.zeros(2, 22, 3))
    assert place_joints(root, rotations).isfinite().all()
    torch.testing.assert_close(torch.linalg.det(rotations), torch.ones(2, 22, dtype=torch.float64))


def test_fit_error_on_recorded_clips_is_below_five_millimetres(shared_data: Path) -> None:
    pack = shared_data / "cmu-humanml3d"
    rows = np.load(pack / "joints.npz")["joints"]
    trials = [json.loads(line) for line in (pack / "trials.jsonl").read_text(encoding="utf-8").splitlines()[::100]]
    for trial in trials:
        raw = rows[trial["start"] : trial["start"] + min(200, trial["frames"])].astype(np.float32) / 4096
        joints = canonicalize(torch.from_numpy(raw))
        error = (place_joints(*fit_rotations(joints)) - joints).norm(dim=-1)
        assert error.mean() < 0.005, trial["trial"]


def test_round_trip(clip: Motion, tmp_path: Path) -> None:
    write_bvh(clip, tmp_path / "a.bvh")
    back = load_motion(tmp_path / "a.bvh")
    assert back.fps == 20
    torch.testing.assert_close(back.joints, clip.joints, atol=1e-3, rtol=0)


@pytest.mark.parametrize("scale", [1.0, 0.01, 0.0254])
def test_any_unit_round_trips(clip: Motion, tmp_path: Path, scale: float) -> None:
    write_bvh(clip, tmp_path / "a.bvh", scale=scale)
    for given in (scale, None):
        back = read_bvh(tmp_path / "a.bvh", ReadOptions(scale=given))
        torch.testing.assert_close(back.joints, clip.joints, atol=1e-3, rtol=0)


def test_another_body_is_exported_with_its_own_proportions(tmp_path: Path) -> None:
    joints = Action(stride=0.4, lift=0.4, wave="left", turn=1.0).joints(40)  # hips level and 21 cm apart, a long neck
    write_bvh(Motion(joints), tmp_path / "a.bvh")
    torch.testing.assert_close(read_bvh(tmp_path / "a.bvh").joints, joints, atol=1e-3, rtol=0)
    save_motion(Motion(1.1 * joints), tmp_path / "a.bvh")
    torch.testing.assert_close(read_bvh(tmp_path / "a.bvh").joints, 1.1 * joints, atol=1e-3, rtol=0)


def test_all_clips_of_a_body_share_one_hierarchy(tmp_path: Path) -> None:
    heads = []
    for seed in (1, 2):
        write_bvh(Motion(dance(seed=seed).float() * (1 + 0.005 * seed)), tmp_path / "a.bvh")
        heads.append((tmp_path / "a.bvh").read_text().split("MOTION")[0])
    assert heads[0] == heads[1]
    assert heads[0].count("End Site") == 5


def test_foreign_reader_pybvh_agrees(clip: Motion, tmp_path: Path) -> None:
    pybvh = pytest.importorskip("pybvh")
    write_bvh(clip, tmp_path / "a.bvh")
    theirs = pybvh.read_bvh_file(tmp_path / "a.bvh", world_up="+y")
    positions = theirs.joint_positions()
    order = [list(theirs.joint_names).index(name) for name in JOINT_NAMES]
    np.testing.assert_allclose(np.asarray(positions)[:, order] / 100, clip.joints.numpy(), atol=1e-3)


def test_foreign_reader_bvhio_agrees(clip: Motion, tmp_path: Path) -> None:
    bvhio = pytest.importorskip("bvhio")
    write_bvh(clip, tmp_path / "a.bvh")
    root = bvhio.readAsHierarchy(str(tmp_path / "a.bvh"))
    for frame in (0, 17, 59):
        root.loadPose(frame)
        places = {joint.Name: np.array(joint.PositionWorld) / 100 for joint, _, _ in root.layout()}
        ours = clip.joints[frame].numpy()
        np.testing.assert_allclose(np.stack([places[name] for name in JOINT_NAMES]), ours, atol=1e-3)


def test_angles_do_not_jump_and_give_the_rotations_back() -> None:
    _, rotations = fit_rotations(dance(frames=120))
    angles = euler_degrees(rotations.numpy())
    assert np.abs(np.diff(angles, axis=0)).max() <= 180
    assert angles[:, 0].max() - angles[:, 0].min() > 360  # the dancer spins three times: unwrapped, not folded back
    hips, arm = (HUMANML3D.names.index(name) for name in ("pelvis", "left_shoulder"))
    for joint, order in ((hips, "YZX"), (arm, "ZXY")):
        back = Rotation.from_euler(order, angles[:, joint], degrees=True).as_matrix()
        np.testing.assert_allclose(back, rotations[:, joint].numpy(), atol=1e-9)


def test_gimbal_lock_gives_the_rotation_back() -> None:
    turn = Rotation.from_euler("YZX", [[30, 90, 20], [30, 90, 50]], degrees=True).as_matrix()
    rotations = np.tile(np.eye(3), (2, 22, 1, 1))
    rotations[:, 0] = turn
    back = Rotation.from_euler("YZX", euler_degrees(rotations)[:, 0], degrees=True).as_matrix()
    np.testing.assert_allclose(back, turn, atol=1e-6)


def test_export_is_fast(tmp_path: Path) -> None:
    motion = Motion(dance(frames=196).float())
    seconds = []
    for _ in range(5):
        start = time.process_time()
        write_bvh(motion, tmp_path / "a.bvh")
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.2  # 0.03 s of one core


def test_parser_applies_channels_in_file_order() -> None:
    positions = parse_bvh(TINY).positions()
    np.testing.assert_allclose(positions[:, 0], [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_allclose(positions[0, 1], [3, 2, 3], atol=1e-12)  # z by 90 degrees takes -y to +x
    np.testing.assert_allclose(positions[1, 1], [1, 2, 1], atol=1e-12)  # x by 90 degrees takes -y to -z


def test_parser_mixed_orders_match_a_product_of_matrices() -> None:
    text = TINY.replace("1 2 3 90 0 0 0 0 0", "1 2 3 10 20 30 40 50 60").replace("0 -2 0\n    C", "1 -2 3\n    C")
    turn = Rotation.from_euler("z", 10, degrees=True) * Rotation.from_euler("x", 20, degrees=True)
    turn = turn * Rotation.from_euler("y", 30, degrees=True)
    np.testing.assert_allclose(parse_bvh(text).positions()[0, 1], np.add([1, 2, 3], turn.apply([1, -2, 3])), atol=1e-12)


def test_position_channels_of_any_joint_replace_the_offset() -> None:
    text = TINY.replace("CHANNELS 3 Yrotation Xrotation Zrotation", "CHANNELS 2 Yposition Xrotation")
    text = text.replace("90 0 0 0 0 0", "0 0 0 -5 0").replace("0 90 0 0 0 0", "0 0 0 -7 0")
    np.testing.assert_allclose(parse_bvh(text).positions()[:, 1], [[1, -3, 3], [1, -5, 3]], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MOTION\n", "", "no MOTION block"),
        ("HIERARCHY", "HELLO", "line 1: wanted HIERARCHY, got 'HELLO'"),
        ("OFFSET 0 -2 0\n    C", "OFFSET 0 two 0\n    C", "line 7: OFFSET wants three numbers, got '0 two 0'"),
        ("CHANNELS 3 Y", "CHANNELS Y", "line 8: CHANNELS wants a count first, got 'Yrotation'"),
        ("CHANNELS 3 Y", "CHANNELS 4 Y", "line 9: Knee has 4 CHANNELS, got 'End'"),
        ("3 Yrotation", "3 Xrotation", "line 8: Knee names a channel twice"),
        ("  }\n}\nMOTION", "  }\nMOTION", "the HIERARCHY block ends too early"),
        ("ROOT Hips", "ROTO Hips", "line 2: did not expect 'ROTO'"),
        ("Frames: 2", "Frames: two", "line 13: wanted 'Frames: COUNT' in the MOTION block, got 'Frames: two'"),
        ("Frame Time: 0.05", "1 2 3", "line 14: wanted 'Frame Time: SECONDS'"),
        (
            "Frame Time: 0.05",
            "Frame Time: 0",
            "line 14: Frame Time must be 0.0001 to 10 seconds, got 0; give --input-fps",
        ),
        ("Frames: 2", "Frames: 4", "line 16: 4 frames are declared, the MOTION block has 2"),
        ("Frames: 2", "Frames: 0", "line 16: 0 frames are declared, the MOTION block has 2"),
        ("OFFSET 0 -2 0\n    C", "OFFSET 0 inf 0\n    C", "line 7: OFFSET wants numbers up to 1e+09, got '0 inf 0'"),
        ("CHANNELS 3 Y", "CHANNELS 7 Y", "line 8: Knee has 7 CHANNELS, at most 6 can be"),
        ("1 2 3 0 90 0 0 0 0", "1 2 3 0 90 0 0 0", "line 16: wanted 9 numbers, one a channel, got 8"),
        ("1 2 3 0 90", "1 2 x 0 90", "line 16: 'x' is not a number up to 1e+09"),
        ("1 2 3 0 90", "1 2 nan 0 90", "line 16: 'nan' is not a number up to 1e+09"),
    ],
)
def test_broken_files_name_the_line(old: str, new: str, message: str) -> None:
    assert old in TINY
    with pytest.raises(InputError) as caught:
        parse_bvh(TINY.replace(old, new), source="a.bvh")
    assert str(caught.value).startswith("a.bvh")
    assert message in str(caught.value)


def test_cut_off_anywhere_is_an_input_error_or_a_whole_file() -> None:
    three = TINY.replace("Frames: 2", "Frames: 3") + "1 2 3 0 0 0 0 0 0\n"
    for length in range(three.index("1 2 3 0 90")):
        with pytest.raises(InputError):
            parse_bvh(three[:length])


def test_missing_joints_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.bvh").write_text(TINY)
    with pytest.raises(InputError, match=r"no joint found for .*left_hip.*--map FILE") as caught:
        read_bvh(tmp_path / "a.bvh")
    assert "left_hip: ~  # needed" in caught.value.attachment
    assert "# Other joints of the file: Hips, Knee" in caught.value.attachment


@pytest.mark.parametrize("rename", ["mixamorig:{}", "Dancer_01:{}", "mixamorig{}"])
def test_namespaces_are_ignored(clip: Motion, tmp_path: Path, rename: str) -> None:
    write_bvh(clip, tmp_path / "a.bvh")
    text = (tmp_path / "a.bvh").read_text()
    for name in JOINT_NAMES:
        text = text.replace(f" {name}\n", f" {rename.format(name)}\n")
    (tmp_path / "a.bvh").write_text(text)
    torch.testing.assert_close(read_bvh(tmp_path / "a.bvh").joints, clip.joints, atol=1e-3, rtol=0)


def titled(name: str) -> str:
    return name.title().replace("_", "")


_SPINES = {"pelvis": "Hips", "spine1": "Chest", "spine2": "Chest2", "spine3": "Chest4"}
_OTHER_NAMES = {
    "HumanML3D": HUMANML3D.names,  # spine1 is another vertebra there than Spine1 in our own files
    "SMPL": tuple(name.title().replace("Left_", "L_").replace("Right_", "R_") for name in HUMANML3D.names),
    "LaFAN1": tuple(name.replace("ToeBase", "Toe") for name in JOINT_NAMES),
    "100STYLE": tuple(_SPINES.get(name, titled(name).replace("Foot", "Toe")) for name in HUMANML3D.names),
}


@pytest.mark.parametrize("style", _OTHER_NAMES)
def test_other_naming_schemes(clip: Motion, tmp_path: Path, style: str) -> None:
    write_bvh(clip, tmp_path / "a.bvh")
    names: dict[str, str] = dict(zip(JOINT_NAMES, _OTHER_NAMES[style], strict=True))
    lines = (tmp_path / "a.bvh").read_text().splitlines()
    for number, line in enumerate(lines):
        keyword, _, name = line.partition(" ")
        if keyword.strip() in {"ROOT", "JOINT"}:
            lines[number] = f"{keyword} {names[name]}"
    (tmp_path / "a.bvh").write_text("\n".join(lines))
    torch.testing.assert_close(read_bvh(tmp_path / "a.bvh").joints, clip.joints, atol=1e-3, rtol=0)


def test_legs_of_no_length_need_a_scale(clip: Motion, tmp_path: Path) -> None:
    write_bvh(clip, tmp_path / "a.bvh")
    head, motion = (tmp_path / "a.bvh").read_text().split("MOTION")
    flat = "\n".join(
        f"{line.partition('OFFSET')[0]}OFFSET 0 0 0" if "OFFSET" in line else line for line in head.split("\n")
    )
    (tmp_path / "a.bvh").write_text(flat + "MOTION" + motion)
    with pytest.raises(InputError, match="give --scale in metres per unit"):
        read_bvh(tmp_path / "a.bvh")
    with pytest.raises(InputError, match=r"must be 0.6 to 2.6 m tall, got 0 m"):
        read_bvh(tmp_path / "a.bvh", ReadOptions(scale=0.01))


def test_wrong_shape_is_named() -> None:
    with pytest.raises(InputError, match=r"\(frames, 22, 3\), got \(5, 21, 3\)"):
        fit_rotations(torch.zeros(5, 21, 3))


@pytest.mark.parametrize(("name", "frames"), [("07_02", 329), ("12_01", 523), ("35_17", 167)])
def test_recorded_files_of_cgspeed(shared_data: Path, name: str, frames: int) -> None:
    path = shared_data / "raw-samples" / "bvh" / f"{name}.bvh"
    motion = read_bvh(path)
    assert len(motion) == frames
    assert motion.fps == 120
    assert 1.2 < float(motion.joints[:, 15, 1].median() - motion.joints[:, 10:12, 1].median()) < 1.8
    assert len(read_bvh(path, ReadOptions(drop_rest="no"))) == frames + 1
    pybvh = pytest.importorskip("pybvh")
    theirs = pybvh.read_bvh_file(path, world_up="+y")
    places = dict(zip(theirs.joint_names, np.asarray(theirs.joint_positions())[1:].swapaxes(0, 1), strict=True))
    for joint, name in (
        ("pelvis", "Hips"),
        ("left_hip", "LeftUpLeg"),
        ("right_foot", "RightToeBase"),
        ("spine2", "Spine1"),
    ):
        ours = motion.joints[:, HUMANML3D.index(joint)[0]].numpy()
        np.testing.assert_allclose(ours, places[name] * 0.0254 / 0.45, atol=1e-4)
    head, neck = HUMANML3D.index("head", "neck")
    bone = motion.joints[:, head] - motion.joints[:, neck]
    chest = motion.joints[:, neck] - motion.joints[:, HUMANML3D.index("spine2")[0]]
    cosine = torch.nn.functional.cosine_similarity(bone, chest, dim=-1)
    assert 10 < float(cosine.acos().rad2deg().median()) < 50  # the skull lies in front of the neck, not behind


def test_cgspeed_gets_its_vertebra_back() -> None:
    """The same layout self-made: a column of joints one unit apart, so that what is added shows in the heights."""
    tree = ["Hips/", "LHipJoint/Hips", "LowerBack/Hips", "Spine/LowerBack", "Spine1/Spine", "Neck/Spine1"]
    tree += ["Neck1/Neck", "Head/Neck1", "LeftShoulder/Spine1", "RightShoulder/Spine1", "LeftArm/LeftShoulder"]
    tree += ["LeftForeArm/LeftArm", "LeftHand/LeftForeArm", "RightArm/RightShoulder", "RightForeArm/RightArm"]
    tree += ["RightHand/RightForeArm"]
    names, above = zip(*(joint.split("/") for joint in tree), strict=True)
    flat = {"Hips", "LHipJoint", "LowerBack", "Neck", "LeftShoulder", "RightShoulder"}
    offsets = [[0.0, 0.0 if name in flat else 1.0, 0.0] for name in names]
    parents = [names.index(parent) if parent else -1 for parent in above]
    bvh = Bvh(list(names), parents, offsets, [[] for _ in names], values=np.zeros((1, 0)))
    assert is_cgspeed(bvh)
    found = repair(bvh)
    height = {name: bvh.positions()[0, joint, 1] for joint, name in enumerate(bvh.names)}
    assert [height[name] for name in ("Spine1", "Neck", "LeftArm", "LeftHand", "Head")] == [2, 3, 4, 6.5, 5]
    assert bvh.names[found["neck"]] == "Head"
    assert height[bvh.names[found["head"]]] > height["Head"]
    assert not is_cgspeed(bvh)  # a file without the fault stays as it is
