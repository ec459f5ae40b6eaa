"""Random numbers of training that follow the sample, not the batch."""

from __future__ import annotations

import torch
from torch import Tensor


class SampleRandom:
    """Draw random numbers for each sample of a batch from that sample's own seed.

    A sample gets the same numbers in any batch, process and after a resume. Draws follow each other, so a size that depends
    on the rest of the batch (such as the longest sequence) must not be drawn: draw the largest size and cut.

    Args:
        seeds: (B,) int64, one seed per sample.
    """

    def __init__(self, seeds: Tensor) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds.tolist()]
        self._device = seeds.device

    def rows(self, index: Tensor) -> SampleRandom:
        """Choose some samples, which go on where they are."""
        chosen = SampleRandom(torch.empty(0, dtype=torch.long, device=self._device))
        chosen._generators = [self._generators[number] for number in index.tolist()]
        return chosen

    def uniform(self, *size: int) -> Tensor:
        """Draw from [0, 1), (B, *size) float32."""
        return torch.stack([torch.rand(size, generator=one) for one in self._generators]).to(self._device)

    def normal(self, *size: int) -> Tensor:
        """Draw from the standard normal distribution, (B, *size) float32."""
        return torch.stack([torch.randn(size, generator=one) for one in self._generators]).to(self._device)
