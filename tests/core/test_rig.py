"""The rig as the one body of all formats: bones keep their length, root and feet their place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from kinmo_core import metrics
from kinmo_core.data.pack import Pack
from kinmo_core.features import canonicalize
from kinmo_core.io import load_motion, save_motion
from kinmo_core.motion import Motion
from kinmo_core.rig import OFFSETS, constant_body
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import walking_joints

FEET = HUMANML3D.index("left_foot", "right_foot")


@pytest.fixture(scope="module")
def wrong() -> Tensor:
    """A batch of two walks whose bones are up to 15 % too long or too short, each frame anew."""
    joints = torch.stack([canonicalize(walking_joints(50, seed=seed)) for seed in (0, 1)])
    vectors = HUMANML3D.bone_vectors(joints)
    scale = 0.85 + 0.3 * torch.rand(2, 50, 21, 1, generator=torch.Generator().manual_seed(0))
    return HUMANML3D.place(torch.cat([vectors[..., :1, :], vectors[..., 1:, :] * scale], dim=-2))


def test_every_bone_has_the_length_of_the_rig_in_every_frame(wrong: Tensor) -> None:
    lengths = HUMANML3D.bone_vectors(constant_body(wrong))[..., 1:, :].norm(dim=-1)
    torch.testing.assert_close(lengths, OFFSETS[1:].norm(dim=-1).float().expand(2, 50, 21), atol=1e-5, rtol=0)
    assert metrics.bones_off(wrong).min() > 0.5


def test_root_and_feet_stay_where_they_were(wrong: Tensor) -> None:
    body = constant_body(wrong)
    torch.testing.assert_close(body[..., 0, :], wrong[..., 0, :])
    moved = (body - wrong).norm(dim=-1)[..., FEET]
    reachable = (wrong[..., FEET, :] - wrong[..., :1, :]).norm(dim=-1) < 0.85  # m; a straight leg ends at about 0.9
    assert reachable.any()
    assert moved[reachable].max() < 1e-3
    assert moved.quantile(0.9) < 0.02


def test_a_body_that_is_constant_is_left_alone(wrong: Tensor) -> None:
    body = constant_body(wrong)
    torch.testing.assert_close(constant_body(body), body, atol=2e-3, rtol=0)


def test_it_is_done_clip_by_clip_and_keeps_the_type(wrong: Tensor) -> None:
    torch.testing.assert_close(constant_body(wrong)[1], constant_body(wrong[1]))
    assert constant_body(wrong.double()).dtype == torch.float64


def test_a_leg_that_is_too_short_points_at_its_foot() -> None:
    far = walking_joints(1).clone()
    ankle, foot = HUMANML3D.index("left_ankle", "left_foot")
    far[:, [ankle, foot]] -= torch.tensor([0.0, 1.0, 0.0])
    body = constant_body(far)
    hip, knee = (body[0, joint] for joint in HUMANML3D.index("left_hip", "left_knee"))
    cosine = torch.nn.functional.cosine_similarity(knee - hip, body[0, ankle] - knee, dim=0)
    assert cosine > 0.999
    assert bool(body.isfinite().all())


@pytest.mark.parametrize("suffix", [".npz", ".bvh"])
def test_formats_hold_the_same_body(wrong: Tensor, tmp_path: Path, suffix: str) -> None:
    body = constant_body(wrong)[0]
    save_motion(Motion(body), tmp_path / f"walk{suffix}")
    read = load_motion(tmp_path / f"walk{suffix}").joints
    assert (read - body).norm(dim=-1).max() < 2e-3


def test_recorded_motion_hardly_moves(shared_data: Path) -> None:
    """The rest pose of the rig was chosen on recordings; sitting, kicking and dancing must fit it too."""
    pack = Pack(shared_data / "accad-humanml3d")
    for name, trial in list(pack.trials.items())[:40:4]:
        joints = canonicalize(pack.joints(name, 0, trial.frames))
        moved = (constant_body(joints) - joints).norm(dim=-1)
        assert moved.mean() < 0.004
        torch.testing.assert_close(metrics.foot_skating(constant_body(joints)), metrics.foot_skating(joints))
