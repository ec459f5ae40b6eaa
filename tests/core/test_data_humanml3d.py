"""Reading a directory in HumanML3D's layout: spans, lengths, and every way in which it can be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from kinmo_core.data.humanml3d import HumanML3DFolder, readable
from kinmo_core.data.mirroring import mirror_clip
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import encode_raw
from kinmo_core.testing import walking_joints


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
    samples = HumanML3DFolder(folder).samples(["train", "test"], min_frames=1, max_frames=1000, captions="ignored")
    assert [(s.id, len(s)) for s in samples] == [("000001", 30), ("000002", 60), ("000003", 250), ("000003", 250)]
    assert not any(s.captions for s in samples)


def test_a_clip_without_text_has_no_captions(folder: Path):
    (folder / "texts" / "000002.txt").unlink()
    data = HumanML3DFolder(folder)
    assert data.captions("000002") == ()
    assert [s.id for s in data.samples(["train"], min_frames=1)] == ["000001"]


def test_a_mirrored_copy_without_a_file_is_made_of_its_original(toy_folder: Path, tmp_path: Path):
    stored = HumanML3DFolder(toy_folder)
    folder = tmp_path / "toy"
    shutil.copytree(toy_folder, folder)
    for path in (*folder.glob("new_joint_vecs/M*"), *folder.glob("texts/M*")):
        path.unlink()
    shutil.rmtree(folder / "new_joints")
    made = HumanML3DFolder(folder).samples(["train"])
    assert [sample.key for sample in made] == [sample.key for sample in stored.samples(["train"])]
    for mine, theirs in zip(made, stored.samples(["train"]), strict=True):
        assert mine.captions == theirs.captions
        assert mine.mirrored == mine.id.startswith("M")
        assert not theirs.mirrored
        if mine.mirrored:
            original = stored.samples_of(mine.id[1:])[0].features()
            assert mine.path.name == f"{mine.id[1:]}.npy"
            assert torch.equal(mine.features(), mirror_clip(original))
        else:
            assert torch.equal(mine.features(), theirs.features())
    assert HumanML3DFolder(folder).samples_of("M999999") == []


def test_a_span_of_a_mirrored_copy_is_cut_from_the_mirrored_clip(folder: Path):
    clip = encode_raw(walking_joints(61))
    np.save(folder / "new_joint_vecs" / "000002.npy", clip.numpy())
    spans = [sample for sample in HumanML3DFolder(folder).samples_of("M000002") if not sample.whole]
    assert [(sample.start, sample.end) for sample in spans] == [(20, 60), (0, 41), (58, 60)]
    for sample in spans:
        assert torch.equal(sample.features(), mirror_clip(clip)[sample.start : sample.end])


def test_a_stored_mirrored_copy_is_read_as_it_is(folder: Path):
    np.save(folder / "new_joint_vecs" / "M000002.npy", np.full((60, 263), 7, dtype=np.float32))
    (folder / "texts" / "M000002.txt").write_text("to the left#x#0.0#0.0\n", encoding="utf-8")
    [sample] = HumanML3DFolder(folder).samples_of("M000002")
    assert sample.captions[0].text == "to the left"
    assert (sample.features() == 7).all()


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
    with pytest.raises(DataWarning, match=r"000002\.npy (is not a readable|must hold \(frames, 263\))"):
        HumanML3DFolder(folder).samples(["train"])


def test_the_toy_set_is_such_a_directory(toy_folder: Path):
    data = HumanML3DFolder(toy_folder)
    train = data.samples(["train"])
    assert len(train) == 16
    assert {len(s.captions) for s in train} == {2}
    normal = torch.cat([data.statistics.normalize(s.features()) for s in data.samples(["train", "val", "test"])])
    torch.testing.assert_close(normal.mean(0), torch.zeros(263), atol=1e-3, rtol=0)


def test_text_files_may_have_a_byte_order_mark_and_are_utf8(folder: Path):
    (folder / "train.txt").write_bytes(b"\xef\xbb\xbf000001\r\n000002\r\n")
    (folder / "texts" / "000001.txt").write_bytes("\ufeffa café#x#0#0\n".encode())
    data = HumanML3DFolder(folder)
    assert data.ids("train") == ["000001", "000002"]
    assert [caption.text for caption in data.captions("000001")] == ["a café"]
    (folder / "texts" / "000001.txt").write_bytes("fine#x#0#0\na café#x#0#0\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"000001\.txt line 2: must be UTF-8 text, got the byte 0xe9"):
        data.captions("000001")


def test_a_caption_behind_the_end_of_its_clip_is_left_out(folder: Path):
    (folder / "texts" / "000001.txt").write_text("here#x#0#0\nthere#x#5#6\n", encoding="utf-8")
    with pytest.warns(DataWarning, match="clip 000001: a caption left out, which starts at 5 s, after the clip"):
        (sample,) = HumanML3DFolder(folder).samples_of("000001")
    assert [caption.text for caption in sample.captions] == ["here"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_named_with_file_and_frame(folder: Path, value: float):
    path = folder / "new_joint_vecs" / "000002.npy"
    features = np.load(path)
    features[45, 7] = value
    np.save(path, features)
    whole, end, start = HumanML3DFolder(folder).samples(["train"])
    for sample in (whole, end):
        with pytest.raises(
            InputError, match=r"000002\.npy must hold finite numbers, got NaN or infinity first in frame 45"
        ):
            sample.features()
    assert len(start.features()) == 41  # another span of the clip


@pytest.mark.parametrize("id", ["../secret", "/etc/passwd", "C:evil", "nul"])
def test_ids_and_splits_stay_in_the_directory(id: str, toy_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_folder, tmp_path / "set")
    np.save(tmp_path / "secret.npy", np.zeros((50, 263), np.float32))
    (tmp_path / "set" / "train.txt").write_text(f"000000\n{id}\n")
    with pytest.warns(DataWarning, match=r"left out id must be the name of a file, without \.\."):
        assert {sample.id for sample in HumanML3DFolder(tmp_path / "set").samples(["train"])} == {"000000"}
    with pytest.raises(InputError, match="split must be the name of a file"):
        HumanML3DFolder(tmp_path / "set").ids(id)


def test_one_bad_clip_does_not_stop_a_thousand(toy_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_folder, tmp_path / "set")
    folder = HumanML3DFolder(tmp_path / "set")
    whole = folder.samples(["train"])
    broken, foreign, *_ = dict.fromkeys(sample.path for sample in whole)
    np.save(broken, np.where(np.arange(64)[:, None] == 30, np.nan, np.load(broken)))
    foreign.write_text("no array")
    with pytest.warns(DataWarning, match=f"left out {foreign} is not a readable .npy file"):
        samples = folder.samples(["train"])
    with pytest.warns(DataWarning, match=f"left out .*{broken.name} must hold finite numbers, .* first in frame 30"):
        kept = readable(samples)
    assert [sample.id for sample in kept] == [s.id for s in whole if s.path not in (broken, foreign)]
    with pytest.warns(DataWarning), pytest.raises(InputError, match="at least one of 1 motions must be readable"):
        readable([next(sample for sample in samples if sample.path == broken)])
