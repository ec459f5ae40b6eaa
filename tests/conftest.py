"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import Phase, settings
from torch import Tensor

from kinmo_core.testing import toy_dataset, walking_joints

# The same few examples in every run, however slow the machine. Shrinking a failure can take minutes and a seed says little.
settings.register_profile(
    "kinmo", derandomize=True, deadline=None, max_examples=15, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("kinmo")

os.environ["KINMO_CACHE"] = tempfile.mkdtemp(prefix="kinmo-tests-")  # logs and caches of the commands that tests run

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "tests" / "shared"))  # for openai_server


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real recordings, `$KINMO_SHARED/data` or `../shared/data` beside the repository; skips if absent."""
    folder = Path(os.environ.get("KINMO_SHARED", _ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; set KINMO_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy data set in HumanML3D's layout, 12 clips of 64 frames and their mirrored copies. Do not write to it."""
    return toy_dataset(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def walking() -> Tensor:
    """A person who walks towards +z, (60, 22, 3)."""
    return walking_joints()


@pytest.fixture
def rng() -> torch.Generator:
    """A seeded generator."""
    return torch.Generator().manual_seed(0)
