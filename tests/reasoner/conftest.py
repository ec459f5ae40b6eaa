"""What the tests of kinmo-reasoner share: the folder itself, for `model_answers` and `toy_reasoner`, and toy models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def toy_base(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `descriptions.jsonl` of the toy clips and two untrained models, `base` and `other`. Do not write to it."""
    from toy_reasoner import prepare

    work = tmp_path_factory.mktemp("base")
    prepare(toy_folder, work)
    return work


@pytest.fixture(scope="session")
def toy_runs(toy_folder: Path, toy_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder KIND/last.ckpt of three steps of each kind of training. Do not write to it."""
    from toy_reasoner import KINDS, data, module

    from kinmo_core.train.testing import short_fit

    work = tmp_path_factory.mktemp("runs")
    for kind in KINDS:
        short_fit(module(kind, toy_base), data(toy_folder, toy_base), work / kind, steps=3)
    return work
