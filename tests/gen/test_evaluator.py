"""The evaluator: shapes, padding, what it does not look at, and its loss against loops."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from kinmo_core.features import LAYOUT
from kinmo_gen.evaluator import Evaluator, contrastive_loss


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    torch.manual_seed(0)
    return Evaluator(6, movement_dim=8, motion_hidden=10, text_hidden=12, output_dim=5).eval()


def padded(rows: list[Tensor], size: int) -> tuple[Tensor, Tensor]:
    out = torch.zeros(len(rows), size, rows[0].shape[-1])
    for number, row in enumerate(rows):
        out[number, : len(row)] = row
    return out, torch.tensor([len(row) for row in rows])


@pytest.mark.parametrize("size", [40, 44, 63])
def test_a_motion_is_embedded_alike_in_any_batch(evaluator: Evaluator, size: int):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(frames, 263, generator=generator) for frames in (40, 37, 17, 4)]
    together = evaluator.embed_motion(*padded(rows, size))
    assert together.shape == (4, 5)
    for row, embedded in zip(rows, together, strict=True):
        alone = evaluator.embed_motion(row[None], torch.tensor([len(row)]))
        torch.testing.assert_close(embedded, alone[0], atol=1e-6, rtol=1e-5)


def test_a_text_is_embedded_alike_in_any_batch(evaluator: Evaluator):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randn(words, 6, generator=generator) for words in (3, 9, 1)]
    together = evaluator.embed_text(*padded(rows, 12))
    for row, embedded in zip(rows, together, strict=True):
        alone = evaluator.embed_text(row[None], torch.tensor([len(row)]))
        torch.testing.assert_close(embedded, alone[0], atol=1e-6, rtol=1e-5)


def test_contacts_are_not_looked_at_and_all_else_is(evaluator: Evaluator):
    features, frames = torch.randn(1, 20, 263), torch.tensor([20])
    embedded = evaluator.embed_motion(features, frames)
    for name, block in LAYOUT.items():
        changed = features.clone()
        changed[..., block] += 1
        same = torch.allclose(evaluator.embed_motion(changed, frames), embedded, atol=1e-6)
        assert same == (name == "contacts")


def test_order_matters(evaluator: Evaluator):
    features, frames = torch.randn(1, 20, 263), torch.tensor([20])
    reverse = evaluator.embed_motion(features.flip(1), frames)
    assert not torch.allclose(evaluator.embed_motion(features, frames), reverse, atol=1e-3)


def test_the_loss_is_the_one_written_out():
    generator = torch.Generator().manual_seed(2)
    text, motion = (torch.randn(5, 3, generator=generator) for _ in range(2))
    alike = torch.eye(5, dtype=torch.bool)
    alike[0, 3] = alike[3, 0] = True
    for mask in (None, alike):
        total = 0.0
        for one, other in ((text, motion), (motion, text)):
            for i in range(5):
                scores = {
                    j: -0.5 * float((one[i] - other[j]).square().sum())
                    for j in range(5)
                    if i == j or mask is None or not mask[i, j]
                }
                total += math.log(sum(math.exp(s) for s in scores.values())) - scores[i]
        assert float(contrastive_loss(text, motion, alike=mask)) == pytest.approx(total / 10, rel=1e-5)


def test_the_loss_is_finite_where_everything_is_alike():
    rows = torch.randn(4, 3, requires_grad=True)
    loss = contrastive_loss(rows, rows.detach(), alike=torch.ones(4, 4, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert rows.grad is not None
    assert bool(rows.grad.isfinite().all())
