"""The alignment learns, resumes with the very same losses, and does in two processes what it does in one."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_alignment import FirstGradient, module, pairs

from kinmo_core.train.testing import short_fit
from kinmo_htma.losses import AlignmentLoss
from kinmo_htma.train.module import right_sides

STEPS = 10


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_killed_run_resumes_with_the_very_same_losses(
    precision: str, toy_folder: Path, toy_run: Path, tmp_path: Path
):
    """Killed in the middle of a pass, with dropout, noise, random captions and texts of other motions."""

    def run(name: str, steps: int, **options: Any) -> dict[int, float]:
        return short_fit(
            module(),
            pairs(toy_folder, toy_run, reasoned=0.5, twins=True),
            tmp_path / name,
            steps=steps,
            precision=precision,
            **options,
        )

    whole = run("whole", STEPS)
    first = run("killed", 7)
    torch.manual_seed(12345)
    resumed = run("killed", STEPS, resume=tmp_path / "killed" / "last.ckpt")
    assert list(whole) == list(range(1, STEPS + 1))
    assert {step: whole[step] for step in first} == first
    assert {step: whole[step] for step in (7, 8, 9, 10)} == resumed
    assert all(math.isfinite(loss) for loss in whole.values())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"levels": ("global",), "frames_per_token": 1, "losses": AlignmentLoss(same_above=0.99, contrast="sample")},
        {"levels": ("interaction", "group", "global"), "key_value": "mu", "decode": "last"},
        {"cross_attention": False, "share_weights": True, "separate_motion": True, "text_norm": False},
        {"losses": AlignmentLoss(contrastive=0.0)},
    ],
    ids=["kinmo", "tmr", "reversed", "no-cross-attention", "temos"],
)
def test_the_loss_goes_down(options: dict[str, Any], toy_folder: Path, toy_run: Path, tmp_path: Path):
    model = module(**{"dropout": 0.0, "learning_rate": 5e-3, **options})
    source = pairs(toy_folder, toy_run, levels=model.model.levels)
    losses = list(short_fit(model, source, tmp_path, steps=30).values())
    assert sum(losses[-6:]) < 0.9 * sum(losses[:6])


@pytest.fixture(scope="module")
def two_processes(toy_folder: Path, toy_run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Losses and weights of both processes after training with batches of 2 each."""
    work = tmp_path_factory.mktemp("ddp")
    (work / "annotations.jsonl").symlink_to(toy_run / "annotations.jsonl")
    (work / "cache").symlink_to(toy_run / "cache")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", Path(__file__).with_name("toy_alignment.py"), toy_folder, work, "2"],
            env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in ("0", "1")
    ]
    for worker in workers:
        output, _ = worker.communicate(timeout=200)
        assert worker.returncode == 0, output.decode()
    return [torch.load(work / f"ddp{rank}.pt", weights_only=True) for rank in (0, 1)]


def test_two_processes_train_as_one_does_on_the_joint_batch(
    two_processes: list[dict[str, Any]], toy_folder: Path, toy_run: Path, tmp_path: Path
):
    """The loss of a step is the mean over processes; the gradient is compared where both still have the same weights."""
    alone = FirstGradient()
    source = pairs(toy_folder, toy_run, batch_size=4, twins=True)
    losses = short_fit(module(dropout=0.0), source, tmp_path, steps=6, callbacks=[alone])
    for step, loss in losses.items():
        together = sum(process["losses"][step] for process in two_processes) / 2
        assert together == pytest.approx(loss, rel=1e-4)
    first, second = two_processes
    assert all(torch.equal(first["state"][name], value) for name, value in second["state"].items())
    assert alone.value is not None
    assert float((first["gradient"] - alone.value).norm()) < 1e-5 * float(alone.value.norm())


def test_sides_are_the_share_of_sided_texts_nearer_to_their_motion_than_to_its_copy():
    clips = torch.tensor([0, 0, 1, 1, 2])
    similarity = torch.zeros(5, 5)
    similarity[0, 0] = similarity[1, 0] = similarity[2, 2] = 1.0  # right, wrong, right; text 3 is level
    assert right_sides(similarity, clips, torch.tensor([True, True, True, True, True])) == 0.5
    assert right_sides(similarity, clips, torch.tensor([True, False, True, False, False])) == 1.0
    assert math.isnan(right_sides(similarity, clips, torch.zeros(5, dtype=torch.bool)))
