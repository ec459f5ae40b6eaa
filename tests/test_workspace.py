"""The workspace keeps its own rules: one version, one lock, declared dependencies, no pickle."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
NAMES = [package.name for package in PACKAGES]
LIMIT = 16 * 2**20  # bytes a tracked file may have: what code hosts and reviewers bear

NEEDED_BY_OTHERS = {"jsonargparse", "tensorboard"}  # by Lightning's command line and logger, which do not declare them

each_package = pytest.mark.parametrize("package", PACKAGES, ids=NAMES)


def project(package: Path) -> dict:
    return tomllib.loads((package / "pyproject.toml").read_text())["project"]


def version() -> str:
    return project(ROOT)["version"]


def run(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return [path for name in run("git", "ls-files", "-z").split("\0") if name and (path := ROOT / name).is_file()]


def sources(package: Path) -> list[Path]:
    return sorted((package / "src").rglob("*.py"))


# One version


def test_the_five_packages_are_there():
    assert NAMES == ["kinmo-annotate", "kinmo-core", "kinmo-gen", "kinmo-htma", "kinmo-reasoner"]


@each_package
def test_version_and_sibling_pins_are_the_workspaces(package: Path):
    facts = project(package)
    assert facts["version"] == version()
    optional = [line for group in facts.get("optional-dependencies", {}).values() for line in group]
    siblings = [r for line in facts["dependencies"] + optional if (r := Requirement(line)).name in NAMES]
    assert {str(sibling.specifier) for sibling in siblings} <= {f"=={version()}"}


@each_package
def test_dunder_version_where_there_is_one(package: Path):
    text = next((package / "src").glob("*/__init__.py")).read_text()
    assert set(re.findall(r'^__version__ = "(.*)"$', text, re.MULTILINE)) <= {version()}


def test_changelog_and_pages_tell_the_version():
    assert f"## {version()}" in (ROOT / "CHANGELOG.md").read_text()
    for page in [*ROOT.glob("README.md"), *(package / "README.md" for package in PACKAGES)]:
        assert set(re.findall(r"\bversion (\d+\.\d+\.\d+)", page.read_text())) <= {version()}, page


# The lock


def test_lock_names_only_the_public_index():
    hosts = set(re.findall(r"\b\w+://[^/\"]+", (ROOT / "uv.lock").read_text()))
    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert "find-links" not in (ROOT / "uv.lock").read_text()


def test_lock_has_a_hash_for_every_file():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    for package in packages:
        if "registry" in package["source"]:
            files = package.get("wheels", []) + [package[kind] for kind in ("sdist",) if kind in package]
            assert files, package["name"]
            assert all(file["hash"].startswith("sha256:") for file in files), package["name"]
        else:
            assert canonicalize_name(package["name"]) in [*NAMES, "kinmo-workspace"]


def test_lock_is_up_to_date():
    keep = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [sys.executable, "-m", "uv", "lock", "--check", "--offline"]
    result = subprocess.run(command, cwd=ROOT, env=keep, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"run `make lock`\n{result.stderr}"


# Dependencies


def third_party_imports(package: Path) -> dict[str, Path]:
    """Top-level names that the sources import, wherever in the file; neither its own nor the standard library's."""
    found: dict[str, Path] = {}
    for path in sources(package):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            found |= dict.fromkeys((name.partition(".")[0] for name in names), path)
    own = {path.name for path in (package / "src").iterdir()}
    return {name: path for name, path in found.items() if name not in own | set(sys.stdlib_module_names)}


@each_package
def test_what_is_imported_is_declared_and_what_is_declared_is_imported(package: Path):
    facts = project(package)
    extras = [line for group in facts.get("optional-dependencies", {}).values() for line in group]
    declared = {canonicalize_name(Requirement(line).name) for line in facts["dependencies"] + extras}
    providers = packages_distributions()
    used: set[str] = set()
    for name, path in third_party_imports(package).items():
        distributions = {canonicalize_name(provider) for provider in providers.get(name, [name])}
        assert distributions & declared, f"{path.relative_to(ROOT)} imports {name}: {package.name} does not declare it"
        used |= distributions
    assert declared - used <= NEEDED_BY_OTHERS, "declared, but never imported"


# Files


def test_tracked_files_are_small():
    assert [path.name for path in tracked_files() if path.stat().st_size > LIMIT] == []


def test_licence_travels_with_each_package():
    for package in PACKAGES:
        assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
        assert "LICENSE" in project(package)["license-files"]
    notices = (ROOT / "THIRD_PARTY.md").read_bytes()
    for name in ("kinmo-reasoner", "kinmo-htma", "kinmo-gen"):  # the packages with weights
        assert (ROOT / "packages" / name / "THIRD_PARTY.md").read_bytes() == notices


# Loading a pickle runs whatever code its author put in. `torch.load(..., weights_only=True)` builds tensors and plain
# containers only, and Lightning's checkpoints need it.
UNPICKLERS = re.compile(
    r"""
    \bpickle\.(?!UnpicklingError\b)\w+ | \bimport\ +pickle\ +as\b | \bfrom\ +pickle\ +import\ +(?!UnpicklingError$)
    | ^\ *(?:import|from)\ +(?:_pickle|cloudpickle|dill|joblib|shelve)\b
    | \bimport\ +torch\ +as\b | ^\ *from\ +torch\ +import\ .*\bload\b | \btorch\.load\((?![^\n]*weights_only=True)
    | \ballow_pickle\ *=\ *(?!False) | \bweights_only\ *=\ *(?!True)
    """,
    re.VERBOSE | re.MULTILINE,
)


def unpicklers(source: str) -> list[str]:
    return [match.group().strip() for match in UNPICKLERS.finditer(source)]


@each_package
def test_no_pickle_is_loaded(package: Path):
    for path in sources(package):
        assert unpicklers(path.read_text()) == [], path.relative_to(ROOT)


@pytest.mark.parametrize(
    "line",
    [
        "import pickle as p",
        "import joblib",
        "from dill import loads",
        "from torch import load",
        "pickle.loads(data)",
        "torch.load(path)",
        "torch.load(path, weights_only=safe)",
        "np.load(path, allow_pickle=True)",
        "f(weights_only=False)",
    ],
)
def test_a_pickle_would_be_seen(line: str):
    assert unpicklers(line)


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "try: f()\nexcept pickle.UnpicklingError: pass",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=False)",
    ],
)
def test_what_is_safe_passes(line: str):
    assert unpicklers(line) == []


# Commands


def test_make_help_prints_every_target():
    rules = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    printed = [line.split() for line in run("make", "--no-print-directory", "help").splitlines() if line[:1].islower()]
    assert set(rules) == {target for target, *text in printed if text}
    assert {"setup", "demo", "test", "lint", "bench", "data", "wheels", "train-tokenizer", "train-gen"} <= set(rules)


def test_ci_runs_lint_and_test():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert {"make lint", "make test"} <= set(script.read_text().splitlines())
