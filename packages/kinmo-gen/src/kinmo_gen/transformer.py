"""The trunk that the masked and the residual transformer share: prefix tokens in front of motion tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kinmo_core.nn import Dropout, TransformerLayer, attention_mask, sinusoidal_positions


class Trunk(nn.Module):
    """Prefix tokens without position, then motion tokens with sinusoidal positions, through `depth` layers.

    Args:
        dim: width of the model.
        depth: number of layers.
        heads: attention heads.
        feedforward: width of the feed-forward.
        dropout: everywhere, attention weights included.
    """

    def __init__(self, dim: int, depth: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(
            TransformerLayer(dim, heads, feedforward, dropout, attention_dropout=dropout) for _ in range(depth)
        )

    def forward(self, prefix: Tensor, tokens: Tensor, lengths: Tensor | None) -> Tensor:
        """Transform tokens (B, N, D) that attend to the prefix (B, P, D) and to each other.

        Args:
            prefix: (B, P, D).
            tokens: (B, N, D).
            lengths: (B,) real tokens of each row; all N where None.

        Returns:
            (B, N, D).
        """
        positioned = tokens + sinusoidal_positions(tokens.shape[1], tokens.shape[2]).to(tokens)
        x = torch.cat([prefix, self.dropout(positioned)], dim=1)
        # The prefix comes first, so a row attends to its first P + length positions.
        mask = None if lengths is None else attention_mask(lengths + prefix.shape[1], x.shape[1])
        for layer in self.layers:
            x = layer(x, mask)
        return x[:, prefix.shape[1] :]
