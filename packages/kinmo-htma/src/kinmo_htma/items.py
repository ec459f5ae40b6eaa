"""Items of a retrieval evaluation, and per-dimension statistics, as TMR has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from kinmo_core.data.humanml3d import HumanML3DFolder, Sample
from kinmo_core.errors import InputError
from kinmo_core.stats import Statistics

MIN_FRAMES = 8  # 0.4 s: a shorter clip shows no movement that a sentence could be about


def retrieval_samples(folder: HumanML3DFolder, splits: Sequence[str]) -> list[Sample]:
    """Return one sample per clip, of any length: its first caption and the span that this caption is about.

    Raises:
        InputError: no clip of the splits has a caption.
    """
    found: dict[str, Sample] = {}
    for sample in folder.samples(splits, min_frames=MIN_FRAMES, max_frames=10**9):
        found.setdefault(sample.id, replace(sample, captions=sample.captions[:1]))
    if not found:
        raise InputError(f"{folder.root} has no captioned clip in {', '.join(splits)}")
    return list(found.values())


def per_dimension_statistics(samples: Sequence[Sample]) -> Statistics:
    """Return mean and deviation of every single feature over all frames of some clips (TMR)."""
    frames = torch.cat([sample.features() for sample in samples]).double()
    return Statistics(frames.mean(0).float(), frames.std(0).clamp_min(1e-6).float())
