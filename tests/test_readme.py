"""What the READMEs say is true: targets and commands exist, links lead somewhere, Python examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "packages").glob("*/README.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    lines = re.findall(r"(?:^ *|`)make ([a-z -]+)", page.read_text(), flags=re.MULTILINE)
    assert {name for line in lines for name in line.split()} <= targets


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_local_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("command", ["kinmo", "kinmo-gen", "kinmo-annotate", "kinmo-htma"])
def test_subcommands_exist(command: str) -> None:
    program = Path(sys.executable).with_name(command)
    helped = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for page in PAGES:
        for name in re.findall(rf"(?:^|[\s`/]){command} ([a-z]+)\b", page.read_text()):
            assert re.search(rf"\b{name}\b", helped), f"{page}: {command} {name}"


WITH_CODE = [page for page in PAGES if "```python" in page.read_text()]


@pytest.mark.parametrize("page", WITH_CODE, ids=[str(page.relative_to(ROOT)) for page in WITH_CODE])
def test_python_examples_run(page: Path, tmp_path: Path) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL))
    prepare = (
        "from kinmo_core.io import save_motion; from kinmo_core.motion import Motion; "
        "from kinmo_core.testing import walking_joints; save_motion(Motion(walking_joints(30)), 'walk.bvh')\n"
    )
    subprocess.run([sys.executable, "-c", prepare + code], cwd=tmp_path, check=True)
