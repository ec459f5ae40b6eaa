"""The model card of an alignment: what a person reads of a toy model, and one line where something is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from toy_alignment import module, pairs

from kinmo_core.language import LanguageModel
from kinmo_core.model_folder import save_config
from kinmo_core.train.testing import short_fit
from kinmo_htma.cli import main
from kinmo_htma.model_folder import load_config


@pytest.fixture(scope="module")
def measured(toy_model: Path, toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy model `model`, its results on two splits, and the texts and configurations of its card."""
    work = tmp_path_factory.mktemp("card")
    folder = shutil.copytree(toy_model, work / "model")
    main(["test", "--data", str(toy_folder), "--splits", "train,test", "--model", str(folder), "--out", str(folder)])
    (work / "data.md").write_text("Puppets that walk.\n", encoding="utf-8")
    (work / "limits.md").write_text("* No fingers.\n", encoding="utf-8")
    (work / "toy.yaml").write_text(yaml.safe_dump({"data": {"init_args": {"root": "data/toy"}}}), encoding="utf-8")
    (work / "cpu.yaml").write_text("trainer:\n  accelerator: cpu\n", encoding="utf-8")
    return work


def card(work: Path, *options: str, **changed: str) -> None:
    """Run the command in `work`; `changed` replaces an option's value."""
    files = {"config": "toy.yaml", "data": "data.md", "limits": "limits.md"}
    texts = {"title": "Toy alignment", "splits": "train,test"}
    given = {name: str(work / changed.get(name, file)) for name, file in files.items()}
    given |= {name: changed.get(name, text) for name, text in texts.items()}
    named = [f"--{name}={value}" for name, value in given.items()]
    main(["card", str(work / "model"), *named, "--config", str(work / "cpu.yaml"), *options])


def test_a_card_says_how_the_model_was_made_and_measured(measured: Path, tmp_path: Path):
    work = shutil.copytree(measured, tmp_path / "work")
    card(work, "--overrides", "--seed_everything 3")
    folder, text = work / "model", (work / "model" / "README.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == "---"
    assert "# Toy alignment" in lines
    assert [line for line in lines if line.startswith("## ")] == ["## Data", "## Training", "## Measured", "## Limits"]
    assert f'    kinmo-htma search "a person walks forward" --model {folder}' in lines
    assert f"    kinmo-htma fit --config {work}/toy.yaml --config {work}/cpu.yaml --seed_everything 3" in lines
    assert f"    kinmo-htma test --model {folder} --data data/toy --splits train,test --out {folder}" in lines
    assert "text (global, group, interaction)" in text
    assert f"language model `{load_config(folder)['text']['language_model']}`" in text
    assert "without the decoder, which only training needs" in text
    assert "only the vectors of the captions are stored" in text
    assert "the 10 most similar of 32 training captions" in text
    assert "* Similarity: the mean of the levels' cosines." in lines
    assert any(line.endswith(" | 6 | 6 | 0 |  |  |") for line in lines)  # the toy run has neither logs nor a monitor
    assert (folder / "retrieval.md").read_text(encoding="utf-8").strip() in text
    assert "* `train`, all clips: the right motion is first for " in text
    assert text.endswith("## Limits\n\n* No fingers.\n")


def test_the_card_of_shipped_weights_names_no_folder(measured: Path, tmp_path: Path):
    work = shutil.copytree(measured, tmp_path / "work")
    card(work, "--shipped")
    lines = (work / "model" / "README.md").read_text(encoding="utf-8").splitlines()
    assert '    kinmo-htma search "a person walks forward"' in lines
    assert "    kinmo-htma test --data data/toy --splits train,test --out FOLDER" in lines


def test_the_card_of_one_level(measured: Path, toy_folder: Path, tmp_path: Path):
    """As TMR: no reasoner, and a similarity at one level."""
    work = shutil.copytree(measured, tmp_path / "work")
    text_encoder = LanguageModel(load_config(work / "model")["text"]["language_model"])
    source = pairs(toy_folder, tmp_path, text_encoder=text_encoder, levels=("global",))
    short_fit(module(levels=("global",)), source, tmp_path, steps=3)
    shutil.rmtree(work / "model")
    data, model = ["--data", str(toy_folder)], str(work / "model")
    main(["export", str(tmp_path / "last.ckpt"), *data, "--similarity", "last", "--out", model])
    main(["test", *data, "--splits", "train,test", "--model", model, "--out", model])
    card(work)
    lines = (work / "model" / "README.md").read_text(encoding="utf-8").splitlines()
    assert "* Limbs: the model reads the whole sentence only and needs no reasoner." in lines
    assert "* Similarity: the cosine at the global level." in lines


def _old(folder: Path) -> None:
    save_config(folder, {**load_config(folder), "training": {"step": 6}})


@pytest.mark.parametrize(
    ("damage", "changed", "message"),
    [
        (lambda m: (m / "model.yaml").unlink(), {}, "is not a model folder: it has no model.yaml"),
        (lambda m: (m / "text.safetensors").unlink(), {}, "no weights "),
        (lambda m: (m / "retrieval.json").unlink(), {}, "model has no retrieval.json; run `kinmo-htma test --model "),
        (lambda m: (m / "retrieval.md").unlink(), {}, "model has no retrieval.md; run `kinmo-htma test --model "),
        (lambda m: (m / "retrieval.json").write_text("{"), {}, "retrieval.json is damaged; run `kinmo-htma test`"),
        (lambda m: (m / "retrieval.json").write_text('{"test": 1}'), {}, "retrieval.json is damaged"),
        (lambda m: (m / "known.jsonl").unlink(), {}, "known.jsonl"),
        (_old, {}, "model.yaml: training has no key 'best_step'"),
        (None, {"splits": "test"}, "retrieval.json, train,test, got test"),
        (None, {"data": "none.md"}, "none.md: No such file"),
        (None, {"limits": "empty.md"}, "empty.md is empty"),
        (None, {"config": "none.yaml"}, "none.yaml: No such file"),
        (None, {"config": "cpu.yaml"}, "must have data.init_args.root, got none"),
        (None, {"config": "bad.yaml"}, "bad.yaml is not readable YAML: "),
    ],
)
def test_what_is_missing_or_unknown_is_one_line(
    damage: Callable[[Path], object] | None,
    changed: dict[str, str],
    message: str,
    measured: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    work = shutil.copytree(measured, tmp_path / "work")
    (work / "empty.md").write_text("\n", encoding="utf-8")
    (work / "bad.yaml").write_text("a: [b\n", encoding="utf-8")
    if damage is not None:
        damage(work / "model")
    with pytest.raises(SystemExit) as caught:
        card(work, **changed)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kinmo-htma: error: ")
    assert message in line
    assert not (work / "model" / "README.md").exists()
