"""From the statements of a `Condition` to a vector for every token: what its limbs do then, and what they do next."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.text import UNITS
from kinmo_gen.conditions import LEVELS, PARTS, REACH, Condition

_TIMES: Final = 6  # features of a token's place in a statement


class CueEncoder(nn.Module):
    """Sum over the statements near a token of GELU(phrase + amount + part + place in time), through a linear layer.

    Several statements about one limb at a time are heard at once. A part that is told adds an embedding to every token, so
    that a limb which is told to rest differs from one of which nothing is said.

    Args:
        text_dim: size of a phrase's vector.
        dim: size of the result.
    """

    def __init__(self, text_dim: int, dim: int) -> None:
        super().__init__()
        self.phrase_proj = nn.Linear(text_dim, dim)
        self.amount_proj = nn.Linear(len(UNITS), dim, bias=False)
        self.part_embedding = nn.Embedding(len(PARTS), dim)
        self.time_proj = nn.Linear(_TIMES, dim, bias=False)
        self.output_proj = nn.Linear(dim, dim)
        self.told_embedding = nn.Embedding(len(PARTS), dim)

    def forward(self, condition: Condition, tokens: int) -> Tensor:
        """Return (B, tokens, dim)."""
        weight = self.phrase_proj.weight
        scale = condition.phrases.shape[-1] ** 0.5  # a unit vector gets entries of size 1
        spoken = self.phrase_proj(condition.phrases.to(weight) * scale) + self.amount_proj(condition.amounts.to(weight))
        spoken = spoken + self.part_embedding(condition.parts.clamp(min=0))
        centre = torch.arange(tokens, device=weight.device) + 0.5
        since = centre[:, None] - condition.spans[:, None, :, 0]  # (B, tokens, S)
        until = condition.spans[:, None, :, 1] - centre[:, None]
        near = (since > -REACH) & (until > -REACH) & condition.heard()[:, None]
        row, token, statement = near.nonzero(as_tuple=True)
        times = time_features(since[near], until[near]).to(weight)
        hidden = F.gelu(spoken[row, statement] + self.time_proj(times))
        summed = hidden.new_zeros(len(near) * tokens, hidden.shape[-1]).index_add(0, row * tokens + token, hidden)
        told = condition.told.to(weight) @ self.told_embedding.weight
        return self.output_proj(summed.view(len(near), tokens, -1)) + told[:, None]


def time_features(since: Tensor, until: Tensor) -> Tensor:
    """Describe a moment in a statement (..., 6) by tokens since its start and until its end, negative outside of it.

    Whether it is going on, lies ahead, how far start and end are within `REACH`, the share passed, and the duration.
    """
    duration = since + until
    return torch.stack(
        [
            ((since >= 0) & (until > 0)).float(),
            (since < 0).float(),
            (since / REACH).clamp(-1, 1),
            (until / REACH).clamp(-1, 1),
            (since / duration).clamp(0, 1),
            torch.log2(duration.clamp(min=0.25)) / 3,
        ],
        dim=-1,
    )


def has_cues(levels: tuple[str, ...]) -> bool:
    """Return whether a network of these levels hears statements about groups.

    Raises:
        ValueError: neither the body alone nor `LEVELS`.
    """
    if tuple(levels) not in (LEVELS, LEVELS[:1]):
        raise ValueError(f"levels must be {list(LEVELS)} or {list(LEVELS[:1])}, got {list(levels)}")
    return tuple(levels) == LEVELS


def project_text(condition: Condition, projection: nn.Linear) -> Tensor:
    """Project the sentence vectors (B, text_dim); a row without a sentence becomes zero (classifier-free guidance)."""
    return projection(condition.text.to(projection.weight)) * condition.has_text[:, None]
