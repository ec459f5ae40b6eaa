"""Text encoders in a hierarchy (KinMo, Sec. 3.3): each level looks at the coarser one before it is encoded.

    h_c = E_c(emb(T_c))    h_g = E_g(CrossAttn(emb(T_g), h_c))    h_i = E_i(CrossAttn(emb(T_i), h_g))

The paper leaves open what of h is the key and value, whether E_c, E_g and E_i share weights, and whether the attention is
added to its query; here: the states at all positions, no, and yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_htma.gaussian import Encoded, Gaussian, GaussianEncoder
from kinmo_htma.levels import ROLES, LevelText, check_levels
from kinmo_htma.transformer import CrossAttention, Dropout, attention_mask

KEY_VALUES = ("states", "mu")


class TextHierarchy(nn.Module):
    """A Gaussian for each level of text.

    Args:
        text_dim: size of a word's or sentence's vector.
        levels: which, and in which order they look at each other.
        dim, layers, heads, feedforward, dropout: see `GaussianEncoder`.
        cross_attention: without it every level is encoded by itself.
        key_value: what a level sees of the coarser one, its "states" or only its "mu".
        share_weights: one encoder for all levels.
        text_norm: bring every vector of the language model to mean 0 and variance 1 first. A sentence's unit vector is lost
            for long beside position codes of size 1 else, and token states are smaller than these too.
    """

    def __init__(
        self,
        text_dim: int = 384,
        levels: Sequence[str] = ("global", "group", "interaction"),
        *,
        dim: int = 256,
        layers: int = 6,
        heads: int = 4,
        feedforward: int = 1024,
        dropout: float = 0.1,
        cross_attention: bool = True,
        key_value: str = "states",
        share_weights: bool = False,
        text_norm: bool = True,
    ) -> None:
        super().__init__()
        if key_value not in KEY_VALUES:
            raise ValueError(f"key_value must be one of {', '.join(KEY_VALUES)}, got {key_value}")
        self.levels = check_levels(levels)
        self.dim = dim
        self.key_value = key_value
        self.text_norm = text_norm
        self.enter = nn.ModuleDict({level: nn.Linear(text_dim, dim) for level in self.levels})
        self.roles = nn.ModuleDict(
            {level: nn.Embedding(ROLES[level], dim) for level in self.levels if ROLES[level] > 1}
        )
        finer = self.levels[1:] if cross_attention else ()
        self.cross = nn.ModuleDict({level: _Look(dim, heads, dropout, key_value == "mu") for level in finer})
        encoders = [
            GaussianEncoder(dim, layers=layers, heads=heads, feedforward=feedforward, dropout=dropout)
            for _ in (self.levels[:1] if share_weights else self.levels)
        ]
        self.encoders = nn.ModuleList(encoders)

    def forward(self, texts: Mapping[str, LevelText]) -> Gaussian:
        """Gaussians (B, levels, D) of the levels that `texts` has, which must be the first ones of this model's."""
        levels = [level for level in self.levels if level in texts]
        if not levels or tuple(levels) != self.levels[: len(levels)]:
            raise ValueError(f"want text of the levels {', '.join(self.levels)} or the first of them, got {[*texts]}")
        found: list[Encoded] = []
        for number, level in enumerate(levels):
            x = self._embed(level, texts[level])
            if level in self.cross:
                x = self.cross[level](x, *self._memory(found[-1], texts[levels[number - 1]].lengths))
            encoder = self.encoders[min(number, len(self.encoders) - 1)]
            looked_at = number + 1 < len(levels) and levels[number + 1] in self.cross and self.key_value == "states"
            found.append(encoder(x, texts[level].lengths, states=looked_at))
        mu, logvar = zip(*(encoded.gaussian for encoded in found), strict=True)
        return Gaussian(torch.cat(mu, dim=1), torch.cat(logvar, dim=1))

    def _embed(self, level: str, text: LevelText) -> Tensor:
        states = F.layer_norm(text.states, text.states.shape[-1:]) if self.text_norm else text.states
        x = self.enter[level](states)
        return x + self.roles[level](text.roles) if level in self.roles else x

    def _memory(self, coarser: Encoded, lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        if coarser.states is None:
            return coarser.gaussian.mu, None
        return coarser.states, attention_mask(lengths, coarser.states.shape[1])


class _Look(nn.Module):
    """Cross-attention to the coarser level, added and normalised."""

    def __init__(self, dim: int, heads: int, dropout: float, single: bool) -> None:
        super().__init__()
        self.attention = CrossAttention(dim, heads, single=single)
        self.drop = Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        return self.norm(x + self.drop(self.attention(x, memory, mask)))
