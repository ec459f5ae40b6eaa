"""The CMU pack as a HumanML3D directory: a tiny pack made here, and the real one."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kinmo_core.data.cmu import MIN_SEGMENT_FRAMES, SEGMENT_FRAMES, write_dataset
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.features import encode_raw
from kinmo_core.motion import mirror_joints
from kinmo_core.stats import Statistics
from kinmo_core.testing import walking_joints

# trial: frames, extrapolated at its start and end, flags, CMU's text
TRIALS: dict[str, tuple[int, int, int, list[str], str | None]] = {
    "01_01": (300, 0, 0, [], "walk"),
    "01_02": (300, 3, 2, [], "walk, turn left"),
    "01_03": (290, 0, 0, [], "the same as 01_02"),  # frame f shows what frame f + 10 of 01_02 shows
    "02_01": (120, 0, 0, ["floor_clamped"], "repaired"),
    "02_02": (500, 0, 0, [], "wave the right hand"),
    "02_03": (80, 0, 0, [], None),
    "02_04": (3, 1, 1, [], "too short"),
}
# id: trial, start, end, split
CLIPS = {
    "000001": ("01_01", 0, 100, "train"),
    "000002": ("01_01", 120, 200, "test"),
    "000003": ("01_02", 0, 90, "train"),
    "000004": ("01_02", 150, 240, "val"),
    "000005": ("02_01", 0, 120, "train"),
    "000006": ("01_02", 100, 140, "test"),
    "000007": ("02_04", 0, 3, "train"),
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    joints, trials, start = [], [], 0
    for number, (trial, (frames, first, last, flags, text)) in enumerate(TRIALS.items()):
        recorded = (
            walking_joints(400, seed=1, speed=0.5)[10:]
            if trial == "01_03"
            else walking_joints(500, seed=number, speed=0.5)
        )
        joints.append((recorded[:frames] * 4096).round().numpy().astype(np.int16))
        used = any(clip[0] == trial for clip in CLIPS.values())
        row = {"trial": trial, "start": start, "frames": frames, "flags": flags, "cmu_text": text, "humanml3d": used}
        trials.append(row | {"extrapolated_start": first, "extrapolated_end": last})
        start += frames
    np.savez(folder / "joints.npz", joints=np.concatenate(joints))
    captions = [
        {"text": "walks to the left", "tokens": "walk/VERB left/NOUN", "start": 0.0, "end": 0.0},
        {"text": "café", "tokens": "x/NOUN", "start": 1.0, "end": 3.5},
        {"text": "from the start", "tokens": "x/NOUN", "start": 0.0, "end": 2.5},
    ]
    clips = [
        {"id": id, "trial": trial, "start": a, "end": b, "split": split, "captions": captions, "extrapolated": 0}
        for id, (trial, a, b, split) in CLIPS.items()
    ]
    duplicates = {
        "pairs": [{"a": "01_02", "b": "01_03", "offset_frames": -10}],
        "clean_val_ids": ["000004"],
        "clean_test_ids": ["000006"],
    }
    for name, rows in (("trials", trials), ("clips", clips)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    (folder / "duplicates.json").write_text(json.dumps(duplicates), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def written(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "cmu"
    write_dataset(pack, out, progress=False)
    return out


def ids(folder: Path, name: str) -> list[str]:
    return (folder / f"{name}.txt").read_text(encoding="utf-8").split()


def joints_of(pack: Path, trial: str, start: int, end: int) -> torch.Tensor:
    rows = [json.loads(line) for line in (pack / "trials.jsonl").read_text(encoding="utf-8").splitlines()]
    first = next(row["start"] for row in rows if row["trial"] == trial)
    return torch.from_numpy(np.load(pack / "joints.npz")["joints"][first + start : first + end] / 4096).float()


def test_the_lists_are_humanml3ds_with_mirrored_ids(written: Path):
    assert ids(written, "train") == ["000001", "M000001", "000003", "M000003"]
    assert ids(written, "val") == ["000004", "M000004"]
    assert ids(written, "test") == ["000002", "M000002", "000006", "M000006"]
    assert ids(written, "train_val") == ids(written, "train") + ids(written, "val")
    assert ids(written, "all") == ids(written, "train_val") + ids(written, "test")
    assert ids(written, "clean_val") == ["000004", "M000004"]
    assert ids(written, "clean_test") == ["000006", "M000006"]


def test_every_listed_id_has_features_joints_and_text(written: Path):
    for name in ("all", "tokenizer", "extra"):
        for id in ids(written, name):
            features = np.load(written / "new_joint_vecs" / f"{id}.npy")
            joints = np.load(written / "new_joints" / f"{id}.npy")
            assert features.dtype == joints.dtype == np.float32
            assert features.shape == (len(joints), 263)
            assert (written / "texts" / f"{id}.txt").is_file()


def test_features_are_those_of_the_recording_and_of_its_mirror_image(pack: Path, written: Path):
    joints = joints_of(pack, "01_01", 0, 100)
    np.testing.assert_allclose(np.load(written / "new_joint_vecs" / "000001.npy"), encode_raw(joints), atol=1e-6)
    mirrored = encode_raw(mirror_joints(joints))
    np.testing.assert_allclose(np.load(written / "new_joint_vecs" / "M000001.npy"), mirrored, atol=1e-6)


def test_a_mirrored_clip_has_mirrored_captions(written: Path):
    data = HumanML3DFolder(written)
    assert [c.text for c in data.captions("000001")] == ["walks to the left", "café", "from the start"]
    assert data.captions("M000001")[0].text == "walks to the right"
    assert data.captions("M000001")[0].tokens == "walk/VERB right/NOUN"


def test_extrapolated_frames_are_trimmed_and_spans_move_along(pack: Path, written: Path):
    """Clip 000003 starts with three extrapolated frames, 0.15 s."""
    features = np.load(written / "new_joint_vecs" / "000003.npy")
    np.testing.assert_allclose(features, encode_raw(joints_of(pack, "01_02", 3, 90)), atol=1e-6)
    whole, middle, start = HumanML3DFolder(written).captions("000003")
    assert whole.whole
    assert (middle.start, middle.end) == pytest.approx((0.85, 3.35))
    assert (start.start, start.end) == pytest.approx((0.0, 2.35))
    untouched = HumanML3DFolder(written).captions("000001")[1]
    assert (untouched.start, untouched.end) == (1.0, 3.5)


def segments(written: Path) -> list[tuple[str, int, int]]:
    """(trial, first frame, last + 1) of every segment."""
    found = []
    for id in ids(written, "tokenizer")[::2]:
        trial, first = id[1:].rsplit("_", 1)
        frames = len(np.load(written / "new_joint_vecs" / f"{id}.npy")) + 1
        found.append((trial, int(first), int(first) + frames))
    return found


def test_no_segment_shows_a_held_out_frame_or_its_duplicate(written: Path):
    held_out = {(trial, f) for trial, a, b, split in CLIPS.values() if split != "train" for f in range(a, b)}
    held_out |= {("01_03", f - 10) for trial, f in held_out if trial == "01_02"}
    shown = {(trial, f) for trial, a, b in segments(written) for f in range(a, b)}
    assert not shown & held_out
    assert {trial for trial, _ in shown} == {"01_01", "01_02", "01_03", "02_02", "02_03"}


def test_segments_are_the_free_stretches_of_every_sound_recording(written: Path):
    assert all(MIN_SEGMENT_FRAMES <= b - a <= SEGMENT_FRAMES for _, a, b in segments(written))
    by_trial = {t: [(a, b) for trial, a, b in segments(written) if trial == t] for t, _, _ in segments(written)}
    assert by_trial["01_01"] == [(0, 120), (200, 300)]
    assert by_trial["01_02"] == [(3, 100)]  # 240 to 298 is too short, so is 140 to 150
    assert by_trial["01_03"] == [(0, 90)]
    assert by_trial["02_02"] == [(0, 166), (166, 333), (333, 500)]


def test_extra_are_the_unused_recordings_with_cmus_text(written: Path):
    extra = ids(written, "extra")
    assert extra[::2] == ["S01_03_00000", "S02_02_00000", "S02_02_00166", "S02_02_00333"]
    data = HumanML3DFolder(written)
    assert [c.line() for c in data.captions("S02_02_00000")] == [
        "wave the right hand#wave/OTHER the/OTHER right/OTHER hand/OTHER#0.0#0.0"
    ]
    assert data.captions("MS02_02_00000")[0].text == "wave the left hand"
    assert data.captions("S02_03_00000") == ()


def test_statistics_are_over_the_train_list(written: Path):
    train = np.concatenate([np.load(written / "new_joint_vecs" / f"{id}.npy") for id in ids(written, "train")])
    np.testing.assert_allclose(np.load(written / "Mean.npy"), train.mean(0, dtype=np.float64), atol=1e-5)


def test_about_says_what_was_left_out(written: Path):
    about = json.loads((written / "about.json").read_text(encoding="utf-8"))
    assert about["flagged_train_clips_left_out"] == ["000005"]
    assert about["clips_left_out_since_nothing_remains_after_trimming"] == ["000007"]
    assert about["clips_with_extrapolated_frames_trimmed"] == 1
    assert about["clips_per_list_with_mirrored"]["train"] == 4


def test_flagged_and_extrapolated_can_be_kept(pack: Path, tmp_path: Path):
    write_dataset(pack, tmp_path / "out", keep_flagged=True, keep_extrapolated=True, progress=False)
    assert "000005" in ids(tmp_path / "out", "train")
    assert len(np.load(tmp_path / "out" / "new_joint_vecs" / "000003.npy")) == 89
    assert len(np.load(tmp_path / "out" / "new_joint_vecs" / "000007.npy")) == 2


def test_what_is_written_can_be_read_by_others(written: Path):
    mode = stat.S_IMODE(written.stat().st_mode)
    assert mode == stat.S_IMODE((written / "texts").stat().st_mode)
    assert not [path.name for path in written.parent.iterdir() if path != written]


def test_the_data_module_reads_it(written: Path):
    data = HumanML3DFolder(written)
    assert {s.id for s in data.samples(["train"])} == {"000001", "M000001", "000003", "M000003"}
    assert len(data.samples(["tokenizer"], with_captions=False, min_frames=64)) == len(ids(written, "tokenizer"))


def test_a_folder_with_content_is_not_overwritten(pack: Path, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="out must be a new or empty folder, got"):
        write_dataset(pack, tmp_path, progress=False)
    with pytest.raises(InputError, match="out must be a new or empty folder, got"):
        write_dataset(pack, tmp_path / "mine.txt", progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_is_left_of_a_failure(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Statistics, "save", full)
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new", tmp_path / "empty"):
        with pytest.raises(OSError, match="No space left"):
            write_dataset(pack, out, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("joints.npz", Path.unlink, r"has no joints\.npz"),
        ("duplicates.json", Path.unlink, r"has no duplicates\.json"),
        ("joints.npz", _cut, "is not a readable CMU-HumanML3D pack"),
        ("trials.jsonl", _cut, "is not a readable CMU-HumanML3D pack"),
    ],
)
def test_a_damaged_pack_is_refused(pack: Path, tmp_path: Path, file: str, damage: Callable[[Path], None], message: str):
    copy = tmp_path / "pack"
    copy.mkdir()
    for path in pack.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    damage(copy / file)
    with pytest.raises(InputError, match=message):
        write_dataset(copy, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_real_pack(shared_data: Path, tmp_path: Path):
    source = shared_data / "cmu-humanml3d"
    about = write_dataset(source, tmp_path / "cmu", progress=False)
    counts = about["clips_per_list_with_mirrored"]
    assert counts["val"] == 140
    assert counts["test"] == 408
    assert counts["clean_test"] == 250
    assert counts["clean_val"] == 80
    left_out = len(about["flagged_train_clips_left_out"])
    gone = len(about["clips_left_out_since_nothing_remains_after_trimming"])
    assert counts["train"] == 2 * (1050 - left_out - gone)
    data = HumanML3DFolder(tmp_path / "cmu")
    assert len(data.samples(["train"])) > 1800
    rows = [json.loads(line) for line in (source / "clips.jsonl").read_text(encoding="utf-8").splitlines()]
    held_out = {(r["trial"], f) for r in rows if r["split"] != "train" for f in range(r["start"], r["end"])}
    pairs = json.loads((source / "duplicates.json").read_text(encoding="utf-8"))["pairs"]
    twin = {p["a"]: p["b"] for p in pairs} | {p["b"]: p["a"] for p in pairs}
    held_out |= {(twin[trial], f) for trial, f in held_out if trial in twin}  # every offset is 0
    shown = {(trial, f) for trial, a, b in segments(tmp_path / "cmu") for f in range(a, b)}
    assert not shown & held_out
    assert len(shown) / 20 / 3600 > 3
