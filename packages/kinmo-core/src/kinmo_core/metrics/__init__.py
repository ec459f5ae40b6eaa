"""Metrics of generated motion and of retrieval: pure functions in float64; `.torchmetrics` collects them over batches."""

from kinmo_core.metrics.distribution import diversity, frechet_distance, kid, multimodality
from kinmo_core.metrics.kinematics import bones_off, foot_skating, jerk, mpjpe, rotation_jumps
from kinmo_core.metrics.matching import mm_dist, r_precision
from kinmo_core.metrics.retrieval import mean_rank, median_rank, ranks, recall

__all__ = [
    "bones_off",
    "diversity",
    "foot_skating",
    "frechet_distance",
    "jerk",
    "kid",
    "mean_rank",
    "median_rank",
    "mm_dist",
    "mpjpe",
    "multimodality",
    "r_precision",
    "ranks",
    "recall",
    "rotation_jumps",
]
