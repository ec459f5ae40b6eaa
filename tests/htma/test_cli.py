"""The command `kinmo-htma`: training through LightningCLI to a search, one line on bad input, light help."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from toy_alignment import write_annotations

from kinmo_core.features import FPS
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import toy_dataset, walking_joints
from kinmo_htma.cli import main
from kinmo_htma.model_folder import load_config

ROOT = Path(__file__).resolve().parents[2]


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr of a command that exits with 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]  # before it, training may say which seed it set
    assert line.startswith("kinmo-htma: error: ")
    return line


def in_fresh_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("walk") / "walk.npz"
    save_motion(Motion(walking_joints(61), FPS), path)
    return path


@pytest.fixture(scope="module")
def index(toy_model: Path, toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("index") / "toy.index"
    main(["index", str(toy_folder), "--out", str(out), "--model", str(toy_model)])
    return out


def test_a_folder_is_indexed_and_searched(index: Path, toy_model: Path, walk: Path, capsys: pytest.CaptureFixture[str]):
    options = ["--index", str(index), "--model", str(toy_model), "-k", "3"]
    queries = (
        ["a person walks forward"],
        ["a person walks forward", "--right-arm", "waves"],
        ["--left-leg", "the left knee bends"],
        ["--motion", str(walk)],
    )
    for given in queries:
        main(["search", *given, *options])
        lines = capsys.readouterr().out.splitlines()
        hits = [line for line in lines if "new_joint_vecs/" in line]
        assert len(hits) == 3
        scores = [float(line.split()[0]) for line in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(line.endswith(" s") for line in hits)
        moments = [line for line in lines if line not in hits]
        assert all(re.match(r" {7}\d\d:\d\d\.\d-\d\d:\d\d\.\d [a-z]", line) for line in moments)
        assert bool(moments) == ("--motion" not in given)


def test_what_is_found_is_drawn(index: Path, toy_model: Path, tmp_path: Path):
    options = ["--index", str(index), "--model", str(toy_model)]
    for count in ("1", "3"):
        main(["search", "a person walks", *options, "-k", count, "--picture", str(tmp_path / f"{count}.png")])
    with Image.open(tmp_path / "1.png") as one, Image.open(tmp_path / "3.png") as three:
        assert one.width > 0
        assert three.height > 2 * one.height


def test_a_picture_of_files_that_are_gone(
    toy_model: Path, walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(walk.parent, tmp_path / "motions")
    options = ["--model", str(toy_model)]
    main(["index", str(tmp_path / "motions"), "--out", str(tmp_path / "index"), *options])
    (tmp_path / "motions" / walk.name).unlink()
    given = ["search", "walks", "--index", str(tmp_path / "index"), "--picture", str(tmp_path / "x.png"), *options]
    assert "cannot read" in fails(given, capsys)
    assert not (tmp_path / "x.png").exists()


def test_a_motion_is_captioned(toy_model: Path, walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["caption", str(walk), "--model", str(toy_model), "-k", "2"])
    described, *actions = capsys.readouterr().out.splitlines()
    assert "walks forward" in described
    assert len(actions) == 2
    (tmp_path / "own.txt").write_text("walks\n\nsquats\n", encoding="utf-8")
    main(["caption", str(walk), "--model", str(toy_model), "--sentences", str(tmp_path / "own.txt")])
    assert [line.split("  ")[1] for line in capsys.readouterr().out.splitlines()[1:]] == ["walks", "squats"]


def test_a_split_is_measured(toy_model: Path, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(
        ["test", "--data", str(toy_folder), "--splits", "train,test", "--model", str(toy_model), "--out", str(tmp_path)]
    )
    assert "### train, 16 clips, raw" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "retrieval.json").read_text(encoding="utf-8"))) == ["train", "test"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search"], "a query must have a sentence"),
        (["search", ""], "the text is empty"),
        (["search", "a" * 10_000], "the text has 10000 characters"),
        (["search", "walks", "-k", "0"], "-k must be at least 1, got 0"),
        (["search", "walks", "--motion", __file__], "search must have sentences or --motion, got both"),
        (["search", "--motion", "/no/such.npz"], "cannot read /no/such.npz"),
        (["search", "walks", "--index", "/no/such"], "/no/such is not an index"),
        (["search", "walks", "--picture", "o.jpg"], "--picture must end in .png, got o.jpg"),
        (["search", "walks", "--model", "/no/such"], "is not a model folder"),
        (["caption", "/no/such.bvh"], "cannot read /no/such.bvh"),
        (["caption", __file__, "-k", "-1"], "-k must be at least 1, got -1"),
        (["index", "/no/such"], "cannot read motions from /no/such: it is not a folder"),
        (["test", "--data", "/no/such", "--out", "out"], "no data directory /no/such"),
        (
            ["test", "--data", "x", "--similarity", "sum", "--out", "out"],
            "similarity must be mean, last or one of global",
        ),
        (["export", "/no/such.ckpt", "--data", "x", "--out", "out"], "no checkpoint /no/such.ckpt"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    message: str,
    toy_model: Path,
    index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    given = {"search": ["--index", str(index)], "index": [], "test": [], "caption": []}.get(arguments[0])
    if given is not None:
        arguments = [arguments[0], *given, "--model", str(toy_model), *arguments[1:]]
    capsys.readouterr()
    assert message in fails(arguments, capsys)
    assert not list(tmp_path.iterdir())


def test_a_motion_of_three_frames(toy_model: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "short.npz"
    save_motion(Motion(walking_joints(3), FPS), path)
    capsys.readouterr()
    for arguments in (["search", "--motion", str(path), "--index", str(index)], ["caption", str(path)]):
        line = fails([*arguments, "--model", str(toy_model)], capsys)
        assert "a motion of 3 frames (0.15 s) is too short; want more than 0.4 s" in line


def test_an_index_of_another_model(toy_model: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree(toy_model, tmp_path / "other")
    config = yaml.safe_load((tmp_path / "other" / "model.yaml").read_text(encoding="utf-8"))
    (tmp_path / "other" / "model.yaml").write_text(yaml.safe_dump({**config, "similarity": "last"}), encoding="utf-8")
    line = fails(["search", "walks", "--index", str(index), "--model", str(tmp_path / "other")], capsys)
    assert "was made by the model toy (" in line
    assert "not by other (" in line


def test_help_imports_neither_torch_nor_lightning():
    code = "import sys\nfrom kinmo_htma.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit as end:\n"
    run = in_fresh_python(code + "    print(end.code, {'torch', 'lightning', 'numpy'} & set(sys.modules))")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "0 set()"
    assert all(
        name in run.stdout for name in ("fit", "validate", "export", "test", "index", "search", "caption", "card")
    )


def test_training_without_lightning_names_what_to_install():
    run = in_fresh_python("import sys\nsys.modules['lightning'] = None\nfrom kinmo_htma.cli import main\nmain(['fit'])")
    assert run.returncode == 2
    wanted = "kinmo-htma: error: training needs lightning; install it with: pip install 'kinmo-htma[train]'"
    assert run.stderr.splitlines() == [wanted]


def training(folder: Path, data: Path, text_model: Path) -> list[str]:
    """The shipped configuration with the toy overlay, made smaller still."""
    small = {
        "model": {
            "init_args": {"network": {"dim": 16, "layers": 1, "heads": 2, "feedforward": 16, "decoder_layers": 1}}
        },
        "data": {
            "init_args": {
                "root": str(data),
                "loader": {"train_splits": ["train"]},
                "cache": str(folder / "cache"),
                "text_encoder": str(text_model),
            }
        },
        "trainer": {"default_root_dir": str(folder), "log_every_n_steps": 1, "enable_progress_bar": False},
    }
    path = folder.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(small), encoding="utf-8")
    configs = [ROOT / "configs/htma/kinmo_cmu.yaml", ROOT / "configs/overlay/toy.yaml", path]
    return ["fit", *(part for config in configs for part in ("--config", str(config)))]


def test_from_data_to_a_search(
    toy_text_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Trained, stopped and resumed by the same command; exported, indexed, searched."""
    monkeypatch.setattr(sys, "argv", ["kinmo-htma"])  # LightningCLI reads it
    data, run = toy_dataset(tmp_path / "data"), tmp_path / "run"
    command = training(run, data, toy_text_model)
    assert f"no annotations {data / 'descriptions.jsonl'}" in fails(command, capsys)
    write_annotations(data, data / "descriptions.jsonl")
    main(command)
    main([*command, "--trainer.max_steps=6"])
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 6
    assert {"best.ckpt", "last.ckpt", "curves.csv", "curves.png"} <= {path.name for path in run.iterdir()}
    with (run / "curves.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert {"val/rank", "val/t2m_R@1", "val/m2t_MedR", "val/rank_group"} <= set(rows[0])
    model, index = tmp_path / "model", tmp_path / "index"
    main(["export", str(run / "best.ckpt"), "--data", str(data), "--out", str(model)])
    facts = load_config(model)["training"]
    assert (facts["steps"], facts["monitor"]) == (6, "val/rank")
    assert str(facts["best_step"]) in {row["step"] for row in rows if float(row["val/rank"]) < facts["best"] + 1e-3}
    main(["index", str(data), "--model", str(model), "--out", str(index), "--faiss"])
    capsys.readouterr()
    main(["search", "a person walks", "--index", str(index), "--model", str(model), "-k", "2"])
    assert sum(".npy" in line for line in capsys.readouterr().out.splitlines()) == 2
