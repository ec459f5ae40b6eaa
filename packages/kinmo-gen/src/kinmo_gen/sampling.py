"""Draw tokens: confidence re-masking for the base layer, one pass per residual layer (MoMask, Sec. 3.4).

Both guidance passes, with and without text, go through the model as one batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from kinmo_core.nn import valid_positions
from kinmo_gen.masked import MaskedTransformer, cosine_share
from kinmo_gen.residual import ResidualTransformer

KEEP_SHARE: Final = 0.1  # of the codes: only the most likely ones are drawn


def sample_base(
    model: MaskedTransformer,
    text: Tensor,
    lengths: Tensor,
    *,
    steps: int = 10,
    guidance: float = 4.0,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw base-layer ids (B, N), starting from all [MASK]; 0 past `lengths`.

    In step t = 0..T-1 the share cos(pi t / 2(T-1)) of each row's least certain tokens, at least one, is drawn again; a token
    once kept stays.

    Args:
        model: in eval mode.
        text: (B, text_dim) sentence vectors.
        lengths: (B,) tokens to draw; N is the largest.
        steps: T.
        guidance: scale s of logits = without + s (with - without).
        temperature: of the draw.
        generator: random numbers.
    """
    ids = model.all_masked((len(text), int(lengths.max())), text.device)
    valid = valid_positions(lengths, ids.shape[1])
    confidence = torch.zeros(ids.shape, device=text.device).masked_fill(~valid, torch.inf)
    for progress in torch.linspace(0, 1, steps):
        hidden = (cosine_share(progress).to(text.device) * lengths).round().clamp(min=1)
        rank = confidence.argsort(-1).argsort(-1)
        masked = (rank < hidden[:, None]) & valid
        ids = torch.where(masked, model.codes, ids)

        def logits_of(t: Tensor, ids: Tensor = ids) -> Tensor:
            return model(ids.repeat(len(t) // len(ids), 1), t, lengths=_rows(lengths, t))

        logits = _guided(logits_of, text, guidance)
        drawn = _draw(logits, temperature, generator)
        probability = logits.softmax(-1).gather(-1, drawn[..., None])[..., 0]
        ids = torch.where(masked, drawn, ids)
        confidence = torch.where(masked, probability, torch.inf)
    return ids.masked_fill(~valid, 0)


def sample_residual(
    model: ResidualTransformer,
    base: Tensor,
    text: Tensor,
    lengths: Tensor,
    *,
    guidance: float = 5.0,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw the ids of all layers (B, N, Q), 0 past `lengths`, from those of the base layer (B, N).

    Arguments as in `sample_base`.
    """
    ids = base[..., None]
    valid = valid_positions(lengths, base.shape[1])
    for layer in range(1, model.layers):

        def logits_of(t: Tensor, ids: Tensor = ids, layer: int = layer) -> Tensor:
            which = torch.full((len(t),), layer, device=t.device)
            return model(ids.repeat(len(t) // len(ids), 1, 1), which, t, lengths=_rows(lengths, t))

        drawn = _draw(_guided(logits_of, text, guidance), temperature, generator)
        ids = torch.cat([ids, drawn.masked_fill(~valid, 0)[..., None]], dim=-1)
    return ids


def _rows(lengths: Tensor, text: Tensor) -> Tensor | None:
    """Repeat the lengths for each row of `text`; None where no row is padded, which saves the attention mask."""
    return None if bool((lengths == lengths[0]).all()) else lengths.repeat(len(text) // len(lengths))


def _guided(logits_of: Callable[[Tensor], Tensor], text: Tensor, guidance: float) -> Tensor:
    """Return logits with classifier-free guidance; a zero row of `text` means no text."""
    if guidance == 1:
        return logits_of(text).float()
    with_text, without = logits_of(torch.cat([text, torch.zeros_like(text)])).chunk(2)
    return (without + guidance * (with_text - without)).float()


def _draw(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    """Draw an id per position among the most likely tenth of the codes."""
    best, ids = logits.topk(math.ceil(KEEP_SHARE * logits.shape[-1]), dim=-1)
    shares = (best / max(temperature, 1e-6)).softmax(-1)
    chosen = torch.multinomial(shares.flatten(0, -2), 1, generator=generator).view(*shares.shape[:-1], 1)
    return ids.gather(-1, chosen)[..., 0]
