"""What the pages say is true: targets, commands and options exist, links lead somewhere, Python examples run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from pathlib import Path

import pytest
from pages import MODULES, PAGES, ROOT, blocks, code, commands, name, whole_commands

from kinmo_core.text import Timeline

PREPARE = (
    "from kinmo_core.io import save_motion; from kinmo_core.motion import Motion; "
    "from kinmo_core.testing import walking_joints; save_motion(Motion(walking_joints(30)), 'walk.bvh')\n"
)


COMMANDS = sorted({line for page in PAGES for line in whole_commands(page)})


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    lines = re.findall(r"(?:^ *|`)make ([a-z -]+)", page.read_text(), flags=re.MULTILINE)
    assert {name for line in lines for name in line.split()} <= targets


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_local_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_of_the_repository_exist(page: Path) -> None:
    for path in re.findall(r"\b(?:configs|benchmarks|docs|tests)/[\w/]+\.(?:yaml|py|md)\b", page.read_text()):
        assert re.search("STAGE|OVERLAY", path) or (ROOT / path).is_file(), path


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_modules_exist(page: Path) -> None:
    for dotted in re.findall(r"\b(kinmo_(?:core|annotate|reasoner|htma|gen)(?:\.\w+)*)", page.read_text()):
        module, *rest = dotted.split(".")
        found = import_module(module)
        for part in rest:
            module = f"{module}.{part}"
            found = getattr(found, part) if hasattr(found, part) else import_module(module)


@pytest.mark.parametrize("command", sorted(MODULES))
def test_subcommands_exist(command: str) -> None:
    program = Path(sys.executable).with_name(command)
    helped = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for page in PAGES:
        for found in commands(code(page)):
            assert found[0] != command or re.search(rf"(^|[\s,{{]){found[1]}\b", helped), f"{page}: {found}"


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_commands_exist(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(command)

    def parse(
        _: str,
        parser: Callable,
        given: Sequence[str],
        *,
        lightning: Collection[str] = (),
        trainer: str = "kinmo_core.train.cli",
    ) -> None:
        if given[0] not in lightning:
            # Files of the reader, which the parser looks for; this one is there.
            made = {".bvh", ".amc", ".glb", ".fbx", ".c3d", ".npz", ".npy", ".yaml", ".txt"}
            parser().parse_args([__file__ if Path(word).suffix in made else word for word in given])
            return
        with pytest.raises(SystemExit) as stopped:
            import_module(trainer).main([*given, "--print_config"])
        assert not stopped.value.code

    cli = import_module(f"{MODULES[program]}.cli")
    monkeypatch.setattr(cli, "run_command", parse)
    monkeypatch.setattr(sys, "argv", [program])
    cli.main(arguments)


WITH_CODE = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_python_examples_run(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    code = PREPARE + "\n".join(blocks(page, "python"))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def write_files(page: Path, folder: Path) -> list[Path]:
    """Write the YAML examples of a page that begin with the name of their file."""
    found = [(re.match(r"# (\w+\.yaml)\n", block), block) for block in blocks(page, "yaml")]
    paths = [(folder / match[1], block) for match, block in found if match]
    for path, block in paths:
        path.write_text(block)
    return [path for path, _ in paths]


def test_the_example_of_a_timeline_can_be_read(tmp_path: Path) -> None:
    page = ROOT / "docs" / "timeline.md"
    [by_hand] = write_files(page, tmp_path)
    timeline = Timeline.load(by_hand)
    assert [statement.sentence for statement in timeline.of("right_arm")] == ["waves three times beside the head"]
    for number, block in enumerate(blocks(page, "json")):
        (tmp_path / f"{number}.json").write_text(block)
        assert Timeline.load(tmp_path / f"{number}.json").statements
