"""The report over files: ids, splits, mirrored copies, controls, printed lines, and its power on real clips."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from kinmo_annotate.check import Answer, Report, Verdict, judge, run
from kinmo_annotate.check.report import Counts
from kinmo_annotate.cli import main
from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.motion import Motion
from kinmo_core.testing import toy_dataset
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description

WAVES_RIGHT, WALKS = "000003", "000000"  # kinds 3 and 0 of the toy data set


def description(text: str, **groups: str) -> Description:
    return Description(text, {name: groups.get(name, UNKNOWN) for name in GROUPS}, dict.fromkeys(PAIRS, UNKNOWN))


def write(path: Path, texts: dict[str, Description]) -> Path:
    path.write_text("".join(json.dumps({"id": id, **one.to_json()}) + "\n" for id, one in texts.items()))
    return path


@pytest.fixture
def written(tmp_path: Path) -> Path:
    waving = description(
        "a person waves the right arm.", right_arm="The right arm waves.", left_arm="It hangs at the side."
    )
    texts = {WALKS: description("a person walks forward."), WAVES_RIGHT: waving, f"M{WAVES_RIGHT}": waving.mirror()}
    return write(tmp_path / "a.jsonl", texts)


def test_true_texts_are_supported_also_of_mirrored_copies(
    written: Path, toy_folder: Path, capsys: pytest.CaptureFixture[str]
):
    report = run(written, toy_folder)
    assert list(report.verdicts) == [WALKS, WAVES_RIGHT, f"M{WAVES_RIGHT}"]
    assert (report.contradictions_per_thousand, report.total.side_errors, report.total.coverage) == (0.0, 0, 1.0)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "3 texts, 7 clauses, 100.0% of them checkable"
    assert printed[1].endswith("statements checked: 0 contradicted, 0.0 per thousand, in 0 texts")


def test_mirrored_motions_contradict_sides_only(written: Path, toy_folder: Path):
    report = run(written, toy_folder, control="mirror")
    assert {id for id, verdict in report.wrong() if verdict.side_error} == {WAVES_RIGHT, f"M{WAVES_RIGHT}"}
    assert report.wrong_motions() == report.wrong_motions(sides=True) == 2


def test_motions_of_other_clips_contradict_more(written: Path, toy_folder: Path):
    report = run(written, toy_folder, control="shuffle")
    assert report.total.contradictions > run(written, toy_folder).total.contradictions
    assert "a person walks forward" in {verdict.clause for _, verdict in report.wrong()}


def test_of_a_mutated_text_only_what_changed_is_judged(tmp_path: Path, toy_folder: Path):
    text = description("a person walks forward.", left_leg="The left leg takes two steps forward.")
    path = write(tmp_path / "a.jsonl", {WALKS: text})
    assert run(path, toy_folder).total.contradictions == 0
    backward = run(path, toy_folder, control="way")
    assert {verdict.who for _, verdict in backward.wrong()} == {"body", "left_leg"}
    assert backward.total.contradictions == backward.total.statements
    assert run(path, toy_folder, control="tempo").total.statements == 0
    with pytest.raises(InputError, match="control must be none, mirror or shuffle for captions, got 'way'"):
        run(None, toy_folder, captions=True, control="way")


def test_only_the_motions_of_the_splits_are_checked(tmp_path: Path, toy_folder: Path):
    train = (toy_folder / "train.txt").read_text().split()[0]
    test = (toy_folder / "test.txt").read_text().split()[0]
    path = write(tmp_path / "a.jsonl", {id: description("a person moves.") for id in (train, test)})
    assert set(run(path, toy_folder, ["train"]).verdicts) == {train}
    assert set(run(path, toy_folder, ["test", "train"]).verdicts) == {train, test}


def test_a_mirrored_copy_that_is_not_stored_is_made(tmp_path: Path, written: Path):
    data = toy_dataset(tmp_path / "data", clips=6)
    shutil.rmtree(data / "new_joints")
    (data / "new_joint_vecs" / f"M{WAVES_RIGHT}.npy").unlink()
    assert run(written, data).total.contradictions == 0


def test_spans_of_a_clip_are_those_frames(tmp_path: Path, toy_folder: Path):
    path = write(tmp_path / "a.jsonl", {f"{WALKS}:0-20": description("a person walks forward about 1.2 m.")})
    assert run(path, toy_folder).total.contradictions == 0
    path = write(tmp_path / "a.jsonl", {f"{WALKS}:0-20": description("a person walks forward about 4 m.")})
    assert run(path, toy_folder).total.contradictions == 1


def test_contradictions_are_shown_with_their_evidence(
    tmp_path: Path, toy_folder: Path, capsys: pytest.CaptureFixture[str]
):
    path = write(tmp_path / "a.jsonl", {WAVES_RIGHT: description("someone waves the left hand.", neck="It is happy.")})
    report = run(path, toy_folder, examples=1)
    assert report.total.side_errors
    printed = capsys.readouterr().out
    assert f"{WAVES_RIGHT} global: 'someone waves the left hand' (SIDE)" in printed
    assert "left wrist turns back 0 times; right wrist turns back" in printed
    assert printed.splitlines()[0] == "1 texts, 2 clauses, 50.0% of them checkable"


def test_human_captions_are_checked_instead(toy_folder: Path):
    report = run(None, toy_folder, ["train", "val", "test"], captions=True)
    assert len(report.verdicts) == 24
    assert (report.total.contradictions, report.total.side_errors) == (0, 0)
    assert run(None, toy_folder, ["train"], captions=True, control="mirror").total.side_errors > 0


def test_counts_add_up():
    wrong = Verdict("a", "body", "x", Answer.CONTRADICTED, sides=True, side_error=True)
    right = Verdict("a", "torso", "y", Answer.SUPPORTED, sides=True, side_visible=True)
    unread = Verdict("b", "torso", "", Answer.NOT_CHECKABLE)
    report = Report({"1": [wrong, right, unread], "2": [right]})
    assert report.groups == {"body": Counts(1, 0, 1, 1, 1, 1, 0), "torso": Counts(3, 1, 2, 0, 2, 0, 2)}
    assert report.total == Counts(4, 1, 3, 1, 3, 1, 2)
    assert report.contradictions_per_thousand == pytest.approx(1000 / 3)
    assert (report.power, report.total.coverage) == (pytest.approx(2 / 3), 0.75)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"id": "999999", TEXT}',
            r"a.jsonl has the id '999999', but .* has no features of 999999",
        ),
        ('{"id": "000000:500-600", TEXT}', r"a.jsonl has the id '000000:500-600', but .*000000.npy has 64 frames"),
        ('{"id": "../000000", TEXT}', r"left out ../000000: id must be the name of a file"),
        ('{"id": "000000"}', r"a description needs 'text'"),
        ("nonsense", r"a.jsonl line 1: want a JSON object with an id"),
        ("", r"a.jsonl has no text for any split"),
    ],
)
def test_annotations_that_do_not_fit_the_data(tmp_path: Path, toy_folder: Path, content: str, message: str):
    text = json.dumps(description("a person walks.").to_json())[1:-1]
    (tmp_path / "a.jsonl").write_text(content.replace("TEXT", text))
    with pytest.raises((InputError, DataWarning), match=message):
        run(tmp_path / "a.jsonl", toy_folder)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.full((20, 263), np.nan), "000000.npy must hold finite numbers, got NaN or infinity first in frame 0"),
        (np.zeros((20, 251)), r"000000.npy must hold \(frames, 263\) features, got shape \(20, 251\)"),
        (np.zeros((0, 263)), r"000000.npy: joints must have shape \(frames, 22, 3\) with at least one frame, got none"),
    ],
)
def test_features_that_are_no_motion(tmp_path: Path, written: Path, features: np.ndarray, message: str):
    data = toy_dataset(tmp_path / "data", clips=6)
    np.save(data / "new_joint_vecs" / f"{WALKS}.npy", features)
    with pytest.raises(DataWarning, match=message):
        run(written, data)


def test_a_damaged_file_of_features(tmp_path: Path, written: Path):
    data = toy_dataset(tmp_path / "data", clips=6)
    (data / "new_joint_vecs" / f"{WALKS}.npy").write_bytes(b"nothing")
    with pytest.raises(DataWarning, match=r"000000.npy is not a readable .npy file"):
        run(written, data)


def test_one_bad_motion_does_not_stop_the_others(tmp_path: Path, written: Path, capsys: pytest.CaptureFixture[str]):
    data = toy_dataset(tmp_path / "data", clips=6)
    (data / "new_joint_vecs" / f"{WALKS}.npy").write_bytes(b"nothing")
    lines = written.read_text().splitlines()
    for id in ("000002", "999999"):
        lines.append(json.dumps(json.loads(lines[0]) | {"id": id}))
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.warns(DataWarning) as left_out:
        report = run(tmp_path / "a.jsonl", data)
    assert WALKS not in report.verdicts
    assert "000002" in report.verdicts
    said = [str(warning.message) for warning in left_out]
    assert any(f"left out {WALKS}: " in line for line in said)
    assert any("left out 999999: " in line for line in said)
    with pytest.warns(DataWarning), pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "a.jsonl"), "--data", str(data)])
    assert ended.value.code == 3
    with pytest.raises(SystemExit) as ended:
        main(["check", str(tmp_path / "a.jsonl"), "--data", str(data), "--strict"])
    assert ended.value.code == 2
    assert "kinmo-annotate: error: left out" in capsys.readouterr().err


def test_wrong_arguments_are_named(tmp_path: Path, written: Path, toy_folder: Path):
    with pytest.raises(InputError, match="no data directory"):
        run(written, tmp_path / "nowhere")
    with pytest.raises(InputError, match="has no split 'x'"):
        run(written, toy_folder, ["x"])
    with pytest.raises(InputError, match=r"control must be one of none, mirror, shuffle, tempo, .* got 'x'"):
        run(written, toy_folder, control="x")
    with pytest.raises(InputError, match="annotations must be a path, got None; want an annotation file or captions"):
        run(None, toy_folder)


def test_wrong_motions_are_contradicted_far_more_often_on_real_clips(shared_data: Path):
    # A side that a person named agrees with the joints in about nine of ten clips (README of the pack).
    captions, motions = _clips(shared_data / "cmu-humanml3d", splits=("val",))
    mirrored = [one.mirror() for one in motions]
    true, wrong_side, other = (
        Counts.of([v for text, one in zip(captions, shown, strict=True) for v in judge(text, one)])
        for shown in (motions, mirrored, motions[7:] + motions[:7])
    )
    assert true.statements > 300
    assert true.contradictions / true.statements < 0.05
    assert other.contradictions / other.statements > 4 * true.contradictions / true.statements
    assert true.side_errors / true.sided < 0.04
    assert wrong_side.side_errors / wrong_side.sided > 4 * true.side_errors / true.sided
    assert true.coverage > 0.7


def test_real_clips_and_texts_mirrored_alike_get_the_same_answers(shared_data: Path):
    captions, motions = _clips(shared_data / "cmu-humanml3d", splits=("val",))
    for text, one in zip(captions[::3], motions[::3], strict=True):
        if "counter clock" in text:  # which `mirror_text` turns into "counter counterclockwise"
            continue
        answers = Counter(verdict.answer for verdict in judge(text, one))
        assert answers == Counter(verdict.answer for verdict in judge(mirror_text(text), one.mirror()))


def _clips(pack: Path, splits: tuple[str, ...]) -> tuple[list[str], list[Motion]]:
    """Read the captions of whole clips, and the motion of each."""
    with np.load(pack / "joints.npz") as file:
        joints = file["joints"]
    trials = {row["trial"]: row for row in map(json.loads, (pack / "trials.jsonl").read_text().splitlines())}
    clips = [row for row in map(json.loads, (pack / "clips.jsonl").read_text().splitlines()) if row["split"] in splits]
    found = []
    for clip in clips:
        start = trials[clip["trial"]]["start"]
        own = Motion(torch.from_numpy(joints[start + clip["start"] : start + clip["end"]] / 4096))
        found += [(caption["text"], own) for caption in clip["captions"] if not caption["end"]]
    return [text for text, _ in found], [own for _, own in found]
