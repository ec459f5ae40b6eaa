"""HumanML3D rebuilt from an AMASS that the test makes, against the steps of HumanML3D's notebooks in NumPy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_amass import BETAS, BODIES, CLIPS, HUMANACT12, LISTS, RECORDINGS, humanact12, poses_of, write_sources
from toy_body import rest_of, smpl_joints

from kinmo_core.cli import main
from kinmo_core.command import INCOMPLETE
from kinmo_core.data import rebuild as module
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.data.rebuild import rebuild
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import LAYOUT, decode, encode_raw

LEFT = [1, 4, 7, 10, 13, 16, 18, 20]
RIGHT = [2, 5, 8, 11, 14, 17, 19, 21]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    write_sources(tmp_path)
    return tmp_path


def made(folder: Path, **options) -> module.Rebuilt:
    amass, smplh, repository = (folder / name for name in ("amass", "smplh", "repository"))
    return rebuild(amass, smplh, repository, folder / "set", **{"jobs": 1, **options})


def notebook(id: str) -> tuple[np.ndarray, np.ndarray]:
    """The joints (T, 22, 3) of a clip and of its mirrored copy, by the steps of raw_pose_processing.ipynb."""
    recording, start, end = CLIPS[id]
    if recording == HUMANACT12:
        data = humanact12()[:, :22]
    else:
        _, fps, _, gender = RECORDINGS[recording]
        body = BODIES["male" if gender in ("male", b"male") else "female"]
        joints = smpl_joints(rest_of(body, np.where(np.arange(16) < 10, BETAS, 0)), *poses_of(recording))
        data = joints[:: int(fps / 20)] @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
        skipped = {"Eyes_Japan_Dataset": 3 * 20, "Transitions_mocap": int(0.5 * 20)}
        data = data[skipped.get(recording.split("/")[0], 0) :][start:end] * [-1, 1, 1]
    mirrored = data * [-1, 1, 1]
    mirrored[:, LEFT], mirrored[:, RIGHT] = mirrored[:, RIGHT], mirrored[:, LEFT].copy()
    return data, mirrored


def test_clips_are_those_of_the_notebooks(sources: Path) -> None:
    result = made(sources, full=True)
    for id in (id for ids in LISTS.values() for id in ids):
        for name, joints in zip((id, f"M{id}"), notebook(id), strict=True):
            features = torch.from_numpy(np.load(sources / "set" / "new_joint_vecs" / f"{name}.npy"))
            wanted = encode_raw(torch.from_numpy(joints)).float()
            torch.testing.assert_close(features, wanted, atol=2e-4, rtol=0, msg=name)
            positions = LAYOUT["positions"]
            torch.testing.assert_close(features[:, positions], wanted[:, positions], atol=2e-5, rtol=0, msg=name)
            stored = torch.from_numpy(np.load(sources / "set" / "new_joints" / f"{name}.npy"))
            torch.testing.assert_close(stored, decode(features))
    assert not (sources / "set" / "new_joint_vecs" / "000007.npy").exists()
    assert result.clips == {"train": 8, "val": 4, "test": 2, "train_val": 12, "all": 14}
    assert result.left_out == ()
    assert result.seconds == pytest.approx(sum(len(notebook(id)[0]) - 1 for ids in LISTS.values() for id in ids) / 20)


def test_lists_texts_and_statistics(sources: Path) -> None:
    made(sources, full=True)
    folder = HumanML3DFolder(sources / "set")
    assert folder.ids("train") == [id for base in LISTS["train"] for id in (base, f"M{base}")]
    assert folder.ids("all") == [*folder.ids("train"), *folder.ids("val"), *folder.ids("test")]
    assert [caption.text for caption in folder.captions("M000003")] == ["a person moves to the right"]
    clips = [np.load(sources / "set" / "new_joint_vecs" / f"{id}.npy") for id in folder.ids("all")]
    frames = np.concatenate(clips).astype(np.float64)
    np.testing.assert_allclose(folder.statistics.mean, frames.mean(0), atol=2e-5)
    for block in LAYOUT.values():
        np.testing.assert_allclose(folder.statistics.std[block], frames.std(0)[block].mean(), atol=2e-5)


def test_mirrored_copies_are_made_on_reading_unless_stored(sources: Path) -> None:
    for text in (sources / "repository" / "HumanML3D" / "texts").glob("M*.txt"):
        text.unlink()
    made(sources)
    assert not list((sources / "set").rglob("M0*.npy"))
    folder = HumanML3DFolder(sources / "set")
    assert [caption.text for caption in folder.captions("M000003")] == ["a person moves to the right"]
    [sample] = folder.samples_of("M000003")
    assert len(sample) == 59


def test_several_processes_make_the_same(sources: Path) -> None:
    made(sources, jobs=2)
    (sources / "set").rename(sources / "two")
    made(sources)
    one, two = ({path.name: path.read_bytes() for path in (sources / n).rglob("*.*")} for n in ("set", "two"))
    assert one == two


def test_a_stopped_run_goes_on(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, seen = module.read_recording, []

    def stops(path: Path, models: dict[str, Path]) -> torch.Tensor:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(path)
        return read(path, models)

    monkeypatch.setattr(module, "read_recording", stops)
    with pytest.raises(KeyboardInterrupt):
        made(sources)
    assert not (sources / "set").exists()
    done = {path.name for path in (sources / "set.partial" / "new_joint_vecs").iterdir()}
    assert done
    with pytest.raises(
        InputError, match=r"set\.partial was begun with other options, body models or index\.csv; remove"
    ):
        made(sources, full=True)
    again: list[Path] = []
    monkeypatch.setattr(module, "read_recording", lambda path, models: again.append(path) or read(path, models))
    assert made(sources).clips["all"] == 14
    assert not set(again) & set(seen)
    assert sorted(path.name for path in sources.iterdir()) == ["amass", "repository", "set", "smplh"]


def test_missing_recordings_are_named_by_sub_set_or_left_out(sources: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(sources / "amass" / "KIT")
    shutil.rmtree(sources / "repository" / "pose_data")
    with pytest.raises(InputError) as caught:
        made(sources)
    assert str(caught.value) == (
        f"2 of 7 clips have no recording (KIT 1, humanact12 1), such as {sources}/amass/KIT/3/kick high_poses.npz; "
        "want all sub-sets of SMPL+H G, or --skip-missing"
    )
    assert not (sources / "set.partial").exists()
    folders = [f"--{name}={sources / name}" for name in ("amass", "smplh", "repository")]
    command = ["data", "humanml3d", *folders, "--out", str(sources / "set"), "--skip-missing", "--jobs", "1"]
    with pytest.warns(DataWarning, match="left out 2 of 7 clips have no rec"), pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == INCOMPLETE
    assert (
        "train 6, val 4, test 0, train_val 10, all 10 (ids, mirrored copies included), 0.00 h"
        in capsys.readouterr().out
    )
    assert HumanML3DFolder(sources / "set").ids("test") == []


def damaged(name: str, **arrays: object) -> Callable[[Path], object]:
    def change(sources: Path) -> None:
        path = sources / "amass" / name
        with np.load(path) as stored:
            np.savez(path, allow_pickle=True, **{**stored, **arrays})

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (damaged("CMU/01/01_01_poses.npz", mocap_framerate=15.0), "the frame rate must be at least 20, got 15"),
        (damaged("CMU/01/01_01_poses.npz", trans=np.full((900, 3), np.nan)), "trans must hold finite numbers"),
        (damaged("CMU/01/01_01_poses.npz", trans=np.full((900, 3), 1e9)), r"01_01_poses\.npz: joints must be metres"),
        (damaged("CMU/01/01_01_poses.npz", gender=np.array({}, dtype=object)), "pickle"),
        (lambda s: (s / "amass/CMU/01/01_01_poses.npz").write_bytes(b"PK"), "01_01_poses.npz"),
        (
            damaged("CMU/01/01_01_poses.npz", poses=np.zeros((6, 66)), trans=np.zeros((6, 3))),
            "clip 000000 must have at",
        ),
    ],
)
def test_damaged_recordings_are_left_out_and_named(
    sources: Path, change: Callable[[Path], object], message: str
) -> None:
    change(sources)
    with pytest.warns(DataWarning, match=f"2 clips left out; the first: .*{message}"):
        result = made(sources)
    assert len(result.left_out) == 2
    assert result.clips["all"] == 10


def test_humanact12_that_is_something_else_is_left_out(sources: Path) -> None:
    np.save(sources / "repository" / "pose_data" / f"{HUMANACT12}.npy", np.zeros((5, 20, 3)))
    with pytest.warns(DataWarning, match=r"must hold joints \(frames, 24, 3\), got float64 \(5, 20, 3\)"):
        assert made(sources).clips["test"] == 0


def written(name: str, content: str) -> Callable[[Path], object]:
    return lambda sources: (sources / name).write_text(content)


def removed(name: str) -> Callable[[Path], object]:
    return lambda sources: shutil.rmtree(path) if (path := sources / name).is_dir() else path.unlink()


INDEX = "repository/index.csv"
HEAD = "source_path,start_frame,end_frame,new_name\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (removed("amass"), "amass must be a folder with the sub-sets of AMASS, got "),
        (
            removed("smplh/female/model.npz"),
            "smplh must hold male/model.npz and female/model.npz of SMPL-H, got no female",
        ),
        (written("smplh/male/model.npz", "x"), "model.npz"),
        (removed(INDEX), "repository must be a clone of HumanML3D with index.csv, got "),
        (written(INDEX, "source_path,start_frame\n"), "index.csv must have the columns source_path, start_frame, end"),
        (
            written(INDEX, HEAD + "a.npy,0,x,0.npy\n"),
            "index.csv line 2: start_frame and end_frame must be whole numbers",
        ),
        (written(INDEX, HEAD + "../../a.npy,0,1,0.npy\n"), "index.csv line 2: source_path must be the name of a file"),
        (written(INDEX, HEAD + "a.npy,0,1,..\n"), "index.csv line 2: new_name must be the name of a file"),
        (written(INDEX, HEAD + '"' + "x" * 200_000), "index.csv line 1: must be CSV, got field larger"),
        (removed("repository/HumanML3D/texts"), "must have the folder texts, got none; unpack texts.zip there"),
        (removed("repository/HumanML3D/val.txt"), "val.txt: No such file"),
        (written("repository/HumanML3D/val.txt", "123456\n"), "val.txt: 123456 must be a clip of index.csv, got none"),
        (
            lambda s: [(s / f"repository/HumanML3D/{split}.txt").write_text("") for split in LISTS],
            "HumanML3D must have lists with at least one clip, got none",
        ),
        (
            lambda s: [(s / f"repository/HumanML3D/texts/{n}000002.txt").unlink() for n in ("", "M")],
            "must have a text for each of 7 clips, got none for 1, such as 000002.txt",
        ),
        (written("set", "x"), "out must be a new or empty folder, got "),
    ],
)
def test_what_is_missing_is_one_line(
    sources: Path, change: Callable[[Path], object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(sources)
    before = sorted(sources.rglob("*"))
    folders = [f"--{name}={sources / name}" for name in ("amass", "smplh", "repository")]
    with pytest.raises(SystemExit) as ended:
        main(["data", "humanml3d", *folders, "--out", str(sources / "set")])
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert message in line
    assert sorted(sources.rglob("*")) == before


def test_jobs_must_be_a_number_of_processes(sources: Path) -> None:
    with pytest.raises(InputError, match="jobs must be at least 1, got 0"):
        made(sources, jobs=0)


def test_nothing_that_can_be_made(sources: Path) -> None:
    for path in (sources / "amass").rglob("*.npz"):
        path.write_bytes(b"")
    shutil.rmtree(sources / "repository" / "pose_data")
    with pytest.raises(InputError, match=r"no clip could be made: .*_poses\.npz"):
        made(sources, skip_missing=True)
    about = json.loads((sources / "set.partial" / "about.json").read_text())
    assert sorted(about["sha256"]) == ["female", "index", "male"]
    assert not (sources / "set").exists()
