"""Layers and losses that the networks of all packages share."""

from kinmo_core.nn.contrastive import cosine_logits, info_nce, same_caption
from kinmo_core.nn.distributed import gather_rows, rank, sum_over_processes, world_size
from kinmo_core.nn.random import SampleRandom
from kinmo_core.nn.transformer import (
    CrossAttention,
    Dropout,
    SelfAttention,
    TransformerLayer,
    attention_mask,
    init_weights,
    sinusoidal_positions,
    valid_positions,
)

__all__ = [
    "CrossAttention",
    "Dropout",
    "SampleRandom",
    "SelfAttention",
    "TransformerLayer",
    "attention_mask",
    "cosine_logits",
    "gather_rows",
    "info_nce",
    "init_weights",
    "rank",
    "same_caption",
    "sinusoidal_positions",
    "sum_over_processes",
    "valid_positions",
    "world_size",
]
