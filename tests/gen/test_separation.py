"""Judges that see everything, nothing, or all but the side, and what is done to motions to try them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kinmo_core.data.captions import Caption
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import decode, encode_raw
from kinmo_core.motion import mirror_joints
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, toy_dataset
from kinmo_gen import separation
from kinmo_gen.cli import main
from kinmo_gen.judge import Judge
from kinmo_gen.separation import ALTERATIONS, separate


def walk() -> Tensor:
    return Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, turn=0.4).joints(40)


def altered(name: str) -> Tensor:
    other = Action(wave="left").joints(25)
    return ALTERATIONS[name](walk(), other, torch.Generator().manual_seed(0))


def test_what_is_mirrored_jittered_and_slowed() -> None:
    joints = walk()
    assert torch.equal(altered("mirrored"), mirror_joints(joints))
    noise = altered("jittered") - joints
    assert float(noise.std()) == pytest.approx(0.02, rel=0.05)
    slow = altered("slowed")
    torch.testing.assert_close(slow[::2], joints)
    torch.testing.assert_close(slow[1::2], (joints[1:] + joints[:-1]) / 2)


@pytest.mark.parametrize(
    ("name", "moves", "stays"),
    [
        ("other arms", ("elbow", "wrist"), ("pelvis", "spine1", "head", "hip", "knee", "ankle", "foot")),
        ("other legs", ("knee", "ankle"), ("pelvis", "spine1", "head", "collar", "elbow", "wrist")),
    ],
)
def test_limbs_are_exchanged_and_the_rest_stays(name: str, moves: tuple[str, ...], stays: tuple[str, ...]) -> None:
    moved = dict(zip(HUMANML3D.names, (altered(name) - walk()).norm(dim=-1).amax(0).tolist(), strict=True))
    assert all(distance > 0.05 for joint, distance in moved.items() if joint.endswith(moves))
    assert all(distance < 1e-4 for joint, distance in moved.items() if joint.endswith(stays))


class Oracle(Judge):
    """Knows the recording of every caption, and sees all of a motion, or nothing."""

    def __init__(self, data: Path, *, sees: bool) -> None:
        self.sees = sees
        samples = HumanML3DFolder(data).samples(["train"])
        self.recorded = {sample.captions[0].text: encode_raw(decode(sample.features())) for sample in samples}

    def embed_motions(self, clips: Sequence[Tensor]) -> Tensor:
        return torch.stack([clip.mean(0) * self.sees for clip in clips])

    def embed_texts(self, captions: Sequence[Caption]) -> Tensor:
        return self.embed_motions([self.recorded[caption.text] for caption in captions])


@pytest.mark.parametrize(("sees", "share"), [(True, 100.0), (False, 50.0)])
def test_judges_are_measured(sees: bool, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = toy_dataset(tmp_path / "data", clips=48, frames=41)
    for path in (data / "texts").iterdir():  # toy clips of a kind have the same captions: each gets one of its own
        text, *rest = path.read_text(encoding="utf-8").splitlines()[0].split("#")
        path.write_text("#".join([f"{text} {path.stem}", *rest]) + "\n", encoding="utf-8")
    monkeypatch.setattr(separation, "Judge", lambda _: Oracle(data, sees=sees))
    results = separate(data, ["train"], tmp_path / "out")
    row = results["train"]["shipped"]
    assert {name: {*values} for name, values in row.items()} == {
        name: {share} for name in ("shuffled", *ALTERATIONS, "no side")
    }
    assert (len(row["shuffled"]), len(row["mirrored"]) + len(row["no side"])) == (32, 32)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8")) == results


def test_the_command_measures_a_folder_beside_the_shipped_one(toy_model: Path, tmp_path: Path) -> None:
    data = toy_dataset(tmp_path / "data", clips=48, frames=41)
    options = ["--data", str(data), "--splits", "train", "--out", str(tmp_path / "out")]
    main(["judges", *options, "--evaluator", str(toy_model)])
    rows = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))["train"]
    assert list(rows) == ["shipped", str(toy_model)]
    assert list(rows["shipped"]) == ["shuffled", *ALTERATIONS, "no side"]
    assert all(0 <= value <= 100 for row in rows.values() for values in row.values() for value in values)
