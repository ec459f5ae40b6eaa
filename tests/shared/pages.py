"""The pages of the repository and the commands in them, for the tests that hold them true."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "packages").glob("*/README.md")),
    *sorted((ROOT / "packages").glob("*/src/*/weights/*/README.md")),
]
MODULES = {
    "kinmo": "kinmo_core",
    **{f"kinmo-{name}": f"kinmo_{name}" for name in ("gen", "annotate", "htma", "reasoner")},
}
PLACEHOLDERS = {
    r"STAGE_\w+": "masked_cmu",
    "OVERLAY.yaml": "cpu.yaml",
    "--config FILE": "--config configs/gen/masked_cmu.yaml",
}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def code(page: Path) -> list[str]:
    """Find the lines of code blocks and of indented blocks, then inline code."""
    return [*code_blocks(page), *inline_code(page)]


def code_blocks(page: Path) -> list[str]:
    """Find the lines of code blocks, then those of indented blocks."""
    text = page.read_text()
    fenced = [line for block in re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL) for line in joined(block)]
    return [*fenced, *(line.strip() for line in joined(text) if line.startswith("    "))]


def inline_code(page: Path) -> list[str]:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


def joined(block: str) -> list[str]:
    """Split into lines; one that ends in a backslash is joined to the next."""
    return block.replace("\\\n", " ").splitlines()


def commands(lines: Iterable[str]) -> Iterator[list[str]]:
    """Find the command lines of KinMo, without comments."""
    for line in lines:
        found = re.match(rf"(?:\.venv/bin/)?((?:{'|'.join(MODULES)}) .*)", line)
        if found:
            yield shlex.split(found[1].split(" | ")[0], comments=True)


def whole_commands(page: Path) -> list[str]:
    """Find the commands that are not abbreviated, with values in place of placeholders; in prose, some are only named."""
    given = [shlex.join(command) for command in commands(code_blocks(page)) if "..." not in command]
    told = [shlex.join(command) for command in commands(inline_code(page)) if "..." not in command]
    found = [*given, *(line for line in told if not re.fullmatch(r"kinmo[a-z-]*( -{0,2}[a-z0-9]+)*", line))]
    for placeholder, value in PLACEHOLDERS.items():
        found = [re.sub(placeholder, value, line) for line in found]
    return found
