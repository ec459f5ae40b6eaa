"""Batches as a pure function of seed and step: nothing is lost, two processes see what one sees, any step can be first."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.train.data import Draw, DrawnDataset, FixedSampler, LoaderConfig, StepDataModule, StepSampler

ITEMS = st.integers(1, 40)
SMALL = st.integers(1, 5)


def sampler(items: int, batch: int, *, step: int = 0, **options: int) -> StepSampler:
    lengths = np.random.default_rng(items).integers(4, 50, items)
    return StepSampler(lengths, np.ones(items), batch_size=batch, seed=3, current_step=lambda: step, **options)


def passes(items: int, batch: int, steps: int, **options: int) -> list[list[Draw]]:
    """The batches of this many steps, pass after pass, as a Trainer asks for them."""
    batches: list[list[Draw]] = []
    while len(batches) < steps:
        batches += list(sampler(items, batch, step=len(batches), **options))
    return batches[:steps]


@given(ITEMS, SMALL, SMALL)
def test_a_pass_has_each_item_at_most_once_and_leaves_out_less_than_a_batch(items: int, batch: int, bucket: int):
    batches = list(sampler(items, batch, bucket_batches=bucket))
    assert len(batches) == len(sampler(items, batch))
    assert all(len(drawn) == batch for drawn in batches)
    counts = Counter(draw.index for drawn in batches for draw in drawn)
    if items >= batch:
        assert set(counts.values()) == {1}
        assert items - len(counts) < batch
    else:  # one batch, items repeated
        assert set(counts) == set(range(items))


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=30), SMALL, SMALL)
def test_an_item_comes_up_as_often_as_its_weight_says(weights: list[float], batch: int, bucket: int):
    sampler = StepSampler(
        np.arange(len(weights)),
        np.array(weights),
        batch_size=batch,
        seed=3,
        current_step=lambda: 0,
        bucket_batches=bucket,
    )
    drawn = [draw.index for batch in sampler for draw in batch]
    counts = np.bincount(drawn, minlength=len(weights))
    assert np.abs(counts - len(drawn) * np.array(weights) / sum(weights)).max() < 1


@given(ITEMS, SMALL, SMALL, st.integers(0, 30))
def test_any_step_can_be_the_first(items: int, batch: int, bucket: int, step: int):
    whole = passes(items, batch, 60, bucket_batches=bucket)
    tail = list(sampler(items, batch, step=step, bucket_batches=bucket))
    assert tail
    assert tail == whole[step : step + len(tail)]
    assert (step + len(tail)) % len(sampler(items, batch)) == 0  # to the end of the pass


@given(ITEMS, SMALL, st.integers(2, 3), SMALL)
def test_processes_together_see_what_one_sees(items: int, batch: int, processes: int, bucket: int):
    one = list(sampler(items, batch * processes, bucket_batches=bucket))
    several = [
        list(sampler(items, batch, rank=rank, processes=processes, bucket_batches=bucket)) for rank in range(processes)
    ]
    assert [[draw for part in parts for draw in part] for parts in zip(*several, strict=True)] == one


@given(st.integers(6, 40), st.integers(1, 3), st.integers(2, 5))
def test_buckets_change_the_order_and_not_the_items(items: int, batch: int, bucket: int):
    plain, bucketed = (sampler(items, batch, bucket_batches=size) for size in (1, bucket))
    assert Counter(d.index for b in plain for d in b) == Counter(d.index for b in bucketed for d in b)


def test_a_bucketed_batch_has_items_of_similar_length():
    def spread(bucket: int) -> float:
        source = sampler(400, 8, bucket_batches=bucket)
        return float(np.mean([np.ptp(source.lengths[[d.index for d in drawn]]) for drawn in source]))

    assert spread(10) < 0.3 * spread(1)


def test_passes_and_draws_differ():
    batches = passes(12, 4, 6)
    assert [d.index for b in batches[:3] for d in b] != [d.index for b in batches[3:] for d in b]
    assert len({draw.seed for drawn in batches for draw in drawn}) == 24
    assert len({draw.rng().random() for drawn in batches for draw in drawn}) == 24
    assert batches[0][0].rng().random() == batches[0][0].rng().random()


@given(ITEMS, SMALL, SMALL)
def test_accumulated_gradients_do_not_span_two_passes(items: int, batch: int, accumulate: int):
    assert len(list(sampler(items, batch, multiple_of=accumulate))) % accumulate == 0


@given(st.integers(1, 30), st.integers(1, 4))
def test_validation_sees_every_item_and_shares_them_out_evenly(items: int, processes: int):
    parts = [FixedSampler(items, seed=1, rank=rank, processes=processes) for rank in range(processes)]
    assert len({len(part) for part in parts}) == 1
    drawn = [draw for part in parts for draw in part]
    assert {draw.index for draw in drawn} == set(range(items))
    assert len(drawn) - items < processes
    assert all(draw.seed == (1, draw.index) for draw in drawn)
    assert [draw.index for draw in FixedSampler(items, seed=1)] == list(range(items))


def test_a_dataset_makes_an_item_from_its_draw_alone():
    dataset = DrawnDataset(lambda index, rng: (index, float(rng.random())), [5, 6, 7])
    assert len(dataset) == 3
    assert dataset[Draw(1, (0, 1))] == dataset[Draw(1, (0, 1))]
    assert dataset[Draw(1, (0, 1))] != dataset[Draw(1, (0, 2))]


def test_misuse_is_named():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        sampler(4, 0)
    module = StepDataModule(LoaderConfig(4))
    module.datasets["train"] = DrawnDataset(lambda index, _: index, [1])
    with pytest.raises(RuntimeError, match="must be attached to a Trainer"):
        module.train_dataloader()
