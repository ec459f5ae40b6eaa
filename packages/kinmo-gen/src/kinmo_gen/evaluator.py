"""The T2M evaluator: text and motion embedded in one space, in which FID, R-precision and MM-Dist are measured.

Networks of Guo et al. (CVPR 2022). Differences, since the published files cannot be had: word vectors are the token states
of a frozen language model instead of GloVe and part-of-speech tags, the movement encoder trains together with the rest
instead of being frozen from an autoencoder, and all pairs of a batch are contrasted instead of one shifted pair each.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from kinmo_core.features import LAYOUT
from kinmo_gen.masking import valid_positions

MOVEMENT_DIM = LAYOUT["contacts"].start  # contacts are not shown to the evaluator
MOVEMENT_RATE = 4  # frames per movement step


class SequenceEncoder(nn.Module):
    """Linear, bidirectional GRU with a learned first state, and a head on its two last states.

    Args:
        input_dim: size of a step.
        input_width: after the first Linear.
        hidden: of the GRU, per direction.
        output_dim: size of the embedding.
        dropout: of the GRU's input; the published networks have none.
    """

    def __init__(self, input_dim: int, input_width: int, hidden: int, output_dim: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(input_dim, input_width), nn.Dropout(dropout))
        self.start = nn.Parameter(torch.randn(2, 1, hidden))
        self.gru = nn.GRU(input_width, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.LayerNorm(hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, output_dim)
        )

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Embed (B, N, input_dim) with lengths (B,), at least 1, as (B, output_dim)."""
        packed = pack_padded_sequence(self.enter(steps), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed, self.start.repeat(1, len(steps), 1))
        return self.head(torch.cat([last[0], last[1]], dim=-1))


class Evaluator(nn.Module):
    """Defaults are the published sizes.

    Args:
        text_dim: size of a token state.
        movement_dim: width of the movement encoder.
        motion_hidden, text_hidden: of the two GRUs.
        output_dim: size of the shared space.
        dropout: in the movement encoder.
        sequence_dropout: see `SequenceEncoder`.
    """

    def __init__(
        self,
        text_dim: int = 384,
        *,
        movement_dim: int = 512,
        motion_hidden: int = 1024,
        text_hidden: int = 512,
        output_dim: int = 512,
        dropout: float = 0.2,
        sequence_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.movement = nn.Sequential(
            nn.Conv1d(MOVEMENT_DIM, movement_dim, 4, stride=2, padding=1),
            nn.Dropout(dropout),
            nn.LeakyReLU(0.2),
            nn.Conv1d(movement_dim, movement_dim, 4, stride=2, padding=1),
            nn.Dropout(dropout),
            nn.LeakyReLU(0.2),
        )
        self.movement_out = nn.Linear(movement_dim, movement_dim)
        self.motion = SequenceEncoder(movement_dim, motion_hidden, motion_hidden, output_dim, sequence_dropout)
        self.text = SequenceEncoder(text_dim, text_hidden, text_hidden, output_dim, sequence_dropout)

    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Embeddings (B, output_dim) of normalised features (B, T, 263), zero past `lengths` (B,) frames."""
        half = self.movement[:3](features[..., :MOVEMENT_DIM].transpose(-1, -2))
        # Zero again, as at the end of an unpadded clip: an embedding must not depend on what else is in the batch.
        half = half * valid_positions(lengths // 2, half.shape[-1])[:, None]
        moves = self.movement[3:](half).transpose(-1, -2)
        return self.motion(self.movement_out(moves), (lengths // MOVEMENT_RATE).clamp(min=1, max=moves.shape[1]))

    def embed_text(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Embeddings (B, output_dim) of token states (B, N, text_dim) with lengths (B,)."""
        return self.text(states, lengths)


def contrastive_loss(text: Tensor, motion: Tensor, *, alike: Tensor | None = None) -> Tensor:
    """InfoNCE on minus half the squared Euclidean distance, both directions.

    Args:
        text, motion: (B, D) embeddings; row i of one belongs to row i of the other.
        alike: (B, B) True where a caption says the same as another, so that the pair is no negative.
    """
    logits = -0.5 * torch.cdist(text, motion).square()
    if alike is not None:
        logits = logits.masked_fill(alike & ~torch.eye(len(text), dtype=torch.bool, device=text.device), -torch.inf)
    target = torch.arange(len(text), device=text.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
