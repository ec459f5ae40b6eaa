"""Each stage learns, resumes with the very same losses, and does in two processes what it does in one."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_stages import STAGES, TEXT_DIM, data, module

from kinmo_core.data.captions import sides_of
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.testing import HashTextEncoder, WordEncoder, toy_dataset
from kinmo_core.train.data import Draw, LoaderConfig
from kinmo_core.train.testing import short_fit
from kinmo_gen.train.evaluator import PairData, _other_side
from kinmo_gen.train.tokens import TokenData, _identity

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
    whole = short_fit(module(stage), data(stage, toy_folder, toy_runs), tmp_path / "whole", steps=STEPS)
    first = short_fit(module(stage), data(stage, toy_folder, toy_runs), tmp_path / "killed", steps=7)
    torch.manual_seed(12345)
    resumed = short_fit(
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


@pytest.mark.parametrize("kind", [TokenData, PairData])
def test_a_text_encoder_that_cannot_be_loaded_is_named(kind: type[TokenData | PairData]):
    with pytest.raises(InputError, match="cannot load the language model '/no/such/folder'"):
        kind(text_encoder="/no/such/folder").text_dim  # noqa: B018


def test_splits_are_drawn_by_their_shares(toy_folder: Path, toy_runs: Path):
    source = data("masked", toy_folder, toy_runs)
    assert isinstance(source, TokenData)
    source.shares, source.loader = (0.9, 0.1), replace(source.loader, train_splits=("val", "train"))
    source.setup("fit")
    clips = len(HumanML3DFolder(toy_folder).samples(["val"]))
    weights = source.datasets["train"].weights
    assert weights.sum() == pytest.approx(1)
    assert weights[:clips].sum() == pytest.approx(0.9)


@pytest.mark.parametrize("shares", [(0.5,), (0.5, 0.0)])
def test_shares_that_do_not_fit_the_splits_are_refused(shares: tuple[float, ...]):
    with pytest.raises(InputError, match=r"shares must be a positive number for each of train, extra, got 0\.5"):
        TokenData(shares=shares, loader=LoaderConfig(train_splits=("train", "extra")))


@pytest.mark.parametrize("stage", STAGES)
def test_a_clip_that_is_not_finite_is_named_and_left_out(stage: str, toy_runs: Path, tmp_path: Path):
    folder, work = toy_dataset(tmp_path / "data"), tmp_path / "work"
    work.mkdir()
    (work / "tokenizer").symlink_to(toy_runs / "tokenizer")
    whole = data(stage, folder, work)
    whole.setup("fit")
    broken = folder / "new_joint_vecs" / f"{(folder / 'train.txt').read_text().split()[0]}.npy"
    features = np.load(broken)
    features[10, 5] = np.nan
    np.save(broken, features)
    source = data(stage, folder, work)
    with pytest.warns(DataWarning) as said:
        source.setup("fit")
    assert [str(broken) in str(warning.message) for warning in said] == [True]
    windows = len(features) // 32 if stage == "tokenizer" else 1
    assert len(source.datasets["train"]) == len(whole.datasets["train"]) - windows
    assert len(source.datasets["val"]) == len(whole.datasets["val"])


@pytest.mark.parametrize("kind", ["tokens", "pairs"])
def test_caches_are_in_the_cache_folder_of_the_user(
    kind: str, toy_folder: Path, toy_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KINMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    encoder, tokenizer = WordEncoder(TEXT_DIM), str(toy_runs / "tokenizer" / "last.ckpt")
    source = TokenData(str(toy_folder), tokenizer, encoder) if kind == "tokens" else PairData(str(toy_folder), encoder)
    source.setup("test")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    kept = {path.name.rpartition("-")[0] for path in (tmp_path / "cache").iterdir()}
    assert kept == ({"tokens", "sentences"} if kind == "tokens" else {"sentences", "token-states"})


def test_an_evaluator_needs_token_states():
    source = PairData()
    source.text_encoder = HashTextEncoder(8)  # type: ignore[assignment]
    with pytest.raises(
        InputError, match="text_encoder must give token states, got hash-8, which gives sentence vectors"
    ):
        source.text_dim  # noqa: B018


def test_mirrored_copies_are_in_the_batch_of_their_originals(toy_folder: Path, tmp_path: Path):
    """Twin captions are mirror images of each other, and no negatives unless they name a side."""
    source = PairData(str(toy_folder), WordEncoder(TEXT_DIM), twins=True, cache=str(tmp_path), feature_bias=5.0)
    source.setup("fit")
    assert len(source.datasets["val"][Draw(0, (0,))]) == 1
    train = source.datasets["train"]
    samples = HumanML3DFolder(toy_folder).samples(["train"])
    drawn = [train[Draw(index, (0, index))] for index in range(len(train))]
    for sample, (one, other) in zip(samples, drawn, strict=True):
        assert torch.equal(one.sides, other.sides.flip(0))
        assert bool(one.sides.any()) == any(sides_of(sample.captions[0].text))
    batch = source.collate(drawn)
    assert len(batch.features) == 2 * len(drawn)
    conflict = _other_side(batch.sides)
    names = batch.sides.any(-1)
    assert torch.equal(conflict[::2, 1::2].diagonal(), names[::2])
    assert not conflict[~names].any()
    assert not conflict.diagonal().any()


@pytest.mark.parametrize("stage", STAGES)
def test_the_loss_goes_down(stage: str, toy_folder: Path, toy_runs: Path, tmp_path: Path):
    model = module(stage, dropout=0.0, learning_rate=5e-3)
    losses = list(short_fit(model, data(stage, toy_folder, toy_runs), tmp_path, steps=30).values())
    assert sum(losses[-6:]) < 0.9 * sum(losses[:6])


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
    """Of the way that the weights went, less than a thousandth is different. Adam turns the rounding of a gradient near
    zero into a step of its own, so single weights may differ more."""
    model = module(stage, dropout=0.0)
    before = _flat(model.state_dict())
    short_fit(model, data(stage, toy_folder, toy_runs, batch_size=4), tmp_path, steps=6)
    together = _flat(torch.load(two_processes / f"{stage}_ddp.pt", weights_only=True))
    after = _flat(model.state_dict())
    assert float((together - after).norm()) < 1e-3 * float((after - before).norm())


def _flat(state: dict[str, Tensor]) -> Tensor:
    return torch.cat([value.double().flatten() for value in state.values()])


def test_a_mirrored_copy_has_tokens_of_its_own_in_the_cache(toy_folder: Path):
    [sample] = HumanML3DFolder(toy_folder).samples_of("000000")
    assert _identity(sample) == _identity(replace(sample, id="other"))
    assert _identity(sample) != _identity(replace(sample, mirrored=True))
