"""Curves of a run."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import lightning as L
import pytest
import torch

from kinmo_core.errors import InputError
from kinmo_core.train.callbacks import Curves, FiniteLoss


def validated(
    folder: Path, step: int, loss: float, *, fn: str = "fit", sanity_checking: bool = False
) -> list[tuple[str, str]]:
    """What stands in curves.csv after a validation."""
    trainer = Mock(
        spec=L.Trainer,
        sanity_checking=sanity_checking,
        state=SimpleNamespace(fn=fn),
        is_global_zero=True,
        default_root_dir=str(folder),
        global_step=step,
        callback_metrics={"val/loss": torch.tensor(loss)},
    )
    Curves().on_validation_end(trainer, Mock(spec=L.LightningModule))
    path = folder / "curves.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["step"], row["val/loss"]) for row in csv.DictReader(file)]


def test_a_row_for_every_validation_and_a_picture(tmp_path: Path):
    assert validated(tmp_path, 2, 0.5) == [("2", "0.5")]
    assert validated(tmp_path, 4, 0.25) == [("2", "0.5"), ("4", "0.25")]
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_steps_that_a_resumed_run_does_again_are_replaced(tmp_path: Path):
    validated(tmp_path, 2, 0.5)
    validated(tmp_path, 4, 0.25)
    assert validated(tmp_path, 4, 0.125) == [("2", "0.5"), ("4", "0.125")]


def test_only_training_writes_curves(tmp_path: Path):
    validated(tmp_path, 2, 0.5)
    assert validated(tmp_path, 0, 9.0, fn="validate") == [("2", "0.5")]
    assert validated(tmp_path, 0, 9.0, sanity_checking=True) == [("2", "0.5")]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_training(loss: float):
    trainer, module = Mock(spec=L.Trainer, global_step=17), Mock(spec=L.LightningModule)
    FiniteLoss().on_train_batch_end(trainer, module, {"loss": torch.tensor(0.5)}, None, 0)
    with pytest.raises(InputError, match=r"the loss must be a finite number, got (nan|inf) in step 17"):
        FiniteLoss().on_train_batch_end(trainer, module, {"loss": torch.tensor(loss)}, None, 0)
