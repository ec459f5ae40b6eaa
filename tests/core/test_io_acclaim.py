"""Acclaim files, ASF and AMC: joints against world rotations and bone vectors that know no axes, orders and channels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from acclaim_take import take
from scipy.spatial.transform import Rotation

from kinmo_core.cli import main
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import canonicalize
from kinmo_core.io import load_motion
from kinmo_core.io.acclaim import Acclaim, parse_amc, read_amc
from kinmo_core.io.acclaim_skeleton import parse_asf
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.skeleton import HUMANML3D

RATE = ReadOptions(fps=120.0)
NAMES = HUMANML3D.names


def worst(motion: Motion, joints: dict[str, np.ndarray]) -> float:
    """Return the largest distance of the joints that the file has, m."""
    return max(float(np.abs(motion.joints[:, NAMES.index(name)].numpy() - true).max()) for name, true in joints.items())


@pytest.mark.parametrize("radians", [False, True])
@pytest.mark.parametrize("length", [0.45, 1.0])
def test_joints_are_where_world_rotations_put_the_bones(tmp_path: Path, length: float, radians: bool) -> None:
    made = take(length=length, radians=radians)
    lines: list[str] = []
    motion = load_motion(made.write(tmp_path), RATE, note=lines.append)
    assert worst(motion, made.joints) < 1e-4
    assert motion.fps == 120
    assert f"in units of {length:g} to an inch" in lines[0]
    assert worst(motion, made.derived) < 0.02


def test_a_subset_of_channels_turns_about_the_named_axes_in_their_order() -> None:
    """A knee with rz and rx in a turned frame, and a root that moves before it turns about z, y, x."""
    asf = """:units
 length 1
:root
 order RZ TY RX
 axis ZYX
 position 1 2 3
 orientation 0 90 0
:bonedata
 begin
 name shin
 direction 0 -2 0
 length 4
 axis 10 20 30 ZXY
 dof rz rx
 end
:hierarchy
 begin
 root shin
 end
"""
    skeleton = parse_asf(asf)
    clip = Acclaim(skeleton, parse_amc("1\nroot 30 5 40\nshin 50 60\n", skeleton))
    place, world = clip.pose()

    def about(axis: str, angle: float) -> Rotation:
        return Rotation.from_euler(axis, angle, degrees=True)

    frame = about("y", 20) * about("x", 10) * about("z", 30)  # z first
    frame = about("y", 30) * about("x", 20) * about("z", 10)
    root = about("y", 90) * (about("x", 40) * about("z", 30)) * about("y", -90)
    shin = root * frame * (about("x", 60) * about("z", 50)) * frame.inv()
    np.testing.assert_allclose(world[0, 1], shin.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(place[0, 1], [1, 7, 3], atol=1e-12)
    np.testing.assert_allclose(place[0, 2], place[0, 1] + shin.apply([0, -4, 0]), atol=1e-12)
    np.testing.assert_allclose(clip.rest(), [[0, 0, 0], [0, 0, 0], [0, -4, 0]], atol=1e-12)


def test_the_skeleton_lies_beside_the_motion_or_is_given(tmp_path: Path) -> None:
    made = take(5)
    (tmp_path / "other").mkdir()
    for asf in ("01.asf", "01_05.asf", "01.ASF"):
        folder = tmp_path / asf.replace(".", "-")
        folder.mkdir()
        assert worst(load_motion(made.write(folder, asf=asf), RATE), made.joints) < 1e-4
    path = made.write(tmp_path, asf="other/x.asf")
    with pytest.raises(InputError, match=r"01_05\.amc: .* beside it as 01_05\.asf or 01\.asf; give --skeleton FILE"):
        load_motion(path)
    motion = load_motion(path, ReadOptions(skeleton=tmp_path / "other" / "x.asf", fps=60.0))
    assert (worst(motion, made.joints) < 1e-4, motion.fps) == (True, 60)
    options = ["--skeleton", str(tmp_path / "other" / "x.asf"), "--input-fps", "60"]
    main(["convert", str(path), str(tmp_path / "a.npz"), *options])
    assert load_motion(tmp_path / "a.npz").fps == 60
    with pytest.raises(InputError, match=r"cannot read .*missing.asf: No such file"):
        load_motion(path, ReadOptions(skeleton=tmp_path / "missing.asf"))


def test_the_rate_is_that_of_cmu_and_this_is_said(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match=r"read at 120 fps, CMU's, since a .amc names no frame rate; --input-fps"):
        assert load_motion(take(5).write(tmp_path)).fps == 120


def test_other_names_are_recognised_without_the_cmu_rule(tmp_path: Path) -> None:
    made = take(5)
    for old, new in (("upperneck", "neckbone"), ("thorax", "chest")):
        made.asf, made.amc = made.asf.replace(old, new), made.amc.replace(old, new)
    motion = load_motion(made.write(tmp_path), RATE)
    limbs = {
        name: true for name, true in made.joints.items() if name.startswith(("left", "right")) and "wrist" not in name
    }
    assert worst(motion, limbs) < 1e-4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":hierarchy", ":other", r"01\.asf: no :hierarchy section; the file is truncated"),
        ("length 0.45", "length 0", r"01\.asf, line 5: length must be positive, got 0"),
        ("angle deg", "angle turns", "line 6: angle must be deg or rad, got 'turns'"),
        ("order TX TY TZ", "order TX TX TZ", "channels must be of tx, .*, each once"),
        ("axis XYZ", "axis XYY", "must name X, Y and Z once each, as XYZ, got 'XYY'"),
        ("position 0 0 0", "position 0 0", "line 12: wanted 3 numbers"),
        ("name lfemur", "name ltibia", "one bone 'ltibia'"),
        ("name lfemur", "other lfemur", "a bone must have a name"),
        ("name lfemur", "name root", "a bone must not be named root"),
        ("dof rz", "dof l rz", "channels must be of rx, ry, rz"),
        ("name lfemur", "name thing", "lhipjoint and lfemur must be bones"),
        (" lfemur ltibia", " lfemur thing", "lfemur and thing must be bones of :bonedata"),
        (" lfemur ltibia", " lfemur ltibia lhipjoint", "lhipjoint must hang on one bone, got root and lfemur"),
        (" lfemur ltibia", "", "every bone of :bonedata must hang on the root, ltibia does not"),
        ("direction ", "direction 1e99 ", "wanted 3 numbers up to"),
    ],
)
def test_broken_skeletons(tmp_path: Path, old: str, new: str, message: str) -> None:
    made = take(3)
    assert old in made.asf
    made.asf = made.asf.replace(old, new, 1)
    with pytest.raises(InputError, match=message):
        load_motion(made.write(tmp_path), RATE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:10], "no frames; the file is truncated"),
        (lambda text: text.replace("\n1\n", "\n", 1), "line 4: wanted the number of a frame, got"),
        (lambda text: text.replace("lfemur", "thing", 1), "frame 1: lfemur must have ry rz rx, got nothing"),
        (lambda text: text.replace("lfemur ", "lfemur 1 ", 1), "frame 1: lfemur must have ry rz rx, got '1 "),
        (lambda text: text.replace("lfemur", "lfemur 1 2 3\nlfemur", 1), "wanted lfemur once in a frame"),
        (lambda text: text.replace("\n2\n", "\nthing 1\n2\n", 1), "frame 1: thing must be a bone of the skeleton"),
        (lambda text: text[: len(text) // 2], "frame 1[56]: .* must have"),
        (lambda text: text.replace("lfemur ", "lfemur x", 1), "is not a number"),
    ],
)
def test_broken_motions(tmp_path: Path, change, message: str) -> None:
    made = take()
    made.amc = change(made.amc)
    with pytest.raises(InputError, match=message):
        load_motion(made.write(tmp_path), RATE)


@pytest.mark.parametrize(("name", "frames"), [("49_09", 1917), ("127_37", 342), ("01_05", 4376)])
def test_recorded_files_come_near_the_pack(shared_data: Path, name: str, frames: int) -> None:
    """The pack's joints of the same trials, cm in the mean, pose by pose after the best rotation and shift."""
    pack = shared_data / "cmu-humanml3d-v2"
    trials = {trial["trial"]: trial for trial in map(json.loads, (pack / "trials.jsonl").read_text().splitlines())}
    start, length = trials[name]["start"], trials[name]["frames"]
    stored = np.load(pack / "joints.npz")["joints"][start : start + length].astype(np.float32) / 4096
    options = ReadOptions(fps=120.0, body="humanml3d")
    motion = read_amc(shared_data / "raw-samples" / "asf-amc" / f"{name}.amc", options)
    assert len(motion) == frames
    ours, theirs = (
        canonicalize(joints).double() for joints in (motion.resample(20.0).joints, torch.from_numpy(stored))
    )
    ours, theirs = (joints - joints.mean(1, keepdim=True) for joints in (ours[:length], theirs))
    left, _, right = torch.linalg.svd(ours.transpose(1, 2) @ theirs)
    assert 100 * float((ours @ left @ right - theirs).norm(dim=-1).mean()) < 3.5
