"""Codebooks against slow loops and vector-quantize-pytorch; what a resume and a second process must not change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from vector_quantize_pytorch import VectorQuantize

from kinmo_gen.quantizer import Codebook, ResidualQuantizer

# Run by both processes: half of the joint batch each, layers of unequal use.
WORKER = """
import sys
import torch
import torch.distributed as dist
from test_quantizer import joint_batches, small_quantizer

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
quantizer = small_quantizer()
for vectors, active in joint_batches():
    quantizer(vectors.chunk(2)[rank], active=active.chunk(2)[rank])
torch.save(quantizer.state_dict(), f"{folder}/{rank}.pt")
dist.destroy_process_group()
"""


def small_quantizer() -> ResidualQuantizer:
    return ResidualQuantizer(3, 8, 4, decay=0.9, temperature=0.0).train()


def joint_batches() -> list[tuple[Tensor, Tensor]]:
    """Three batches of six samples. In the second, no sample of the first half uses the last layer; in the third none."""
    generator = torch.Generator().manual_seed(1)
    active = ([3, 2, 3, 1, 3, 3], [1, 2, 1, 3, 3, 2], [1, 2, 2, 1, 2, 1])
    return [(torch.randn(6, 5, 4, generator=generator), torch.tensor(row)) for row in active]


def trained(**options: float) -> ResidualQuantizer:
    torch.manual_seed(0)  # codes are drawn in training; whatever ran before must not matter
    quantizer = ResidualQuantizer(3, 8, 4, **options).train()
    for vectors, _ in joint_batches():
        quantizer(vectors)
    return quantizer


@given(st.integers(0, 1000))
def test_nearest_is_the_code_at_the_least_distance(seed: int):
    generator = torch.Generator().manual_seed(seed)
    book = Codebook(16, 5)
    book.embedding.copy_(torch.randn(16, 5, generator=generator))
    vectors = torch.randn(7, 3, 5, generator=generator)
    distances = (vectors[..., None, :].double() - book.embedding.double()).square().sum(-1)
    assert torch.equal(book.nearest(vectors), distances.argmin(-1))


def test_random_choice_follows_the_softmax_of_the_distances():
    torch.manual_seed(0)
    book = Codebook(3, 1)
    book.embedding.copy_(torch.tensor([[0.0], [1.0], [3.0]]))
    drawn = book.nearest(torch.full((20_000, 1), 0.4), temperature=0.5)
    wanted = torch.softmax(-(torch.tensor([0.4, -0.6, -2.6]) ** 2) / 0.5, 0)
    torch.testing.assert_close(drawn.bincount(minlength=3) / 20_000, wanted, atol=0.015, rtol=0)


def test_an_update_is_the_moving_average_written_out():
    rng = np.random.default_rng(0)
    book = Codebook(4, 3, decay=0.8, reset_below=0.0)
    book.embedding.copy_(torch.from_numpy(rng.standard_normal((4, 3))))
    book.sums.copy_(book.embedding)
    counts, sums = np.ones(4), book.sums.double().numpy().copy()
    for _ in range(3):
        vectors, ids = rng.standard_normal((10, 3)), rng.integers(0, 4, 10)
        book.update(torch.from_numpy(vectors).float(), torch.from_numpy(ids))
        for code in range(4):
            mine = vectors[ids == code]
            counts[code] = 0.8 * counts[code] + 0.2 * len(mine)
            sums[code] = 0.8 * sums[code] + 0.2 * mine.sum(0)
        np.testing.assert_allclose(book.embedding, sums / counts[:, None], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(book.counts, counts, rtol=1e-5)


def test_ids_and_updates_are_those_of_vector_quantize_pytorch():
    theirs = VectorQuantize(4, 8, decay=0.9, eps=1e-12, threshold_ema_dead_code=0).train()
    ours = Codebook(8, 4, decay=0.9, reset_below=0.0)
    ours.embedding.copy_(theirs.codebook)
    ours.sums.copy_(theirs.codebook)
    for vectors, _ in joint_batches():
        _, ids, _ = theirs(vectors)
        mine = ours.nearest(vectors)
        assert torch.equal(mine, ids)
        ours.update(vectors.flatten(0, 1), mine.flatten())
        torch.testing.assert_close(ours.embedding, theirs.codebook, atol=1e-5, rtol=1e-4)


def test_codes_start_at_vectors_of_the_first_batch():
    vectors = torch.randn(2, 40, 4, generator=torch.Generator().manual_seed(3))
    book = Codebook(8, 4)
    book.start(vectors.flatten(0, 1))
    distance = torch.cdist(book.embedding, vectors.flatten(0, 1)).amin(1)
    assert float(distance.max()) < 0.05
    assert len(book.embedding.unique(dim=0)) == 8


def test_a_code_that_nothing_chooses_moves_to_a_vector_of_the_batch():
    book = Codebook(3, 2, decay=0.5)
    book.embedding.copy_(torch.tensor([[0.0, 0.0], [1.0, 1.0], [900.0, 900.0]]))
    book.sums.copy_(book.embedding)
    vectors = torch.tensor([[0.0, 0.1], [0.1, 0.0], [1.0, 0.9], [1.1, 1.0]])
    book.update(vectors, book.nearest(vectors))
    assert any(torch.equal(book.embedding[2], vector) for vector in vectors)
    assert float(book.counts[2]) == 1
    torch.testing.assert_close(book.counts[:2], torch.tensor([1.5, 1.5]))


def test_all_that_an_update_needs_is_in_the_state():
    """The next update of a copy made from the state is the same, resets included."""
    first = trained()
    second = ResidualQuantizer(3, 8, 4)
    second.load_state_dict(first.state_dict())
    vectors = torch.randn(4, 6, 4, generator=torch.Generator().manual_seed(9)) + 5
    for quantizer in (first, second):
        torch.manual_seed(4)
        quantizer.train()(vectors)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert not list(first.parameters())


def test_evaluation_changes_nothing():
    quantizer = trained().eval()
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer(torch.randn(2, 6, 4))
    assert all(torch.equal(before[name], value) for name, value in quantizer.state_dict().items())


def test_encode_and_decode_are_what_forward_does_in_evaluation():
    quantizer = trained().eval()
    vectors = torch.randn(3, 7, 4, generator=torch.Generator().manual_seed(5))
    output = quantizer(vectors)
    assert torch.equal(quantizer.encode(vectors), output.ids)
    torch.testing.assert_close(quantizer.decode(output.ids), output.values)
    assert output.ids.shape == (3, 7, 3)


def test_each_layer_brings_the_sum_closer():
    quantizer = trained().eval()
    vectors = joint_batches()[2][0]
    ids = quantizer.encode(vectors)
    errors = [float((quantizer.decode(ids[..., :q]) - vectors).square().mean()) for q in (1, 2, 3)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.9 * errors[0]


def test_quantizer_dropout_leaves_out_the_upper_layers_of_those_samples_alone():
    quantizer = trained().eval()
    vectors, active = joint_batches()[0]
    output, whole = quantizer(vectors, active=active), quantizer(vectors)
    for row, layers in enumerate(active.tolist()):
        torch.testing.assert_close(output.values[row], quantizer.decode(whole.ids[row, :, :layers]))


def test_commitment_is_each_samples_mean_over_its_layers():
    quantizer = trained().eval()
    vectors, active = joint_batches()[0]
    ids = quantizer.encode(vectors)
    per_sample = []
    for row, layers in enumerate(active.tolist()):
        errors = [(vectors[row] - quantizer.decode(ids[row, :, :q])).square().mean() for q in range(1, layers + 1)]
        per_sample.append(torch.stack(errors).mean())
    torch.testing.assert_close(quantizer(vectors, active=active).commitment, torch.stack(per_sample).mean())


def test_a_layer_that_no_sample_uses_keeps_its_codes():
    quantizer = trained()
    books = [book for book in quantizer.codebooks if isinstance(book, Codebook)]
    before = [book.embedding.clone() for book in books]
    vectors, _ = joint_batches()[0]
    output = quantizer(vectors, active=torch.ones(6, dtype=torch.long))
    changed = [not torch.allclose(a, b.embedding) for a, b in zip(before, books, strict=True)]
    assert changed == [True, False, False]
    assert bool(output.commitment.isfinite())


def test_the_gradient_passes_straight_through():
    quantizer = trained().eval()
    vectors = torch.randn(2, 3, 4, requires_grad=True)
    weights = torch.randn(2, 3, 4)
    (quantizer(vectors).values * weights).sum().backward()
    torch.testing.assert_close(vectors.grad, weights)


def test_commitment_pulls_vectors_towards_their_codes():
    quantizer = ResidualQuantizer(1, 8, 4).train()
    quantizer(joint_batches()[0][0])
    quantizer.eval()
    vectors = torch.randn(2, 3, 4, requires_grad=True)
    output = quantizer(vectors)
    output.commitment.backward()
    torch.testing.assert_close(vectors.grad, 2 * (vectors - output.values).detach() / vectors.numel())


def test_half_precision_does_not_reach_the_distances():
    quantizer = trained().eval()
    vectors = torch.randn(2, 6, 4)
    with torch.autocast("cpu", torch.bfloat16):
        output = quantizer(vectors)
    assert torch.equal(output.ids, quantizer(vectors).ids)
    assert output.values.dtype == torch.float32


def test_two_processes_update_as_one_does_on_the_joint_batch(tmp_path: Path):
    one = small_quantizer()
    for vectors, active in joint_batches():
        one(vectors, active=active)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
    script = tmp_path / "worker.py"
    script.write_text(WORKER, encoding="utf-8")
    workers = [
        subprocess.Popen([sys.executable, script, str(rank), tmp_path], env=environment, stderr=subprocess.PIPE)
        for rank in (0, 1)
    ]
    for worker in workers:
        _, error = worker.communicate(timeout=180)
        assert worker.returncode == 0, error.decode()
    for rank in (0, 1):
        state = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, value in one.state_dict().items():
            torch.testing.assert_close(state[name], value, atol=1e-5, rtol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize(
    ("make", "words"), [(lambda: Codebook(4, 2, decay=1.0), "decay"), (lambda: ResidualQuantizer(0), "layers")]
)
def test_sizes_that_make_no_sense_are_refused(make, words: str):
    with pytest.raises(ValueError, match=words):
        make()
