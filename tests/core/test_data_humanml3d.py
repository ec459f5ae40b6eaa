"""Reading a directory in HumanML3D's layout: spans, lengths, and every way in which it can be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Clips of 30, 60 and 250 frames; the second has captions of the whole and of three spans."""
    for name in ("new_joint_vecs", "texts"):
        (tmp_path / name).mkdir()
    for id, frames in (("000001", 30), ("000002", 60), ("000003", 250)):
        features = np.arange(frames, dtype=np.float32)[:, None].repeat(263, 1)
        np.save(tmp_path / "new_joint_vecs" / f"{id}.npy", features)
        (tmp_path / "texts" / f"{id}.txt").write_text("a person moves#a/DET#0.0#0.0\n", encoding="utf-8")
    lines = [
        "whole#x#0.0#0.0",
        "also whole#x#nan#nan",
        "end#x#1.0#9.0",
        "end too#x#1.0#9.0",
        "start#x#0.0#2.05",
        "café#x#2.9#3",
    ]
    (tmp_path / "texts" / "000002.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "train.txt").write_text("000001\n000002\n000003\n000009\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("000003\n", encoding="utf-8")
    np.save(tmp_path / "Mean.npy", np.zeros(263))
    np.save(tmp_path / "Std.npy", np.ones(263))
    return tmp_path


def test_captions_of_one_span_make_one_sample(folder: Path):
    samples = HumanML3DFolder(folder).samples(["train"], min_frames=1)
    found = {(s.id, s.start, s.end): [c.text for c in s.captions] for s in samples}
    assert found == {
        ("000001", 0, 30): ["a person moves"],
        ("000002", 0, 60): ["whole", "also whole"],
        ("000002", 20, 60): ["end", "end too"],  # the end lies past the clip's
        ("000002", 0, 41): ["start"],  # int(2.05 * 20)
        ("000002", 58, 60): ["café"],
    }


def test_features_are_those_of_the_span(folder: Path):
    samples = HumanML3DFolder(folder).samples(["train"])
    assert [(s.start, s.end) for s in samples] == [(0, 60), (20, 60), (0, 41)]  # 40 to 199 frames, as HumanML3D has it
    for sample in samples:
        features = sample.features()
        assert features.shape == (len(sample), 263)
        assert features.dtype == torch.float32
        assert torch.equal(features[:, 5], torch.arange(sample.start, sample.end).float())


def test_without_captions_every_clip_is_whole(folder: Path):
    samples = HumanML3DFolder(folder).samples(["train", "test"], min_frames=1, max_frames=1000, with_captions=False)
    assert [(s.id, len(s)) for s in samples] == [("000001", 30), ("000002", 60), ("000003", 250), ("000003", 250)]
    assert not any(s.captions for s in samples)


def test_a_clip_without_text_has_no_captions(folder: Path):
    (folder / "texts" / "000002.txt").unlink()
    data = HumanML3DFolder(folder)
    assert data.captions("000002") == ()
    assert [s.id for s in data.samples(["train"], min_frames=1)] == ["000001"]


def test_a_split_without_usable_sample_says_why(folder: Path):
    with pytest.raises(InputError, match=r"no sample of 40 to 199 frames in test \(1 of other lengths\)"):
        HumanML3DFolder(folder).samples(["test"])


def test_an_unknown_split_names_those_that_exist(folder: Path):
    with pytest.raises(InputError, match=r"no split 'val'; it has test, train"):
        HumanML3DFolder(folder).ids("val")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("", "no data directory"),
        ("new_joint_vecs", "has no new_joint_vecs/"),
        ("texts", "has no texts/"),
        ("Mean.npy", r"has no Mean\.npy"),
        ("Std.npy", r"has no Std\.npy"),
    ],
)
def test_a_missing_part_is_named(folder: Path, part: str, message: str):
    path = folder / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=message):
        HumanML3DFolder(folder)


@pytest.mark.parametrize("kind", ["truncated", "text", "pickle", "shape"])
def test_a_damaged_clip_is_named(folder: Path, kind: str):
    path = folder / "new_joint_vecs" / "000002.npy"
    match kind:
        case "truncated":
            path.write_bytes(path.read_bytes()[:1000])
        case "text":
            path.write_text("hello", encoding="utf-8")
        case "pickle":
            np.save(path, np.array([print], dtype=object), allow_pickle=True)
        case _:
            np.save(path, np.zeros((60, 251), dtype=np.float32))
    with pytest.raises(InputError, match=r"000002\.npy (is not a readable|must hold \(frames, 263\))"):
        HumanML3DFolder(folder).samples(["train"])


def test_the_toy_set_is_such_a_directory(toy_folder: Path):
    data = HumanML3DFolder(toy_folder)
    train = data.samples(["train"])
    assert len(train) == 16
    assert {len(s.captions) for s in train} == {2}
    normal = torch.cat([data.statistics.normalize(s.features()) for s in data.samples(["train", "val", "test"])])
    torch.testing.assert_close(normal.mean(0), torch.zeros(263), atol=1e-3, rtol=0)
