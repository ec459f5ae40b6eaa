"""What is known of training motions: typical limbs, files, and that nothing of other motions gets in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plans import TEXT_DIM

from kinmo_core.data.captions import mirror_text
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.testing import WordEncoder
from kinmo_core.text import UNKNOWN, Statement, Timeline
from kinmo_reasoner.agreement import Agreement, compare, evaluate
from kinmo_reasoner.build import WORDS, build, read_timelines
from kinmo_reasoner.known import Known, read_known, write_known
from kinmo_reasoner.nearest import NearestReasoner
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.typical import most_typical

STEPS = Statement("left_leg", 0.0, 1.0, "takes a step forward")
NOD = Statement("neck", 0.0, 1.0, "nods {}", 2, "times")
WAVE = Statement("right_arm", 0.0, 1.0, "swings up and down {} above the head", 3, "times")
OTHER_WAVE = Statement("right_arm", 0.5, 1.5, "swings quickly up and down {} above the head", 7, "times")


def timeline(*statements: Statement) -> Timeline:
    return Timeline(statements, 2.0)


def test_a_limb_is_taken_from_the_motion_that_is_most_like_the_others():
    own, usual = timeline(STEPS, NOD, WAVE), timeline(STEPS, OTHER_WAVE)
    made = most_typical([own, usual, timeline(OTHER_WAVE)], 4.0)
    assert made.seconds == 4.0
    assert [s.text for s in made.of("left_leg")] == [STEPS.text]
    assert made.of("neck") == ()  # two of three do not nod
    assert [(s.text, s.start, s.end) for s in made.of("right_arm")] == [(WAVE.text, 0.0, 2.0)]  # of equals the first
    assert most_typical([own], 2.0) == own


def test_nearest_chooses_among_motions_rather_than_captions():
    known = [
        Known("1", "a person walks", timeline(STEPS, NOD)),
        Known("1", "a person walks on", timeline(STEPS, NOD)),
        Known("2", "a person walks there", timeline(STEPS)),
        Known("3", "a person walks slowly", timeline(STEPS)),
    ]
    reasoner = NearestReasoner(known, WordEncoder(TEXT_DIM), number=3)
    [[made]] = reasoner.plan(["a person walks"])
    assert made.of("neck") == ()
    assert NearestReasoner(known, WordEncoder(TEXT_DIM)).plan(["a person walks"])[0][0].of("neck") == (NOD,)


def test_a_mirrored_copy_is_written_as_such_and_read_whole(tmp_path: Path):
    vectors = WordEncoder(TEXT_DIM).encode(["a", "b", "c"])
    known = [
        Known("1", "a", timeline(STEPS)),
        Known("M1", "b", timeline(STEPS).mirror()),
        Known("M2", "c", timeline(NOD)),
    ]
    write_known(tmp_path, known, vectors)
    lines = [json.loads(line) for line in (tmp_path / "known.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[1] == {"id": "M1", "sentences": 1, "mirrors": "1"}
    read = [(entry.owner, entry.text, entry.timeline) for entry in read_known(tmp_path)[0]]
    assert read == [(entry.owner, UNKNOWN, entry.timeline) for entry in known]


def described(data: Path, path: Path) -> Path:
    """A file of kinmo-annotate: each motion of the toy data says its own id in the words of a statement."""
    samples = HumanML3DFolder(data).samples(["train", "val", "test"])
    records = []
    for sample in samples:
        said = Statement("torso", 0.0, 2.0, f"says {mirror_text(sample.key)}", 12.3456, "degrees")
        whole = Timeline((said, Statement("body", 0.0, 2.0, sample.captions[0].text)), 3.2)
        records.append({"id": sample.key, "timeline": whole.to_json()})
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


class TestBuild:
    def test_nothing_but_training_motions_is_known(self, toy_folder: Path, tmp_path: Path):
        path = described(toy_folder, tmp_path / "d.jsonl")
        encoder = WordEncoder(TEXT_DIM)
        number = build(toy_folder, path, tmp_path / "out", encoder, splits=["train"])
        known, vectors = read_known(tmp_path / "out")
        train = {sample.key: sample for sample in HumanML3DFolder(toy_folder).samples(["train"])}
        assert len(known) == len(vectors) == number
        assert {entry.owner for entry in known} <= set(train)
        for entry in known:
            [said] = entry.timeline.statements  # not the sentence
            assert (said.text, said.amount) == (f"says {entry.owner}", 12.35)
        text = (tmp_path / "out" / "known.jsonl").read_text(encoding="utf-8")
        assert not any(caption.text in text for sample in train.values() for caption in sample.captions)

    def test_a_mirrored_copy_lends_the_captions_that_name_a_side(self, toy_folder: Path, tmp_path: Path):
        path = described(toy_folder, tmp_path / "d.jsonl")
        build(toy_folder, path, tmp_path / "out", WordEncoder(TEXT_DIM), splits=["train"])
        owners = [entry.owner for entry in read_known(tmp_path / "out")[0]]
        for sample in HumanML3DFolder(toy_folder).samples(["train"]):
            sided = sum(mirror_text(caption.text) != caption.text for caption in sample.captions)
            assert owners.count(sample.key) == (sided if sample.key.startswith("M") else len(sample.captions))

    def test_the_offline_reasoner_reads_it(self, toy_folder: Path, tmp_path: Path):
        encoder = WordEncoder(TEXT_DIM)
        build(toy_folder, described(toy_folder, tmp_path / "d.jsonl"), tmp_path / "out", encoder, splits=["train"])
        words = (tmp_path / "out" / WORDS).read_text(encoding="utf-8").split()
        assert words == sorted(words)
        assert "person" in words
        [[made]] = OfflineReasoner.load(tmp_path / "out", encoder).plan(["a person walks"])
        assert made.of("torso")[0].text.startswith("travels forward")

    def test_wrong_descriptions_are_named(self, toy_folder: Path, tmp_path: Path):
        (tmp_path / "d.jsonl").write_text('{"id": "000005"}\n', encoding="utf-8")
        with pytest.raises(InputError, match=r"d.jsonl, motion 000005: a timeline must be an object"):
            read_timelines(tmp_path / "d.jsonl", {"000005"})
        (tmp_path / "d.jsonl").write_text('{"id": "other"}\n', encoding="utf-8")
        with pytest.raises(InputError, match=r"has a timeline of none of the .* motions of train"):
            build(toy_folder, tmp_path / "d.jsonl", tmp_path, WordEncoder(TEXT_DIM), splits=["train"])


class TestAgreement:
    def test_statements_agree_by_kind_direction_and_time(self):
        plan = timeline(STEPS, NOD, OTHER_WAVE)
        motion = timeline(replace(STEPS, text="takes a step backward"), WAVE, WAVE, NOD)
        rows = compare([plan], [motion])
        assert rows["left_leg"] == Agreement(said=1, true=1, both=0)
        assert rows["right_arm"] == Agreement(said=1, true=2, both=1)
        assert rows["neck"].f1 == 1.0
        assert rows["all"] == Agreement(said=3, true=4, both=2)
        assert (rows["all"].precision, rows["all"].recall) == (2 / 3, 0.5)
        late = timeline(replace(NOD, start=1.0, end=2.0))
        assert compare([late], [timeline(NOD)])["neck"].both == 0
        assert (rows["pairs"].precision, rows["pairs"].recall, rows["pairs"].f1) == (0.0, 0.0, 0.0)

    def test_captions_are_planned_in_the_duration_of_their_motion(self, toy_folder: Path, tmp_path: Path):
        path = described(toy_folder, tmp_path / "d.jsonl")
        data = HumanML3DFolder(toy_folder)
        timelines = read_timelines(path, {sample.key for sample in data.samples(["val"])})
        asked: list[tuple[list[str], list[float]]] = []

        class Spy:
            def plan(self, sentences: Any, seconds: Any = None, draws: int = 1) -> list[list[Timeline]]:  # noqa: ARG002
                asked.append((list(sentences), list(seconds)))
                return [[Timeline((), 3.2)] for _ in sentences]

        rows = evaluate(Spy(), data, timelines, ["val"])
        originals = [sample for sample in data.samples(["val"]) if not sample.key.startswith("M")]
        assert asked == [([sample.captions[0].text for sample in originals], [3.2] * len(originals))]
        assert rows["torso"] == Agreement(said=0, true=len(originals), both=0)
        with pytest.raises(InputError, match="hold a timeline of none of the motions of val"):
            evaluate(Spy(), data, {}, ["val"])
