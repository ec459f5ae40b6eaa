"""Every YAML in configs/ goes through the real command line: its classes are made with its values, without data."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from lightning import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint

from kinmo_annotate.train.cli import AnnotateCLI
from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_core.train.cli import KinmoCLI
from kinmo_htma.encoders import HTMATextEncoder

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
ANNOTATE = sorted((CONFIGS / "annotate").glob("*.yaml"))
GEN = sorted(path for path in (CONFIGS / "gen").glob("*.yaml") if not path.stem.startswith("overlay_"))
OVERLAYS = sorted((CONFIGS / "overlay").glob("*.yaml"))


def parse(monkeypatch: pytest.MonkeyPatch, *paths: Path, options: tuple[str, ...] = ()) -> KinmoCLI:
    """The command line up to the moment when it would train."""
    monkeypatch.setattr("kinmo_htma.language.LanguageModel.__init__", _load_nothing)
    monkeypatch.setattr("kinmo_htma.language.LanguageModel.dim", 8)
    given = [part for path in paths for part in ("--config", str(path))]
    monkeypatch.setattr(sys, "argv", ["kinmo-gen", *given, *options])
    return KinmoCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        seed_everything_default=0,
        run=False,
    )


def _load_nothing(self: Any, name: str = "minilm", *, device: str = "cpu", batch_size: int = 64) -> None:
    """CLIP cannot be fetched here, and MiniLM need not be loaded ten times."""
    del device, batch_size
    self._name = name


def test_there_is_a_configuration_for_every_stage_and_data_set():
    stages = ("tokenizer", "masked", "residual", "length", "evaluator")
    assert {path.stem for path in GEN} >= {f"{stage}_{data}" for stage in stages for data in ("cmu", "humanml3d")}
    assert {path.stem for path in OVERLAYS} == {"cpu", "gpu", "ddp", "toy"}


@pytest.mark.parametrize("path", GEN, ids=lambda path: path.stem)
def test_a_configuration_makes_its_module_and_its_data(path: Path, monkeypatch: pytest.MonkeyPatch):
    cli = parse(monkeypatch, path, options=("--trainer.accelerator=cpu",))
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert type(cli.model).__name__ == values["model"]["class_path"].rpartition(".")[2]
    assert type(cli.datamodule).__name__ == values["data"]["class_path"].rpartition(".")[2]
    for name, value in values["model"].get("init_args", {}).items():
        assert cli.model.hparams[name] == value
    assert cli.trainer.max_steps == values["trainer"]["max_steps"]
    assert cli.trainer.default_root_dir.endswith(f"runs/{path.stem}")
    assert cli.model.configure_optimizers()
    monitor = values.get("checkpoint", {}).get("monitor", "val/loss")
    checkpoints = [c for c in cli.trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)]
    assert [c.monitor for c in checkpoints] == [monitor, None]
    assert {Path(str(c.dirpath)).resolve() for c in checkpoints} == {Path(cli.trainer.default_root_dir).resolve()}


@pytest.mark.parametrize("overlay", ["cpu", "toy"])
@pytest.mark.parametrize("stage", ["tokenizer_cmu", "masked_humanml3d"])
def test_an_overlay_changes_what_it_names_and_nothing_else(stage: str, overlay: str, monkeypatch: pytest.MonkeyPatch):
    path, over = CONFIGS / "gen" / f"{stage}.yaml", CONFIGS / "overlay" / f"{overlay}.yaml"
    plain = parse(monkeypatch, path).config.as_dict()
    merged = parse(monkeypatch, path, over).config.as_dict()
    changed = yaml.safe_load(over.read_text(encoding="utf-8"))
    named = {f"trainer.{key}" for key in changed["trainer"]}
    named |= {f"data.init_args.{key}" for key in changed.get("data", {}).get("init_args", {})}
    differing = {key for key in _flat(merged) if _flat(merged)[key] != _flat(plain).get(key)}
    assert differing <= named | {"config"}
    for key in named:
        section, *names = key.split(".")
        wanted = changed[section]
        for name in names:
            wanted = wanted[name]
        assert _flat(merged)[key] == wanted


@pytest.mark.parametrize("stage", ["masked", "residual", "length"])
def test_the_generator_reads_sentences_by_the_alignment(stage: str, monkeypatch: pytest.MonkeyPatch):
    alignment = SimpleNamespace(levels=("global",), text=SimpleNamespace(dim=128))
    monkeypatch.setattr("kinmo_htma.encoders.HTMA.load", lambda *_, **__: alignment)
    cli = parse(monkeypatch, CONFIGS / "gen" / f"{stage}_cmu.yaml", CONFIGS / "gen" / "overlay_htma.yaml")
    assert cli.model.hparams["text_dim"] == 128
    assert isinstance(cli.datamodule.text_encoder, HTMATextEncoder)


@pytest.mark.parametrize("overlay", ["gpu", "ddp"])
def test_the_overlays_for_gpus_are_read(overlay: str, monkeypatch: pytest.MonkeyPatch):
    """On the CPU, since there may be no GPU here."""
    options = ("--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.precision=32-true")
    cli = parse(
        monkeypatch, CONFIGS / "gen" / "masked_cmu.yaml", CONFIGS / "overlay" / f"{overlay}.yaml", options=options
    )
    assert cli.trainer.world_size == 2
    assert not cli.config["trainer"]["use_distributed_sampler"]


@pytest.mark.parametrize("path", ANNOTATE, ids=lambda path: path.stem)
def test_a_configuration_describes_its_data(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kinmo_annotate.writers.llm.price", lambda *_: 0.0)  # litellm takes seconds to import
    cli = parse_annotate(monkeypatch, path)
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert type(cli.model.writer).__name__ == values["model"]["writer"]["class_path"].rpartition(".")[2]
    for name, value in values["data"].items():
        assert getattr(cli.datamodule, name) == value
    (output,) = (callback for callback in cli.trainer.callbacks if hasattr(callback, "redo_problems"))
    assert Path(output.path).parent == Path(cli.datamodule.root)  # beside the motions
    assert cli.trainer.num_devices == values.get("trainer", {}).get("devices", 1)
    assert not cli.config["trainer"]["use_distributed_sampler"]
    assert not cli.trainer.loggers
    assert not cli.trainer.checkpoint_callbacks


def test_there_is_a_configuration_for_every_way_to_annotate():
    assert {path.stem for path in ANNOTATE} == {"cmu", "humanml3d", "llm"}


def test_only_annotation_predicts():
    assert set(AnnotateCLI.subcommands()) == {"predict"}
    assert set(KinmoCLI.subcommands()) == {"fit", "validate", "test"}


def parse_annotate(monkeypatch: pytest.MonkeyPatch, path: Path) -> Any:
    """The command line up to the moment when it would begin."""
    monkeypatch.setattr(sys, "argv", ["kinmo-annotate", "--config", str(path)])
    return AnnotateCLI(
        AnnotationModule,
        MotionData,
        save_config_callback=None,
        seed_everything_default=False,
        auto_configure_optimizers=False,
        run=False,
    )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
