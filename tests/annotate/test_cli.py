"""The command `kinmo-annotate`: what it prints, and one line on bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from openai_server import MODES, Server
from processes import WordEncoder

from kinmo_annotate.check import report
from kinmo_annotate.cli import CONTROLS, main
from kinmo_annotate.observation import Annotation
from kinmo_annotate.show import annotation_text
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints
from kinmo_core.text import GROUPS, PAIRS, UNKNOWN, Description, Statement, Timeline


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line on stderr of a command that exits with 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture
def walk(tmp_path: Path, walking: torch.Tensor) -> Path:
    path = tmp_path / "walk.bvh"
    save_motion(Motion(walking), path)
    return path


def test_a_file_is_described_in_three_levels_with_a_timeline(walk: Path, capsys: pytest.CaptureFixture[str]):
    main(["describe", str(walk)])
    text = capsys.readouterr().out
    head, whole, groups, pairs, timeline = text.strip().split("\n\n")
    assert head == "walk, 3.0 s, by template-0"
    assert "walk" in whole
    assert [line[:9].rstrip() for line in groups.splitlines() if line[0] != " "] == [
        name.replace("_", " ") for name in GROUPS
    ]
    assert "pairs: unknown)" in pairs
    starts = [float(line[:5]) for line in timeline.splitlines() if line[:5].strip()]
    assert starts == sorted(starts)
    assert max(map(len, text.splitlines())) <= 120


def test_any_frame_rate_and_format_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    texts = []
    for name, fps in (("a.bvh", 60.0), ("b.npz", 30.0), ("c.npz", 20.0)):
        save_motion(Motion(walking_joints(int(3 * fps), fps=fps), fps=fps), tmp_path / name)
        main(["describe", str(tmp_path / name), "--json"])
        texts.append(json.loads(capsys.readouterr().out)["text"])
    assert len(set(texts)) == 1


def test_json_is_the_line_that_predict_writes(walk: Path, capsys: pytest.CaptureFixture[str]):
    main(["describe", str(walk), "--seed", "3", "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    value = json.loads(line)
    assert list(value) == ["id", "text", "groups", "interactions", "writer", "problem", "timeline"]
    assert (value["id"], value["writer"], value["problem"]) == ("walk", "template-3", "")
    assert Description.from_json(value).groups["left_leg"] != UNKNOWN


def test_describing_a_file_loads_no_language_model_and_no_trainer(walk: Path):
    code = f"import sys; from kinmo_annotate.cli import main; main(['describe', {str(walk)!r}]); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "kinmo_annotate.statements.torso" in printed
    assert not {"litellm", "sentence_transformers", "transformers", "lightning", "jsonargparse"} & set(printed.split())


def test_a_motion_in_which_nothing_happens_has_a_page_too():
    description = Description("a person stands", dict.fromkeys(GROUPS, UNKNOWN), dict.fromkeys(PAIRS, UNKNOWN))
    assert annotation_text(Annotation("still", description, "w", Timeline((), 2.0))) == (
        "still, 2.0 s, by w\n\na person stands\n\n"
        "torso      unknown\nneck       unknown\nleft arm   unknown\n"
        "right arm  unknown\nleft leg   unknown\nright leg  unknown\n\n(15 pairs: unknown)"
    )


def test_long_lines_are_wrapped_below_themselves():
    pairs = dict.fromkeys(PAIRS, UNKNOWN) | {("left_arm", "right_arm"): "the hands meet " * 4}
    description = Description("a person claps", dict.fromkeys(GROUPS, "moves"), pairs)
    clap = Statement("left_arm+right_arm", 0.25, 12.5, "clap and clap and clap and clap again")
    lines = annotation_text(Annotation("clap", description, "w", Timeline((clap,), 13.0)), width=60).splitlines()
    assert lines[-2:] == [
        "  0.2 - 12.5 s  left arm + right arm  clap and clap and clap",
        "                                      and clap again",
    ]
    assert "left arm + right arm  the hands meet the hands meet the" in lines
    assert "(14 other pairs: unknown)" in lines


@pytest.fixture
def language_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somewhere to write journals, a key, and keyframes without a model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    monkeypatch.setattr("kinmo_core.language.LanguageModel", WordEncoder)


@pytest.mark.usefixtures("language_model")
def test_a_language_model_describes_a_file(walk: Path, capsys: pytest.CaptureFixture[str]):
    with Server() as server:
        options = ["--writer", "openai/stub", "--api-base", server.api_base, "--seed", "5"]
        main(["describe", str(walk), *options, "--json"])
        assert {row["body"]["seed"] for row in server.served} == {5}
    value = json.loads(capsys.readouterr().out)
    assert value["writer"].startswith("openai/stub@")
    assert value["text"] == "a person walks forward and swings the arms"


@pytest.mark.usefixtures("language_model")
def test_an_answer_that_cannot_be_used_is_said_on_stderr(walk: Path, capsys: pytest.CaptureFixture[str]):
    with Server(MODES["prose"]) as server:
        main(["describe", str(walk), "--writer", "openai/stub", "--api-base", server.api_base])
    printed = capsys.readouterr()
    assert printed.err.startswith("kinmo-annotate: groups: no usable answer")
    assert "walk, 3.0 s, by openai/stub" in printed.out


@pytest.mark.usefixtures("language_model")
def test_a_provider_that_refuses_is_one_line(walk: Path, capsys: pytest.CaptureFixture[str]):
    with Server(MODES["401"]) as server:
        line = fails(["describe", str(walk), "--writer", "openai/stub", "--api-base", server.api_base], capsys)
    assert "refuses requests" in line


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.bvh", None, "none.bvh: No such file"),
        ("walk.dae", b"", ".c3d, got .dae"),
        ("empty.bvh", b"", "empty.bvh"),
        ("empty.npy", b"", "empty.npy"),
        ("torn.npz", b"PK\x03\x04", "torn.npz"),
        ("one.npy", walking_joints(1).numpy(), "1 frame"),
        ("no.npy", np.zeros((0, 22, 3), np.float32), "at least one frame, got none"),
        ("nan.npy", np.full((9, 22, 3), np.nan, np.float32), "NaN or infinity first in frame 0"),
        ("hand.npy", np.zeros((9, 23, 3), np.float32), "(9, 23, 3)"),
    ],
)
def test_a_bad_motion_is_one_line(
    tmp_path: Path, name: str, content: bytes | np.ndarray | None, message: str, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    line = fails(["describe", str(path)], capsys)
    assert line.startswith("kinmo-annotate: error: ")
    assert message in line


def test_an_address_needs_a_language_model(walk: Path, capsys: pytest.CaptureFixture[str]):
    line = fails(["describe", str(walk), "--api-base", "http://localhost/v1"], capsys)
    assert "--api-base needs --writer openai/NAME" in line


def ratings(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps({"id": str(i), "ratings": row}) + "\n" for i, row in enumerate(rows)))
    return path


def test_agreement_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first = ratings(tmp_path / "a", {"torso": "good", "neck": 5}, {"torso": "bad", "neck": 5}, {"torso": "good"})
    second = ratings(tmp_path / "b", {"torso": "good", "neck": 5}, {"torso": "bad", "neck": 5}, {"torso": "bad"})
    main(["agree", str(first), str(second)])
    assert capsys.readouterr().out.splitlines() == [
        "Ratings",
        "",
        "limb   items   same      kappa    AC1",
        "torso      3  0.667      0.400  0.556",
        "neck       2  1.000  undefined  1.000",
        "all        5  0.800      0.706  0.701",
    ]


def test_files_without_anything_in_common_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first = ratings(tmp_path / "a", {"torso": "good"})
    line = fails(["agree", str(first), str(ratings(tmp_path / "b"))], capsys)
    assert line.endswith("have no id in common, so there is nothing to compare")
    line = fails(["agree", str(first), str(tmp_path / "none")], capsys)
    assert "cannot read" in line
    line = fails(["agree", str(first), str(first), "--field", "text"], capsys)
    assert 'want "groups" with a sentence for each of torso' in line


def test_check_holds_what_predict_wrote_against_the_motions(
    toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    annotations = tmp_path / "a.jsonl"
    with annotations.open("w", encoding="utf-8") as file:
        for id in (toy_folder / "val.txt").read_text(encoding="utf-8").split():
            main(["describe", str(toy_folder / "new_joints" / f"{id}.npy"), "--json"])
            file.write(capsys.readouterr().out)
    main(["check", str(annotations), "--data", str(toy_folder), "--splits", "val,test", "--examples", "0"])
    right = capsys.readouterr().out
    assert right.startswith("4 texts, ")
    main(["check", str(annotations), "--data", str(toy_folder), "--control", "mirror"])
    assert capsys.readouterr().out != right
    main(["check", "--captions", "--data", str(toy_folder)])
    assert "statements checked" in capsys.readouterr().out
    assert "want an annotation file" in fails(["check", "--data", str(toy_folder)], capsys)


def test_the_command_knows_the_controls_of_check():
    assert tuple(report.CONTROLS) == CONTROLS


def test_predict_is_one_line_on_bad_data(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: Any):
    """In this process: LightningCLI reads sys.argv, which is put back afterwards."""
    monkeypatch.setattr(sys, "argv", ["kinmo-annotate"])
    config = Path(__file__).resolve().parents[2] / "configs" / "annotate" / "cmu.yaml"
    output = ["--output.path", str(tmp_path / "a.jsonl"), "--trainer.enable_progress_bar", "false"]
    with pytest.raises(SystemExit) as caught:
        main(["predict", "--config", str(config), "--data.root", str(tmp_path / "none"), *output])
    assert caught.value.code == 2
    assert f"kinmo-annotate: error: no data directory {tmp_path / 'none'}" in capfd.readouterr().err
