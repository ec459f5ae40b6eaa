"""Edits of single limbs: what stays, what changes, and where the motion stands afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from toy_stages import TEXT_DIM

from kinmo_core.errors import InputError
from kinmo_core.features import canonicalize
from kinmo_core.grouping import SIX_GROUPS
from kinmo_core.io import load_motion, save_motion
from kinmo_core.motion import Motion
from kinmo_core.rig import constant_body
from kinmo_core.skeleton import HUMANML3D, heading
from kinmo_core.testing import WordEncoder, walking_joints
from kinmo_core.text import GROUPS
from kinmo_gen import Generator
from kinmo_gen.cli import main
from kinmo_gen.edit import _weights, edit
from kinmo_gen.instructions import Instruction
from kinmo_reasoner.offline import OfflineReasoner

PLACE = torch.tensor([2.0, 0.0, -1.0])
WAVES = Instruction("right_arm", "zigzags oddly", 1.0, 2.0)


@pytest.fixture(scope="module")
def generator(toy_model: Path, load_offline: Callable[[], OfflineReasoner]) -> Generator:
    return Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=load_offline())


@pytest.fixture(scope="module")
def walk() -> Motion:
    """Four seconds of walking that start somewhere, in some direction."""
    return Motion(walking_joints(80, heading=1.2) + PLACE, 20.0, text="a person walks")


def from_the_pelvis(motion: Motion) -> torch.Tensor:
    joints = constant_body(canonicalize(motion.joints))
    return joints - joints[:, :1]


def test_only_the_limb_that_is_told_changes_and_only_in_its_time(generator: Generator, walk: Motion):
    made = edit(generator, walk, [WAVES], poses=False, seed=0).motion
    assert (len(made), made.fps, made.text) == (len(walk), 20.0, walk.text)
    changed = (from_the_pelvis(walk) - from_the_pelvis(made)).norm(dim=-1) > 0.02  # (T, 22)
    arm = SIX_GROUPS.joints[GROUPS.index("right_arm")]
    others = [joint for joint in range(22) if joint not in arm]
    assert not bool(changed[:, others].any())
    assert bool(changed[25:35, arm].any())
    assert not bool(changed[:8].any())
    assert not bool(changed[52:].any())


def test_an_edit_stands_where_the_motion_stands(generator: Generator, walk: Motion):
    for one in (WAVES, Instruction("torso", "zigzags oddly", 2.0, 3.0)):
        made = edit(generator, walk, [one], poses=False, seed=0).motion
        torch.testing.assert_close(made.joints[0, 0, [0, 2]], walk.joints[0, 0, [0, 2]], atol=0.02, rtol=0)
        assert float(heading(made.joints[0]) - heading(walk.joints[0])) == pytest.approx(0, abs=0.1)
        lengths = HUMANML3D.bone_vectors(made.joints)[:, 1:].norm(dim=-1)
        assert float((lengths - lengths[0]).abs().max()) < 1e-3


def test_a_new_torso_brings_a_new_path(generator: Generator, walk: Motion):
    made = edit(generator, walk, [Instruction("torso", "zigzags oddly", 1.0, 2.0)], poses=False, seed=0).motion
    assert float((made.joints[-1, 0] - walk.joints[-1, 0]).norm()) > 0.05


def test_the_same_seed_gives_the_same_edit_and_candidates_differ(generator: Generator, walk: Motion):
    first, again, other = (edit(generator, walk, [WAVES], poses=False, seed=seed).motion.joints for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    best = edit(generator, walk, [WAVES], candidates=3, poses=False, seed=1)
    assert best.motion.joints.shape == walk.joints.shape


def test_what_the_network_misses_is_posed(generator: Generator, walk: Motion):
    told = [Instruction("left_arm", "raises above the head", 1.0, 3.0)]
    made = edit(generator, walk, told, seed=0)
    wrist, head = HUMANML3D.index("left_wrist", "head")
    assert not made.missed
    assert float((made.motion.joints[:, wrist, 1] - made.motion.joints[:, head, 1]).max()) > 0


def test_a_motion_of_any_frame_rate_is_edited_at_20(generator: Generator, walk: Motion):
    at_25 = Motion(walk.joints[:33], 25.0)
    made = edit(generator, at_25, [Instruction("neck", "zigzags oddly")], poses=False, seed=0).motion
    assert (len(made), made.fps) == (26, 20.0)


@pytest.mark.parametrize("frames", [80, 79, 81])
def test_the_weights_of_a_limb_rise_and_fall_smoothly(frames: int):
    redrawn = torch.zeros(21, dtype=torch.bool)
    redrawn[5:15] = True
    weights = _weights(redrawn, frames)
    assert weights.shape == (frames,)
    assert bool((weights[:20] == 0).all())
    assert bool((weights[60:] == 0).all())
    assert bool((weights[36:44] == 1).all())
    assert float(weights.diff().abs().max()) < 0.15
    everywhere = _weights(torch.ones(21, dtype=torch.bool), frames)
    assert bool((everywhere == 1).all())


@pytest.mark.parametrize(
    ("motion", "told", "message"),
    [
        (Motion(walking_joints(80), 20.0), [], "an edit must tell a limb what to do, got no instruction"),
        (Motion(walking_joints(4), 20.0), [WAVES], r"the motion must last 0.4 to 120 seconds, got 0.2"),
        (Motion(walking_joints(30), 20.0), [WAVES], r"--right-arm must lie within the 1.5 s of the motion"),
    ],
)
def test_edits_that_cannot_be_are_refused(generator: Generator, motion: Motion, told: list[Instruction], message: str):
    with pytest.raises(InputError, match=message):
        edit(generator, motion, told)


def test_a_model_that_hears_no_statements_edits_nothing(toy_model: Path, walk: Motion):
    generator = Generator.load(toy_model, text_encoder=WordEncoder(TEXT_DIM), reasoner=None)
    with pytest.raises(InputError, match="the model must have ids for each group and hear statements to edit limbs"):
        edit(generator, walk, [WAVES])


def test_the_command_writes_the_edited_motion(
    toy_model: Path, walk: Motion, tmp_path: Path, capsys: pytest.CaptureFixture
):
    save_motion(walk, tmp_path / "walk.npz")
    out = tmp_path / "out"
    options = ["--model", str(toy_model), "--out", str(out), "--formats", "npz,bvh", "--seed", "0", "--no-poses"]
    main(
        [
            "edit",
            str(tmp_path / "walk.npz"),
            "--left-arm",
            "raises above the head",
            "--from",
            "1",
            "--to",
            "2",
            *options,
        ]
    )
    assert sorted(path.name for path in out.iterdir()) == ["walk_edited.bvh", "walk_edited.npz"]
    assert len(load_motion(out / "walk_edited.npz")) == 80
    assert "does not show: left arm rises" in capsys.readouterr().out
