"""The model card of a generator: what a person reads of a toy model, and one line where something is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_stages import STAGES

from kinmo_core.model_folder import save_config
from kinmo_gen.cli import main
from kinmo_gen.model_folder import load_config


@pytest.fixture
def work(toy_model: Path, tmp_path: Path) -> Path:
    """A folder with the toy model `model`, as if measured, and the texts of its card."""
    shutil.copytree(toy_model, tmp_path / "model")
    (tmp_path / "model" / "metrics.md").write_text("### test\n\n| | FID |\n|---|---|\n| real | 0 |\n", encoding="utf-8")
    (tmp_path / "model" / "follow.md").write_text("### tuned\n\n| arms | 9 |\n", encoding="utf-8")
    (tmp_path / "data.md").write_text("Puppets that walk.\n", encoding="utf-8")
    (tmp_path / "limits.md").write_text("* No fingers.\n", encoding="utf-8")
    return tmp_path


def card(work: Path, *options: str) -> str:
    files = ["--data", str(work / "data.md"), "--limits", str(work / "limits.md")]
    measured = ["--config", "toy", "--splits", "test", "--repeats", "2"]
    main(["card", str(work / "model"), "--title", "Toy", *files, *measured, *options])
    return (work / "model" / "README.md").read_text(encoding="utf-8")


def test_a_card_says_how_the_model_was_made_and_measured(work: Path):
    folder, text = work / "model", card(work)
    assert text.startswith("---\nlanguage: en\nlibrary_name: kinmo\ntags:\n- text-to-motion\n")
    assert "\n---\n\n# Toy\n\nText to motion with KinMo: 263 features at 20 fps" in text
    assert f'    kinmo-gen sample "a person walks forward" --seconds 4 --out out --model {folder}\n' in text
    assert "`kinmo-gen fit --config configs/gen/STAGE_toy.yaml --config configs/overlay/OVERLAY.yaml`" in text
    command = f"kinmo-gen evaluate --data data/toy --splits test --model {folder} --repeats 2 --out {folder}"
    assert f"`{command}`" in text
    rows = [line.split(" | ") for line in text.splitlines() if line.endswith(" | 3 | 3 | 0 |  |  |")]
    assert [row[0] for row in rows] == [f"| {stage}" for stage in STAGES]
    assert all(int(row[1].replace(",", "")) > 0 for row in rows)
    assert f"`kinmo-gen follow --draws 4 --model {folder} --out {folder}`" in text
    assert "| real | 0 |\n\n## Does it do what it is told?\n" in text
    assert "| arms | 9 |\n\n## Limits\n\n* No fingers.\n" in text


def test_the_card_of_shipped_weights_names_no_folder(work: Path):
    text = card(work, "--shipped")
    assert '    kinmo-gen sample "a person walks forward" --seconds 4 --out out\n' in text
    assert "`kinmo-gen evaluate --data data/toy --splits test --repeats 2 --out FOLDER`" in text


def _old(work: Path) -> None:
    config = load_config(work / "model")
    del config["training"]["masked"]
    save_config(work / "model", config)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda work: (work / "model" / "model.yaml").unlink(), "is not a model folder: it has no model.yaml"),
        (lambda work: (work / "model" / "metrics.md").unlink(), "has no metrics.md; run `kinmo-gen evaluate --model "),
        (lambda work: (work / "model" / "masked.safetensors").unlink(), "no weights "),
        (lambda work: (work / "data.md").unlink(), "data.md: No such file"),
        (
            lambda work: (work / "limits.md").write_bytes(b"\xff"),
            "limits.md line 1: must be UTF-8 text, got the byte 0xff",
        ),
        (_old, "model.yaml: training.masked has no key 'best_step'"),
    ],
)
def test_what_is_missing_is_one_line(
    damage: Callable[[Path], object], message: str, work: Path, capsys: pytest.CaptureFixture[str]
):
    damage(work)
    with pytest.raises(SystemExit) as caught:
        card(work)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kinmo-gen: error: ")
    assert message in line
    assert not (work / "model" / "README.md").exists()
