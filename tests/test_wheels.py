"""What a user gets: kinmo-gen's wheels alone, in a clean environment, with the network off.

The clean environment sees the wheels and exactly the libraries that they declare, and what those declare in turn, linked
from the environment that runs the tests. So a forgotten dependency, a missing data file or a download at run time fails
here, and nothing has to be fetched.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from email import message_from_bytes
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("kinmo-core", "kinmo-htma", "kinmo-gen")
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


def declared_libraries(wheels: dict[str, Path]) -> list[Distribution]:
    """Everything that an installer would bring along for the wheels, from the running environment."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    queue = [Requirement(name) for name in wheels]
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
    return list(found.values())


def link_library(library: Distribution, site_packages: Path) -> None:
    """Link a library's top-level files and folders; the second owner of a shared namespace folder finds it linked."""
    for top in {file.parts[0] for file in library.files or [] if file.parts[0] not in ("..", "__pycache__")}:
        source, target = Path(str(library.locate_file(top))), site_packages / top
        if top.endswith(".dist-info"):  # installers look past links
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("licenses"))
        elif not target.exists():
            target.symlink_to(source)


@pytest.fixture(scope="module")
def clean_environment(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of an environment with the wheels installed."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin/python"
    site_packages = next(folder.glob("lib/python*/site-packages"))
    for library in declared_libraries(wheels):
        link_library(library, site_packages)
    (site_packages / "no_network.py").write_text(NO_NETWORK)
    (site_packages / "no_network.pth").write_text("import no_network\n")

    # With no index and no cache the installer must find every dependency, in a fitting version, already there.
    uv = [sys.executable, "-m", "uv", "pip"]
    run(*uv, "install", "--offline", "--no-index", "--no-cache", "--python", python, *wheels.values())
    run(*uv, "check", "--python", python)
    return python.parent


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


@pytest.mark.parametrize("package", ["kinmo-htma", "kinmo-gen"])
def test_wheel_of_weights_is_small_and_has_its_notices(package: str, wheels: dict[str, Path]):
    with zipfile.ZipFile(wheels[package]) as archive:
        assert any(name.endswith("licenses/THIRD_PARTY.md") for name in archive.namelist())
        weights = [file for file in archive.infolist() if file.filename.endswith(".safetensors")]
    assert sum(file.file_size for file in weights) <= WEIGHTS_LIMIT


def test_clean_environment_imports_the_wheels_and_nothing_undeclared(clean_environment: Path, tmp_path: Path):
    prefix, environment = offline(tmp_path / "home")
    code = "import importlib.util, kinmo_gen; print(kinmo_gen.__file__, importlib.util.find_spec('lightning'))"
    printed = run(*prefix, clean_environment / "python", "-c", code, cwd=tmp_path, env=environment)
    path, lightning = printed.split()
    assert Path(path).is_relative_to(clean_environment.parent)
    assert lightning == "None"


def test_sample_from_the_wheels_alone(clean_environment: Path, tmp_path: Path):
    if importlib.util.find_spec("kinmo_gen.generator") is None:
        pytest.skip("kinmo_gen.generator is not written yet")
    prefix, environment = offline(tmp_path / "home")
    command = [clean_environment / "kinmo-gen", "sample", "a person walks forward", "--seconds", "2", "--out", "out"]
    printed = run(*prefix, *command, cwd=tmp_path, env=environment)
    assert list((tmp_path / "out").rglob("*.npz")), printed
