"""The subcommands that make, write and merge language models, and the configurations of their training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from toy_reasoner import SIZES

from kinmo_core.command import Parser
from kinmo_core.errors import InputError
from kinmo_reasoner.model import load_tokenizer
from kinmo_reasoner.model_cli import add_commands
from kinmo_reasoner.train.cli import ReasonerCLI
from kinmo_reasoner.train.data import SentenceData
from kinmo_reasoner.train.module import ReasonerModule

CONFIGS = Path(__file__).parents[2] / "configs"


def run(*arguments: object) -> None:
    parser = Parser()
    add_commands(parser.add_subparsers(required=True))
    options = parser.parse_args([str(argument) for argument in arguments])
    options.run(options)


def test_from_nothing_to_a_merged_model(
    toy_folder: Path, toy_base: Path, toy_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    sizes = [part for name in ("dim", "layers", "heads") for part in (f"--{name}", getattr(SIZES, name))]
    source = ["--data", toy_folder, "--descriptions", toy_base / "descriptions.jsonl", "--splits", "train,val"]
    run("scratch", tmp_path / "base", *source, *sizes, "--vocabulary", 500)
    assert len(load_tokenizer(str(tmp_path / "base"))) <= 500  # type: ignore[arg-type]
    run("export", toy_runs / "lora" / "last.ckpt", tmp_path / "adapter")
    run("merge", tmp_path / "adapter", tmp_path / "merged")
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == [str(tmp_path / n) for n in ("base", "adapter", "merged")]
    assert (tmp_path / "merged" / "model.safetensors").is_file()
    with pytest.raises(InputError, match="base must not exist yet"):
        run("scratch", tmp_path / "base", *source)


def parse(monkeypatch: pytest.MonkeyPatch, toy_folder: Path, toy_base: Path, *paths: Path, fit: bool = False) -> Any:
    """The command line up to the moment when it would train, on toy data."""
    given = [part for path in paths for part in ("--config", str(path))]
    toy = [f"--data.root={toy_folder}", f"--data.descriptions={toy_base / 'descriptions.jsonl'}"]
    monkeypatch.setattr(sys, "argv", ["kinmo-reasoner", *given, *toy, "--trainer.accelerator=cpu"])
    return ReasonerCLI(ReasonerModule, SentenceData, seed_everything_default=0, run=fit)


@pytest.mark.parametrize("path", sorted((CONFIGS / "reasoner").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_configuration_makes_its_module_and_its_data(
    path: Path, monkeypatch: pytest.MonkeyPatch, toy_folder: Path, toy_base: Path
):
    cli, values = parse(monkeypatch, toy_folder, toy_base, path), yaml.safe_load(path.read_text())
    assert cli.model.base == cli.datamodule.base == values["model"]["base"]
    assert (cli.model.lora is None) == ("lora" in values["model"])
    assert cli.trainer.max_steps == values["trainer"]["max_steps"]
    assert cli.trainer.default_root_dir.endswith(f"runs/reasoner_{path.stem}")
    for name, value in values["data"]["loader"].items():
        found = getattr(cli.datamodule.loader, name)
        assert (list(found) if isinstance(found, tuple) else found) == value
    assert not cli.config["trainer"]["use_distributed_sampler"]


@pytest.mark.parametrize("overlay", ["cpu", "gpu", "ddp"])
def test_the_overlays_of_the_machine_fit(
    overlay: str, monkeypatch: pytest.MonkeyPatch, toy_folder: Path, toy_base: Path
):
    paths = CONFIGS / "reasoner" / "small_cmu.yaml", CONFIGS / "overlay" / f"{overlay}.yaml"
    monkeypatch.setattr("lightning.pytorch.accelerators.CUDAAccelerator.is_available", lambda: False)
    cli = parse(monkeypatch, toy_folder, toy_base, *paths)
    assert cli.config["trainer"]["precision"] == "bf16-mixed"


class TestData:
    def test_motions_that_do_not_fit_are_left_out_and_counted(
        self, toy_folder: Path, toy_base: Path, capsys: pytest.CaptureFixture[str]
    ):
        from toy_reasoner import data

        lengths = data(toy_folder, toy_base)
        lengths.setup("fit")
        sizes = sorted(lengths._encode(i, t, seconds=True).__len__() for i, t in _items(toy_folder, toy_base))
        short = data(toy_folder, toy_base, context=sizes[-1] - 1)
        short.setup("fit")
        assert len(short.datasets["train"]) < len(lengths.datasets["train"])
        assert f"are longer than {sizes[-1] - 1} tokens" in capsys.readouterr().out
        with pytest.raises(InputError, match=r"must describe motions of train in at most 20 tokens, got none of 16"):
            data(toy_folder, toy_base, context=20).setup("fit")


def _items(toy_folder: Path, toy_base: Path) -> list[tuple[str, Any]]:
    from kinmo_core.data.humanml3d import HumanML3DFolder
    from kinmo_reasoner.build import read_timelines
    from kinmo_reasoner.pairs import described

    timelines = read_timelines(toy_base / "descriptions.jsonl")
    items = described(HumanML3DFolder(toy_folder).samples(["train"]), timelines)
    return [(max(item.sentences, key=len), item.timeline) for item in items]
