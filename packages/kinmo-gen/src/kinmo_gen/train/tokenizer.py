"""Train the RVQ-VAE tokenizer on windows of normalised features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core import metrics
from kinmo_core.data.humanml3d import HumanML3DFolder, readable
from kinmo_core.errors import InputError
from kinmo_core.features import LAYOUT, decode
from kinmo_core.metrics.torchmetrics import UsedCodes
from kinmo_core.nn import SampleRandom
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.stats import Statistics
from kinmo_core.train.data import MAX_SEED, DrawnDataset, LoaderConfig, StepDataModule
from kinmo_core.train.stage import OptimConfig, Stage
from kinmo_gen.tokenizer import DOWNSAMPLE, Tokenizer, TokenizerConfig
from kinmo_gen.train.initial import start_tokenizer_from


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
            samples = readable(folder.samples(splits, min_frames=self.window, max_frames=10**9, captions="ignored"))
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

    The last four act on joints in metres, decoded from the features. All but `bones` first give every bone its length, as
    whoever uses the motion does, so that the network need not spend codes on what is the same in every frame.

    Args:
        position: weight of SmoothL1 on the local joint positions, added to SmoothL1 on all features.
        commitment: weight of the commitment loss.
        quantizer_dropout: share of samples that use only the first s layers, s uniform.
        joints: weight of the mean distance of joints, root moved onto the real one: what MPJPE measures.
        velocity: weight of the mean difference of the joints' steps between frames.
        root: weight of the mean distance of the root, which sums up the errors of its velocity.
        bones: weight of the mean error of the bones' lengths.
    """

    position: float = 0.5
    commitment: float = 0.02
    quantizer_dropout: float = 0.2
    joints: float = 0.0
    velocity: float = 0.0
    root: float = 0.0
    bones: float = 0.0


class TokenizerModule(Stage):
    """Reconstruct windows through the quantizer.

    Args:
        network: sizes of the tokenizer.
        losses: weights of the losses.
        optim: optimiser.
        statistics: of the features, from the data module.
        initial: model folder, or checkpoint of a tokenizer run, whose weights the training starts from; random where None.
        decoder_only: train the decoder alone. Ids keep their meaning, so networks trained on them can stay as they are.

    Raises:
        InputError: `initial` is no tokenizer, or less than half of it fits `network`; `decoder_only` without `initial`.
    """

    def __init__(
        self,
        network: TokenizerConfig = TokenizerConfig(),
        losses: TokenizerLosses = TokenizerLosses(),
        optim: OptimConfig = OptimConfig(warmup_steps=2000, decay_by=0.05),
        *,
        statistics: Statistics | None = None,
        initial: str | None = None,
        decoder_only: bool = False,
    ) -> None:
        if decoder_only and initial is None:
            raise InputError("initial must name the tokenizer whose ids decoder_only keeps, got none")
        configs = {"network": network, "losses": losses, "initial": initial or "random", "decoder_only": decoder_only}
        super().__init__(optim, statistics=statistics, **configs)
        self.losses = losses
        self.model = Tokenizer(network)
        start_tokenizer_from(initial, self.model, statistics)
        self.fixed = [self.model.encoder, self.model.quantizers] if decoder_only else []
        for part in self.fixed:
            part.requires_grad_(False)
        tables = network.layers * self.model.parts
        self.used_codes = nn.ModuleDict({name: UsedCodes(tables, network.codes) for name in ("val", "test")})

    def on_train_start(self) -> None:
        """Keep what is fixed from being in training, in which a quantizer moves its codes."""
        for part in self.fixed:
            part.eval()

    def training_step(self, batch: Windows, batch_idx: int) -> Tensor:
        """Return the loss with quantizer dropout."""
        output = self.model(batch.features, active=self._active_layers(SampleRandom(batch.seeds)))
        loss = self._loss(output.features, batch.features) + self.losses.commitment * output.commitment
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Windows, batch_idx: int) -> None:
        """Log the validation figures."""
        self._evaluate(batch, "val")

    def test_step(self, batch: Windows, batch_idx: int) -> None:
        """Log the test figures, and MPJPE with the first 1, 2, ... layers of codes."""
        ids = self._evaluate(batch, "test")
        real = self._joints(batch.features)
        for layers in range(1, self.model.layers + 1):
            made = HUMANML3D.resize(self._joints(self.model.detokenize(ids[..., :layers, :])))
            self._log_value(f"test/mpjpe_{layers}", metrics.mpjpe(made, real, align_root=True).mean(), batch)

    def on_validation_epoch_end(self) -> None:
        """Log how many codes of each layer the validation set uses, in the mean over the parts."""
        self._log_used_codes("val")

    def on_test_epoch_end(self) -> None:
        """Log how many codes of each layer the test set uses, in the mean over the parts."""
        self._log_used_codes("test")

    def _active_layers(self, random: SampleRandom) -> Tensor:
        """Draw how many quantizer layers each sample uses, (B,)."""
        share, layers = self.losses.quantizer_dropout, self.model.layers
        uniform = random.uniform(2)
        fewer = (uniform[:, 1] * layers).long().clamp(max=layers - 1) + 1
        return torch.where(uniform[:, 0] < share, fewer, layers)

    def _evaluate(self, batch: Windows, name: str) -> Tensor:
        """Log loss, MPJPE and error of the root (mm), and share of frames with a bone off; return the ids."""
        output = self.model(batch.features)
        real, made = self._joints(batch.features), self._joints(output.features)
        values = {
            "loss": self._loss(output.features, batch.features),
            "mpjpe": metrics.mpjpe(HUMANML3D.resize(made), real, align_root=True).mean(),
            "root_error": metrics.mpjpe(made[..., :1, :], real[..., :1, :]).mean(),
            "bones_off": metrics.bones_off(made).mean(),
        }
        for key, value in values.items():
            self._log_value(f"{name}/{key}", value, batch)
        self._used(name).update(output.ids.flatten(-2))
        return output.ids

    def _log_value(self, name: str, value: Tensor, batch: Windows) -> None:
        shown = name.endswith("/mpjpe")
        self.log(name, value.float(), batch_size=len(batch.features), sync_dist=True, prog_bar=shown)

    def _log_used_codes(self, name: str) -> None:
        used = self._used(name)
        for layer, counts in enumerate(used.compute().float().chunk(self.model.layers), start=1):
            self.log(f"{name}/used_codes_{layer}", counts.mean())
        used.reset()

    def _used(self, name: str) -> UsedCodes:
        used = self.used_codes[name]
        assert isinstance(used, UsedCodes)
        return used

    def _joints(self, features: Tensor) -> Tensor:
        assert self.statistics is not None
        return decode(self.statistics.denormalize(features.float()))

    def _loss(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the loss of normalised features (B, T, 263), the commitment aside."""
        losses, local, made = self.losses, LAYOUT["positions"], made.float()
        loss = F.smooth_l1_loss(made, real) + losses.position * F.smooth_l1_loss(made[..., local], real[..., local])
        if losses.joints or losses.velocity or losses.root or losses.bones:
            loss = loss + self._joint_loss(self._joints(made), self._joints(real))
        return loss

    def _joint_loss(self, made: Tensor, real: Tensor) -> Tensor:
        """Return the weighted errors, m, of decoded joints (B, T, 22, 3)."""
        losses, resized = self.losses, HUMANML3D.resize(made)
        around_root = (resized - resized[..., :1, :]) - (real - real[..., :1, :])
        steps = resized.diff(dim=-3) - real.diff(dim=-3)
        root = (made - real)[..., :1, :]
        lengths = HUMANML3D.bone_vectors(made)[..., 1:, :].norm(dim=-1)
        off = (lengths - HUMANML3D.bone_length_tensor().to(lengths)[1:]).abs()
        distances = ((losses.joints, around_root), (losses.velocity, steps), (losses.root, root))
        return losses.bones * off.mean() + sum(weight * part.norm(dim=-1).mean() for weight, part in distances)
