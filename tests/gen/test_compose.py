"""New training motions: limbs of one motion on another, and one motion after another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, decode, encode_raw
from kinmo_core.metrics import bones_off
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.puppet import Action, walk
from kinmo_core.text import Statement, Timeline
from kinmo_gen.compose import compose, follow_with, there_and_back, through_trunk
from kinmo_gen.gestures import put_limbs

RIGHT = HUMANML3D.index("right_wrist", "right_elbow")
LEFT = HUMANML3D.index("left_wrist", "left_elbow", "left_ankle", "right_ankle")


def features(action: Action, frames: int = 100) -> Tensor:
    return encode_raw(action.joints(frames + 1))


@pytest.fixture
def data(toy_folder: Path, tmp_path: Path) -> Path:
    """A copy of the toy data with timelines; `tokenizer` has the clips of `train`."""
    folder = shutil.copytree(toy_folder, tmp_path / "data")
    shutil.copy(folder / "train.txt", folder / "tokenizer.txt")
    lines = []
    for sample in HumanML3DFolder(folder).samples(["train"], captions="ignored"):
        plan = Timeline((Statement("left_arm", 0.0, 1.0, "rises"),), len(sample) / FPS)
        lines.append(json.dumps({"id": sample.key, "timeline": plan.to_json()}) + "\n")
    (folder / "descriptions.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def test_the_chosen_limbs_come_from_the_other_motion_and_nothing_else_changes():
    base, other = decode(features(walk(1.2))), decode(features(Action(wave="right")))
    made = put_limbs(base, other, ["right_arm"])
    torch.testing.assert_close(made[:, LEFT], base[:, LEFT], atol=1e-4, rtol=0)
    assert (made[:, RIGHT] - base[:, RIGHT]).norm(dim=-1).max() > 0.3
    head = HUMANML3D.names.index("head")
    wrist = RIGHT[0]
    assert float((other[:, wrist, 1] - other[:, head, 1]).max()) > 0  # the hand is above the head
    assert float((made[:, wrist, 1] - made[:, head, 1]).max()) > 0
    assert float(bones_off(made).mean()) == float(bones_off(base).mean())


def test_weights_choose_when():
    base, other = decode(features(walk(1.2))), decode(features(Action(wave="right")))
    weights = torch.zeros(len(base))
    weights[50:] = 1
    made = put_limbs(base, other, ["right_arm"], weights)
    torch.testing.assert_close(made[:50], base[:50], atol=1e-4, rtol=0)
    torch.testing.assert_close(made[50:], put_limbs(base, other, ["right_arm"])[50:], atol=1e-4, rtol=0)


def test_a_motion_goes_on_where_and_as_the_first_one_ends():
    first, second = features(Action(stride=0.1, lift=0.4, turn=0.9)), features(walk(1.2))
    joints = decode(follow_with(first, second))
    assert len(joints) == 100 + 100 - 8
    torch.testing.assert_close(joints[:92], decode(first)[:92], atol=1e-4, rtol=0)
    step = joints[:, 0].diff(dim=0).norm(dim=-1)
    assert float(step[90:102].max()) < 1.5 * float(step.max())  # no jump at the seam
    own = decode(second)[8:, 0] - decode(second)[8, 0]
    made = joints[100:, 0] - joints[100, 0]
    torch.testing.assert_close(made.norm(dim=-1), own.norm(dim=-1), atol=1e-3, rtol=0)  # the same path, turned


def test_what_goes_there_comes_back_after_a_stop():
    joints = decode(features(walk(1.2)))
    made = there_and_back(joints, 20)
    assert made.shape == (220, 22, 3)
    torch.testing.assert_close(made, made.flip(0))
    torch.testing.assert_close(made[:90], joints[:90])
    torch.testing.assert_close(made[110], joints[-1])
    speed = made[:, 0].diff(dim=0).norm(dim=-1)
    assert float(speed.diff().abs().max()) < 0.2 * float(speed.max())  # no jolt where it turns


def test_a_hand_in_the_belly_is_seen():
    joints = decode(features(walk(1.2)))
    assert not through_trunk(joints)
    inside = joints.clone()
    pelvis, neck = (joints[:, HUMANML3D.names.index(name)] for name in ("pelvis", "neck"))
    inside[:20, RIGHT[0]] = (pelvis + (neck - pelvis) / 2)[:20]
    assert through_trunk(inside)
    inside[3:, RIGHT[0]] = joints[3:, RIGHT[0]]
    assert not through_trunk(inside)


def test_a_split_is_added_and_replaced(data: Path):
    told: list[tuple[int, int]] = []
    compose(data, 6, seed=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 6) for n in range(1, 7)]
    folder = HumanML3DFolder(data)
    samples = folder.samples(["composed"], captions="optional", min_frames=20)
    assert [sample.id for sample in samples[:4]] == ["C000000", "MC000000", "C000001", "MC000001"]
    assert len(samples) == 12
    made = [sample.features() for sample in samples]
    assert all(bool(f.isfinite().all()) and 40 < len(f) < 200 for f in made)
    before = [(data / "new_joint_vecs" / f"C00000{n}.npy").read_bytes() for n in range(3)]
    compose(data, 3, seed=1)
    assert before == [path.read_bytes() for path in sorted((data / "new_joint_vecs").glob("C0*.npy"))]
    described = [json.loads(line) for line in (data / "descriptions.jsonl").read_text(encoding="utf-8").splitlines()]
    with (data / "descriptions.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({**described[0], "id": id}) + "\n" for id in ("C000000", "MC000000"))
    compose(data, 3, seed=2)
    left = [json.loads(line) for line in (data / "descriptions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert left == described  # what was said of the motions of before would be wrong of these
    assert before[0] != (data / "new_joint_vecs" / "C000000.npy").read_bytes()
    known = {len(np.load(path)) for path in (data / "new_joint_vecs").glob("0*.npy")}
    assert known == {64}


def test_what_is_missing_is_named(data: Path, tmp_path: Path):
    with pytest.raises(InputError, match="number must be at least 1, got 0"):
        compose(data, 0)
    (data / "descriptions.jsonl").unlink()
    with pytest.raises(InputError, match=r"no annotations .*descriptions\.jsonl"):
        compose(data, 1)
    with pytest.raises(InputError, match="no data directory"):
        compose(tmp_path / "absent", 1)
    assert not (data / "composed.txt").exists()
