"""How many tokens are hidden, where, and how."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_gen.masked import cosine_share
from kinmo_gen.masking import MASK_SHARE, RANDOM_SHARE, corrupt
from kinmo_gen.tokenizer import MAX_TOKENS

CODES, PARTS = 32, 3
LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=6)


class FirstDraw(SampleRandom):
    """The usual random numbers with the first one, the share, replaced."""

    def __init__(self, rows: int, uniform: float) -> None:
        super().__init__(torch.arange(rows))
        self._first: list[torch.Tensor] = [torch.full((rows,), uniform)]

    def uniform(self, *size: int) -> torch.Tensor:
        return self._first.pop() if self._first else super().uniform(*size)


def case(lengths: list[int], seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    size = max(lengths) + 2
    ids = torch.randint(CODES, (len(lengths), size, PARTS), generator=torch.Generator().manual_seed(seed))
    return ids, torch.tensor(lengths), torch.arange(len(lengths)) + 1000 * seed


@given(LENGTHS, st.integers(0, 1000))
def test_each_row_predicts_its_share_of_real_tokens_and_at_least_one(lengths: list[int], seed: int):
    ids, sizes, seeds = case(lengths, seed)
    predicted = corrupt(ids, sizes, SampleRandom(seeds), codes=CODES).predict_mask
    shares = SampleRandom(seeds).uniform()
    wanted = [max(1, round(math.cos(float(r) * math.pi / 2) * PARTS * n)) for r, n in zip(shares, lengths, strict=True)]
    assert predicted.sum((1, 2)).tolist() == wanted
    assert not bool((predicted & ~valid_positions(sizes, ids.shape[1])[..., None]).any())


@given(LENGTHS, st.integers(0, 1000))
def test_other_tokens_are_shown_unchanged(lengths: list[int], seed: int):
    ids, sizes, seeds = case(lengths, seed)
    seen, predicted = corrupt(ids, sizes, SampleRandom(seeds), codes=CODES)
    assert torch.equal(seen[~predicted], ids[~predicted])
    assert bool(((seen >= 0) & (seen <= CODES)).all())


@given(LENGTHS, st.integers(0, 1000), st.integers(1, 5))
def test_a_row_is_corrupted_alike_in_any_batch(lengths: list[int], seed: int, more: int):
    ids, sizes, seeds = case(lengths, seed)
    seen, predicted = corrupt(ids, sizes, SampleRandom(seeds), codes=CODES)
    wider = torch.nn.functional.pad(ids, (0, 0, 0, more))
    for row in range(len(ids)):
        one = slice(row, row + 1)
        alone = corrupt(wider[one], sizes[one], SampleRandom(seeds[one]), codes=CODES)
        assert torch.equal(alone.ids[0, : ids.shape[1]], seen[row])
        assert torch.equal(alone.predict_mask[0, : ids.shape[1]], predicted[row])


def test_shares_of_masked_random_and_unchanged_are_those_of_momask():
    ids = torch.zeros(800, MAX_TOKENS, 1, dtype=torch.long)
    seen, predicted = corrupt(ids, torch.full((800,), MAX_TOKENS), FirstDraw(800, 0.0), codes=10_000)
    assert bool(predicted.all())
    masked = float((seen == 10_000).float().mean())
    random = float(((seen > 0) & (seen < 10_000)).float().mean())
    assert abs(random - RANDOM_SHARE) < 0.01
    assert abs(masked - MASK_SHARE * (1 - RANDOM_SHARE)) < 0.01
    drawn = seen[(seen > 0) & (seen < 10_000)].float()
    assert abs(float(drawn.mean()) - 5000) < 250  # uniform over the codes


def test_places_are_uniform():
    ids = torch.zeros(4000, 10, 1, dtype=torch.long)
    predicted = corrupt(ids, torch.full((4000,), 10), FirstDraw(4000, 0.9), codes=4).predict_mask
    assert float((predicted.float().mean(0) - predicted.float().mean()).abs().max()) < 0.03


def test_what_is_hidden_gathers_in_some_parts():
    """With half of the ids hidden, a part is often hidden much more than another, which chance alone would not do."""
    ids = torch.zeros(2000, MAX_TOKENS, 6, dtype=torch.long)
    predicted = corrupt(ids, torch.full((2000,), MAX_TOKENS), FirstDraw(2000, 2 / 3), codes=4).predict_mask
    shares = predicted.float().mean(1)
    torch.testing.assert_close(shares.mean(0), torch.full((6,), 0.5), atol=0.02, rtol=0)
    spread = shares.max(1).values - shares.min(1).values
    assert float(spread.quantile(0.5)) > 0.35  # by chance alone: about 0.18
    assert float(spread.quantile(0.05)) < 0.3


def test_the_schedule_goes_from_all_to_none():
    share = cosine_share(torch.linspace(0, 1, 11))
    assert float(share[0]) == 1
    assert abs(float(share[-1])) < 1e-6
    assert bool((share.diff() < 0).all())
