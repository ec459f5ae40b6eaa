"""Language models learn timelines, resume with the very same losses, and do in two processes what they do in one."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from toy_reasoner import KINDS, data, module

from kinmo_core.errors import InputError
from kinmo_core.model_folder import load_training_checkpoint
from kinmo_core.train.data import Draw
from kinmo_core.train.stage import OptimConfig
from kinmo_core.train.testing import short_fit
from kinmo_reasoner.export import export
from kinmo_reasoner.model import LoraSettings
from kinmo_reasoner.train.data import SentenceData
from kinmo_reasoner.train.module import ReasonerModule

STEPS = 10


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_run_resumes_with_the_very_same_losses(kind: str, toy_folder: Path, toy_base: Path, tmp_path: Path):
    """Killed in the middle of a pass, with dropout and random sentences and parts."""
    whole = short_fit(module(kind, toy_base), data(toy_folder, toy_base), tmp_path / "whole", steps=STEPS)
    first = short_fit(module(kind, toy_base), data(toy_folder, toy_base), tmp_path / "killed", steps=7)
    torch.manual_seed(12345)
    last = tmp_path / "killed" / "last.ckpt"
    resumed = short_fit(
        module(kind, toy_base), data(toy_folder, toy_base), tmp_path / "killed", steps=STEPS, resume=last
    )
    assert list(whole) == list(range(1, STEPS + 1))
    assert {step: whole[step] for step in first} == first
    assert {step: whole[step] for step in (7, 8, 9, 10)} == resumed
    assert all(math.isfinite(loss) for loss in whole.values())


def loss(model: ReasonerModule, source: SentenceData) -> float:
    """The mean loss of the answers of the training set, each with a fixed caption."""
    source.setup("fit")
    train = source.datasets["train"]
    rows = source.collate([train[Draw(index, (0, index))] for index in range(len(train))])
    with torch.inference_mode():
        total, count = model._loss(rows)
    return float(total / count)


def test_the_loss_goes_down(toy_folder: Path, toy_base: Path, tmp_path: Path):
    """All weights from scratch, then adapters beside the frozen weights that came of it."""
    source = data(toy_folder, toy_base, synthetic=0.0)
    whole = module("whole", toy_base, decay_at=())
    short_fit(whole, source, tmp_path / "whole", steps=15)
    export(tmp_path / "whole" / "last.ckpt", tmp_path / "base")
    adapters = ReasonerModule(
        str(tmp_path / "base"), LoraSettings(rank=8, dropout=0.0), OptimConfig(5e-3), dtype="float32"
    )
    adapters.configure_model()
    before = loss(adapters, source)
    short_fit(adapters, source, tmp_path / "lora", steps=15)
    untrained = module("whole", toy_base)
    untrained.configure_model()
    assert before < 0.8 * loss(untrained, source)
    assert loss(adapters, source) < 0.95 * before


def test_a_checkpoint_holds_the_adapters_and_not_the_base(toy_runs: Path):
    names = load_training_checkpoint(toy_runs / "lora" / "last.ckpt")["state_dict"]
    assert names
    assert all(".lora_" in name for name in names)
    whole = load_training_checkpoint(toy_runs / "whole" / "last.ckpt")["state_dict"]
    assert any("embed_tokens" in name for name in whole)


def test_adapters_alone_are_trained(toy_base: Path):
    model = module("lora", toy_base)
    model.configure_model()
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert len(trained) == 2 * 7 * 2  # two matrices beside each of seven, in two layers
    assert {p.dtype for group in model.configure_optimizers()["optimizer"].param_groups for p in group["params"]} == {  # type: ignore[index]
        torch.float32
    }


def test_a_checkpoint_of_another_base_is_refused(toy_base: Path, toy_runs: Path, toy_folder: Path, tmp_path: Path):
    model = module("lora", toy_base)
    model.base = str(toy_base / "other")
    with pytest.raises(InputError, match=r"the checkpoint is for the base model .*/base, got .*/other"):
        short_fit(model, data(toy_folder, toy_base), tmp_path, steps=4, resume=toy_runs / "lora" / "last.ckpt")


def test_a_checkpoint_of_other_adapters_is_refused(toy_base: Path, toy_runs: Path, toy_folder: Path, tmp_path: Path):
    model = module("lora", toy_base)
    model.lora = LoraSettings(rank=4, targets=("q_proj",))
    with pytest.raises(InputError, match="the checkpoint does not fit"):
        short_fit(model, data(toy_folder, toy_base), tmp_path, steps=4, resume=toy_runs / "lora" / "last.ckpt")


def test_training_all_weights_needs_them_in_full(toy_base: Path):
    with pytest.raises(InputError, match="training all weights needs dtype float32"):
        ReasonerModule(str(toy_base / "base"), None)


@pytest.fixture(scope="module")
def two_processes(toy_folder: Path, toy_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with KIND_ddp.pt: weights after training as two processes with batches of 2."""
    work = tmp_path_factory.mktemp("ddp")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("toy_reasoner.py")
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", script, toy_folder, work, toy_base, "2", *KINDS],
            env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in ("0", "1")
    ]
    for worker in workers:
        output, _ = worker.communicate(timeout=300)
        assert worker.returncode == 0, output.decode()
    return work


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_train_as_one_does_on_the_joint_batch(
    kind: str, two_processes: Path, toy_folder: Path, toy_base: Path, tmp_path: Path
):
    """The processes have different numbers of tokens. Of the way that the weights went, less than a thousandth differs."""
    model = module(kind, toy_base, dropout=0.0)
    model.configure_model()
    before = _flat(model.state_dict())
    short_fit(model, data(toy_folder, toy_base, batch_size=4), tmp_path, steps=4)
    together = _flat(torch.load(two_processes / f"{kind}_ddp.pt", weights_only=True))
    after = _flat(model.state_dict())
    assert float((together - after).norm()) < 1e-3 * float((after - before).norm())


def _flat(state: dict[str, Tensor]) -> Tensor:
    return torch.cat([value.double().flatten() for value in state.values()])
