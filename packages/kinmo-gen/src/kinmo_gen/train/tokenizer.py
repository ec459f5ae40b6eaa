"""Train the RVQ-VAE tokenizer on windows of normalised features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kinmo_core import metrics
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import LAYOUT, decode
from kinmo_core.nn import SampleRandom
from kinmo_core.stats import Statistics
from kinmo_core.train.data import MAX_SEED, DrawnDataset, LoaderConfig, StepDataModule
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_gen.tokenizer import DOWNSAMPLE, Tokenizer, TokenizerConfig


class Windows(NamedTuple):
    """Normalised features (B, T, 263) and a seed per sample (B,)."""

    features: Tensor
    seeds: Tensor


class TokenizerData(StepDataModule):
    """Windows of fixed length out of every clip; captions are not needed.

    Args:
        root: a HumanML3D directory.
        window: frames of a window.
        feature_bias: see `Statistics.with_feature_bias`.
        loader: see `LoaderConfig`.
    """

    def __init__(
        self,
        root: str = "data/humanml3d",
        *,
        window: int = 64,
        feature_bias: float = 25.0,
        loader: LoaderConfig = LoaderConfig(batch_size=256),
    ) -> None:
        super().__init__(loader)
        if window < DOWNSAMPLE or window % DOWNSAMPLE:
            raise ValueError(f"window must be a multiple of {DOWNSAMPLE} frames, got {window}")
        self.root = root
        self.window = window
        self.feature_bias = feature_bias

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics of the directory, with the feature bias."""
        return HumanML3DFolder(self.root).statistics.with_feature_bias(self.feature_bias)

    def setup(self, stage: str) -> None:
        """Read the clips; a pass draws one window at a random start for each window that fits without overlap."""
        folder = HumanML3DFolder(self.root)
        for name, splits in self.splits_of(stage).items():
            samples = folder.samples(splits, min_frames=self.window, max_frames=10**9, with_captions=False)
            self.datasets[name] = _window_dataset([s.features() for s in samples], self.window, self.statistics)


def _window_dataset(clips: list[Tensor], window: int, statistics: Statistics) -> DrawnDataset[Windows]:
    owner = [clip for clip, features in enumerate(clips) for _ in range(len(features) // window)]

    def make(index: int, rng: np.random.Generator) -> Windows:
        features = clips[owner[index]]
        start = int(rng.integers(len(features) - window + 1))
        chosen = statistics.normalize(features[start : start + window])
        return Windows(chosen, torch.tensor(rng.integers(MAX_SEED)))

    return DrawnDataset(make, [window] * len(owner))


@dataclass(frozen=True)
class TokenizerLosses:
    """Weights of the losses; the defaults are MoMask's.

    Args:
        position: weight of SmoothL1 on the local joint positions, added to SmoothL1 on all features.
        commitment: weight of the commitment loss.
        quantizer_dropout: share of samples that use only the first s layers, s uniform.
    """

    position: float = 0.5
    commitment: float = 0.02
    quantizer_dropout: float = 0.2


class TokenizerModule(Stage):
    """Reconstruct windows through the quantizer.

    Args:
        network: sizes of the tokenizer.
        losses: weights of the losses.
        optim: optimiser.
        statistics: of the features, from the data module.
    """

    def __init__(
        self,
        network: TokenizerConfig = TokenizerConfig(),
        losses: TokenizerLosses = TokenizerLosses(),
        optim: OptimConfig = OptimConfig(warmup_steps=2000, decay_by=0.05),
        *,
        statistics: Statistics | None = None,
    ) -> None:
        super().__init__(optim, statistics=statistics, network=network, losses=losses)
        self.losses = losses
        self.model = Tokenizer(network)

    def training_step(self, batch: Windows, batch_idx: int) -> Tensor:
        """Return the loss with quantizer dropout."""
        output = self.model(batch.features, active=self._active_layers(SampleRandom(batch.seeds)))
        reconstruction = self._reconstruction_loss(output.features, batch.features)
        loss = reconstruction + self.losses.commitment * output.commitment
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Windows, batch_idx: int) -> None:
        """Log the validation figures."""
        self._evaluate(batch, "val")

    def test_step(self, batch: Windows, batch_idx: int) -> None:
        """Log the test figures."""
        self._evaluate(batch, "test")

    def _active_layers(self, random: SampleRandom) -> Tensor:
        """Draw how many quantizer layers each sample uses, (B,)."""
        share, layers = self.losses.quantizer_dropout, self.model.layers
        uniform = random.uniform(2)
        fewer = (uniform[:, 1] * layers).long().clamp(max=layers - 1) + 1
        return torch.where(uniform[:, 0] < share, fewer, layers)

    def _evaluate(self, batch: Windows, name: str) -> None:
        """Log loss, MPJPE around the root (mm), error of the root (mm), and base codes that a batch uses."""
        assert self.statistics is not None
        output = self.model(batch.features)
        real, made = (decode(self.statistics.denormalize(x.float())) for x in (batch.features, output.features))
        values = {
            "loss": self._reconstruction_loss(output.features, batch.features),
            "mpjpe": metrics.mpjpe(made, real, align_root=True).mean(),
            "root_error": metrics.mpjpe(made[..., :1, :], real[..., :1, :]).mean(),
            "used_codes": torch.tensor(float(output.ids[..., 0].unique().numel())),
        }
        for key, value in values.items():
            size = len(batch.features)
            self.log(f"{name}/{key}", value.float(), batch_size=size, sync_dist=True, prog_bar=key == "mpjpe")

    def _reconstruction_loss(self, made: Tensor, real: Tensor) -> Tensor:
        local = LAYOUT["positions"]
        whole = F.smooth_l1_loss(made.float(), real)
        return whole + self.losses.position * F.smooth_l1_loss(made.float()[..., local], real[..., local])
