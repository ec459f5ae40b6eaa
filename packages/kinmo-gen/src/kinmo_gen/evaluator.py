"""The evaluator: a joint embedding of text and motion, in which FID, R-precision and MM-Dist are measured.

By default the networks of Guo et al. (CVPR 2022), "T2M"; `official` reads the published checkpoint into them. Those trained
here differ in three ways: word vectors are the token states of a frozen language model instead of GloVe and part-of-speech
tags; the movement encoder trains together with the rest instead of being frozen from an autoencoder; all pairs of a batch
are contrasted instead of one shifted pair each. With `EvaluatorConfig.depth`, transformers stand in place of the two GRUs:
an evaluator of another kind, to see whether a figure depends on the judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from kinmo_core.features import LAYOUT
from kinmo_core.nn import TransformerLayer, attention_mask, sinusoidal_positions, valid_positions
from kinmo_core.stats import Statistics

MOVEMENT_DIM: Final = LAYOUT["contacts"].start  # the evaluator does not see contacts
MOVEMENT_RATE: Final = 4  # frames per movement step


class SequenceEncoder(nn.Module):
    """Linear layer, bidirectional GRU with a learned initial state, and a head on its two last states.

    Args:
        input_dim: size of a step.
        input_width: after the first Linear.
        hidden: of the GRU, per direction.
        output_dim: size of the embedding.
        dropout: of the GRU's input; the published networks have none.
    """

    def __init__(self, input_dim: int, input_width: int, hidden: int, output_dim: int, dropout: float) -> None:
        super().__init__()
        self.input_proj = nn.Sequential(nn.Linear(input_dim, input_width), nn.Dropout(dropout))
        self.initial_state = nn.Parameter(torch.randn(2, 1, hidden))
        self.gru = nn.GRU(input_width, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(
            nn.Linear(2 * hidden, hidden), nn.LayerNorm(hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, output_dim)
        )

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Embed sequences (B, N, input_dim) of lengths (B,), each at least 1, as (B, output_dim)."""
        packed = pack_padded_sequence(self.input_proj(steps), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, last = self.gru(packed, self.initial_state.repeat(1, len(steps), 1))
        return self.head(torch.cat([last[0], last[1]], dim=-1))


class AttentionEncoder(nn.Module):
    """Linear layer, transformer, and a head on the mean of its states: `SequenceEncoder` of another kind.

    Args:
        input_dim: size of a step.
        width: of the transformer.
        depth: number of its layers.
        heads: attention heads; divides `width`.
        output_dim: size of the embedding.
        dropout: of the input and of every layer.
    """

    def __init__(self, input_dim: int, width: int, depth: int, heads: int, output_dim: int, dropout: float) -> None:
        super().__init__()
        self.input_proj = nn.Sequential(nn.Linear(input_dim, width), nn.Dropout(dropout))
        self.layers = nn.ModuleList(TransformerLayer(width, heads, 4 * width, dropout) for _ in range(depth))
        self.head = nn.Linear(width, output_dim)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """Embed sequences (B, N, input_dim) of lengths (B,), each at least 1, as (B, output_dim)."""
        x = self.input_proj(steps)
        x = x + sinusoidal_positions(x.shape[1], x.shape[2]).to(x)
        mask = attention_mask(lengths, x.shape[1])
        for layer in self.layers:
            x = layer(x, mask)
        valid = mask[:, 0, 0, :, None]
        return self.head((x * valid).sum(1) / lengths[:, None])


@dataclass(frozen=True)
class EvaluatorConfig:
    """Sizes of the evaluator; the defaults are the published ones.

    Args:
        text_dim: size of a token state.
        movement_dim: width of the movement encoder.
        motion_hidden, text_hidden: of the two GRUs, or widths of the two transformers.
        output_dim: size of the joint embedding.
        dropout: in the movement encoder.
        sequence_dropout: see `SequenceEncoder` and `AttentionEncoder`.
        depth: layers of the transformers that stand in place of the GRUs; 0 for the GRUs.
        heads: attention heads of the transformers.
        padded_frames: frames to which each motion is padded with zeros or cut, as in the published evaluator (196), whose
            embeddings depend on the padding; 0 for embeddings that do not.
    """

    text_dim: int = 384
    movement_dim: int = 512
    motion_hidden: int = 1024
    text_hidden: int = 512
    output_dim: int = 512
    dropout: float = 0.2
    sequence_dropout: float = 0.0
    depth: int = 0
    heads: int = 4
    padded_frames: int = 0


class Evaluator(nn.Module):
    """Convolutional movement encoder and a GRU or transformer for the motion, another one for the text."""

    def __init__(self, config: EvaluatorConfig) -> None:
        super().__init__()
        movement_dim, dropout = config.movement_dim, config.dropout
        self.movement = nn.Sequential(
            nn.Conv1d(MOVEMENT_DIM, movement_dim, 4, stride=2, padding=1),
            nn.Dropout(dropout),
            nn.LeakyReLU(0.2),
            nn.Conv1d(movement_dim, movement_dim, 4, stride=2, padding=1),
            nn.Dropout(dropout),
            nn.LeakyReLU(0.2),
        )
        self.movement_out = nn.Linear(movement_dim, movement_dim)
        self.motion = _encoder(movement_dim, config.motion_hidden, config)
        self.text = _encoder(config.text_dim, config.text_hidden, config)
        self.padded_frames = config.padded_frames

    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Embed normalised features (B, T, 263), zero past `lengths` (B,) frames, as (B, output_dim)."""
        features = features[..., :MOVEMENT_DIM]
        if self.padded_frames:
            features = F.pad(features, (0, 0, 0, self.padded_frames - features.shape[-2]))  # or cut, where negative
        half = self.movement[:3](features.transpose(-1, -2))
        if not self.padded_frames:
            # Zero past the end, as behind an unpadded clip, so that an embedding does not depend on the rest of the batch.
            half = half * valid_positions(lengths // 2, half.shape[-1])[:, None]
        moves = self.movement[3:](half).transpose(-1, -2)
        return self.motion(self.movement_out(moves), (lengths // MOVEMENT_RATE).clamp(min=1, max=moves.shape[1]))

    @torch.no_grad()
    def change_statistics(self, old: Statistics, new: Statistics) -> None:
        """Let features that `new` normalises mean what those of `old` meant; frames at the ends differ by the padding."""
        weight, bias = self.movement[0].parameters()
        scale, shift = (new.std / old.std)[:MOVEMENT_DIM], ((new.mean - old.mean) / old.std)[:MOVEMENT_DIM]
        bias += torch.einsum("oik,i->o", weight, shift)  # old value = new value * scale + shift
        weight *= scale[:, None]

    def embed_text(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Embed token states (B, N, text_dim) of lengths (B,) as (B, output_dim)."""
        return self.text(states, lengths)


def _encoder(input_dim: int, width: int, config: EvaluatorConfig) -> nn.Module:
    if config.depth:
        sizes = (config.depth, config.heads, config.output_dim)
        return AttentionEncoder(input_dim, width, *sizes, config.sequence_dropout)
    return SequenceEncoder(input_dim, width, width, config.output_dim, config.sequence_dropout)
