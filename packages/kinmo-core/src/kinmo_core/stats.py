"""Mean and standard deviation of the features, in HumanML3D's grouping and with the T2M feature bias as an option."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.features import DIM, LAYOUT

# Root velocity and height share one slice in the files of the field: [0], [1:3], [3] stay apart.
BIASED_BLOCKS = ("yaw_rate", "root_velocity", "root_height", "contacts")


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of every feature, both (263,) float32."""

    mean: Tensor
    std: Tensor

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            value = torch.as_tensor(getattr(self, name), dtype=torch.float32)
            if value.shape != (DIM,):
                raise InputError(f"{name} must have shape ({DIM},), got {tuple(value.shape)}")
            object.__setattr__(self, name, value)
        if not bool(self.mean.isfinite().all()):
            raise InputError("mean must be finite in every dimension")
        if not bool(((self.std > 0) & self.std.isfinite()).all()):
            raise InputError("std must be positive and finite in every dimension")

    def normalize(self, features: Tensor) -> Tensor:
        """Scale (..., 263) features to zero mean and unit deviation."""
        return (features - self.mean.to(features)) / self.std.to(features)

    def denormalize(self, values: Tensor) -> Tensor:
        """Invert `normalize`."""
        return values * self.std.to(values) + self.mean.to(values)

    def with_feature_bias(self, bias: float) -> Statistics:
        """Divide the deviation of root and contact dimensions by `bias`, so that they weigh more in a loss.

        T2M and MoMask state 5, but their code divides the same array twice: they train with 25, and the published
        evaluator expects 25.
        """
        if not bias > 0:
            raise InputError(f"feature bias must be positive, got {bias}")
        std = self.std.clone()
        for block in BIASED_BLOCKS:
            std[LAYOUT[block]] /= bias
        return replace(self, std=std)

    @classmethod
    def of(cls, clips: Iterable[Tensor]) -> Statistics:
        """Compute over all frames of all clips (T, 263), in float64; average the deviation inside each block of `LAYOUT`."""
        count, total, squares = 0, torch.zeros(DIM, dtype=torch.float64), torch.zeros(DIM, dtype=torch.float64)
        for clip in clips:
            count += len(clip)
            total += clip.double().sum(0)
            squares += clip.double().square().sum(0)
        if count == 0:
            raise InputError("statistics need at least one frame")
        mean = total / count
        std = (squares / count - mean.square()).clamp_min(0).sqrt()
        for block in LAYOUT.values():
            std[block] = std[block].mean().clamp_min(1e-6)
        return cls(mean=mean.float(), std=std.float())

    @classmethod
    def load(cls, folder: Path | str) -> Statistics:
        """Read `Mean.npy` and `Std.npy` of a data or model folder."""
        values = []
        for name in ("Mean.npy", "Std.npy"):
            path = Path(folder) / name
            if not path.is_file():
                raise InputError(
                    f"{folder} has no {name}; want a HumanML3D data directory (make one with `kinmo data`)"
                )
            try:
                values.append(torch.from_numpy(np.load(path, allow_pickle=False)).float())
            except Exception:  # NumPy lets through whatever its parsers raise on damaged content
                raise InputError(f"{path} is not a readable .npy file of numbers") from None
        try:
            return cls(*values)
        except InputError as error:
            raise InputError(f"{folder}: {error}") from None

    def save(self, folder: Path | str) -> None:
        """Write `Mean.npy` and `Std.npy`."""
        np.save(Path(folder) / "Mean.npy", self.mean.numpy())
        np.save(Path(folder) / "Std.npy", self.std.numpy())
