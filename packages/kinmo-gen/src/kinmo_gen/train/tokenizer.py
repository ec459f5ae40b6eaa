"""Train the RVQ-VAE tokenizer on windows of normalised features."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import LAYOUT, decode
from kinmo_core.stats import Statistics
from kinmo_core.train.data import DrawnDataset, StepDataModule
from kinmo_core.train.stage import FeatureStage
from kinmo_gen.tokenizer import Tokenizer


class Windows(NamedTuple):
    """Normalised features (B, T, 263) and one uniform random number per sample (B,)."""

    features: Tensor
    chance: Tensor


class TokenizerData(StepDataModule):
    """Windows of fixed length out of every clip, no captions needed.

    Args:
        root: a HumanML3D directory.
        window: frames of a training window.
        feature_bias: see `Statistics.with_feature_bias`.
        train_splits, val_splits, batch_size, workers, seed: see `StepDataModule`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        *,
        train_splits: list[str] | None = None,
        val_splits: list[str] | None = None,
        window: int = 64,
        feature_bias: float = 25.0,
        batch_size: int = 256,
        workers: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__(
            batch_size,
            train_splits=train_splits,
            val_splits=val_splits,
            workers=workers,
            seed=seed,
        )
        if window < 4 or window % 4:
            raise ValueError(f"window must be a multiple of 4 frames, got {window}")
        self.root = root
        self.window = window
        self.feature_bias = feature_bias

    def setup(self, stage: str) -> None:
        """Find the windows: one draw per non-overlapping window and pass, each at a random start."""
        folder = HumanML3DFolder(self.root)
        self.statistics = folder.statistics.with_feature_bias(self.feature_bias)
        for name, splits in self.splits_of(stage).items():
            samples = folder.samples(splits, min_frames=self.window, max_frames=10**9, with_captions=False)
            self.datasets[name] = _window_dataset([s.features() for s in samples], self.window, self.statistics)


def _window_dataset(clips: list[Tensor], window: int, statistics: Statistics) -> DrawnDataset[Windows]:
    owner = [clip for clip, features in enumerate(clips) for _ in range(len(features) // window)]

    def make(index: int, rng: np.random.Generator) -> Windows:
        features = clips[owner[index]]
        start = int(rng.integers(len(features) - window + 1))
        chosen = statistics.normalize(features[start : start + window])
        return Windows(chosen, torch.tensor(rng.random(), dtype=torch.float32))

    return DrawnDataset(make, [window] * len(owner))


class TokenizerModule(FeatureStage):
    """Loss: SmoothL1 on all features, again on the local positions, and commitment (MoMask's weights).

    Args:
        width, code_dim, codes, layers, dropout, temperature, decay: see `Tokenizer`.
        position_weight: of the second term.
        commitment_weight: of the third.
        quantizer_dropout: share of samples that use only the first s layers, s uniform.
        learning_rate, weight_decay, warmup_steps, decay_at, decay_by: see `Stage`.
    """

    def __init__(
        self,
        width: int = 512,
        code_dim: int = 512,
        codes: int = 512,
        layers: int = 6,
        *,
        dropout: float = 0.2,
        temperature: float = 0.5,
        decay: float = 0.99,
        position_weight: float = 0.5,
        commitment_weight: float = 0.02,
        quantizer_dropout: float = 0.2,
        learning_rate: float = 2e-4,
        weight_decay: float = 0.0,
        warmup_steps: int = 2000,
        decay_at: list[int] | None = None,
        decay_by: float = 0.05,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.model = Tokenizer(width, code_dim, codes, layers, dropout=dropout, temperature=temperature, decay=decay)

    def training_step(self, batch: Windows, batch_idx: int) -> Tensor:
        del batch_idx
        p, layers = self.hparams["quantizer_dropout"], self.hparams["layers"]
        # One number decides both: below p it says how many layers are used, uniformly.
        active = torch.where(batch.chance < p, (batch.chance / max(p, 1e-9) * layers).long() + 1, layers)
        output = self.model(batch.features, active=active.clamp(max=layers))
        reconstruction = self._reconstruction_loss(output.features, batch.features)
        loss = reconstruction + self.hparams["commitment_weight"] * output.commitment
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Windows, batch_idx: int) -> None:
        self._evaluate(batch, "val")

    def test_step(self, batch: Windows, batch_idx: int) -> None:
        self._evaluate(batch, "test")

    def _evaluate(self, batch: Windows, name: str) -> None:
        """Loss, MPJPE around the root and error of the root itself (mm), and codes of the base layer that a batch uses."""
        output = self.model(batch.features)
        size = len(batch.features)
        real, made = (decode(self.statistics.denormalize(x.float())) for x in (batch.features, output.features))
        values = {
            "loss": self._reconstruction_loss(output.features, batch.features),
            "mpjpe": 1000 * ((real - real[..., :1, :]) - (made - made[..., :1, :])).norm(dim=-1).mean(),
            "root_error": 1000 * (real - made)[..., 0, :].norm(dim=-1).mean(),
            "used_codes": torch.tensor(float(output.ids[..., 0].unique().numel())),
        }
        for key, value in values.items():
            self.log(f"{name}/{key}", value, batch_size=size, sync_dist=True, prog_bar=key == "mpjpe")

    def _reconstruction_loss(self, made: Tensor, real: Tensor) -> Tensor:
        local = LAYOUT["positions"]
        whole = F.smooth_l1_loss(made.float(), real)
        return whole + self.hparams["position_weight"] * F.smooth_l1_loss(made.float()[..., local], real[..., local])
