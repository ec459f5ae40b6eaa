"""The list of sentences, follow rates, and the command that measures them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from posable import Pose, held

from kinmo_core.data.captions import mirror_text
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints
from kinmo_core.testing.puppet import walk
from kinmo_gen.cli import main
from kinmo_gen.follow import Sentence, follow_rate, half_of, judge, sentences
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.expression import parse_rule
from kinmo_gen.follow.motions import read_motions
from kinmo_gen.follow.report import failures, table
from kinmo_gen.follow.spans import runs, series, swings

RAISES = Sentence(1, "a person raises the left arm", "arms", "hand(left, above_head)", "tuned")
LOWERS = Sentence(2, "a person raises the right arm", "arms", "hand(right, above_head)", "tuned")
WALKS = Sentence(3, "a person walks", "locomotion", "travels(forward, 1)", "unseen")
left_up = held(Pose(left_arm=(0.1, 1, 0), left_forearm=(0.1, 1, 0)))
right_up = held(Pose(right_arm=(0.1, 1, 0), right_forearm=(0.1, 1, 0)))
walked = Motion(walking_joints(80))


def test_the_list_is_long_and_its_mirror_image_is_itself():
    listed = {sentence.text: sentence for sentence in sentences()}
    assert len(listed) == len(sentences()) >= 150
    assert [sentence.number for sentence in sentences()] == list(range(1, len(listed) + 1))
    for text, sentence in listed.items():
        twin = listed[mirror_text(text)]
        assert (twin.family, twin.half) == (sentence.family, sentence.half)
        assert twin.rule == (mirror_text(sentence.rule) if sentence.sided else sentence.rule)


def test_failures_say_what_was_wanted_and_seen_but_not_of_the_unseen_half():
    motions = {RAISES: [walked, left_up], LOWERS: [right_up], WALKS: [left_up]}
    said = failures(motions, judge(motions))
    head, *lines = said.splitlines()
    assert head.startswith("1 a person raises the left arm (hand(left, above_head)): 1 of 2 motions fail")
    assert any(line.startswith("  wanted") and "left arm" in line and "above the head" in line for line in lines)
    assert any(line.startswith("  seen") and "travels forward" in line for line in lines)
    assert LOWERS.text not in said
    assert WALKS.text not in said


def test_every_family_has_both_halves_in_equal_parts():
    families = {sentence.family for sentence in sentences()}
    assert len(families) == 9
    for family in families:
        originals = {
            half: {min(s.text, mirror_text(s.text)) for s in half_of(half) if s.family == family}
            for half in ("tuned", "unseen")
        }
        assert abs(len(originals["tuned"]) - len(originals["unseen"])) <= 1


def test_rules_name_a_side_only_where_the_sentence_does():
    for sentence in sentences():
        if not sentence.sided:  # what is said of the left is said of the right too
            assert sentence.rule.count("left") == sentence.rule.count("right"), sentence


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.5, 2.0])
def test_every_sentence_can_be_held_against_a_motion_of_any_length(seconds: float):
    frames = max(1, round(20 * seconds))
    body = Body.of(Motion(walk(1.2).joints(frames)))
    assert all(sentence.follows(body) in (True, False) for sentence in sentences())


def test_place_heading_and_frame_rate_do_not_matter():
    moved = walked.joints @ torch.tensor([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]) + torch.tensor([3.0, 1.5, -2.0])
    found = [s.number for s in sentences() if s.follows(walked)]
    assert found == [s.number for s in sentences() if s.follows(Motion(moved))]
    [forward] = [s for s in sentences() if s.text == "a person walks forward"]
    assert forward.number in found
    assert forward.follows(Motion(walking_joints(160, fps=40.0), fps=40.0))


def test_rates_chance_and_sides_of_known_motions():
    made = {RAISES: [left_up, walked], LOWERS: [left_up], WALKS: [walked, left_up]}
    judged = judge(made)
    assert [each.followed for each in judged] == [0.5, 0.0, 0.5]
    assert [each.chance for each in judged] == [2 / 3, 0.0, 1 / 3]
    assert [each.wrong_side for each in judged] == [0.0, 1.0, None]
    arms = follow_rate(judged[:2])
    assert (arms.sentences, arms.followed, arms.wrong_side) == (2, 0.25, 0.5)
    assert arms.chance == pytest.approx(1 / 3)
    assert arms.interval == pytest.approx(1.96 * 0.25)  # deviation sqrt(1/8) over the square root of 2
    assert follow_rate(judged[2:]).wrong_side is None
    assert "| arms | 2 | 25.0 ± 49.0 | 33.3 | 50.0 |" in table(judged)


def test_what_cannot_be_judged_is_named():
    with pytest.raises(InputError, match="at least two sentences, got 1"):
        judge({RAISES: [walked]})
    with pytest.raises(InputError, match="got none for 2 'a person raises the right arm'"):
        judge({RAISES: [walked], LOWERS: []})
    with pytest.raises(InputError, match="at least one sentence, got none"):
        follow_rate([])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("turns(left", "rule must be an expression"),
        ("left", "rule must be an expression"),
        ("flies(left)", "rule must be one of then, together"),
        ("turns(left, 'x')", "calls, words and numbers only, got \"'x'\""),
        ("turns(left, far)", "turns cannot take these arguments"),
        ("turns()", "turns cannot take these arguments"),
        ("hand(left, moon)", "hand cannot take these arguments"),
        ("__import__(os)", "rule must be one of"),
    ],
)
def test_a_rule_that_is_none_is_refused(rule: str, message: str):
    with pytest.raises(InputError) as caught:
        parse_rule(rule)
    assert message in str(caught.value)


def test_spans_and_swings():
    mask = torch.tensor([0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0]).bool().numpy()
    assert runs(mask, hold=0.1, bridge=0.0) == [(1, 4), (5, 8)]
    assert runs(mask, hold=0.1, bridge=0.05) == [(1, 8)]
    wave = torch.tensor([0.0, 1, 2, 1, 0, 1, 1.5, 2, 1.5, 2, 0, 2]).numpy()
    assert swings(wave, 1.5) == [0, 2, 4, 7, 10]
    assert series(wave, 1.5, 3, 0.3) == [(0, 5), (2, 8), (4, 11)]
    assert series(wave, 1.5, 3, 0.2) == [(0, 5)]
    assert swings(wave, 3.0) == series(wave, 3.0, 2, 9.0) == []


def test_the_command_samples_judges_and_judges_again(
    toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    few = sentences()[:4]
    monkeypatch.setattr("kinmo_gen.follow.half_of", lambda _: few)
    out = tmp_path / "new" / "out"
    main(["follow", "--draws", "2", "--model", str(toy_model), "--save", "--out", str(out)])
    assert sorted(path.name for path in out.iterdir()) == ["follow.json", "follow.md", "motions"]
    assert "### " in capsys.readouterr().out
    result = json.loads((out / "follow.json").read_text(encoding="utf-8"))
    assert result["source"] == {"model": str(toy_model), "draws": 2, "best_of": 1, "poses": True, "seed": 0}
    assert [(row["sentence"]["text"], row["motions"]) for row in result["judged"]] == [(s.text, 2) for s in few]
    assert 0 <= result["rates"][few[0].half]["all"]["followed"] <= 1
    again = tmp_path / "again"
    main(["follow", "--motions", str(out / "motions"), "--out", str(again)])
    assert json.loads((again / "follow.json").read_text(encoding="utf-8"))["judged"] == result["judged"]
    assert (again / "follow.md").read_text(encoding="utf-8") == (out / "follow.md").read_text(encoding="utf-8")


def test_the_list_is_printed_with_numbers(capsys: pytest.CaptureFixture[str]):
    main(["follow", "--list", "--half", "unseen"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(half_of("unseen"))
    assert lines[0].split()[:2] == [str(half_of("unseen")[0].number), "unseen"]


def test_motions_are_read_by_the_number_of_their_sentence(tmp_path: Path):
    first, second = sentences()[:2]
    for name in ("1.npz", "001_2.npz", "2_walks.bvh", f"{sentences()[5].number}.npz"):
        save_motion(walked, tmp_path / name)
    found = read_motions(tmp_path, [first, second])
    assert {sentence.number: len(made) for sentence, made in found.items()} == {1: 2, 2: 1}
    with pytest.raises(InputError, match="must have a motion of sentence 3"):
        read_motions(tmp_path, sentences()[:3])


def test_bad_files_are_named_counted_and_left_out(tmp_path: Path):
    folder = tmp_path / "motions"
    folder.mkdir()
    for number in range(1, len(sentences()) + 1):
        save_motion(walked, folder / f"{number}.npz")
    shutil.copy(folder / "1.npz", folder / "1_again.npz")
    shutil.copy(folder / "1.npz", folder / "walk.npz")
    (folder / "1.npz").write_bytes((folder / "2.npz").read_bytes()[:100])
    (folder / "2.npz").unlink()
    (folder / "2.bvh").write_text("HIERARCHY\n")
    joints = walked.joints.numpy().copy()
    joints[5, 3, 1] = np.nan
    np.save(folder / "3_nan.npy", joints)
    command = [Path(sys.executable).with_name("kinmo-gen"), "follow", "--motions", folder, "--out", tmp_path / "out"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 3, ended.stderr
    lines = ended.stderr.splitlines()
    named = [f"kinmo-gen: warning: left out {folder}/{name}: " for name in ("walk.npz", "1.npz", "2.bvh", "3_nan.npy")]
    assert [sum(line.startswith(start) for line in lines) for start in named] == [1, 1, 1, 1]
    assert f"kinmo-gen: warning: left out sentence 2 ({sentences()[1].text}): none of its files can be read" in lines
    assert lines[-1] == "kinmo-gen: done, with warnings: 5"
    assert len(lines) == 6
    judged = json.loads((tmp_path / "out" / "follow.json").read_text(encoding="utf-8"))["judged"]
    assert [(row["sentence"]["number"], row["motions"]) for row in judged[:2]] == [(1, 1), (3, 1)]
    stopped = subprocess.run([*command[:-1], tmp_path / "strict", "--strict"], capture_output=True, text=True)
    assert (stopped.returncode, len(stopped.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "strict").exists()


def test_a_folder_of_bad_files_is_refused(tmp_path: Path):
    (tmp_path / "1.npz").touch()
    with (
        pytest.warns(DataWarning, match="left out"),
        pytest.raises(InputError, match="a file that can be read, got none"),
    ):
        read_motions(tmp_path, sentences()[:1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--draws", "0"], "--draws must be between 1 and 1000, got 0"),
        (["--motions", "none"], "cannot read motions from none: it is not a folder"),
        (["--motions", "some", "--save"], "leave out --model and --save"),
        (["--motions", "some", "--strict"], "left out some/walk.npz: it must have a name that begins with a number"),
        (["--model", "none"], "none is not a model folder"),
        (["--half", "third"], "invalid choice: 'third'"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some").mkdir()
    save_motion(walked, tmp_path / "some" / "walk.npz")
    with pytest.raises(SystemExit) as caught:
        main(["follow", *arguments, "--out", "out"])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()
