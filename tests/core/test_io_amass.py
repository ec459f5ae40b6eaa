"""SMPL poses: read by a body model that the test makes, written with resolved twists, both against other kinematics."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from toy_body import body_arrays, natural_poses, rest_of, smpl_joints, upright_poses, y_up

from kinmo_core.anatomy import leg_length
from kinmo_core.cli import main
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.amass import fit_smpl
from kinmo_core.io.smpl import load_body, rig_body
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.rig import constant_body
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import walking_joints
from kinmo_core.testing.puppet import Action

NAMES = HUMANML3D.names
BETAS = np.linspace(-2, 2, 16)


@pytest.fixture
def body_model(tmp_path: Path) -> Path:
    np.savez(tmp_path / "body.npz", allow_pickle=False, **body_arrays())
    return tmp_path / "body.npz"


KINDS = {"SMPL": (72, "mocap_framerate"), "SMPL-H": (156, "mocap_framerate"), "SMPL-X": (165, "mocap_frame_rate")}


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_amass_files_are_read_by_their_body_model(tmp_path: Path, body_model: Path, kind: str, split: bool) -> None:
    width, rate = KINDS[kind]
    poses, trans = upright_poses(), np.random.default_rng(1).normal(size=(60, 3))
    padded = np.pad(poses, ((0, 0), (0, width - 66)), constant_values=0.3)  # hands must not matter
    arrays = {"root_orient": padded[:, :3], "pose_body": padded[:, 3:66]} if split else {"poses": padded}
    np.savez(
        tmp_path / "a.npz", allow_pickle=False, **arrays, trans=trans, betas=BETAS, gender="neutral", **{rate: 120.0}
    )
    motion = load_motion(tmp_path / "a.npz", ReadOptions(body_model=body_model))
    wanted = y_up(smpl_joints(rest_of(body_arrays(), BETAS), poses, trans))
    torch.testing.assert_close(motion.joints.double(), torch.from_numpy(wanted), atol=1e-6, rtol=0)
    assert motion.fps == 120


def test_joints_are_those_of_smplx(tmp_path: Path, body_model: Path) -> None:
    smplx = pytest.importorskip("smplx", reason="smplx is not installed: the oracle of body models")
    vertex_ids = pytest.importorskip("smplx.vertex_ids").vertex_ids
    model = smplx.SMPLH(
        str(body_model),
        ext="npz",
        use_pca=False,
        flat_hand_mean=True,
        num_betas=10,
        batch_size=60,
        dtype=torch.float64,
        vertex_ids=dict.fromkeys(vertex_ids["smplh"], 0),
    )
    poses, trans = upright_poses(), np.random.default_rng(1).normal(size=(60, 3))
    with torch.no_grad():
        wanted = model(
            betas=torch.from_numpy(BETAS[:10])[None].expand(60, 10),
            global_orient=torch.from_numpy(poses[:, :3]),
            body_pose=torch.from_numpy(poses[:, 3:66]),
            transl=torch.from_numpy(trans),
        ).joints[:, :22]
    np.savez(tmp_path / "a.npz", poses=poses, trans=trans, betas=BETAS[:10], mocap_framerate=30.0)
    motion = load_motion(tmp_path / "a.npz", ReadOptions(body_model=body_model))
    torch.testing.assert_close(motion.joints.double(), torch.from_numpy(y_up(wanted.numpy())), atol=1e-6, rtol=0)


def test_without_a_body_model_the_rig_is_moved_and_this_is_said(tmp_path: Path) -> None:
    poses, trans = upright_poses(), np.zeros((60, 3))
    np.savez(tmp_path / "a.npz", poses=poses, trans=trans, mocap_framerate=30.0)
    with pytest.warns(DataWarning, match="read with HumanML3D's bones, since no body model is given"):
        motion = load_motion(tmp_path / "a.npz")
    wanted = y_up(smpl_joints(rig_body().rest.numpy(), poses, trans))
    torch.testing.assert_close(motion.joints.double(), torch.from_numpy(wanted), atol=1e-6, rtol=0)


def test_files_with_y_up_are_told_by_the_head(tmp_path: Path, body_model: Path) -> None:
    poses = upright_poses()
    poses[:, :3] = 0  # SMPL's own frame
    np.savez(tmp_path / "a.npz", poses=poses, trans=np.zeros((60, 3)), mocap_framerate=30.0)
    with pytest.warns(DataWarning, match="read with y up, where the head is"):
        motion = load_motion(tmp_path / "a.npz", ReadOptions(body_model=body_model))
    wanted = smpl_joints(rest_of(body_arrays(), np.zeros(16)), poses, np.zeros((60, 3)))
    torch.testing.assert_close(motion.joints.double(), torch.from_numpy(wanted), atol=1e-6, rtol=0)


@pytest.mark.parametrize("own_body", [False, True])
def test_written_poses_give_the_motion_back_by_other_kinematics(
    tmp_path: Path, body_model: Path, own_body: bool
) -> None:
    clip = constant_body(Action(speed=1.0, stride=0.4, lift=0.6, squat=0.4, arm_swing=0.4).joints(100))
    save_motion(Motion(clip, fps=30.0), tmp_path / "a.amass.npz", body_model=body_model if own_body else None)
    with np.load(tmp_path / "a.amass.npz", allow_pickle=False) as file:
        stored = dict(file)
    assert stored["poses"].shape == (100, 156)
    assert float(stored["mocap_framerate"]) == 30
    rest = rest_of(body_arrays(), np.zeros(16)) if own_body else rig_body().rest.numpy()
    back = y_up(smpl_joints(rest, stored["poses"][:, :66], stored["trans"]))
    scale = float(leg_length(torch.from_numpy(rest)) / leg_length(clip[0].double()))
    off = np.linalg.norm(back - clip.numpy() * scale, axis=-1)
    feet = [NAMES.index(f"{side}_foot") for side in ("left", "right")]
    assert off[:, feet].max() < 0.002
    assert off.mean() < (0.03 if own_body else 1e-5)  # the other body has other hips, collars and spine
    if own_body:
        again = load_motion(tmp_path / "a.amass.npz", ReadOptions(body_model=body_model)).joints
        torch.testing.assert_close(again.double(), torch.from_numpy(back), atol=1e-5, rtol=0)


def test_twists_of_thighs_and_upper_arms_are_found() -> None:
    """Positions of natural poses give the poses back, which the shortest rotations are 10 to 30 degrees away from."""
    poses, rest = natural_poses(), rig_body().rest
    joints = torch.from_numpy(smpl_joints(rest.numpy(), poses, np.zeros((200, 3))))
    found, trans = fit_smpl(joints, rest)
    turned = Rotation.from_rotvec(found.numpy().reshape(-1, 3)).as_matrix().reshape(200, 22, 3, 3)
    turned[:, 0] = Rotation.from_euler("x", -90, degrees=True).as_matrix() @ turned[:, 0]  # y up again
    wanted = Rotation.from_rotvec(poses.reshape(-1, 3))
    off = np.degrees((wanted.inv() * Rotation.from_matrix(turned.reshape(-1, 3, 3))).magnitude()).reshape(200, 22)
    for name in ("hip", "knee", "shoulder", "elbow"):
        for side in ("left", "right"):
            assert np.percentile(off[:, NAMES.index(f"{side}_{name}")], 95) < 0.5, name
    torch.testing.assert_close(trans, torch.zeros(200, 3, dtype=torch.float64), atol=1e-6, rtol=0)


def test_straight_limbs_take_their_twist_from_the_frames_around() -> None:
    poses, rest = natural_poses().reshape(200, 22, 3), rig_body().rest
    elbow, shoulder = NAMES.index("left_elbow"), NAMES.index("left_shoulder")
    poses[:, shoulder] = [0.8, 0.2, 0.1]
    poses[90:110, elbow] = 0
    joints = torch.from_numpy(smpl_joints(rest.numpy(), poses.reshape(200, 66), np.zeros((200, 3))))
    found = fit_smpl(joints, rest)[0].unflatten(-1, (22, 3))[:, shoulder]
    torch.testing.assert_close(found, torch.from_numpy(poses[:, shoulder]), atol=0.02, rtol=0)


def test_a_person_with_straight_limbs_is_not_twisted() -> None:
    rest = rig_body().rest
    poses, _ = fit_smpl(rest.expand(5, 22, 3), rest)
    body = poses[:, 3:]
    torch.testing.assert_close(body, torch.zeros_like(body), atol=1e-3, rtol=0)


def test_fit_is_fast() -> None:
    clip = walking_joints(2000)
    fit_smpl(clip[:10], rig_body().rest)
    start = time.process_time()
    fit_smpl(clip, rig_body().rest)
    assert 2000 / (time.process_time() - start) > 500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"poses": np.zeros((4, 63))}, r"poses and trans must have shapes .*, got \(4, 63\) and \(4, 3\)"),
        ({"trans": np.zeros((5, 3))}, r"got \(4, 156\) and \(5, 3\)"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, r"got \(0, 156\) and \(0, 3\)"),
        ({"poses": np.full((4, 156), np.nan)}, "poses must hold finite numbers, got float64"),
        ({"poses": np.full((4, 156), "x")}, "poses must hold finite numbers, got <U1"),
        ({"mocap_framerate": None}, "must hold the frame rate as mocap_framerate; it holds poses, trans"),
        ({"mocap_framerate": np.zeros(2)}, "mocap_framerate must be a single number"),
        ({"mocap_framerate": np.array(-1.0)}, "fps must be between 0.1 and 1,000, got -1"),
    ],
)
def test_wrong_amass_files(
    tmp_path: Path, body_model: Path, change: dict[str, np.ndarray | None], message: str
) -> None:
    poses = np.tile(np.eye(1, 156) * np.pi / 2, (4, 1))  # standing, z up
    arrays = {"poses": poses, "trans": np.zeros((4, 3)), "mocap_framerate": np.array(30.0)} | change
    np.savez(tmp_path / "a.npz", allow_pickle=False, **{name: a for name, a in arrays.items() if a is not None})
    with pytest.raises(InputError, match=message) as caught:
        load_motion(tmp_path / "a.npz", ReadOptions(body_model=body_model))
    assert "a.npz" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v_template": None}, "this file lacks v_template"),
        ({"v_template": np.zeros((59, 3))}, r"must have shapes .*, got \(59, 3\), \(60, 3, 16\) and \(52, 60\)"),
        ({"J_regressor": np.zeros((21, 60))}, r"and \(21, 60\)"),
        ({"J_regressor": np.full((52, 60), np.inf)}, "J_regressor must hold finite numbers"),
        ({"kintree_table": np.zeros((2, 52))}, "kintree_table must begin with the 22 joints of SMPL, got another tree"),
    ],
)
def test_wrong_body_models(tmp_path: Path, change: dict[str, np.ndarray | None], message: str) -> None:
    arrays = {name: array for name, array in (body_arrays() | change).items() if array is not None}
    np.savez(tmp_path / "body.npz", allow_pickle=False, **arrays)
    with pytest.raises(InputError, match=message):
        load_body(tmp_path / "body.npz")


def test_body_models_as_pickles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"SMPL_NEUTRAL\.pkl: a body model must be a \.npz, .*: a pickle can run code"):
        load_body(tmp_path / "SMPL_NEUTRAL.pkl")


def test_convert_passes_the_body_model_on(tmp_path: Path, body_model: Path, walking: Tensor) -> None:
    save_motion(Motion(walking), tmp_path / "a.npz")
    main(["convert", str(tmp_path / "a.npz"), str(tmp_path / "b.amass.npz"), "--body-model", str(body_model)])
    main(["convert", str(tmp_path / "b.amass.npz"), str(tmp_path / "c.npz"), "--body-model", str(body_model)])
    own = load_motion(tmp_path / "c.npz")
    assert own.fps == 20
    bones = (own.joints[0, 4] - own.joints[0, 1]).norm()
    rest = torch.from_numpy(rest_of(body_arrays(), np.zeros(16)))
    torch.testing.assert_close(bones.double(), (rest[4] - rest[1]).norm(), atol=1e-5, rtol=0)


def test_csv_is_a_table_that_others_read(tmp_path: Path, walking: Tensor) -> None:
    save_motion(Motion(walking, fps=30.0), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["time"]) for row in rows] == pytest.approx(np.arange(60) / 30, abs=1e-6)
    wrist = [[float(row[f"left_wrist_{axis}"]) for axis in "xyz"] for row in rows]
    torch.testing.assert_close(torch.tensor(wrist), walking[:, NAMES.index("left_wrist")], atol=1e-6, rtol=0)
    assert len(rows[0]) == 67
