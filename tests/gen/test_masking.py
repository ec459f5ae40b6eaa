"""How many tokens are hidden, where, and behind what."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from kinmo_gen.masking import MASK_SHARE, RANDOM_SHARE, corrupt, cosine_share, valid_positions

CODES = 32
LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=6)


def case(lengths: list[int], seed: int):
    generator = torch.Generator().manual_seed(seed)
    size = max(lengths) + 2
    ids = torch.randint(CODES, (len(lengths), size), generator=generator)
    chance = torch.rand(len(lengths), generator=generator)
    noise = torch.rand(len(lengths), 3, size, generator=generator)
    return ids, torch.tensor(lengths), chance, noise


@given(LENGTHS, st.integers(0, 1000))
def test_each_row_is_asked_for_its_share_of_real_tokens_and_at_least_one(lengths: list[int], seed: int):
    ids, sizes, chance, noise = case(lengths, seed)
    asked = corrupt(ids, sizes, chance, noise, codes=CODES).asked
    wanted = [max(1, round(math.cos(float(r) * math.pi / 2) * n)) for r, n in zip(chance, lengths, strict=True)]
    assert asked.sum(1).tolist() == wanted
    assert not bool((asked & ~valid_positions(sizes, ids.shape[1])).any())


@given(LENGTHS, st.integers(0, 1000))
def test_what_is_not_asked_is_shown_unchanged(lengths: list[int], seed: int):
    ids, sizes, chance, noise = case(lengths, seed)
    seen, asked = corrupt(ids, sizes, chance, noise, codes=CODES)
    assert torch.equal(seen[~asked], ids[~asked])
    assert bool(((seen >= 0) & (seen <= CODES)).all())


@given(LENGTHS, st.integers(0, 1000), st.integers(1, 5))
def test_padding_changes_nothing(lengths: list[int], seed: int, more: int):
    ids, sizes, chance, noise = case(lengths, seed)
    seen, asked = corrupt(ids, sizes, chance, noise, codes=CODES)
    wider = torch.nn.functional.pad(ids, (0, more)), torch.nn.functional.pad(noise, (0, more))
    seen_wide, asked_wide = corrupt(wider[0], sizes, chance, wider[1], codes=CODES)
    assert torch.equal(seen_wide[:, : ids.shape[1]], seen)
    assert torch.equal(asked_wide[:, : ids.shape[1]], asked)


def test_shares_of_masked_random_and_unchanged_are_those_of_momask():
    generator = torch.Generator().manual_seed(0)
    ids = torch.zeros(400, 100, dtype=torch.long)
    noise = torch.rand(400, 3, 100, generator=generator)
    seen, asked = corrupt(ids, torch.full((400,), 100), torch.zeros(400), noise, codes=10_000)
    assert bool(asked.all())
    masked = float((seen == 10_000).float().mean())
    random = float(((seen > 0) & (seen < 10_000)).float().mean())
    assert abs(random - RANDOM_SHARE) < 0.01
    assert abs(masked - MASK_SHARE * (1 - RANDOM_SHARE)) < 0.01
    drawn = seen[(seen > 0) & (seen < 10_000)].float()
    assert abs(float(drawn.mean()) - 5000) < 250  # uniform over the codes


def test_places_are_uniform():
    noise = torch.rand(4000, 3, 10, generator=torch.Generator().manual_seed(1))
    ids = torch.zeros(4000, 10, dtype=torch.long)
    asked = corrupt(ids, torch.full((4000,), 10), torch.full((4000,), 0.9), noise, codes=4).asked
    assert float((asked.float().mean(0) - asked.float().mean()).abs().max()) < 0.03


def test_the_schedule_goes_from_all_to_none():
    share = cosine_share(torch.linspace(0, 1, 11))
    assert float(share[0]) == 1
    assert abs(float(share[-1])) < 1e-6
    assert bool((share.diff() < 0).all())
