"""Draw tokens from coarse to fine: re-masking passes for the base layer, then one pass per residual layer.

The first pass starts from nothing, as MoMask does (CVPR 2024, Sec. 3.4). Each further pass reads the whole row under a finer
condition (KinMo, Sec. 4.2), hides the tokens that fit it worst, and draws these again. All guidance terms of a step go
through the model as one batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from kinmo_core.nn import SampleRandom, valid_positions
from kinmo_gen.conditions import LEVELS, Condition, concatenate
from kinmo_gen.masked import MaskedTransformer, cosine_share
from kinmo_gen.quantizer import NO_CODE
from kinmo_gen.residual import ResidualTransformer
from kinmo_gen.tokenizer import MAX_TOKENS

KEEP_SHARE: Final = 0.1  # of the codes: only the most likely ones are drawn
OPEN: Final = NO_CODE  # among known ids: one to draw


@dataclass(frozen=True)
class SamplingConfig:
    """Defaults of sampling that belong to a trained model.

    Args:
        levels: what each pass over the base layer is told, of `LEVELS`.
        steps: rounds of re-masking of each pass.
        hidden: share of the tokens that each pass draws again; 1 for the first.
        guidance: classifier-free guidance scale of the sentence.
        statement_guidance: of the statements.
        residual_guidance: of both, in the residual layers.
        temperature: of the draw.
    """

    levels: tuple[str, ...] = LEVELS[-1:]
    steps: tuple[int, ...] = (10,)
    hidden: tuple[float, ...] = (1.0,)
    guidance: float = 4.0
    statement_guidance: float = 4.0
    residual_guidance: float = 5.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.levels or not len(self.levels) == len(self.steps) == len(self.hidden):
            raise ValueError(
                "levels, steps and hidden must have one value for each pass, "
                f"got {[*self.levels]}, {[*self.steps]} and {[*self.hidden]}"
            )
        if set(self.levels) - set(LEVELS):
            raise ValueError(f"levels must be of {', '.join(LEVELS)}, got {[*self.levels]}")
        if min(self.steps) < 1:
            raise ValueError(f"steps must be at least 1, got {[*self.steps]}")
        if self.hidden[0] != 1 or not all(0 < share <= 1 for share in self.hidden):
            raise ValueError(f"hidden must be 1, then shares above 0 and up to 1, got {[*self.hidden]}")


def sample_base(
    model: MaskedTransformer,
    condition: Condition,
    lengths: Tensor,
    random: SampleRandom,
    config: SamplingConfig,
    *,
    known: Tensor | None = None,
) -> Tensor:
    """Draw base-layer ids (B, N, P), starting from all [MASK]; 0 past `lengths`.

    In step t = 0..T-1 of a pass, the share h cos(pi t / 2(T-1)) of each row's least certain ids, at least one, is drawn
    again, where h is the share that the pass hides; an id once kept stays for the rest of the pass.

    Args:
        model: in eval mode.
        condition: of B motions.
        lengths: (B,) tokens to draw; N is the largest.
        random: of each row.
        config: passes, guidance and temperature.
        known: (B, N, P) ids that stay, `OPEN` where one is to be drawn; all are drawn where None.
    """
    ids = model.all_masked((len(lengths), int(lengths.max())), lengths.device)
    is_open = valid = valid_positions(lengths, ids.shape[1])[..., None].expand(ids.shape)
    if known is not None:
        is_open = valid & (known == OPEN)
        ids = torch.where(known == OPEN, ids, known)
    open_ids = is_open.sum((1, 2))
    confidence = torch.zeros(ids.shape, device=ids.device)
    for level, steps, hidden_share in zip(config.levels, config.steps, config.hidden, strict=True):
        told = condition.up_to(level)

        def logits_of(told: Condition, ids: Tensor) -> Tensor:
            several = len(told.told) // len(ids)
            return model(ids.repeat(several, 1, 1), told, lengths=_rows(lengths, several))

        if hidden_share < 1:
            confidence = _probabilities(logits_of(told, ids), ids.masked_fill(~valid, 0))
        confidence = confidence.masked_fill(~is_open, torch.inf)
        for progress in torch.linspace(0, 1, steps):
            hidden = (hidden_share * cosine_share(progress).to(ids.device) * open_ids).round().clamp(min=1)
            rank = confidence.flatten(1).argsort(-1).argsort(-1).view(ids.shape)
            masked = (rank < hidden[:, None, None]) & is_open
            ids = torch.where(masked, model.codes, ids)
            logits = _guided(logits_of, told, ids, config.guidance, config.statement_guidance)
            drawn = _draw(logits, config.temperature, random)
            ids = torch.where(masked, drawn, ids)
            confidence = torch.where(masked, _probabilities(logits, drawn), torch.inf)
    return ids.masked_fill(~valid, 0)


def sample_residual(
    model: ResidualTransformer,
    base: Tensor,
    condition: Condition,
    lengths: Tensor,
    random: SampleRandom,
    config: SamplingConfig,
    *,
    known: Tensor | None = None,
) -> Tensor:
    """Draw the ids of all layers (B, N, Q, P), 0 past `lengths`, from those of the base layer (B, N, P).

    Arguments as in `sample_base`; `known` (B, N, Q, P) has all layers.
    """
    ids = base[:, :, None]
    valid = valid_positions(lengths, base.shape[1])[..., None]
    for layer in range(1, model.layers):

        def logits_of(told: Condition, ids: Tensor, layer: int = layer) -> Tensor:
            several = len(told.told) // len(ids)
            which = torch.full((len(told.told),), layer, device=ids.device)
            return model(ids.repeat(several, 1, 1, 1), which, told, lengths=_rows(lengths, several))

        logits = _guided(logits_of, condition, ids, config.residual_guidance, config.residual_guidance)
        drawn = _draw(logits, config.temperature, random)
        if known is not None:
            drawn = torch.where(known[:, :, layer] == OPEN, drawn, known[:, :, layer])
        ids = torch.cat([ids, drawn.masked_fill(~valid, 0)[:, :, None]], dim=2)
    return ids


def _rows(lengths: Tensor, several: int) -> Tensor | None:
    """Repeat the lengths for each guidance term; None where no row is padded, which saves the attention mask."""
    return None if bool((lengths == lengths[0]).all()) else lengths.repeat(several)


def _guided(
    logits_of: Callable[[Condition, Tensor], Tensor], told: Condition, ids: Tensor, body: float, statements: float
) -> Tensor:
    """Return free + body (sentence - free) + statements (all - sentence), each term the logits under that condition."""
    terms = ((told, statements), (told.up_to("body"), body - statements), (told.free(), 1 - body))
    used = [(condition, weight) for condition, weight in terms if weight != 0]
    logits = logits_of(concatenate([condition for condition, _ in used]), ids).float().chunk(len(used))
    return torch.stack([weight * part for (_, weight), part in zip(used, logits, strict=True)]).sum(0)


def _probabilities(logits: Tensor, ids: Tensor) -> Tensor:
    return logits.float().softmax(-1).gather(-1, ids[..., None])[..., 0]


def _draw(logits: Tensor, temperature: float, random: SampleRandom) -> Tensor:
    """Draw ids (B, N, P) from logits (B, N, P, codes), each among the most likely tenth of the codes, by Gumbel-max.

    Each row has its own random numbers, as many as the longest motion needs: what a row draws does not depend on the rest of
    the batch.
    """
    best, ids = logits.topk(math.ceil(KEEP_SHARE * logits.shape[-1]), dim=-1)
    uniform = random.uniform(MAX_TOKENS, *best.shape[2:])[:, : best.shape[1]].clamp(1e-9, 1 - 1e-6)
    scores = best / max(temperature, 1e-6) - (-uniform.log()).log()
    return ids.gather(-1, scores.argmax(-1, keepdim=True))[..., 0]
