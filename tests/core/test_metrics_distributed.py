"""Two processes give the number of one, to the last digit, however the samples were split."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchmetrics import Metric

from kinmo_core import metrics
from kinmo_core.metrics import torchmetrics as counted
from kinmo_core.testing import walking_joints

# Run by both processes. A DistributedSampler deals out 101 samples, so one of them occurs twice; batches are ragged.
WORKER = """
import sys
import torch
import torch.distributed as dist
from torch.utils.data import DistributedSampler
from test_metrics_distributed import SAMPLES, all_metrics, feed

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
own = torch.tensor(list(DistributedSampler(range(SAMPLES), num_replicas=2, rank=rank, shuffle=True, seed=5)))
assert len(own) == 51
values = {}
for name, metric in all_metrics().items():
    for batch in own.split(7 + 4 * rank):
        feed(name, metric, batch)
    values[name] = metric.compute()
torch.save(values, f"{folder}/{rank}.pt")
dist.destroy_process_group()
"""

SAMPLES = 101


def all_metrics() -> dict[str, Metric]:
    return {
        "fid": counted.FrechetDistance(),
        "kid": counted.KID(),
        "r_precision": counted.RPrecision(seed=1),
        "mm_dist": counted.MMDist(),
        "diversity": counted.Diversity(pairs=50, seed=2),
        "multimodality": counted.MultiModality(pairs=3, seed=3),
        "mpjpe": counted.MPJPE(),
        "foot_skating": counted.FootSkating(),
        "bones_off": counted.BonesOff(),
        "jerk": counted.Jerk(),
    }


@cache
def embeddings() -> tuple[Tensor, Tensor]:
    text = torch.randn(SAMPLES, 8, generator=torch.Generator().manual_seed(0))
    return text, text + torch.randn(SAMPLES, 8, generator=torch.Generator().manual_seed(1))


@cache
def clips() -> tuple[Tensor, Tensor]:
    """(SAMPLES, 24, 22, 3) and their lengths."""
    joints = torch.stack([walking_joints(24, speed=3.0, seed=seed) for seed in range(SAMPLES)])
    return joints, 10 + torch.arange(SAMPLES) % 15


def feed(name: str, metric: Metric, batch: Tensor) -> None:
    """Update one metric by the samples with these indices."""
    (text, motion), (joints, lengths) = embeddings(), clips()
    match name:
        case "fid" | "kid" | "r_precision" | "mm_dist":
            metric.update(text[batch], motion[batch], index=batch)
        case "diversity":
            metric.update(motion[batch], index=batch)
        case "multimodality":
            metric.update(motion[batch].view(-1, 4, 2), index=batch)
        case "mpjpe":
            metric.update(joints[batch], joints[batch] * 1.05, lengths=lengths[batch], index=batch)
        case _:
            metric.update(joints[batch], lengths=lengths[batch], index=batch)


@pytest.fixture(scope="module")
def expected() -> dict[str, Tensor]:
    """The pure functions on all samples in their order."""
    (text, motion), (joints, lengths) = embeddings(), clips()
    error = metrics.mpjpe(joints, joints * 1.05, lengths=lengths)
    return {
        "fid": metrics.frechet_distance(text, motion),
        "kid": metrics.kid(text, motion),
        "r_precision": metrics.r_precision(text, motion, seed=1),
        "mm_dist": metrics.mm_dist(text, motion),
        "diversity": metrics.diversity(motion, pairs=50, seed=2),
        "multimodality": metrics.multimodality(motion.view(-1, 4, 2), pairs=3, seed=3),
        "mpjpe": (error * lengths).sum() / lengths.sum(),
        "foot_skating": metrics.foot_skating(joints, lengths=lengths).mean(),
        "bones_off": metrics.bones_off(joints, lengths=lengths).mean(),
        "jerk": metrics.jerk(joints, lengths=lengths).mean(),
    }


@pytest.mark.parametrize("name", all_metrics())
def test_one_process_gives_the_number_of_the_function(name: str, expected: dict[str, Tensor]) -> None:
    metric = all_metrics()[name]
    shuffled = torch.randperm(SAMPLES, generator=torch.Generator().manual_seed(4))
    for batch in (*shuffled.split(13), shuffled[:9]):  # the last nine are copies
        feed(name, metric, batch)
    assert metric.compute().dtype == torch.float64
    assert torch.equal(metric.compute(), expected[name])
    metric.reset()
    feed(name, metric, torch.arange(SAMPLES))
    assert torch.equal(metric.compute(), expected[name])


def test_two_processes_give_the_number_of_one(tmp_path: Path, expected: dict[str, Tensor]) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
    script = tmp_path / "worker.py"
    script.write_text(WORKER, encoding="utf-8")
    workers = [
        subprocess.Popen([sys.executable, script, str(rank), tmp_path], env=environment, stderr=subprocess.PIPE)
        for rank in (0, 1)
    ]
    for worker in workers:
        _, error = worker.communicate(timeout=120)
        assert worker.returncode == 0, error.decode()
    for rank in (0, 1):
        values = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert {name for name in expected if not torch.equal(values[name], expected[name])} == set()


def test_every_sample_of_a_batch_needs_an_index() -> None:
    text, motion = embeddings()
    with pytest.raises(ValueError, match="index must name every sample of the batch, got 3 for 101, 101"):
        counted.MMDist().update(text, motion, index=torch.arange(3))
