"""Confidence re-masking and guidance, with real tiny networks and with a spy in their place."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from conditions_of import random_condition
from torch import Tensor, nn

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_core.text import GROUPS
from kinmo_gen.conditions import Condition
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.quantizer import NO_CODE
from kinmo_gen.residual import ResidualConfig, ResidualTransformer
from kinmo_gen.sampling import OPEN, SamplingConfig, _guided, sample_base, sample_residual
from kinmo_gen.windows import CARRIED, sample_tokens

PARTS = 3
TRUNK: dict[str, Any] = {"dim": 16, "depth": 1, "heads": 2, "feedforward": 32, "parts": PARTS}
LENGTHS = torch.tensor([9, 4, 7])
CODES = 20


TOLD = random_condition(3, 8)
ROW = TOLD.rows(torch.tensor([0]))
PLAIN = SamplingConfig(guidance=1.0, statement_guidance=1.0)
THREE = SamplingConfig(("body", "group", "interaction"), (5, 3, 2), (1.0, 0.6, 0.4), 2.0, 3.0)


def seeded(seed: int, rows: int = 3) -> SampleRandom:
    return SampleRandom(torch.arange(rows) + 100 * seed)


class Spy(MaskedTransformer):
    """Remembers the ids that it was shown."""

    def __init__(self) -> None:
        super().__init__(MaskedConfig(8, CODES, 6, **TRUNK))
        self.seen: list[Tensor] = []

    def forward(self, ids: Tensor, condition: Condition, *, lengths: Tensor | None = None) -> Tensor:
        self.seen.append(ids.clone())
        return super().forward(ids, condition, lengths=lengths)


@pytest.fixture
def masked() -> Spy:
    torch.manual_seed(0)
    model = Spy()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    return model.eval()


@pytest.fixture(scope="module")
def residual() -> ResidualTransformer:
    torch.manual_seed(0)
    model = ResidualTransformer(ResidualConfig(8, CODES, 6, 4, **TRUNK))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    return model.eval()


def test_the_same_seed_gives_the_same_ids(masked: Spy, residual: ResidualTransformer):
    def ids(seed: int) -> Tensor:
        random = seeded(seed)
        base = sample_base(masked, TOLD, LENGTHS, random, THREE)
        return sample_residual(residual, base, TOLD, LENGTHS, random, THREE)

    assert torch.equal(ids(1), ids(1))
    assert not torch.equal(ids(1), ids(2))


@pytest.mark.parametrize("config", [replace(PLAIN, steps=(1,)), replace(PLAIN, steps=(2,)), SamplingConfig(), THREE])
def test_every_real_token_is_a_code_and_every_other_is_zero(
    masked: Spy, residual: ResidualTransformer, config: SamplingConfig
):
    base = sample_base(masked, TOLD, LENGTHS, seeded(0), config)
    ids = sample_residual(residual, base, TOLD, LENGTHS, seeded(0), config)
    assert base.shape == (3, 9, PARTS)
    assert ids.shape == (3, 9, 4, PARTS)
    assert torch.equal(ids[:, :, 0], base)
    assert bool(((ids >= 0) & (ids < CODES)).all())  # no [MASK] is left
    assert not bool(ids[~valid_positions(LENGTHS, 9)].any())


def test_a_token_once_kept_never_changes(masked: Spy):
    final = sample_base(masked, TOLD, LENGTHS, seeded(3), replace(PLAIN, steps=(8,)))
    valid = valid_positions(LENGTHS, 9)[..., None].expand(3, 9, PARTS)
    hidden = [(ids == CODES) & valid for ids in masked.seen]
    assert bool(hidden[0][valid].all())
    for before, after in pairwise(hidden):
        assert not bool((after & ~before).any())
    for ids, open_ in zip(masked.seen, hidden, strict=True):
        assert torch.equal(ids[valid & ~open_], final[valid & ~open_])


def test_each_step_hides_the_cosine_share_of_each_row(masked: Spy):
    sample_base(masked, TOLD, LENGTHS, seeded(3), replace(PLAIN, steps=(5,)))
    shares = torch.cos(torch.linspace(0, 1, 5) * torch.pi / 2)
    for ids, share in zip(masked.seen, shares, strict=True):
        wanted = (share * LENGTHS * PARTS).round().clamp(min=1)
        assert ((ids == CODES) & valid_positions(LENGTHS, 9)[..., None]).sum((1, 2)).tolist() == wanted.tolist()


def test_the_least_certain_tokens_are_drawn_anew(masked: Spy):
    """At temperature 0 the first step draws the likeliest codes; the second hides 19 of 27, the least likely of these."""
    sample_base(masked, ROW, torch.tensor([9]), seeded(0, 1), replace(PLAIN, steps=(3,), temperature=0.0))
    start, then = masked.seen[:2]
    with torch.inference_mode():
        certainty, likeliest = MaskedTransformer.forward(masked, start, ROW).softmax(-1)[0].flatten(0, 1).max(-1)
    kept = certainty.topk(8).indices
    assert torch.equal((then.flatten() != CODES).nonzero()[:, 0], kept.sort().values)
    assert torch.equal(then.flatten()[kept], likeliest[kept])


def test_a_row_alone_is_sampled_as_in_the_batch(masked: Spy, residual: ResidualTransformer):
    """Each row has random numbers of its own, however long the other rows are."""

    def ids(rows: list[int]) -> Tensor:
        index = torch.tensor(rows)
        random = seeded(4).rows(index)
        base = sample_base(masked, TOLD.rows(index), LENGTHS[index], random, THREE)
        return sample_residual(residual, base, TOLD.rows(index), LENGTHS[index], random, THREE)

    together = ids([0, 1, 2])
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(ids([row])[0], together[row, :length])
    assert torch.equal(ids([2, 0])[0, :7], together[2, :7])


def test_guidance_in_one_batch_is_that_of_three_passes(masked: Spy):
    ids = torch.randint(CODES, (3, 9, PARTS), generator=torch.Generator().manual_seed(0))

    def logits_of(told: Condition, ids: Tensor) -> Tensor:
        several = len(told.told) // len(ids)
        return masked(ids.repeat(several, 1, 1), told, lengths=LENGTHS.repeat(several))

    every, body, free = (masked(ids, c, lengths=LENGTHS) for c in (TOLD, TOLD.up_to("body"), TOLD.free()))
    expected = free + 4 * (body - free) + 3 * (every - body)
    valid = valid_positions(LENGTHS, 9)
    torch.testing.assert_close(_guided(logits_of, TOLD, ids, 4.0, 3.0)[valid], expected[valid], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("guidance", "statements", "terms"), [(1.0, 1.0, 1), (3.0, 3.0, 2), (1.0, 3.0, 2), (3.0, 2.0, 3)]
)
def test_only_the_terms_that_count_are_computed(masked: Spy, guidance: float, statements: float, terms: int):
    config = SamplingConfig(steps=(2,), guidance=guidance, statement_guidance=statements)
    sample_base(masked, TOLD, LENGTHS, seeded(0), config)
    assert [len(ids) for ids in masked.seen] == [3 * terms] * 2


def test_without_guidance_the_condition_does_not_matter(masked: Spy):
    config = SamplingConfig(guidance=0.0, statement_guidance=0.0)
    first = sample_base(masked, TOLD, LENGTHS, seeded(0), config)
    second = sample_base(masked, random_condition(3, 8, seed=9), LENGTHS, seeded(0), config)
    assert torch.equal(first, second)


def test_each_pass_hides_its_share_of_what_fits_the_finer_condition_worst(masked: Spy):
    config = SamplingConfig(("body", "interaction"), (4, 1), (1.0, 0.5), 1.0, 1.0)
    sample_base(masked, ROW, torch.tensor([9]), seeded(0, 1), config)
    *_, read, hidden = masked.seen  # the last pass first reads the whole row
    assert not bool((read == CODES).any())
    with torch.inference_mode():
        logits = MaskedTransformer.forward(masked, read, ROW)
    fits = logits.softmax(-1).gather(-1, read[..., None]).flatten()
    assert torch.equal((hidden.flatten() == CODES).nonzero()[:, 0], fits.topk(14, largest=False).indices.sort().values)
    assert torch.equal(hidden[hidden != CODES], read[hidden != CODES])


@pytest.mark.parametrize("config", [PLAIN, THREE])
def test_known_tokens_stay_and_the_others_are_drawn(masked: Spy, residual: ResidualTransformer, config: SamplingConfig):
    known = torch.full((3, 9, 4, PARTS), OPEN)
    known[:, :3] = torch.randint(CODES, (3, 3, 4, PARTS), generator=torch.Generator().manual_seed(7))
    base = sample_base(masked, TOLD, LENGTHS, seeded(0), config, known=known[:, :, 0])
    ids = sample_residual(residual, base, TOLD, LENGTHS, seeded(0), config, known=known)
    assert torch.equal(ids[:, :3], known[:, :3])
    assert not bool((base == CODES).any())
    assert all(torch.equal(seen[:3, :3], known[:, :3, 0]) for seen in masked.seen)
    assert (masked.seen[0][:3] == CODES).sum((1, 2)).tolist() == [6 * PARTS] * 3  # with the padding


def test_one_part_is_drawn_beside_known_ones(masked: Spy, residual: ResidualTransformer):
    """For a span of the motion; what is known of the other parts and times stays in every layer."""
    known = torch.randint(CODES, (3, 9, 4, PARTS), generator=torch.Generator().manual_seed(7))
    known[:, 1:4, :, 1] = OPEN
    base = sample_base(masked, TOLD, LENGTHS, seeded(0), PLAIN, known=known[:, :, 0])
    ids = sample_residual(residual, base, TOLD, LENGTHS, seeded(0), PLAIN, known=known)
    valid = valid_positions(LENGTHS, 9)[..., None, None].expand(ids.shape)
    kept = (known != OPEN) & valid
    assert torch.equal(ids[kept], known[kept])
    assert bool(((ids >= 0) & (ids < CODES)).all())
    assert [(seen == CODES)[:, 1:4, 1].sum(1).tolist() for seen in masked.seen[:1]] == [[3, 3, 3]]


def test_long_motions_go_on_from_their_last_tokens(residual: ResidualTransformer, masked: Spy):
    lengths = torch.tensor([120, 20, 49])
    conditions = [TOLD.rows(torch.tensor(row)) for row in range(3)]
    ids = sample_tokens(masked, residual, conditions, lengths, seeded(0), PLAIN)
    assert ids.shape == (3, 120, 4, PARTS)
    assert [int((row != 0).any(-1).any(-1).nonzero().max()) for row in ids] <= [119, 19, 48]
    short = sample_tokens(masked, residual, conditions[1:], lengths[1:], seeded(0).rows(torch.tensor([1, 2])), PLAIN)
    assert torch.equal(ids[1:, :49], short)  # what fits a window is drawn as ever
    first = sample_tokens(
        masked, residual, conditions[:1], torch.tensor([49]), seeded(0).rows(torch.tensor([0])), PLAIN
    )
    assert torch.equal(ids[0, :49], first[0])
    shown = [seen for seen in masked.seen if seen.shape == (1, 49, PARTS) and bool((seen != CODES).any())]
    assert any(torch.equal(seen[0, :CARRIED], ids[0, 49 - CARRIED : 49, 0]) for seen in shown)


def test_a_coarse_pass_hears_nothing_finer(masked: Spy):
    """Two conditions that differ in a pair alone: the passes up to the groups see the same tokens."""
    other = TOLD._replace(told=TOLD.told.clone())
    other.told[:, len(GROUPS) :] = ~other.told[:, len(GROUPS) :]
    for levels, same in ((("body", "group"), True), (("body", "interaction"), False)):
        config = SamplingConfig(levels, (4, 3), (1.0, 0.5))
        first, second = (sample_base(masked, told, LENGTHS, seeded(0), config) for told in (TOLD, other))
        assert torch.equal(first, second) == same


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": (0,)}, r"steps must be at least 1, got \[0\]"),
        ({"steps": (3, 3)}, "levels, steps and hidden must have one value for each pass"),
        ({"levels": ("limb",)}, r"levels must be of body, group, interaction, got \['limb'\]"),
        ({"hidden": (0.5,)}, r"hidden must be 1, then shares above 0 and up to 1, got \[0\.5\]"),
    ],
)
def test_passes_that_make_no_sense_are_named(values: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        SamplingConfig(**values)


def test_only_the_likeliest_tenth_of_the_codes_is_drawn(masked: Spy):
    """With one step, each token is one of the two best of 20."""
    with torch.inference_mode():
        best = MaskedTransformer.forward(masked, torch.full((1, 9, PARTS), CODES), ROW).topk(2, dim=-1).indices[0]
    drawn = torch.stack(
        [sample_base(masked, ROW, torch.tensor([9]), seeded(s, 1), replace(PLAIN, steps=(1,)))[0] for s in range(30)]
    )
    assert bool((drawn[..., None] == best).any(-1).all())
    assert any(len(column.unique()) == 2 for column in drawn.flatten(1).T)


def test_without_a_residual_transformer_the_finer_layers_have_no_code(masked: Spy):
    conditions = [TOLD.rows(torch.tensor(row)) for row in range(3)]
    ids = sample_tokens(masked, None, conditions, LENGTHS, seeded(0), PLAIN)
    assert ids.shape == (3, 9, 1, PARTS)
    assert bool(((ids >= 0) & (ids < CODES)).all())
    known = torch.randint(CODES, (3, 9, 4, PARTS), generator=torch.Generator().manual_seed(7))
    known[:, 1:3, :, 0] = OPEN
    beside = sample_tokens(masked, None, conditions, LENGTHS, seeded(0), PLAIN, known=known)
    valid = valid_positions(LENGTHS, 9)[..., None, None].expand(known.shape)
    kept = valid & (known != OPEN)
    assert torch.equal(beside[kept], known[kept])
    assert bool((beside[:, 1:3, 0, 0] >= 0).all())
    assert bool((beside[:, 1:3, 1:, 0] == NO_CODE).all())
