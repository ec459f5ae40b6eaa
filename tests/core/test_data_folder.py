"""A data set of any folder of motions and captions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kinmo_core.cli import main
from kinmo_core.data.caption_file import read_caption_file
from kinmo_core.data.check import check_dataset
from kinmo_core.data.folder import Shares, write_folder
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.data.mirroring import mirror_clip
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import encode_raw
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints
from kinmo_core.testing.puppet import Action, vary


@pytest.fixture
def motions(tmp_path: Path) -> Path:
    """Twelve different motions of 4 s in two formats, in subfolders, with captions of the first ten."""
    folder, rng = tmp_path / "mine", np.random.default_rng(0)
    rows = ["file,caption,start,end"]
    for number in range(12):
        action = vary(Action(speed=0.1 * number, stride=0.3, lift=0.5, squat=0.3, arm_swing=0.1 * number), rng)
        path = folder / f"take {number % 3}" / f"walk_{number}.{'bvh' if number % 4 == 0 else 'npz'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_motion(Motion(action.joints(120, fps=30.0), fps=30.0), path)
        if number < 10:
            name = (
                path.relative_to(folder).as_posix()
                if number % 2
                else path.relative_to(folder).with_suffix("").as_posix()
            )
            rows += [f'{name},"a person walks, {number}",,', f"{name},steps with the left foot,1,3.5"]
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    return folder


def test_a_folder_becomes_a_clean_data_set(motions: Path, tmp_path: Path) -> None:
    made = write_folder(motions, tmp_path / "set")
    assert made.clips == {"train": 8, "val": 0, "test": 2, "train_val": 8, "all": 10, "tokenizer": 10}
    assert (made.captions, made.seconds, made.too_short, made.too_long) == (20, 12 * 79 / 20, 0, 0)
    report = check_dataset(tmp_path / "set", lists=["train", "test", "tokenizer"])
    assert report.findings == ()
    data = HumanML3DFolder(tmp_path / "set")
    samples = data.samples(["train"])
    assert len(samples) == 8 * 2 * 2  # a whole clip and a part of it, and their mirror images
    assert {len(sample) for sample in samples} == {79, 50}
    assert any("right foot" in caption.text for sample in samples if sample.mirrored for caption in sample.captions)
    index = dict(line.split(",")[:2] for line in (tmp_path / "set" / "index.csv").read_text().splitlines())
    assert len(index) == 13
    number = next(id for id, file in index.items() if file == "take 1/walk_1.npz")
    with np.load(motions / index[number]) as stored:
        wanted = encode_raw(Motion(torch.from_numpy(stored["joints"]), fps=30.0).resample(20.0).joints)
    features = torch.from_numpy(np.load(tmp_path / "set" / "new_joint_vecs" / f"{number}.npy"))
    assert torch.equal(features, wanted)


def test_clips_keep_their_split_from_run_to_run(motions: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_folder(motions, tmp_path / name, shares=Shares(val=0.2, test=0.3))
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in ("one", "two")]
    assert files[0] == files[1]
    assert len((tmp_path / "one" / "val.txt").read_text().split()) == 4


def test_splits_of_the_file_and_mirrored_copies_for_other_tools(motions: Path, tmp_path: Path) -> None:
    lines = [
        {"file": f"take {number % 3}/walk_{number}", "captions": ["one", "two"], "split": split}
        for number, split in ((1, "train"), (2, "test"), (3, "val"))
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    write_folder(motions, tmp_path / "set", captions=tmp_path / "mine.jsonl", full=True)
    index = [line.split(",") for line in (tmp_path / "set" / "index.csv").read_text().splitlines()]
    assert {file.split("_")[-1]: split for _, file, split, _ in index if split not in ("", "split")} == {
        "1.npz": "train",
        "2.npz": "test",
        "3.npz": "val",
    }
    [train] = [id for id, _, split, _ in index if split == "train"]
    assert (tmp_path / "set" / "train.txt").read_text().split() == [train, f"M{train}"]
    stored, own = (np.load(tmp_path / "set" / "new_joint_vecs" / f"{id}.npy") for id in (f"M{train}", train))
    torch.testing.assert_close(torch.from_numpy(stored), mirror_clip(torch.from_numpy(own)), atol=1e-3, rtol=0)
    assert len(list((tmp_path / "set" / "new_joints").iterdir())) == 24


def test_what_cannot_be_a_clip_is_left_out_and_counted(motions: Path, tmp_path: Path) -> None:
    (motions / "broken.npz").write_bytes(b"PK\x03\x04")
    save_motion(Motion(walking_joints(30)), motions / "short.npz")
    save_motion(Motion(walking_joints(300)), motions / "long.npz")
    with pytest.warns(DataWarning, match=r"mine: 1 motions left out; the first: .*broken\.npz: not a readable"):
        made = write_folder(motions, tmp_path / "set")
    assert (made.too_short, made.too_long, len(made.unreadable)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            "file,caption\nnone,walks\n",
            r"a\.csv line 2: file must name a motion in .*, got 'none': there is no",
        ),
        ("a.csv", "file,caption\ntwice,walks\n", "'twice': these are 2 motions; give the suffix"),
        ("a.csv", "name,caption\na,walks\n", "line 2: must have the fields file and caption, got name, caption"),
        ("a.csv", "file,caption\na,\n", "line 2: caption must be a sentence, got ''"),
        ("a.csv", "file,caption,start,end\na,walks,2,1\n", "must have start < end, got 2 and 1"),
        ("a.csv", "file,caption,start,end\na,walks,x,1\n", "start must be seconds of 0 or more, got 'x'"),
        ("a.csv", "file,caption,start\na,walks,nan\n", "start must be seconds of 0 or more, got 'nan'"),
        ("a.csv", "file,caption,split\na,walks,dev\n", "split must be one of train, val, test, got 'dev'"),
        ("a.csv", "file,caption\n", "must have at least one caption, got none"),
        ("a.csv", b"file,caption\na,caf\xe9\n", r"a\.csv line 2: must be UTF-8 text, got the byte 0xe9"),
        ("a.csv", b"\xff\xfef\x00", "must be UTF-8 text"),
        ("a.csv", 'file,caption\n"a' + "b" * 200_000, "must be CSV, got field larger than field limit"),
        ("a.jsonl", '{"file": "a", "caption": "x"}\n[1]\n', r"a\.jsonl line 2: must be a JSON object, got '\[1\]'"),
        ("a.jsonl", '{"file": "a"', "line 1: must be a JSON object"),
        ("a.jsonl", "[" * 100_000, "line 1: must be a JSON object"),
        ("a.jsonl", '{"file": "a", "captions": [1]}\n', "caption must be a sentence, got 1"),
        ("a.jsonl", '{"file": 3, "caption": "x"}\n', "must have the fields file and caption"),
        ("a.txt", "", r"captions must be a \.csv or \.jsonl file, got .*a\.txt"),
        ("none.csv", None, "cannot read .*none.csv: No such file"),
    ],
)
def test_wrong_captions_stop_before_anything_is_written(
    tmp_path: Path, name: str, content: str | bytes | None, message: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    save_motion(Motion(walking_joints(60)), folder / "twice.npz")
    save_motion(Motion(walking_joints(60)), folder / "twice.bvh")
    if content is not None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=message) as caught:
        write_folder(folder, tmp_path / "set", captions=folder / name)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_folders_that_cannot_be_a_set(motions: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="out must be a new or empty folder"):
        write_folder(motions, motions)
    with pytest.raises(InputError, match="shares of val and test must be 0 or more and below 1"):
        Shares(val=0.5, test=0.5)
    (motions / "captions.jsonl").write_text("")
    with pytest.raises(InputError, match=r"must have one of captions\.csv and captions\.jsonl, got both"):
        write_folder(motions, tmp_path / "set")
    save_motion(Motion(walking_joints(20)), motions / "only.npz")
    (tmp_path / "short.csv").write_text("file,caption\nonly,walks\n")
    with pytest.raises(InputError, match="at least one clip to train on, got none"):
        write_folder(motions, tmp_path / "set", captions=tmp_path / "short.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "short.csv"]


def test_two_splits_of_one_motion(motions: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,caption,split\ntake 1/walk_1,x,train\ntake 1/walk_1,y,test\n")
    with pytest.raises(InputError, match="'take 1/walk_1' must be in one split, got test and train"):
        write_folder(motions, tmp_path / "set", captions=tmp_path / "a.csv")


def test_fields_may_be_empty_or_more_than_known(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('file,caption,start,end,who\nx,"walks,\n then stops",,,me\n')
    [row] = read_caption_file(tmp_path / "a.csv")
    assert (row.file, row.caption.text, row.caption.whole, row.split) == ("x", "walks, then stops", True, "")


def test_command_says_what_was_made(motions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "folder", str(motions), "--out", str(tmp_path / "set"), "--val", "0.1", "--test", "0.2"])
    said = capsys.readouterr().out
    assert (
        "train 7, val 1, test 2, train_val 8, all 10, tokenizer 9 (clips without mirrored copies), 20 captions" in said
    )
