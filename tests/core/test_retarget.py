"""Retargeting: HumanML3D's body, planted feet, hands at the body; and a motion of another body comes back to its origin."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.features import canonicalize
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.bvh import read_bvh
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.retarget import TRUNK, Rest, retarget
from kinmo_core.rig import constant_body, rest_joints
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action
from kinmo_core.testing.conventions import CONVENTIONS
from kinmo_core.testing.foreign import write_foreign

FEET = HUMANML3D.index("left_foot", "right_foot")
WRISTS = HUMANML3D.index("left_wrist", "right_wrist")
ARMS = HUMANML3D.index("left_elbow", "right_elbow", "left_wrist", "right_wrist")
BODY = ReadOptions(body="humanml3d")


def dance() -> Tensor:
    """A clip on the rig, with the lowest toe at y = 0."""
    joints = constant_body(Action(speed=1.0, stride=0.35, lift=0.5, wave="right", turn=0.4, heading=0.3).joints(40))
    return joints - torch.tensor([0.0, 1.0, 0.0]) * joints[:, FEET, 1].amin(-1).quantile(0.01)


def other_body(joints: Tensor) -> Tensor:
    """The same directions of bones, legs and arms and trunk with other lengths."""
    vectors = HUMANML3D.bone_vectors(joints)
    factors = torch.tensor([1.2 if "hip" in name or "collar" in name else 0.9 for name in HUMANML3D.names])
    factors[HUMANML3D.index("left_knee", "right_knee", "left_ankle", "right_ankle")] = 1.1
    return HUMANML3D.place(torch.cat([vectors[:, :1] * 1.1, vectors[:, 1:] * factors[1:, None]], dim=1))


def test_a_clip_of_the_body_is_left_alone() -> None:
    torch.testing.assert_close(retarget(dance()), dance(), atol=2e-3, rtol=0)


def test_bones_get_the_lengths_of_humanml3d_and_keep_them() -> None:
    lengths = HUMANML3D.bone_vectors(retarget(other_body(dance())))[:, 1:].norm(dim=-1)
    torch.testing.assert_close(lengths, HUMANML3D.bone_length_tensor()[1:].expand(40, 21), atol=1e-5, rtol=0)


@pytest.mark.parametrize("rest", ["t", "a", "x"])
def test_the_motion_of_another_body_comes_back_to_its_origin(rest: str, tmp_path: Path) -> None:
    for up in ("y", "z"):
        (tmp_path / "a.bvh").write_text(write_foreign(replace(CONVENTIONS[0], rest=rest, up=up), dance())[0])
        back = read_bvh(tmp_path / "a.bvh", BODY).joints
        moved = (back - dance()).norm(dim=-1).amax(0)
        assert (
            float(moved[ARMS].max()) < 0.05
        )  # arms of other proportions cannot both reach as far and keep the hands' place
        assert float(moved[[joint for joint in range(22) if joint not in ARMS]].max()) < (0.01)


def test_a_planted_foot_stays_planted() -> None:
    squat = other_body(constant_body(Action(squat=0.9, turn=0.0).joints(60)))
    still = squat[:, FEET].mean(1, keepdim=True)
    squat = squat - still + still[:1]  # both feet stand where they are
    moved = retarget(squat)[:, FEET].diff(dim=0).norm(dim=-1)
    before = squat[:, FEET].diff(dim=0).norm(dim=-1)
    assert float(moved.max()) < float(before.max()) + 1e-3


def test_feet_that_hang_at_rest_are_not_bent_flat() -> None:
    still = rest_joints().clone()
    ankle, foot = HUMANML3D.index("left_ankle", "left_foot")
    turns = {name: torch.eye(3).double().expand(40, 3, 3) for name in (*TRUNK, "left_ankle", "right_ankle")}
    level = retarget(dance(), Rest(still, turns))
    still[foot] = still[ankle] - torch.tensor([0.0, 0.14, 0.02]).double()
    hanging = retarget(dance(), Rest(still, turns))
    torch.testing.assert_close(
        hanging[:, foot] - hanging[:, ankle], level[:, foot] - level[:, ankle], atol=1e-5, rtol=0
    )


def test_hands_that_touch_go_on_touching() -> None:
    joints = dance()
    for elbow, wrist, side in (("left_elbow", "left_wrist", 1.0), ("right_elbow", "right_wrist", -1.0)):
        e, w = HUMANML3D.index(elbow, wrist)
        chest = joints[:, HUMANML3D.index("left_shoulder", "right_shoulder")].mean(1)
        joints[:, w] = chest + torch.tensor([0.01 * side, -0.15, 0.25])
        joints[:, e] = chest + torch.tensor([0.28 * side, -0.22, 0.08])
    wide = joints.clone()
    across = torch.tensor([0.06, 0.0, 0.0])
    for name, shift in (("left", across), ("right", -across)):
        wide[:, HUMANML3D.index(f"{name}_shoulder")[0]] += shift
    gap = (retarget(wide)[:, WRISTS[0]] - retarget(wide)[:, WRISTS[1]]).norm(dim=-1)
    assert float(gap.max()) < 0.04


def test_any_format_can_be_read_onto_the_body(tmp_path: Path) -> None:
    save_motion(Motion(other_body(dance())), tmp_path / "a.npz")
    torch.testing.assert_close(load_motion(tmp_path / "a.npz", BODY).joints, retarget(other_body(dance())))


def test_legs_without_length_are_named() -> None:
    with pytest.raises(InputError, match="must have thighs and shins with a length, got 0"):
        retarget(torch.zeros(3, 22, 3))


def test_recorded_files_come_near_the_pack(shared_data: Path) -> None:
    """Pose by pose against the joints of the same trials, which were fitted to HumanML3D's; both on its bones."""
    pack = shared_data / "cmu-humanml3d-v2"
    trials = {trial["trial"]: trial for trial in map(json.loads, (pack / "trials.jsonl").read_text().splitlines())}
    stored = np.load(pack / "joints.npz")["joints"]
    errors = []
    for name in ("07_02", "12_01", "35_17"):
        start, frames = trials[name]["start"], trials[name]["frames"]
        truth = canonicalize(torch.from_numpy(stored[start : start + frames].astype(np.float32) / 4096))
        joints = read_bvh(shared_data / "raw-samples" / "bvh" / f"{name}.bvh", BODY).resample(20.0).joints
        assert abs(len(joints) - frames) <= 1
        both = zip(joints.double(), truth.double(), strict=False)
        errors.append(torch.stack([_error(pose, true) for pose, true in both]).mean())
    assert max(errors) < 0.035  # 2.3 to 3.1 cm


def _error(pose: Tensor, true: Tensor) -> Tensor:
    """Return the mean distance of joints (22, 3) after the best rotation and shift."""
    pose, true = pose - pose.mean(0), true - true.mean(0)
    left, _, right = torch.linalg.svd(pose.T @ true)
    flip = torch.diag(torch.tensor([1.0, 1.0, float(torch.linalg.det(left @ right).sign())]).double())
    return (pose @ left @ flip @ right - true).norm(dim=-1).mean()
