"""The evaluator: shapes, padding, and the features that it does not see."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kinmo_core.features import LAYOUT
from kinmo_gen.evaluator import Evaluator, EvaluatorConfig


@pytest.fixture(scope="module", params=[0, 2], ids=["gru", "transformer"])
def evaluator(request: pytest.FixtureRequest) -> Evaluator:
    torch.manual_seed(0)
    sizes = {"movement_dim": 8, "motion_hidden": 10, "text_hidden": 12, "output_dim": 5, "heads": 2}
    return Evaluator(EvaluatorConfig(6, **sizes, depth=request.param)).eval()


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
