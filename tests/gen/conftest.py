"""Fixtures of the generator's tests: a toy tokenizer, checkpoints of all stages, and a model folder made of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for toy_stages


@pytest.fixture(scope="session")
def toy_runs(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder STAGE/last.ckpt of three steps of each stage. Do not write to it."""
    from toy_stages import STAGES, data, fit, module

    work = tmp_path_factory.mktemp("runs")
    for stage in STAGES:
        fit(module(stage), data(stage, toy_folder, work), work / stage, steps=3)
    return work
