"""Every YAML of configs/htma goes through the real command line: its classes are made with its values, without data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning import LightningDataModule, LightningModule

from kinmo_core.train.cli import KinmoCLI
from kinmo_htma.train.data import PairData
from kinmo_htma.train.module import AlignmentModule

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "htma"
BASES = sorted(path for path in CONFIGS.glob("*.yaml") if not path.stem.startswith("overlay_"))
OVERLAYS = sorted(CONFIGS.glob("overlay_*.yaml"))


def parse(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> KinmoCLI:
    """The command line up to the moment when it would train."""
    monkeypatch.setattr("kinmo_htma.language.LanguageModel.__init__", _load_nothing)
    monkeypatch.setattr("kinmo_htma.language.LanguageModel.dim", 8)
    given = [part for path in paths for part in ("--config", str(path))]
    monkeypatch.setattr(sys, "argv", ["kinmo-htma", *given, "--trainer.accelerator=cpu"])
    return KinmoCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        seed_everything_default=0,
        run=False,
    )


def _load_nothing(self: Any, name: str = "minilm", *, device: str = "cpu", batch_size: int = 64) -> None:
    """Other models cannot be fetched here, and MiniLM need not be loaded many times."""
    del device, batch_size
    self._name = name


def check(cli: KinmoCLI, path: Path) -> None:
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in values.get("model", {}).get("init_args", {}).items():
        assert cli.model.hparams[name] == value
    for name, value in values.get("data", {}).get("init_args", {}).items():
        if name == "text_encoder":
            assert cli.datamodule.text_encoder.name == value["init_args"]["name"]
        elif name == "train_splits":
            assert cli.datamodule.splits["train"] == value
        else:
            assert getattr(cli.datamodule, name) == value
    assert cli.trainer.default_root_dir.endswith(values["trainer"]["default_root_dir"])


def test_the_rows_of_the_paper_are_there():
    assert {path.stem for path in BASES} == {f"{m}_{data}" for m in ("tmr", "kinmo") for data in ("cmu", "humanml3d")}
    rows = {"group", "no_cross_attention", "reversed", "temos", "distilbert", "roberta", "clip", "two_parts"}
    assert {path.stem.removeprefix("overlay_") for path in OVERLAYS} >= rows


@pytest.mark.parametrize("path", BASES, ids=lambda path: path.stem)
def test_a_configuration_makes_its_module_and_its_data(path: Path, monkeypatch: pytest.MonkeyPatch):
    cli = parse(monkeypatch, path)
    assert isinstance(cli.model, AlignmentModule)
    assert isinstance(cli.datamodule, PairData)
    check(cli, path)
    assert cli.trainer.default_root_dir.endswith(f"runs/{path.stem}")
    assert cli.model.configure_optimizers()


@pytest.mark.parametrize("over", OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_changes_what_it_names(over: Path, monkeypatch: pytest.MonkeyPatch):
    base = CONFIGS / ("tmr_cmu.yaml" if over.stem == "overlay_temos" else "kinmo_cmu.yaml")
    check(parse(monkeypatch, base, over), over)


def test_tmr_is_as_published(monkeypatch: pytest.MonkeyPatch):
    """SPEC C: sizes, weights, temperature, optimiser, batch and passes."""
    cli = parse(monkeypatch, CONFIGS / "tmr_humanml3d.yaml")
    published = {
        "levels": ["global"],
        "text_dim": 768,
        "dim": 256,
        "layers": 6,
        "heads": 4,
        "feedforward": 1024,
        "dropout": 0.1,
        "frames_per_token": 1,
        "decoder_layers": None,
        "reconstruction": 1.0,
        "latent": 1e-5,
        "kl": 1e-5,
        "contrastive": 0.1,
        "temperature": 0.1,
        "alike_above": 0.6,
        "contrast": "sample",
        "text_norm": False,
        "sample": True,
        "learning_rate": 1e-4,
        "weight_decay": 0.01,
        "warmup_steps": 0,
        "decay_at": None,
    }
    assert {name: cli.model.hparams[name] for name in published} == published
    assert (cli.datamodule.batch_size, cli.datamodule.per_dimension) == (32, True)
    assert cli.trainer.max_steps == 500 * (23_384 // 32)
    assert cli.model.betas == (0.9, 0.999)
    assert cli.trainer.gradient_clip_val is None
