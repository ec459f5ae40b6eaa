"""Batches that are a pure function of (seed, step), so that a killed run resumes with the very same losses.

Step k of a run draws the same samples with the same random numbers whatever came before: after a resume, in another
process layout (two processes with batch 16 see together what one sees with batch 32), with any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import lightning as L
import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler

from kinmo_core.errors import InputError
from kinmo_core.text import TextEncoder

T = TypeVar("T")
E = TypeVar("E", bound=TextEncoder)


@dataclass(frozen=True)
class Draw:
    """Which item, and the seed of everything random about it."""

    index: int
    seed: tuple[int, ...]

    def rng(self) -> np.random.Generator:
        """Random numbers of this draw."""
        return np.random.default_rng(self.seed)


class DrawnDataset(Dataset[T], Generic[T]):
    """Items made from a `Draw`, so that random crops and captions are repeatable.

    Args:
        make: item number and its random numbers to one sample.
        lengths: length of each item; batches are formed of items of similar length.
    """

    def __init__(self, make: Callable[[int, np.random.Generator], T], lengths: Sequence[int]) -> None:
        self.make = make
        self.lengths = np.asarray(lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, draw: Draw) -> T:
        return self.make(draw.index, draw.rng())


class StepSampler(Sampler[list[Draw]]):
    """Batches of draws; one iteration runs from the current step to the end of its pass over the data.

    Args:
        lengths: (items,) length of each item.
        batch_size: samples per process and step.
        seed: of the order and of every draw.
        current_step: returns the number of steps done so far.
        rank, processes: which slice of the global batch this process takes.
        bucket_batches: that many batches are shuffled together, sorted by length and cut; 1 = no sorting.
        multiple_of: a pass has a multiple of that many steps, so that accumulated gradients never span two passes.
    """

    def __init__(
        self,
        lengths: np.ndarray,
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
        """(steps, global batch) item numbers of one pass over the data."""
        rng = np.random.default_rng((self.seed, number))
        order = rng.permutation(len(self.lengths))
        order = np.resize(order, self.steps_per_pass * self.global_batch)
        if self.bucket_batches > 1:
            size = self.bucket_batches * self.global_batch
            buckets = [order[i : i + size] for i in range(0, len(order), size)]
            order = np.concatenate([b[np.argsort(self.lengths[b], kind="stable")] for b in buckets])
        batches = order.reshape(self.steps_per_pass, self.global_batch)
        return rng.permutation(batches) if self.bucket_batches > 1 else batches


class FixedSampler(Sampler[Draw]):
    """Every item once, in order, each with random numbers of its own that never change: for validation and test.

    Every process gets as many items as the others, since a model may talk to its copies in each batch; where they do not
    divide evenly, the first ones occur twice.
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
    """A loader whose place in the data follows from the step alone; told so, Lightning resumes without a warning."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to do."""


class StepDataModule(L.LightningDataModule):
    """Base of all data modules: subclasses fill `datasets` in `setup` and name a collate function.

    Its samplers share out the data themselves: several processes need `Trainer(use_distributed_sampler=False)`, which
    `KinmoCLI` sets.

    Args:
        batch_size: samples per process and step.
        train_splits, val_splits: names of split lists; `train` and `val` where None. Tests use `test`.
        workers: processes that load data; 0 loads in the training process.
        seed: of the data order and of every random draw.
        bucket_batches: see `StepSampler`.
    """

    def __init__(
        self,
        batch_size: int,
        *,
        train_splits: list[str] | None = None,
        val_splits: list[str] | None = None,
        workers: int = 0,
        seed: int = 0,
        bucket_batches: int = 1,
    ) -> None:
        super().__init__()
        self.splits = {"train": train_splits or ["train"], "val": val_splits or ["val"], "test": ["test"]}
        self.batch_size = batch_size
        self.workers = workers
        self.seed = seed
        self.bucket_batches = bucket_batches
        self.datasets: dict[str, DrawnDataset[Any]] = {}

    def splits_of(self, stage: str) -> dict[str, list[str]]:
        """Data set (train, val, test) to split lists, for those that a stage of the Trainer needs."""
        needed = {"fit": ("train", "val"), "validate": ("val",)}.get(stage, ("test",))
        return {name: self.splits[name] for name in needed}

    def collate(self, samples: list[Any]) -> Any:
        """Samples to a batch."""
        from torch.utils.data import default_collate

        return default_collate(samples)

    def train_dataloader(self) -> DataLoader[Any]:
        """Batches from the current step on."""
        dataset = self.datasets["train"]
        sampler = StepSampler(
            dataset.lengths,
            batch_size=self.batch_size,
            seed=self.seed,
            current_step=self._steps_done,
            rank=self._trainer.global_rank,
            processes=self._trainer.world_size,
            bucket_batches=self.bucket_batches,
            multiple_of=self._trainer.accumulate_grad_batches,
        )
        return _StepLoader(dataset, batch_sampler=sampler, collate_fn=self.collate, **self._worker_options())

    def val_dataloader(self) -> DataLoader[Any]:
        """Every validation item once, always with the same random numbers."""
        return self._fixed_loader("val")

    def test_dataloader(self) -> DataLoader[Any]:
        """Every test item once, always with the same random numbers."""
        return self._fixed_loader("test")

    def _fixed_loader(self, name: str) -> DataLoader[Any]:
        dataset = self.datasets[name]
        trainer = self._trainer
        sampler = FixedSampler(len(dataset), seed=self.seed, rank=trainer.global_rank, processes=trainer.world_size)
        return DataLoader(
            dataset, batch_size=self.batch_size, sampler=sampler, collate_fn=self.collate, **self._worker_options()
        )

    def _worker_options(self) -> dict[str, Any]:
        return {"num_workers": self.workers, "persistent_workers": self.workers > 0}

    def _steps_done(self) -> int:
        return self._trainer.global_step * self._trainer.accumulate_grad_batches

    @property
    def _trainer(self) -> L.Trainer:
        if self.trainer is None:
            raise RuntimeError("the data module must be attached to a Trainer before its loaders are made")
        return self.trainer


def required_encoder(encoder: E | None) -> E:
    """The text encoder, which has no default: it comes from a package that this one does not know.

    Raises:
        InputError: the data section names none.
    """
    if encoder is None:
        raise InputError(
            "text_encoder is missing; name one in the data section, e.g. kinmo_htma.language.LanguageModel"
        )
    return encoder
