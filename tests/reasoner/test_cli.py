"""The command `kinmo-reasoner`: what it prints and writes, resume, and one line on bad input."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from plans import offline

from kinmo_core import plugins
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.text import Timeline, read_descriptions
from kinmo_reasoner.cli import main
from kinmo_reasoner.predict import predict

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("sentences.yaml")


@pytest.fixture(autouse=True)
def table_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the offline reasoner without MiniLM and without what it knows of motions."""
    entries = {"offline": lambda *_: offline()}
    monkeypatch.setattr(plugins, "find", lambda _, name: entries.get(name))


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line on stderr of a command that exits with 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_entry_points_are_there():
    project = tomllib.loads((ROOT / "packages/kinmo-reasoner/pyproject.toml").read_text())["project"]
    for target in project["entry-points"]["kinmo.reasoners"].values():
        module, _, name = target.partition(":")
        found: Any = __import__(module, fromlist=["_"])
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found)
    assert project["scripts"] == {"kinmo-reasoner": "kinmo_reasoner.cli:main"}


def test_reason_prints_a_chart_and_three_levels(capsys: pytest.CaptureFixture[str]):
    main(["reason", "a man waves with his left hand, then sits down"])
    head, chart, levels = capsys.readouterr().out.strip().split("\n\n")
    assert head == "a man waves with his left hand, then sits down, 5.5 s"
    assert any(
        line.startswith("left arm") and "█" in line and "swings from side" in line for line in chart.splitlines()
    )
    first, second = (
        line for line in chart.splitlines() if line.startswith("torso") and "sit" in line and "+" not in line
    )
    assert first.index("█") < second.index("█")
    assert levels.splitlines()[0].split(maxsplit=1) == ["global", "A man waves with his left hand, then sits down."]
    assert levels.splitlines()[-1].endswith("pairs: unknown)")


def test_json_and_yaml_are_timelines(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    main(["reason", "he jumps twice", "--seconds", "3", "--json", "--yaml", str(tmp_path / "plan.yaml")])
    printed = Timeline.from_json(json.loads(capsys.readouterr().out))
    assert printed == Timeline.load(tmp_path / "plan.yaml")
    assert printed.seconds == 3.0
    main(["reason", "he jumps", "--json", "--draws", "2"])
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert "only English is understood" in fails(capsys, "reason", "un hombre camina hacia adelante")
    assert "only English is understood" in fails(capsys, "reason", "ein Mann geht vorwärts")
    assert "the text is empty" in fails(capsys, "reason", " ")
    assert "the text has 4999 characters; want at most 2000" in fails(capsys, "reason", "walk " * 1000)
    assert "seconds must be positive, got -1" in fails(capsys, "reason", "he walks", "--seconds", "-1")
    assert "draws must be at least 1, got 0" in fails(capsys, "reason", "he walks", "--draws", "0")
    assert "reasoner must be one of" in fails(capsys, "reason", "he walks", "--reasoner", "oracle")
    assert "evaluate needs --sentences, or --data" in fails(capsys, "evaluate")
    assert "missing.yaml" in fails(capsys, "evaluate", "--sentences", str(tmp_path / "missing.yaml"))
    out = str(tmp_path / "out.jsonl")
    assert "nowhere" in fails(capsys, "predict", "--data", str(tmp_path / "nowhere"), "--out", out)
    assert not (tmp_path / "out.jsonl").exists()


def test_evaluate_prints_both_halves(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    short = tmp_path / "list.yaml"
    must = "must: ['torso: ^travels'], must_not: ['torso: ^jumps']"
    short.write_text(f"cases:\n- {{{must}, say: [he walks, she walks, he jumps]}}\n", encoding="utf-8")
    main(["evaluate", "--sentences", str(short), "--failures"])
    head, tuned, unseen, time, *failures = capsys.readouterr().out.splitlines()
    assert head.split() == ["half", "sentences", "demands", "met", "share", "contradictions"]
    assert tuned.split() == ["tuned", "2", "2", "1", "0.500", "1"]
    assert unseen.split() == ["unseen", "1", "1", "1", "1.000", "0"]
    assert time.endswith(" ms of processor time a sentence")
    assert failures == ["'he jumps' misses 'torso: ^travels'", "'he jumps' contradicts 'torso: ^jumps'"]


def test_evaluate_on_motions_prints_a_row_for_each_limb(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, toy_folder: Path
):
    samples = HumanML3DFolder(toy_folder).samples(["val"])
    lines = [{"id": s.key, "timeline": offline().plan([s.captions[0].text], 3.2)[0][0].to_json()} for s in samples]
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    main(["evaluate", "--data", str(toy_folder), "--descriptions", str(path)])
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["limb", "said", "true", "precision", "recall", "F1"]
    assert rows[-1].split()[-3:] == ["1.000"] * 3


class TestPredict:
    def run(self, data: Path, out: Path, **options: Any) -> int:
        return predict(offline(), "reasoner-offline", HumanML3DFolder(data), ["val"], out, **options)

    def test_a_line_for_every_caption(self, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        out = tmp_path / "plans.jsonl"
        main(["predict", "--data", str(toy_folder), "--splits", "val", "--out", str(out), "--own-seconds"])
        captions = {
            f"{s.key}#{i}": c.text
            for s in HumanML3DFolder(toy_folder).samples(["val"])
            for i, c in enumerate(s.captions)
        }
        assert f"{len(captions)} captions planned" in capsys.readouterr().out
        assert {id: description.text for id, description in read_descriptions(out).items()} == captions
        for line in out.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            plan = Timeline.from_json(record["timeline"])
            assert plan.seconds == 3.2
            assert plan.description().groups == record["groups"]

    def test_it_goes_on_where_it_was_killed(self, toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
        number = self.run(toy_folder, whole)
        monkeypatch.setattr("kinmo_reasoner.predict._AT_ONCE", 1)
        asked: list[str] = []

        class Killed:
            def plan(self, sentences, seconds=None, draws=1):
                asked.extend(sentences)
                if len(asked) == 3:
                    raise KeyboardInterrupt
                return offline().plan(sentences, seconds, draws)

        data = HumanML3DFolder(toy_folder)
        with pytest.raises(KeyboardInterrupt):
            predict(Killed(), "reasoner-offline", data, ["val"], cut)
        assert not cut.exists()
        assert predict(Killed(), "reasoner-offline", data, ["val"], cut) == number
        assert cut.read_bytes() == whole.read_bytes()
        assert len(asked) == number + 1  # the two that were written are not asked for again

    def test_a_file_of_another_reasoner_is_refused(self, toy_folder: Path, tmp_path: Path):
        self.run(toy_folder, tmp_path / "plans.jsonl")
        with pytest.raises(InputError, match="is by reasoner-offline, but this job's writer is reasoner-nearest"):
            predict(offline(), "reasoner-nearest", HumanML3DFolder(toy_folder), ["val"], tmp_path / "plans.jsonl")

    def test_a_caption_that_is_not_understood_is_skipped(self, toy_folder: Path, tmp_path: Path):
        class Choosy:
            def plan(self, sentences, seconds=None, draws=1):
                if "walks" in sentences[0]:
                    raise InputError("only English is understood")
                return offline().plan(sentences, seconds, draws)

        out = tmp_path / "plans.jsonl"
        with pytest.warns(DataWarning, match="left out .*: only English is understood"):
            number = predict(Choosy(), "choosy", HumanML3DFolder(toy_folder), ["train"], out)
        captions = [c.text for s in HumanML3DFolder(toy_folder).samples(["train"]) for c in s.captions]
        assert number == sum("walks" not in text for text in captions) < len(captions)
