"""Batches that are a pure function of (seed, step), so that a killed run resumes with exactly the same losses.

Step k of a run draws the same samples with the same random numbers after a resume, with any number of workers, and in
another process layout: two processes with batch 16 together see what one process sees with batch 32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import lightning as L
import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from kinmo_core.errors import InputError
from kinmo_core.language import resolve_state_encoder
from kinmo_core.text import TokenStateEncoder

T = TypeVar("T")
MAX_SEED: Final = 2**62  # of a seed that a sample carries into the batch


@dataclass(frozen=True)
class Draw:
    """Index of an item, and the seed of everything random about it."""

    index: int
    seed: tuple[int, ...]

    def rng(self) -> np.random.Generator:
        """Return the random numbers of this draw."""
        return np.random.default_rng(self.seed)


class DrawnDataset(Dataset[T], Generic[T]):
    """Samples made from a `Draw`, so that random crops and captions are repeatable.

    Args:
        make: returns the sample of an item for given random numbers.
        lengths: length of each item; a batch consists of items of similar length.
        weights: how often each item is drawn in training, relative to the others; all alike where None.
    """

    def __init__(
        self,
        make: Callable[[int, np.random.Generator], T],
        lengths: Sequence[int],
        weights: np.ndarray | None = None,
    ) -> None:
        self.make = make
        self.lengths = np.asarray(lengths)
        self.weights = np.ones(len(self.lengths)) if weights is None else weights

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, draw: Draw) -> T:
        return self.make(draw.index, draw.rng())


class StepSampler(Sampler[list[Draw]]):
    """Batches of draws; one iteration runs from the current step to the end of its pass over the data.

    Args:
        lengths: (items,) length of each item.
        weights: (items,) how often each item is drawn, relative to the others; with equal ones, a pass has every item once.
        batch_size: samples per process and step.
        seed: of the order and of every draw.
        current_step: returns the number of steps done so far.
        rank, processes: slice of the global batch that this process takes.
        bucket_batches: number of batches that are shuffled together, sorted by length and cut; 1 = no sorting.
        multiple_of: divides the steps of a pass, so that accumulated gradients never span two passes.
    """

    def __init__(
        self,
        lengths: np.ndarray,
        weights: np.ndarray,
        *,
        batch_size: int,
        seed: int,
        current_step: Callable[[], int],
        rank: int = 0,
        processes: int = 1,
        bucket_batches: int = 1,
        multiple_of: int = 1,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.lengths = lengths
        self.last_places = np.cumsum(weights)
        self.batch_size = batch_size
        self.seed = seed
        self.current_step = current_step
        self.rank = rank
        self.processes = processes
        self.bucket_batches = bucket_batches
        self.global_batch = batch_size * processes
        self.steps_per_pass = max(1, len(lengths) // self.global_batch // multiple_of) * multiple_of

    def __len__(self) -> int:
        return self.steps_per_pass

    def __iter__(self) -> Iterator[list[Draw]]:
        step = self.current_step()
        number, first = divmod(step, self.steps_per_pass)
        for offset, batch in enumerate(self._pass(number)[first:]):
            slots = range(self.rank * self.batch_size, (self.rank + 1) * self.batch_size)
            yield [Draw(int(batch[slot]), (self.seed, step + offset, slot)) for slot in slots]

    def _pass(self, number: int) -> np.ndarray:
        """Return the item numbers (steps, global batch) of one pass over the data, by systematic sampling.

        Draws lie at equal distances on a line on which each item takes as much room as its weight. So an item comes up as
        often as its weight says, to less than one draw, in every pass and not only in the mean.
        """
        rng = np.random.default_rng((self.seed, number))
        draws = self.steps_per_pass * self.global_batch
        places = (np.arange(draws) + rng.random()) * (self.last_places[-1] / draws)
        order = np.searchsorted(self.last_places[:-1], places, side="right")
        order = rng.permutation(order)
        if self.bucket_batches > 1:
            size = self.bucket_batches * self.global_batch
            buckets = [order[i : i + size] for i in range(0, len(order), size)]
            order = np.concatenate([b[np.argsort(self.lengths[b], kind="stable")] for b in buckets])
        batches = order.reshape(self.steps_per_pass, self.global_batch)
        return rng.permutation(batches) if self.bucket_batches > 1 else batches


class FixedSampler(Sampler[Draw]):
    """Every item once, in order, each with its own fixed random numbers, for validation and test.

    Every process gets the same number of items, since processes exchange rows in each batch; where the items do not divide
    evenly, the first ones occur twice.
    """

    def __init__(self, items: int, *, seed: int, rank: int = 0, processes: int = 1) -> None:
        rounds = -(-items // processes)
        chosen = (number % items for number in range(rank, rounds * processes, processes))
        self.draws = [Draw(index, (seed, index)) for index in chosen]

    def __len__(self) -> int:
        return len(self.draws)

    def __iter__(self) -> Iterator[Draw]:
        return iter(self.draws)


class _StepLoader(DataLoader[Any]):
    """A loader whose position follows from the step alone; its empty state keeps Lightning from warning on a resume."""

    def state_dict(self) -> dict[str, Any]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Ignore the state."""


@dataclass(frozen=True)
class LoaderConfig:
    """How samples become batches.

    Args:
        batch_size: samples per process and step.
        train_splits, val_splits: names of split lists; the test split is always `test`.
        workers: processes that load data; 0 loads in the training process.
        seed: of the data order and of every random draw.
        bucket_batches: see `StepSampler`.
    """

    batch_size: int = 64
    train_splits: tuple[str, ...] = ("train",)
    val_splits: tuple[str, ...] = ("val",)
    workers: int = 0
    seed: int = 0
    bucket_batches: int = 1

    def __post_init__(self) -> None:
        for name, least in (("batch_size", 1), ("workers", 0), ("seed", 0), ("bucket_batches", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, got {getattr(self, name)}")
        for name in ("train_splits", "val_splits"):
            if not getattr(self, name):
                raise InputError(f"{name} must name at least one split list, got none")


class StepDataModule(L.LightningDataModule):
    """Base of all data modules: a subclass fills `datasets` in `setup` and defines `collate`.

    Its samplers distribute the data themselves: several processes need `Trainer(use_distributed_sampler=False)`, which
    `KinmoCLI` sets.

    Args:
        loader: how samples become batches.
    """

    def __init__(self, loader: LoaderConfig) -> None:
        super().__init__()
        self.loader = loader
        self.datasets: dict[str, DrawnDataset[Any]] = {}

    def splits_of(self, stage: str) -> dict[str, list[str]]:
        """Return the split lists of each data set (train, val, test) that a stage of the Trainer needs."""
        splits = {"train": [*self.loader.train_splits], "val": [*self.loader.val_splits], "test": ["test"]}
        needed = {"fit": ("train", "val"), "validate": ("val",)}.get(stage, ("test",))
        return {name: splits[name] for name in needed}

    def collate(self, samples: list[Any]) -> Any:
        """Put samples into a batch."""
        return default_collate(samples)

    def train_dataloader(self) -> DataLoader[Any]:
        """Load batches from the current step on."""
        dataset = self.datasets["train"]
        sampler = StepSampler(
            dataset.lengths,
            dataset.weights,
            batch_size=self.loader.batch_size,
            seed=self.loader.seed,
            current_step=self._steps_done,
            rank=self._trainer.global_rank,
            processes=self._trainer.world_size,
            bucket_batches=self.loader.bucket_batches,
            multiple_of=self._trainer.accumulate_grad_batches,
        )
        return _StepLoader(dataset, batch_sampler=sampler, collate_fn=self.collate, **self._worker_options())

    def val_dataloader(self) -> DataLoader[Any]:
        """Load every validation item once, always with the same random numbers."""
        return self._fixed_loader("val")

    def test_dataloader(self) -> DataLoader[Any]:
        """Load every test item once, always with the same random numbers."""
        return self._fixed_loader("test")

    def _fixed_loader(self, name: str) -> DataLoader[Any]:
        dataset = self.datasets[name]
        trainer = self._trainer
        seed, rank, processes = self.loader.seed, trainer.global_rank, trainer.world_size
        sampler = FixedSampler(len(dataset), seed=seed, rank=rank, processes=processes)
        options = {"collate_fn": self.collate, **self._worker_options()}
        return DataLoader(dataset, batch_size=self.loader.batch_size, sampler=sampler, **options)

    def _worker_options(self) -> dict[str, Any]:
        return {"num_workers": self.loader.workers, "persistent_workers": self.loader.workers > 0}

    def _steps_done(self) -> int:
        return self._trainer.global_step * self._trainer.accumulate_grad_batches

    @property
    def _trainer(self) -> L.Trainer:
        if self.trainer is None:
            raise RuntimeError("the data module must be attached to a Trainer before its loaders are made")
        return self.trainer


class TokenStateDataModule(StepDataModule):
    """Base of the data modules that feed token states of a frozen text encoder.

    Args:
        text_encoder: its name (see `load_text_encoder`) or the encoder itself.
        loader: how samples become batches.
    """

    def __init__(self, text_encoder: str | TokenStateEncoder, loader: LoaderConfig) -> None:
        super().__init__(loader)
        self.text_encoder = text_encoder

    @cached_property
    def encoder(self) -> TokenStateEncoder:
        """The text encoder, loaded when it is first needed."""
        return resolve_state_encoder(self.text_encoder)

    @property
    def text_dim(self) -> int:
        """Size of a token state."""
        return self.encoder.state_dim
