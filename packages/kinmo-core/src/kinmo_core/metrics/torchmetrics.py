"""The metrics as torchmetrics, exact under DDP: any number of processes computes the value that one process would.

Every sample is kept with its index in the data set and `compute` works on all samples in the order of the index, each one
once. So neither the split into processes and batches nor the copies with which a `DistributedSampler` fills up the last
round change a digit. Two conditions: the index names the sample, and every process has seen at least one (that sampler
sees to it). Use `update` and `compute`; calling the metric measures a single batch, which is too few samples for most.

The 2,192 test clips of HumanML3D with 512 numbers each take 9 MB a column.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from kinmo_core.metrics import distribution, kinematics, matching


class _BySample(Metric):
    """Columns of one float64 row a sample, and their index."""

    full_state_update = False
    is_differentiable = False
    columns: tuple[str, ...] = ()
    index: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("index", *self.columns):
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def _append(self, index: Tensor, *values: Tensor) -> None:
        if any(len(column) != len(index) for column in values):
            sizes = ", ".join(str(len(column)) for column in values)
            raise ValueError(f"index must name every sample of the batch, got {len(index)} for {sizes}")
        self.index.append(index.long())
        for name, column in zip(self.columns, values, strict=True):
            getattr(self, name).append(column.detach().double())

    def _rows(self) -> list[Tensor]:
        """Return the columns in the order of the index, each sample once."""
        index, order = dim_zero_cat(self.index).sort(stable=True)
        first = torch.cat([torch.ones_like(index[:1], dtype=torch.bool), index[1:] != index[:-1]])
        return [dim_zero_cat(getattr(self, name))[order[first]] for name in self.columns]


class FrechetDistance(_BySample):
    """`frechet_distance` of generated and real embeddings."""

    columns = ("generated", "real")
    higher_is_better = False

    def update(self, generated: Tensor, real: Tensor, *, index: Tensor) -> None:
        """Add a batch: the embeddings of a generated motion and of the real one of the same sample."""
        self._append(index, generated, real)

    def compute(self) -> Tensor:
        return distribution.frechet_distance(*self._rows())


class KID(FrechetDistance):
    """`kid` of generated and real embeddings."""

    def compute(self) -> Tensor:
        return distribution.kid(*self._rows())


class RPrecision(_BySample):
    """`r_precision`: (top_k,) numbers."""

    columns = ("text", "motion")
    higher_is_better = True

    def __init__(self, *, batch: int = 32, top_k: int = 3, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch, self.top_k, self.seed = batch, top_k, seed

    def update(self, text: Tensor, motion: Tensor, *, index: Tensor) -> None:
        """Add a batch of embeddings; its size has nothing to do with the batches that compete."""
        self._append(index, text, motion)

    def compute(self) -> Tensor:
        return matching.r_precision(*self._rows(), batch=self.batch, top_k=self.top_k, seed=self.seed)


class MMDist(_BySample):
    """`mm_dist` of texts and motions."""

    columns = ("text", "motion")
    higher_is_better = False

    def update(self, text: Tensor, motion: Tensor, *, index: Tensor) -> None:
        """Add a batch of embeddings."""
        self._append(index, text, motion)

    def compute(self) -> Tensor:
        return matching.mm_dist(*self._rows())


class Diversity(_BySample):
    """`diversity` of embeddings."""

    columns = ("motion",)

    def __init__(self, *, pairs: int = 300, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairs, self.seed = pairs, seed

    def update(self, motion: Tensor, *, index: Tensor) -> None:
        """Add a batch of embeddings."""
        self._append(index, motion)

    def compute(self) -> Tensor:
        return distribution.diversity(*self._rows(), pairs=self.pairs, seed=self.seed)


class MultiModality(Diversity):
    """`multimodality` of embeddings."""

    def __init__(self, *, pairs: int = 10, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(pairs=pairs, seed=seed, **kwargs)

    def update(self, motion: Tensor, *, index: Tensor) -> None:
        """Add a batch of texts, each with the embeddings of all its motions."""
        self._append(index, motion)

    def compute(self) -> Tensor:
        return distribution.multimodality(*self._rows(), pairs=self.pairs, seed=self.seed)


class MPJPE(_BySample):
    """`mpjpe` in mm, mean over the frames of all clips."""

    columns = ("error", "frames")
    higher_is_better = False

    def __init__(self, *, align_root: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.align_root = align_root

    def update(
        self,
        predicted: Tensor,
        target: Tensor,
        *,
        lengths: Tensor,
        index: Tensor,
    ) -> None:
        """Add a batch of clips in metres."""
        error = kinematics.mpjpe(predicted, target, lengths=lengths, align_root=self.align_root)
        self._append(index, error, lengths)

    def compute(self) -> Tensor:
        error, frames = self._rows()
        return (error * frames).sum() / frames.sum()


class _ClipMean(_BySample):
    """Mean over the clips of one number each."""

    columns = ("value",)
    higher_is_better = False

    def __init__(self, *, fps: float = 20.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fps = fps

    def compute(self) -> Tensor:
        return self._rows()[0].mean()


class FootSkating(_ClipMean):
    """`foot_skating`, mean over the clips."""

    def update(self, joints: Tensor, *, lengths: Tensor, index: Tensor) -> None:
        """Add a batch of clips in metres."""
        self._append(index, kinematics.foot_skating(joints, fps=self.fps, lengths=lengths))


class BonesOff(_ClipMean):
    """`bones_off`, mean over the clips."""

    def update(self, joints: Tensor, *, lengths: Tensor, index: Tensor) -> None:
        """Add a batch of clips in metres."""
        self._append(index, kinematics.bones_off(joints, lengths=lengths))


class Jerk(_ClipMean):
    """`jerk` in m/s^3, mean over the clips."""

    def update(self, joints: Tensor, *, lengths: Tensor, index: Tensor) -> None:
        """Add a batch of clips in metres."""
        self._append(index, kinematics.jerk(joints, fps=self.fps, lengths=lengths))


class UsedCodes(Metric):
    """Number of codes (Q,) of each layer that occur in all batches together."""

    counts: Tensor

    def __init__(self, layers: int, codes: int) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(layers, codes, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, ids: Tensor) -> None:
        """Add ids (..., Q)."""
        layers = ids.flatten(0, -2).T
        self.counts.scatter_add_(1, layers, torch.ones_like(layers))

    def compute(self) -> Tensor:
        return (self.counts > 0).sum(-1)
