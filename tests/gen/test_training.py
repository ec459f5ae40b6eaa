"""Each stage learns, resumes with the very same losses, and does in two processes what it does in one."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_stages import STAGES, data, fit, module

STEPS = 10


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_resumes_with_the_very_same_losses(stage: str, toy_folder: Path, toy_runs: Path, tmp_path: Path):
    """Killed in the middle of a pass, with dropout, random codes, random crops and random captions."""
    whole = fit(module(stage), data(stage, toy_folder, toy_runs), tmp_path / "whole", steps=STEPS)
    first = fit(module(stage), data(stage, toy_folder, toy_runs), tmp_path / "killed", steps=7)
    torch.manual_seed(12345)
    resumed = fit(
        module(stage),
        data(stage, toy_folder, toy_runs),
        tmp_path / "killed",
        steps=STEPS,
        resume=tmp_path / "killed" / "last.ckpt",
    )
    assert list(whole) == list(range(1, STEPS + 1))
    assert {step: whole[step] for step in first} == first
    assert {step: whole[step] for step in (7, 8, 9, 10)} == resumed
    assert all(math.isfinite(loss) for loss in whole.values())


@pytest.mark.parametrize("stage", STAGES)
def test_the_loss_goes_down(stage: str, toy_folder: Path, toy_runs: Path, tmp_path: Path):
    model = module(stage, dropout=0.0, learning_rate=5e-3)
    losses = list(fit(model, data(stage, toy_folder, toy_runs), tmp_path, steps=40).values())
    assert sum(losses[-8:]) < 0.9 * sum(losses[:8])


@pytest.fixture(scope="module")
def two_processes(toy_folder: Path, toy_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with STAGE_ddp.pt: weights after training as two processes with batches of 2."""
    work = tmp_path_factory.mktemp("ddp")
    (work / "tokenizer").symlink_to(toy_runs / "tokenizer")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("toy_stages.py")
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", script, toy_folder, work, "2", *STAGES],
            env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in ("0", "1")
    ]
    for worker in workers:
        output, _ = worker.communicate(timeout=200)
        assert worker.returncode == 0, output.decode()
    return work


@pytest.mark.parametrize("stage", STAGES)
def test_two_processes_train_as_one_does_on_the_joint_batch(
    stage: str, two_processes: Path, toy_folder: Path, toy_runs: Path, tmp_path: Path
):
    model = module(stage, dropout=0.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fit(model, data(stage, toy_folder, toy_runs, batch_size=4), tmp_path, steps=6)
    together = torch.load(two_processes / f"{stage}_ddp.pt", weights_only=True)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(together[name], value, atol=2e-5, rtol=1e-4, msg=lambda m, name=name: f"{name}: {m}")
    assert any(not torch.equal(before[name], value) for name, value in model.state_dict().items())
