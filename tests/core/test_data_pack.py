"""Packs as one HumanML3D directory: tiny ones made here, and the real ones."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_packs import (
    CLIPS,
    DUPLICATES,
    OTHER_CLIPS,
    OTHER_DUPLICATES,
    OTHER_TRIALS,
    TRIALS,
    write_pack,
)

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.data.merge import write_dataset
from kinmo_core.data.mirroring import mirror_clip
from kinmo_core.data.pieces import MIN_SEGMENT_FRAMES, SEGMENT_FRAMES
from kinmo_core.data.sources import ACCAD, CMU, Source, source_of
from kinmo_core.errors import InputError
from kinmo_core.features import LAYOUT, decode, encode_raw, mirror
from kinmo_core.motion import mirror_joints
from kinmo_core.stats import Statistics
from kinmo_core.testing import walking_joints


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("packs") / "pack", TRIALS, CLIPS, DUPLICATES)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("packs") / "other", OTHER_TRIALS, OTHER_CLIPS, OTHER_DUPLICATES)


@pytest.fixture(scope="module")
def written(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "cmu"
    write_dataset([pack], out)
    return out


@pytest.fixture(scope="module")
def merged(pack: Path, other: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("merged") / "both"
    write_dataset([pack, other], out)
    return out


@pytest.fixture(scope="module")
def full(pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("full") / "full"
    write_dataset([pack], out, full=True)
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


def features_of(folder: Path, id: str) -> torch.Tensor:
    [sample] = HumanML3DFolder(folder).samples_of(id, captions="ignored")
    return sample.features()


def test_every_listed_id_is_read_and_only_originals_are_stored(written: Path):
    listed = {id for name in ("all", "tokenizer", "extra") for id in ids(written, name)}
    assert all(features_of(written, id).isfinite().all() for id in listed)
    originals = {id for id in listed if not id.startswith("M")}
    assert {f"M{id}" for id in originals} == listed - originals
    assert {path.stem for path in (written / "new_joint_vecs").iterdir()} == originals
    assert {path.stem for path in (written / "texts").iterdir()} == originals
    assert not (written / "new_joints").exists()


def test_full_stores_mirrored_copies_and_joints_with_the_same_content(written: Path, full: Path):
    names = {path.name for path in written.iterdir()} | {"new_joints"}
    assert {path.name for path in full.iterdir()} == names
    for name in ("all", "tokenizer", "extra"):
        assert ids(full, name) == ids(written, name)
        for id in ids(full, name):
            features = np.load(full / "new_joint_vecs" / f"{id}.npy")
            joints = np.load(full / "new_joints" / f"{id}.npy")
            assert features.dtype == joints.dtype == np.float32
            assert features.shape == (len(joints), 263)
            np.testing.assert_allclose(joints, decode(torch.from_numpy(features)), atol=1e-5)
            assert HumanML3DFolder(full).captions(id) == HumanML3DFolder(written).captions(id)
            assert (full / "texts" / f"{id}.txt").is_file()
    for name in ("Mean.npy", "Std.npy"):
        assert (full / name).read_bytes() == (written / name).read_bytes()


def test_features_are_those_of_the_recording(pack: Path, written: Path):
    joints = joints_of(pack, "01_01", 0, 100)
    np.testing.assert_allclose(np.load(written / "new_joint_vecs" / "000001.npy"), encode_raw(joints), atol=1e-6)


def test_stored_mirrored_copies_are_those_of_the_mirrored_recording(pack: Path, full: Path):
    mirrored = encode_raw(mirror_joints(joints_of(pack, "01_01", 0, 100)))
    np.testing.assert_allclose(np.load(full / "new_joint_vecs" / "M000001.npy"), mirrored, atol=1e-6)


def test_mirrored_copies_on_the_fly_are_those_of_the_mirrored_recording(written: Path, full: Path):
    """Packs hold 1/4096 m, so the legs of the first frame, which scale the path, are rounded.

    A rounding grows in the rotation of a bone that points almost against its rest direction, and flips a contact label.
    """
    for id in ids(written, "all") + ids(written, "tokenizer"):
        difference = (features_of(written, id) - features_of(full, id)).abs()
        for block in ("yaw_rate", "root_velocity", "root_height", "positions", "velocities"):
            assert difference[:, LAYOUT[block]].max() < 1e-3, (id, block)
        assert difference[:, LAYOUT["rotations"]].mean() < 1e-4
        assert difference[:, LAYOUT["contacts"]].mean() < 1e-2


@pytest.mark.parametrize("frames", [2, 3, 60])
def test_mirror_clip_gives_the_features_of_the_mirrored_recording(frames: int):
    joints = walking_joints(frames, seed=3, heading=1.0)
    wanted = encode_raw(mirror_joints(joints))
    torch.testing.assert_close(mirror_clip(encode_raw(joints)), wanted, atol=1e-5, rtol=0)
    assert (mirror(encode_raw(joints)) - wanted).abs().max() > 1e-3  # which swaps the lengths of the bones
    several = torch.stack([encode_raw(joints), wanted])
    torch.testing.assert_close(mirror_clip(several)[1], mirror_clip(wanted))


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


def segments(written: Path, prefix: str = "S") -> list[tuple[str, int, int]]:
    """(trial, first frame, last + 1) of every segment whose id has a prefix."""
    found = []
    for id in [id for id in ids(written, "tokenizer") if id.startswith(prefix)]:
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
    assert by_trial["01_02"] == [(3, 100), (255, 298)]  # 140 to 150 is too short
    assert by_trial["01_03"] == [(0, 90), (245, 290)]
    assert by_trial["02_02"] == [(0, 166), (166, 333), (333, 500)]


def test_extra_are_the_unused_recordings_with_a_text(written: Path):
    extra = ids(written, "extra")
    assert extra[::2] == ["S01_03_00000", "S01_03_00245", "S02_02_00000", "S02_02_00166", "S02_02_00333"]
    data = HumanML3DFolder(written)
    assert [c.line() for c in data.captions("S02_02_00000")] == [
        "wave the right hand#wave/OTHER the/OTHER right/OTHER hand/OTHER#0.0#0.0"
    ]
    assert data.captions("MS02_02_00000")[0].text == "wave the left hand"
    assert data.captions("S02_03_00000") == ()


def test_statistics_are_over_the_train_list(full: Path):
    train = np.concatenate([np.load(full / "new_joint_vecs" / f"{id}.npy") for id in ids(full, "train")])
    np.testing.assert_allclose(np.load(full / "Mean.npy"), train.mean(0, dtype=np.float64), atol=1e-5)


def test_about_says_what_each_source_gave_and_what_was_left_out(merged: Path):
    about = json.loads((merged / "about.json").read_text(encoding="utf-8"))
    assert about["ids_per_list"]["train"] == 6
    one, other = about["sources"]
    assert (one["name"], one["credit"]) == ("CMU", CMU.credit)
    assert one["clips"] == {"train": 2, "val": 1, "test": 2}
    assert (one["recordings"], one["captions"]) == (7, 15)
    frames = {name: sum(b - a for _, a, b in segments(merged, name)) for name in ("S0", "Saccad")}
    assert one["stretch_hours"] == pytest.approx(frames["S0"] / 20 / 3600, abs=1e-4)
    assert one["left_out"] == {
        "flagged_train_clips": ["000005"],
        "clips_with_nothing_left": ["000007"],
        "trimmed_clips": 1,
        "flagged_recordings": 1,
        "short_recordings": 1,
        "extrapolated_frames": 7,
        "held_out_frames": 80 + 2 * (40 + 105),
        "short_stretch_frames": 2 * 10 + 1,
    }
    shown = one["left_out"]["held_out_frames"] + one["left_out"]["short_stretch_frames"] + 7 + 120 + frames["S0"]
    assert shown == sum(row[0] for row in TRIALS.values())
    assert (other["name"], other["licence"]) == ("ACCAD", ACCAD.licence)
    assert other["left_out"]["short_recordings"] == 1
    assert other["left_out"]["held_out_frames"] == 50


def test_lists_of_several_sources_follow_their_order(written: Path, merged: Path):
    for name, theirs in {
        "train": ["010001"],
        "val": [],
        "test": ["010002"],
        "clean_val": [],
        "clean_test": ["010002"],
        "tokenizer": ["Saccad_Walk_B1_00000", "Saccad_Walk_B2_00000", "Saccad_Kick_B3_00000"],
        "extra": [],  # the texts of ACCAD's recordings are made from file names
    }.items():
        assert ids(merged, name)[::2] == ids(written, name)[::2] + theirs
        assert ids(merged, name)[1::2] == [f"M{id}" for id in ids(merged, name)[::2]]
    assert ids(merged, "all") == ids(merged, "train") + ids(merged, "val") + ids(merged, "test")
    data = HumanML3DFolder(merged)
    assert data.captions("Saccad_Kick_B3_00000") == data.captions("MSaccad_Kick_B3_00000") == ()
    assert data.captions("M010001")[0].text == "walks to the right"


def test_sources_are_known_by_the_names_of_their_recordings():
    assert source_of(["01_01", "140_09"], folder="x") is CMU
    assert source_of(["accad_Female1Walking_B3"], folder="x") is ACCAD
    for trials in (["01_01", "accad_a"], ["walk"], []):
        assert source_of(trials, folder="mine") == Source("mine", credit="", texts_describe=True)


def test_an_unknown_source_is_called_by_its_folder(tmp_path: Path):
    trials = {"a": OTHER_TRIALS["accad_Walk_B1"], "b": OTHER_TRIALS["accad_Kick_B3"]}
    mine = write_pack(tmp_path / "mine", trials, {"1": ("a", 0, 60, "train")}, OTHER_DUPLICATES)
    [entry] = write_dataset([mine], tmp_path / "out")["sources"]
    assert (entry["name"], entry["credit"], entry["licence"]) == ("mine", "", "")
    assert ids(tmp_path / "out", "extra") == ["Sb_00000", "MSb_00000"]


def test_sources_must_have_nothing_in_common(pack: Path, other: Path, tmp_path: Path):
    def refused(*sources: Path) -> str:
        with pytest.raises(InputError) as error:
            write_dataset(sources, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        return str(error.value)

    again = pack / ".." / pack.name
    assert refused(pack, other, again) == f"sources must differ, got {pack} and {again}, which are the same folder"
    trial = write_pack(tmp_path / "trial", OTHER_TRIALS | {"02_03": TRIALS["02_03"]}, OTHER_CLIPS, OTHER_DUPLICATES)
    assert refused(pack, trial) == f"recording 02_03 is in two sources, {pack} and {trial}; want it in one"
    clips = OTHER_CLIPS | {"000004": ("accad_Walk_B2", 0, 50, "train")}
    clip = write_pack(tmp_path / "clip", OTHER_TRIALS, clips, OTHER_DUPLICATES)
    assert refused(pack, clip) == f"clip 000004 is in two sources, {pack} and {clip}; want it in one"
    assert refused() == "sources must name at least one pack, got none"


def test_flagged_and_extrapolated_can_be_kept(pack: Path, tmp_path: Path):
    write_dataset([pack], tmp_path / "out", keep_flagged=True, keep_extrapolated=True)
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
    assert len(data.samples(["tokenizer"], captions="ignored", min_frames=40)) == len(ids(written, "tokenizer"))


def test_a_folder_with_content_is_not_overwritten(pack: Path, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="out must be a new or empty folder, got"):
        write_dataset([pack], tmp_path)
    with pytest.raises(InputError, match="out must be a new or empty folder, got"):
        write_dataset([pack], tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_is_left_of_a_failure(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Statistics, "save", full)
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new", tmp_path / "empty"):
        with pytest.raises(InputError, match=f"cannot write {out}: No space left"):
            write_dataset([pack], out)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def _replace(old: str, new: str, path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("joints.npz", Path.unlink, r"has no joints\.npz"),
        ("duplicates.json", Path.unlink, r"has no duplicates\.json"),
        ("joints.npz", _cut, "is not a readable pack"),
        ("trials.jsonl", _cut, "is not a readable pack"),
        ("trials.jsonl", partial(_replace, '"flags"', '"marks"'), "is not a readable pack: no 'flags'"),
        (
            "clips.jsonl",
            partial(_replace, '"01_01"', '"09_09"'),
            "clip 000001 must be of a trial of the pack .*got 09_09",
        ),
        ("clips.jsonl", partial(_replace, '"val"', '"dev"'), "clip 000004 must be .* got 01_02 and dev"),
        ("clips.jsonl", partial(_replace, '"000001"', '"../../../evil"'), r"id must be the name of a file, .*evil"),
        ("clips.jsonl", partial(_replace, '"000001"', '"/tmp/evil"'), r"id must be the name of a file, .*evil"),
        ("trials.jsonl", partial(_replace, '"01_01"', '"../01"'), r"trial must be the name of a file, .*01"),
        ("duplicates.json", partial(_replace, "clean_val_ids", "clean"), "is not a readable pack: no 'clean_val_ids'"),
    ],
)
def test_a_damaged_pack_is_refused(pack: Path, tmp_path: Path, file: str, damage: Callable[[Path], None], message: str):
    copy = tmp_path / "pack"
    copy.mkdir()
    for path in pack.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    damage(copy / file)
    with pytest.raises(InputError, match=message):
        write_dataset([copy], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_real_packs(shared_data: Path, tmp_path: Path):
    sources = [shared_data / "cmu-humanml3d-v2", shared_data / "accad-humanml3d"]
    if missing := [source for source in sources if not source.is_dir()]:
        pytest.skip(f"no pack at {missing[0]}")
    about = write_dataset(sources, tmp_path / "both")
    assert [source["name"] for source in about["sources"]] == ["CMU", "ACCAD"]
    counts = about["ids_per_list"]
    assert (counts["val"], counts["test"]) == (2 * (83 + 8), 2 * (247 + 33))
    assert (counts["clean_val"], counts["clean_test"]) == (2 * (36 + 8), 2 * (116 + 31))
    gone = [source["left_out"] for source in about["sources"]]
    lost = sum(len(one["flagged_train_clips"]) + len(one["clips_with_nothing_left"]) for one in gone)
    assert counts["train"] == 2 * (1269 + 143 - lost)
    assert sum(path.stat().st_size for path in (tmp_path / "both").rglob("*")) < 650e6
    assert len(HumanML3DFolder(tmp_path / "both").samples(["train"])) > 2000
    held_out = set()
    for source in sources:
        rows = [json.loads(line) for line in (source / "clips.jsonl").read_text(encoding="utf-8").splitlines()]
        mine = {(r["trial"], f) for r in rows if r["split"] != "train" for f in range(r["start"], r["end"])}
        pairs = json.loads((source / "duplicates.json").read_text(encoding="utf-8"))["pairs"]
        assert not any(pair["offset_frames"] for pair in pairs)
        twin = {p["a"]: p["b"] for p in pairs} | {p["b"]: p["a"] for p in pairs}
        held_out |= mine | {(twin[trial], f) for trial, f in mine if trial in twin}
    shown = {(trial, f) for trial, a, b in segments(tmp_path / "both") for f in range(a, b)}
    assert not shown & held_out
    assert len(shown) / 20 / 3600 == pytest.approx(
        sum(source["stretch_hours"] for source in about["sources"]), abs=1e-3
    )
