"""Every YAML in configs/ goes through the real command line: its classes are made with its values, on toy data."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint

from kinmo_annotate.train.cli import AnnotateCLI
from kinmo_annotate.train.data import MotionData
from kinmo_annotate.train.module import AnnotationModule
from kinmo_core.features import DIM
from kinmo_core.stats import Statistics
from kinmo_core.testing import WordEncoder
from kinmo_core.train.cli import KinmoCLI
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_gen.tokenizer import Tokenizer, TokenizerConfig
from kinmo_htma.config import AlignmentConfig
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.train.module import AlignmentModule

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
ANNOTATE = sorted((CONFIGS / "annotate").glob("*.yaml"))
GEN = sorted(path for path in (CONFIGS / "gen").glob("*.yaml") if not path.stem.startswith("overlay_"))
HTMA = sorted(path for path in (CONFIGS / "htma").glob("*.yaml") if not path.stem.startswith("overlay_"))
HTMA_OVERLAYS = sorted((CONFIGS / "htma").glob("overlay_*.yaml"))
OVERLAYS = sorted((CONFIGS / "overlay").glob("*.yaml"))
TEXT_DIM = 8


@pytest.fixture(autouse=True)
def encoders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the text encoders that are loaded; each is a toy in its place."""
    loaded: list[str] = []

    def load(name: str, *, device: str = "cpu") -> WordEncoder:
        del device
        loaded.append(name)
        encoder = WordEncoder(TEXT_DIM)
        encoder.name = name
        return encoder

    monkeypatch.setattr("kinmo_core.language.models.load_text_encoder", load)
    return loaded


@pytest.fixture(autouse=True)
def tokenizer(monkeypatch: pytest.MonkeyPatch) -> Tokenizer:
    """A toy in the place of the trained tokenizer."""
    made = Tokenizer(TokenizerConfig(16, 8, codes=24, layers=3, parts="two", encoder_width=8))
    statistics = Statistics(torch.zeros(DIM), torch.ones(DIM))
    monkeypatch.setattr("kinmo_gen.train.tokens.load_tokenizer", lambda _: (made, statistics))
    return made


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch, toy_folder: Path) -> Any:
    """Run the command line up to the moment when it would train."""

    def run(*paths: Path, options: tuple[str, ...] = ("--trainer.accelerator=cpu",)) -> KinmoCLI:
        given = [part for path in paths for part in ("--config", str(path))]
        monkeypatch.setattr(sys, "argv", ["kinmo", *given, f"--data.init_args.root={toy_folder}", *options])
        return KinmoCLI(
            LightningModule,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            seed_everything_default=0,
            run=False,
        )

    return run


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def check_values(cli: KinmoCLI, path: Path) -> None:
    """The module and its data have the values of the file."""
    values = load(path)
    for name, value in _flat(values.get("model", {}).get("init_args", {})).items():
        assert _flat(dict(cli.model.hparams))[name] == value, name
    for name, value in _flat(values.get("data", {}).get("init_args", {})).items():
        if name != "root":
            found = cli.datamodule
            for part in name.split("."):
                found = getattr(found, part)
            assert (list(found) if isinstance(found, tuple) else found) == value, name


def test_there_is_a_configuration_for_every_stage_and_data_set():
    stages = ("tokenizer", "masked", "residual", "length", "evaluator")
    assert {path.stem for path in GEN} >= {f"{stage}_{data}" for stage in stages for data in ("cmu", "humanml3d")}
    assert {path.stem for path in HTMA} == {"kinmo_cmu", "kinmo_humanml3d", "tmr_humanml3d"}
    rows = {"tmr", "group", "no_cross_attention", "reversed", "temos", "distilbert", "roberta", "clip", "two_parts"}
    assert {path.stem.removeprefix("overlay_") for path in HTMA_OVERLAYS} >= rows
    assert {path.stem for path in OVERLAYS} == {"cpu", "gpu", "ddp", "toy"}


@pytest.mark.parametrize("path", [*GEN, *HTMA], ids=lambda path: path.stem)
def test_a_configuration_makes_its_module_and_its_data(path: Path, parse: Any):
    cli, values = parse(path), load(path)
    assert type(cli.model).__name__ == values["model"]["class_path"].rpartition(".")[2]
    assert type(cli.datamodule).__name__ == values["data"]["class_path"].rpartition(".")[2]
    check_values(cli, path)
    assert cli.trainer.max_steps == values["trainer"]["max_steps"]
    assert cli.trainer.default_root_dir.endswith(f"runs/{path.stem}")
    assert cli.trainer.check_val_every_n_epoch is None  # val_check_interval counts steps
    assert cli.model.configure_optimizers()
    monitor = values.get("checkpoint", {}).get("monitor", "val/loss")
    checkpoints = [c for c in cli.trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)]
    assert [c.monitor for c in checkpoints] == [monitor, None]
    assert {Path(str(c.dirpath)).resolve() for c in checkpoints} == {Path(cli.trainer.default_root_dir).resolve()}


@pytest.mark.parametrize("path", [*GEN, *HTMA], ids=lambda path: path.stem)
def test_the_command_line_carries_what_module_and_data_share(path: Path, parse: Any, encoders: list[str]):
    cli = parse(path)
    network = cli.model.hparams["network"]
    if "text_dim" in network:
        assert network["text_dim"] == TEXT_DIM
        assert encoders == [load(path)["data"]["init_args"].get("text_encoder", "minilm")]
    for name, value in {"parts": 2, "codes": 24, "layers": 3}.items():
        if name in network and path.stem.startswith(("masked", "residual")):
            assert network[name] == value
    assert isinstance(cli.model, Stage)
    if hasattr(cli.datamodule, "statistics"):
        assert cli.model.statistics is not None
        assert bool((cli.model.statistics.mean == cli.datamodule.statistics.mean).all())
    if isinstance(cli.model, AlignmentModule):
        assert cli.model.text_settings == cli.datamodule.text_settings
        assert list(cli.datamodule.levels) == network["levels"]


@pytest.mark.parametrize("path", [*GEN, *HTMA], ids=lambda path: path.stem)
def test_no_configuration_repeats_a_default_or_a_link(path: Path, parse: Any):
    """A YAML says only what differs."""
    written = {name.rpartition(".")[2] for name in _flat(load(path)["model"].get("init_args", {}))}
    assert "text_dim" not in written
    kind = type(parse(path).model)
    defaults = _flat(dict(kind().hparams))
    for name, value in _flat(load(path)["model"].get("init_args", {})).items():
        assert defaults[name] != value, name


@pytest.mark.parametrize("over", HTMA_OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_of_the_alignment_changes_its_module_or_data(over: Path, parse: Any):
    tmr = [CONFIGS / "htma" / "overlay_tmr.yaml"] if over.stem == "overlay_temos" else []
    cli = parse(CONFIGS / "htma" / "kinmo_cmu.yaml", *tmr, over)
    check_values(cli, over)
    assert cli.trainer.default_root_dir.endswith(load(over)["trainer"]["default_root_dir"])


def test_tmr_is_as_published(parse: Any):
    """SPEC C: sizes, weights, temperature, optimiser, batch and passes."""
    cli = parse(CONFIGS / "htma" / "tmr_humanml3d.yaml")
    sizes = AlignmentConfig(TEXT_DIM, ("global",), 256, 6, 4, 1024, 0.1, text_norm=False, frames_per_token=1)
    losses = AlignmentLoss(1.0, 1e-5, 1e-5, 0.1, temperature=0.1, same_above=0.6, contrast="sample")
    optim = OptimConfig(learning_rate=1e-4, weight_decay=0.01, warmup_steps=0, decay_at=(), betas=(0.9, 0.999))
    for name, published in (("network", sizes), ("losses", losses), ("optim", optim)):
        assert cli.model.hparams[name] == {
            k: list(v) if isinstance(v, tuple) else v for k, v in asdict(published).items()
        }
    assert cli.model.sample
    assert (cli.datamodule.loader.batch_size, cli.datamodule.per_dimension) == (32, True)
    assert cli.trainer.max_steps == 500 * (23_384 // 32)
    assert cli.trainer.gradient_clip_val is None


@pytest.mark.parametrize("overlay", ["cpu", "toy"])
@pytest.mark.parametrize("stage", ["tokenizer_cmu", "masked_humanml3d"])
def test_an_overlay_changes_what_it_names_and_nothing_else(stage: str, overlay: str, parse: Any):
    path, over = CONFIGS / "gen" / f"{stage}.yaml", CONFIGS / "overlay" / f"{overlay}.yaml"
    plain, merged = _flat(parse(path).config.as_dict()), _flat(parse(path, over).config.as_dict())
    named = {key: value for key, value in _flat(load(over)).items() if key != "trainer.accelerator"}
    assert {key for key in merged if merged[key] != plain.get(key)} <= {*named, "config"}
    assert {key: list(v) if isinstance(v := merged[key], tuple) else v for key in named} == named


@pytest.mark.parametrize("stage", ["masked", "residual", "length"])
def test_the_generator_reads_sentences_by_the_alignment(stage: str, parse: Any, encoders: list[str]):
    parse(CONFIGS / "gen" / f"{stage}_cmu.yaml", CONFIGS / "gen" / "overlay_htma.yaml")
    assert encoders == ["htma"]


@pytest.mark.parametrize("overlay", ["gpu", "ddp"])
def test_the_overlays_for_gpus_are_read(overlay: str, parse: Any):
    """On the CPU, since there may be no GPU here."""
    options = ("--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.precision=32-true")
    cli = parse(CONFIGS / "gen" / "masked_cmu.yaml", CONFIGS / "overlay" / f"{overlay}.yaml", options=options)
    assert cli.trainer.world_size == 2
    assert not cli.config["trainer"]["use_distributed_sampler"]


@pytest.mark.parametrize("path", ANNOTATE, ids=lambda path: path.stem)
def test_a_configuration_describes_its_data(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kinmo_annotate.writers.client.price", lambda *_: 0.0)  # litellm takes seconds to import
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
