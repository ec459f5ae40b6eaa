"""Confidence re-masking and guidance, with real tiny networks and with a spy in their place."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from kinmo_core.nn import valid_positions
from kinmo_gen.masked import MaskedConfig, MaskedTransformer
from kinmo_gen.residual import ResidualConfig, ResidualTransformer
from kinmo_gen.sampling import _guided, sample_base, sample_residual

TRUNK = {"dim": 16, "depth": 1, "heads": 2, "feedforward": 32}
LENGTHS = torch.tensor([9, 4, 7])
CODES = 20


def text(rows: int = 3) -> Tensor:
    return torch.randn(rows, 8, generator=torch.Generator().manual_seed(2))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Spy(MaskedTransformer):
    """Remembers the ids that it was shown."""

    def __init__(self) -> None:
        super().__init__(MaskedConfig(8, CODES, 6, **TRUNK))
        self.seen: list[Tensor] = []

    def forward(self, ids: Tensor, text: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        self.seen.append(ids.clone())
        return super().forward(ids, text, lengths=lengths)


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
        generator = seeded(seed)
        base = sample_base(masked, text(), LENGTHS, generator=generator)
        return sample_residual(residual, base, text(), LENGTHS, generator=generator)

    assert torch.equal(ids(1), ids(1))
    assert not torch.equal(ids(1), ids(2))


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_every_real_token_is_a_code_and_every_other_is_zero(masked: Spy, residual: ResidualTransformer, steps: int):
    base = sample_base(masked, text(), LENGTHS, steps=steps, generator=seeded(0))
    ids = sample_residual(residual, base, text(), LENGTHS, generator=seeded(0))
    assert base.shape == (3, 9)
    assert ids.shape == (3, 9, 4)
    assert torch.equal(ids[..., 0], base)
    assert bool(((ids >= 0) & (ids < CODES)).all())  # no [MASK] is left
    assert not bool(ids[~valid_positions(LENGTHS, 9)].any())


def test_a_token_once_kept_never_changes(masked: Spy):
    final = sample_base(masked, text(), LENGTHS, steps=8, guidance=1.0, generator=seeded(3))
    valid = valid_positions(LENGTHS, 9)
    hidden = [(ids == CODES) & valid for ids in masked.seen]
    assert bool(hidden[0][valid].all())
    for before, after in pairwise(hidden):
        assert not bool((after & ~before).any())
    for ids, open_ in zip(masked.seen, hidden, strict=True):
        assert torch.equal(ids[valid & ~open_], final[valid & ~open_])


def test_each_step_hides_the_cosine_share_of_each_row(masked: Spy):
    sample_base(masked, text(), LENGTHS, steps=5, guidance=1.0, generator=seeded(3))
    shares = torch.cos(torch.linspace(0, 1, 5) * torch.pi / 2)
    for ids, share in zip(masked.seen, shares, strict=True):
        wanted = (share * LENGTHS).round().clamp(min=1)
        assert ((ids == CODES) & valid_positions(LENGTHS, 9)).sum(1).tolist() == wanted.tolist()


def test_the_least_certain_tokens_are_drawn_anew(masked: Spy):
    """At temperature 0 the first step draws the likeliest codes; the second hides 6 of 9, the least likely of these."""
    sample_base(masked, text()[:1], torch.tensor([9]), steps=3, guidance=1.0, temperature=0.0)
    start, then = masked.seen[:2]
    with torch.inference_mode():
        certainty, likeliest = MaskedTransformer.forward(masked, start, text()[:1]).softmax(-1)[0].max(-1)
    kept = certainty.topk(3).indices
    assert torch.equal((then[0] != CODES).nonzero()[:, 0], kept.sort().values)
    assert torch.equal(then[0, kept], likeliest[kept])


def test_a_row_alone_is_sampled_as_in_the_batch_when_nothing_is_random(masked: Spy, residual: ResidualTransformer):
    """At temperature 0 the most likely code is taken, so that only lengths and texts can make a difference."""

    def ids(rows: slice) -> Tensor:
        base = sample_base(masked, text()[rows], LENGTHS[rows], temperature=0.0)
        return sample_residual(residual, base, text()[rows], LENGTHS[rows], temperature=0.0)

    together = ids(slice(None))
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(ids(slice(row, row + 1))[0], together[row, :length])


def test_guidance_in_one_batch_is_that_of_two_passes(masked: Spy):
    ids = torch.randint(CODES, (3, 9), generator=seeded(0))

    def logits_of(t: Tensor) -> Tensor:
        return masked(ids.repeat(len(t) // 3, 1), t, lengths=LENGTHS.repeat(len(t) // 3))

    with_text, without = masked(ids, text(), lengths=LENGTHS), masked(ids, 0 * text(), lengths=LENGTHS)
    expected = without + 4 * (with_text - without)
    valid = valid_positions(LENGTHS, 9)
    torch.testing.assert_close(_guided(logits_of, text(), 4.0)[valid], expected[valid], atol=1e-4, rtol=1e-4)


def test_guidance_of_one_is_the_text_alone_in_half_the_work(masked: Spy):
    sample_base(masked, text(), LENGTHS, steps=2, guidance=1.0)
    assert [len(ids) for ids in masked.seen] == [3, 3]
    masked.seen.clear()
    sample_base(masked, text(), LENGTHS, steps=2, guidance=1.5)
    assert [len(ids) for ids in masked.seen] == [6, 6]


def test_without_guidance_the_text_does_not_matter(masked: Spy):
    first = sample_base(masked, text(), LENGTHS, guidance=0.0, generator=seeded(0))
    second = sample_base(masked, -3 * text(), LENGTHS, guidance=0.0, generator=seeded(0))
    assert torch.equal(first, second)


def test_only_the_likeliest_tenth_of_the_codes_is_drawn(masked: Spy):
    """With one step, each token is one of the two best of 20."""
    with torch.inference_mode():
        best = MaskedTransformer.forward(masked, torch.full((1, 9), CODES), text()[:1]).topk(2, dim=-1).indices[0]
    drawn = torch.stack(
        [
            sample_base(masked, text()[:1], torch.tensor([9]), steps=1, guidance=1.0, generator=seeded(s))[0]
            for s in range(30)
        ]
    )
    assert bool((drawn[..., None] == best).any(-1).all())
    assert any(len(column.unique()) == 2 for column in drawn.T)
