"""The command line of trainings: what is wrong in one line, checkpoints that are whole, and how a run ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from kinmo_core.errors import InputError
from kinmo_core.train.checkpoints import AtomicCheckpoints
from kinmo_core.train.data import LoaderConfig
from kinmo_core.train.reasons import reason
from kinmo_core.train.stage import OptimConfig

ROOT = Path(__file__).resolve().parents[2]
NESTED = """Parser key "data":
  Does not validate against any of the Union subtypes
  Subtypes: [<class 'lightning.pytorch.core.datamodule.LightningDataModule'>, <class 'NoneType'>]
  Errors:
    - Problem with given class_path 'kinmo_gen.train.tokenizer.TokenizerData':
        Parser key "loader.batch_size":
          Expected a <class 'int'>. Got value: x
    - Expected a <class 'NoneType'>
  Given value type: <class 'jsonargparse._util.NestedArg'>
  Given value: NestedArg(key='loader.batch_size', val='x')"""
UNION = """Parser key "trainer.precision":
  Does not validate against any of the Union subtypes
  Subtypes: [typing.Literal[64, 32, 16], typing.Literal['bf16'], <class 'NoneType'>]
  Errors:
    - Expected a typing.Literal[64, 32, 16]
    - Expected a typing.Literal['bf16']
    - Expected a <class 'NoneType'>
  Given value type: <class 'str'>
  Given value: 7"""
WEIGHTS = """Does not validate against any of the Union subtypes
Subtypes: [<class 'lightning.pytorch.core.module.LightningModule'>, <class 'NoneType'>]
Errors:
  - width must be positive, got -1
  - Expected a <class 'NoneType'>. Got value: Namespace(statistics=Statistics(mean=tensor([ 0.0, 0.0,
             8.4329e-01,  0.0000e+00])))
Given value type: <class 'jsonargparse._namespace.Namespace'>
Given value: Namespace(statistics=tensor([1.0]))"""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (NESTED, "data.loader.batch_size must be int, got x"),
        (UNION, "trainer.precision must be 64, 32, 16 or 'bf16', got 7"),
        (WEIGHTS, "width must be positive, got -1"),
        (
            "Parser key \"trainer.max_steps\":\n  Expected a <class 'int'>. Got value: many",
            "trainer.max_steps must be int, got many",
        ),
        ("Parser key \"config\": File does not exist: '/x.yaml'", "config: File does not exist: '/x.yaml'"),
        ("unrecognized arguments: --nope 1", "unrecognized arguments: --nope 1"),
    ],
)
def test_the_reason_is_one_line(message: str, line: str) -> None:
    assert reason(message) == line


def test_a_reason_is_short() -> None:
    assert len(reason("x" * 10_000)) <= 300


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"workers": -1}, "workers must be at least 0, got -1"),
        ({"train_splits": ()}, "train_splits must name at least one split list, got none"),
    ],
)
def test_loaders_check_their_values(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LoaderConfig(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_learning_rate_is_a_number(rate: float) -> None:
    with pytest.raises(InputError, match="learning_rate must be a number of at least 0"):
        OptimConfig(learning_rate=rate)


def test_a_checkpoint_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AtomicCheckpoints().save_checkpoint({"step": 1}, tmp_path / "run" / "last.ckpt")

    def half(_: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(InputError, match=r"cannot write .*last.ckpt: No space left on device"):
        AtomicCheckpoints().save_checkpoint({"step": 2}, tmp_path / "run" / "last.ckpt")
    assert torch.load(tmp_path / "run" / "last.ckpt", weights_only=True) == {"step": 1}
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["last.ckpt"]


def fit(data: Path, run: Path, *options: str) -> list[str]:
    """The command of a training of a tiny tokenizer."""
    sizes = {"width": 16, "code_dim": 8, "codes": 16}
    files = ("gen/tokenizer_cmu.yaml", "overlay/toy.yaml")
    return [
        *(sys.executable, "-c", "from kinmo_gen.cli import main; main()", "fit"),
        *(word for name in files for word in ("--config", f"{ROOT}/configs/{name}")),
        *(f"--model.init_args.network.{name}={size}" for name, size in sizes.items()),
        *("--data.init_args.root", str(data), "--trainer.default_root_dir", str(run), *options),
    ]


def test_a_run_says_what_it_does_and_nothing_else(toy_folder: Path, tmp_path: Path) -> None:
    ended = subprocess.run(fit(toy_folder, tmp_path / "run"), capture_output=True, text=True, timeout=120)
    lines = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (0, "")
    assert lines[0].startswith("training ")
    assert lines[0].endswith(" parameters, steps 0 to 4")
    assert [line.split(":")[0] for line in lines[1:3]] == ["step 2", "step 4"]
    assert lines[3:] == [f"{tmp_path / 'run'}: best.ckpt, last.ckpt"]


def test_ctrl_c_ends_a_run_with_130(toy_folder: Path, tmp_path: Path) -> None:
    command = fit(toy_folder, tmp_path / "run", "--trainer.max_steps", "100000")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "step 2" not in process.stderr.readline():
            pass
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().splitlines()
    assert (process.returncode, said[-1]) == (130, "kinmo-gen: stopped")
    assert all(line.startswith("step ") for line in said[:-1])
    assert not list(tmp_path.rglob(".kinmo-*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data.init_args.loader.batch_size", "0"], "batch_size must be at least 1, got 0"),
        (["--trainer.devices", "abc"], "`devices` selected with `CPUAccelerator` should be an int > 0."),
        (["--seed_everything", "99999999999999999999"], "seed_everything: 99999999999999999999 is not in bounds"),
        (["--ckpt_path", "{}/garbage"], "garbage is not a readable checkpoint: it is damaged"),
        (["--config", "{}/brackets"], "brackets is not readable: it is nested too deeply"),
        (["--config", "{}/bomb"], "bomb is not readable YAML: aliases are not allowed"),
    ],
)
def test_wrong_options_are_one_line(options: list[str], message: str, toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "garbage").write_text("garbage")
    (tmp_path / "brackets").write_text("[" * 100_000)
    (tmp_path / "bomb").write_text("a: &a [x]\nb: [*a, *a]\n")
    given = [option.replace("{}", str(tmp_path)) for option in options]
    command = fit(toy_folder, tmp_path / "run", *given)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert ended.stderr.startswith("kinmo-gen: error: ")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
