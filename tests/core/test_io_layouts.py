"""Arrays of neighbouring tools: every layout gives the same 22 joints, and what was concluded is said."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import encode_raw
from kinmo_core.io import kit, load_motion, save_motion
from kinmo_core.motion import Motion
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import walking_joints

LAYOUTS = {
    "(T, 22, 3)": lambda joints: joints,
    "float16": lambda joints: joints.astype(np.float16),
    "float64": lambda joints: joints.astype(np.float64),
    "(1, T, 22, 3)": lambda joints: joints[None],
    "(T, 24, 3)": lambda joints: with_more(joints, 2),
    "(T, 52, 3)": lambda joints: with_more(joints, 30),
    "(T, 55, 3)": lambda joints: with_more(joints, 33),
    "(T, 66)": lambda joints: joints.reshape(len(joints), 66),
    "(22, 3, T)": lambda joints: joints.transpose(1, 2, 0),
    "(1, 22, 3, T)": lambda joints: joints.transpose(1, 2, 0)[None],
    "big-endian": lambda joints: joints.astype(">f4"),
    "columns first": np.asfortranarray,
}


def with_more(joints: np.ndarray, count: int) -> np.ndarray:
    """Joints of hands behind the 22, as SMPL and its successors have them; far away, so that they would be seen."""
    return np.concatenate([joints, np.full((len(joints), count, 3), 99.0, joints.dtype)], axis=1)


@pytest.mark.parametrize("frames", [3, 22, 60])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_joints(tmp_path: Path, layout: str, frames: int) -> None:
    joints = walking_joints(frames)
    np.save(tmp_path / "a.npy", LAYOUTS[layout](joints.numpy()))
    motion = load_motion(tmp_path / "a.npy")
    torch.testing.assert_close(motion.joints, joints, atol=2e-3 if layout == "float16" else 0, rtol=0)
    assert motion.fps == 20


@pytest.mark.parametrize("name", ["posed_joints", "new_joints", "keypoints3d", "whatever"])
@pytest.mark.parametrize("rate", ["fps", "mocap_framerate", "mocap_frame_rate"])
def test_an_archive_keeps_its_frame_rate(tmp_path: Path, walking: Tensor, name: str, rate: str) -> None:
    arrays = {name: walking.numpy()} | ({} if name == "whatever" else {"root_positions": np.zeros((60, 3))})
    np.savez(
        tmp_path / "a.npz", allow_pickle=False, **arrays, **({} if name == "whatever" else {rate: np.array([30.0])})
    )
    if name == "whatever":
        with pytest.warns(DataWarning, match="read at 20 fps, since the file names no frame rate"):
            assert load_motion(tmp_path / "a.npz").fps == 20
        return
    motion = load_motion(tmp_path / "a.npz")
    assert torch.equal(motion.joints, walking)
    assert motion.fps == 30


@pytest.mark.parametrize(
    ("unit", "metres"), [("centimetres", 0.01), ("millimetres", 0.001), ("inches", 0.0254), ("metres", 1.0)]
)
def test_units_are_told_by_the_legs(tmp_path: Path, walking: Tensor, unit: str, metres: float) -> None:
    np.save(tmp_path / "a.npy", (walking / metres).numpy())
    if unit == "metres":
        assert torch.equal(load_motion(tmp_path / "a.npy").joints, walking)
        return
    with pytest.warns(DataWarning, match=rf"a\.npy: read as {unit}, in which the legs are 0\.8\d m"):
        motion = load_motion(tmp_path / "a.npy")
    torch.testing.assert_close(motion.joints, walking, atol=1e-5, rtol=0)


AXES = {  # where a file with another axis up has its x, y, z
    "z": lambda p: p[..., [0, 2, 1]] * [1, -1, 1],
    "-y": lambda p: p * [1, -1, -1],
    "-z": lambda p: p[..., [0, 2, 1]] * [1, 1, -1],
    "x": lambda p: p[..., [1, 0, 2]] * [1, -1, 1],
    "-x": lambda p: p[..., [1, 0, 2]] * [-1, 1, 1],
}


@pytest.mark.parametrize("axis", AXES)
def test_the_axis_with_the_head_becomes_up(tmp_path: Path, walking: Tensor, axis: str) -> None:
    turned = AXES[axis](walking.numpy())
    lengths = [torch.cdist(clip, clip) for clip in (walking.double(), torch.from_numpy(turned))]
    torch.testing.assert_close(*lengths, atol=1e-6, rtol=0)  # a rotation or reflection, so that the file is a person
    np.save(tmp_path / "a.npy", turned)
    with pytest.warns(DataWarning, match=f"a.npy: read with {axis} up, where the head is"):
        motion = load_motion(tmp_path / "a.npy")
    torch.testing.assert_close(motion.joints, walking, atol=1e-6, rtol=0)


def test_a_person_who_lies_or_stands_on_the_hands_is_left_so(tmp_path: Path, walking: Tensor) -> None:
    lying = walking[..., [0, 2, 1]] * torch.tensor([1.0, -1.0, 1.0])
    lying[..., 1] -= lying[..., 1].min()  # on the floor of y
    lying[..., 2] -= lying[..., 2].mean()
    stand = walking * torch.tensor([1.0, -1.0, -1.0]) + torch.tensor([0.0, 2.0, 0.0])
    wrists = HUMANML3D.index("left_wrist", "right_wrist")
    stand[:, wrists] = stand[:, HUMANML3D.index("head")] - torch.tensor([0.0, 0.4, 0.0])
    for name, clip in (("lying", lying), ("handstand", stand)):
        np.save(tmp_path / f"{name}.npy", clip.numpy())
        assert torch.equal(load_motion(tmp_path / f"{name}.npy").joints, clip)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.random.default_rng(0).normal(size=(60, 24, 3)), r"legs of about 0\.82 m in metres, .*, got legs of [45]\."),
        (np.zeros((10, 22, 3)), "got legs of 0 units"),
        (np.zeros((2, 10, 22, 3)), r"must hold one motion, got 2 of them: float64 \(2, 10, 22, 3\)"),
        (np.zeros((3, 22, 3, 10)), "must hold one motion, got 3"),
        (np.zeros((10, 23, 3)), r"wanted joints .*, got float64 \(10, 23, 3\)"),
        (np.zeros((10, 72)), r"wanted joints .*, got float64 \(10, 72\)"),
        (np.zeros((0, 22, 3)), r"at least one frame, got none: float64 \(0, 22, 3\)"),
        (np.zeros((5, 22, 3), dtype=bool), "got bool"),
        (np.zeros((5, 22, 3), dtype=complex), "got complex128"),
        (np.full((5, 22, 3), np.nan), "NaN or infinity first in frame 0"),
        (np.full((5, 22, 3), 1e300), "NaN or infinity first in frame 0"),
        (np.full((5, 263), np.nan), "NaN or infinity first in frame 0"),
    ],
)
def test_what_is_no_person_is_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=message) as caught:
        load_motion(tmp_path / "a.npy")
    assert "a.npy" in str(caught.value)
    assert "\n" not in str(caught.value)


def kit_joints(clip: np.ndarray) -> np.ndarray:
    """KIT's 21 joints, as T2M calls their sides, of HumanML3D's."""
    at = dict(zip(HUMANML3D.names, clip.transpose(1, 0, 2), strict=True))
    spine = ["pelvis", "spine1", "spine2", "neck", "head"]
    arms = [f"{side}_{part}" for side in ("right", "left") for part in ("shoulder", "elbow", "wrist")]
    places = [at[name] for name in (*spine, *arms)]
    for side in ("right", "left"):
        hip, knee, ankle, foot = (at[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot"))
        places += [hip, knee, ankle, (ankle + foot) / 2, foot]
    return np.stack(places, axis=1) * 1000


def kit_features(joints: np.ndarray) -> np.ndarray:
    """The part of KIT's features that is decoded, written from the definition in complex numbers: root and positions."""
    plane = joints[..., 2] + 1j * joints[..., 0]  # its argument is the angle from +z to +x
    across = (plane[:, 16] - plane[:, 11]) + (plane[:, 8] - plane[:, 5])
    turn = np.unwrap(np.angle(across * -1j)) / 2  # half the yaw of the front, a quarter turn after the left side
    turn -= turn[0]
    step, local = np.diff(plane[:, 0]), plane[:, 1:] - plane[:, :1]
    out = np.zeros((len(joints) - 1, 251))
    out[:, 0] = -np.diff(turn)
    forward = step * np.exp(-2j * turn[1:])
    out[:, 1], out[:, 2], out[:, 3] = forward.imag, forward.real, joints[:-1, 0, 1]
    body = (local * np.exp(-2j * turn[:, None]))[:-1]
    out[:, 4:64] = np.stack([body.imag, joints[:-1, 1:, 1], body.real], axis=-1).reshape(len(out), 60)
    return out


@pytest.mark.parametrize("swapped", [False, True])
def test_kit_features_and_joints_give_the_joints(tmp_path: Path, walking: Tensor, swapped: bool) -> None:
    clip = rotate_yaw(walking, torch.linspace(0, 2, 60)[:, None])  # on a curve; the first frame faces +z
    clip = clip - clip[:1, :1] * torch.tensor([1.0, 0.0, 1.0])
    mirrored = torch.tensor([-1.0, 1.0, 1.0])
    source = (clip * mirrored if swapped else clip).numpy().astype(np.float64)
    np.save(tmp_path / "vecs.npy", kit_features(kit_joints(source)))
    np.save(tmp_path / "joints.npy", kit_joints(source))
    with pytest.warns(DataWarning, match="joints.npy: read as millimetres"):
        joints = load_motion(tmp_path / "joints.npy")
    features = load_motion(tmp_path / "vecs.npy")
    assert joints.fps == features.fps == 12.5
    order = list(HUMANML3D.mirror_permutation) if swapped else list(range(22))
    wanted = torch.from_numpy(source).float()[:, order]
    own = [HUMANML3D.names.index(name) for name in kit._OWN]
    torch.testing.assert_close(features.joints[:, own], wanted[:59, own], atol=1e-4, rtol=0)
    torch.testing.assert_close(joints.joints[:, own], wanted[:, own], atol=1e-5, rtol=0)
    off = (joints.joints - wanted).norm(dim=-1).amax(0)
    assert float(off.max()) < 0.12  # collars and spine lie between KIT's joints


def test_the_rate_of_a_npy_is_twenty_and_said(tmp_path: Path) -> None:
    joints = walking_joints(121, fps=120.0)
    with pytest.warns(DataWarning, match=r"a\.npy: resampled from 120 to 20 fps, which every \.npy has; a \.npz keeps"):
        save_motion(Motion(joints, fps=120.0), tmp_path / "a.npy")
    back = load_motion(tmp_path / "a.npy")
    assert back.fps == 20
    torch.testing.assert_close(back.joints, joints[::6], atol=1e-6, rtol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_motion(back, tmp_path / "b.npy")


def test_humanml3d_features_of_any_type_give_the_joints(tmp_path: Path, walking: Tensor) -> None:
    features = encode_raw(walking).numpy()
    np.save(tmp_path / "a.npy", features)
    np.save(tmp_path / "b.npy", features.astype(np.float64)[None])
    assert torch.equal(load_motion(tmp_path / "a.npy").joints, load_motion(tmp_path / "b.npy").joints)


class Bomb:
    """An object whose pickle ends the process when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit(99)",)


def test_pickles_are_refused_and_the_page_converts_them(tmp_path: Path, walking: Tensor) -> None:
    trap = np.empty((), dtype=object)
    trap[()] = Bomb()
    np.save(tmp_path / "trap.npy", trap, allow_pickle=True)
    (tmp_path / "trap.pkl").write_bytes(pickle.dumps(Bomb()))
    for name in ("trap.npy", "trap.pkl"):
        with pytest.raises(InputError, match="a pickle can run code when it is read, so KinMo never reads one"):
            load_motion(tmp_path / name)
    holder = np.empty((), dtype=object)
    holder[()] = {"motion": walking.permute(1, 2, 0)[None].numpy(), "text": ["a person walks"]}
    np.save(tmp_path / "results.npy", holder, allow_pickle=True)
    with pytest.raises(InputError, match=r"results\.npy holds Python objects: .*savez, as kinmo-core's README shows"):
        load_motion(tmp_path / "results.npy")
    page = Path(__file__).resolve().parents[2] / "packages" / "kinmo-core" / "README.md"
    [code] = re.findall(r'python -c "(import numpy.*?)"', page.read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        exec(code)
    torch.testing.assert_close(load_motion(tmp_path / "joints.npz").joints, walking, atol=0, rtol=0)


def test_sizes_are_checked_before_memory_is_taken(tmp_path: Path) -> None:
    """A file of a few hundred bytes that declares terabytes, alone and inside an archive that would grow as large."""
    import io
    import zipfile

    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**10, 22, 3)})
    (tmp_path / "a.npy").write_bytes(head.getvalue())
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("joints.npy", head.getvalue() + bytes(10**6))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InputError, match=r"must have at most 536,870,912 bytes, got 2,640,000,000,000"):
            load_motion(tmp_path / name)
