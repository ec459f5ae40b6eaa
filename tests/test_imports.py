"""What may be imported where, seen at run time: import-linter sees the arrows, not the moment."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

PACKAGES = ["kinmo_core", "kinmo_annotate", "kinmo_htma", "kinmo_gen", "kinmo_reasoner"]
TRAINING = {"lightning", "pytorch_lightning", "jsonargparse", "tensorboard"}


def modules(package: str) -> list[str]:
    """Dotted names of the package and everything in it that can be imported without running it."""
    path = importlib.import_module(package).__path__
    inner = [module.name for module in pkgutil.walk_packages(path, f"{package}.")]
    return [package, *(name for name in inner if not name.endswith(".__main__"))]


def is_training(module: str) -> bool:
    return "train" in module.split(".")


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `code`."""
    report = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_imports_and_what_it_promises_exists(package: str):
    for name in modules(package):
        module = importlib.import_module(name)
        missing = [promised for promised in getattr(module, "__all__", []) if not hasattr(module, promised)]
        assert not missing, f"{name}.__all__"


def test_no_module_outside_train_loads_lightning():
    """All of them in one interpreter: whoever samples, converts or measures never pays for a Trainer."""
    names = [name for package in PACKAGES for name in modules(package) if not is_training(name)]
    assert not loaded_after("import " + ", ".join(names)) & TRAINING


@pytest.mark.parametrize(
    "names", [PACKAGES, ["kinmo_core.cli", "kinmo_gen.cli", "kinmo_annotate.cli"]], ids=["packages", "commands"]
)
def test_packages_and_commands_are_light(names: list[str]):
    """A command line that prints its help has to answer at once, so neither it nor its package may load torch."""
    assert not loaded_after("import " + ", ".join(names)) & {"torch", "transformers", "numpy", "scipy", "matplotlib"}
