"""Every command of the pages runs, in the order of the pages, where its files are small ones that the test makes.

    make docs-check      # some 20 minutes on two cores

`tests/test_readme.py` parses the same commands in seconds. Trainings take the toy overlay here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from acclaim_take import take
from pages import PAGES, ROOT, code, commands, whole_commands
from toy_amass import write_sources
from toy_body import body_arrays, upright_poses
from toy_packs import CLIPS, DUPLICATES, OTHER_CLIPS, OTHER_DUPLICATES, OTHER_TRIALS, TRIALS, write_pack

from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import toy_dataset, walking_joints
from kinmo_core.text import Statement, Timeline
from kinmo_gen.follow.sentences import sentences

pytestmark = pytest.mark.docs

LINKED: Final = ("benchmarks", "configs", "docs", "packages", "tests", "Makefile", "uv.lock")
SECONDS: Final = 600  # that a command may take
# Commands that this test does not run.
LEFT_OUT: Final = {
    r"llama3_8b|models/(adapter|whole)": "needs the weights of LLaMA-3",
    r"annotate/llm": "asks a paid model",
    r"SIZE=humanml3d": "needs HumanML3D",
    r"make (test|docs-check|lint|format|lock|wheels|setup|bench|help|data annotate)": "is for those who work on KinMo",
    r"sample --no-plant-feet$": "is an option",
    r"\.fbx": "needs Blender",
    r"import-evaluator": "needs the published checkpoint",
    r"make reasoner": "writes into the package; kinmo-reasoner build runs",
}
# Exit codes of commands that do not end with 0: what they find, leave out or refuse.
ENDINGS: Final = {
    "kinmo data check": 1,
    "kinmo convert 01_05.amc": 3,
    "kinmo convert nope.npz": 2,
    "kinmo-gen sample --out": 2,
}
# What stands in the pages, and what the test gives in its place.
SMALLER: Final = {
    r" --config configs/overlay/\w+\.yaml": "",
    r"(kinmo-(?:gen|htma) (?:fit|validate) --config \S+)": r"\1 --config configs/overlay/toy.yaml",
    r"(kinmo-reasoner fit .*)": r"\1 --trainer.max_steps=2 --trainer.val_check_interval=1",
    r"max_steps 800": "max_steps 4",
    r"make data.*": r"make data SOURCES='A B' DATA=data/merged",
    r"make annotate compose": "make annotate",
    r"make compose": "make compose ARGS='--number 3'",
    r"(make train-.*)": r"\1 OVERLAY=toy",
    r"(kinmo-gen compose .*)": r"\1 --number 3",
    r"--draws 4": "--draws 1 --half tuned",
    r"--repeats 3": "--repeats 1",
    r"(kinmo data (?:pack|folder|humanml3d) .*--out) \S+": r"\1 made",
    r"--out (FOLDER|DIR)": "--out results",
    r"(kinmo data check|--data|--data.init_args.root) DIR": r"\1 data/cmu",
    r"(kinmo-reasoner build .*--out) results": r"\1 knowledge",
    r"follow --motions FOLDER": "follow --motions numbered",
    r"kinmo data folder DIR": "kinmo data folder mine",
    "--repository HumanML3D": "--repository repository",
    r"--sentences FILE": "--sentences tests/reasoner/sentences.yaml",
    r"--descriptions FILE": "--descriptions data/cmu/descriptions.jsonl",
    r"\b[ab]\.jsonl": "data/cmu/descriptions.jsonl",
    r"(kinmo-htma .*--model) model": r"\1 alignment",
    r"(kinmo-htma .*--out) model": r"\1 alignment",
}


def steps() -> Iterator[str]:
    """Find the commands of make and of KinMo that run, page by page; in a page, those of make come first."""
    for page in PAGES:
        made = [line.split("#")[0].strip() for line in code(page) if re.match(r"make [a-z]", line)]
        for line in (*made, *whole_commands(page)):
            if not any(re.search(pattern, line) for pattern in LEFT_OUT):
                yield smaller(line)


def smaller(line: str) -> str:
    for pattern, given in SMALLER.items():
        line = re.sub(pattern, given, line)
    return line


def printed(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Find commands that a page follows by their output, which may end in a line of dots."""
    for line, block in re.findall(r"^    (kinmo.*)\n\n```text\n([^`]*)```", page.read_text(), re.MULTILINE):
        [command] = commands([line])
        yield shlex.join(command), block.split("...\n")[0].splitlines()


PRINTED: Final = dict(found for page in PAGES for found in printed(page))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a clone of the repository, with the files that the commands read."""
    folder = tmp_path_factory.mktemp("place")
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    write_motions(folder)
    write_data(folder)
    write_sources(folder)
    (folder / "scene.txt").write_text("0 2 a person walks forward\n2 4 a person waves\n")
    told = (("body", "a person raises the left arm"), ("left_arm", "rises from beside the hip to above the head"))
    Timeline(tuple(Statement(who, 0.0, 1.0, text) for who, text in told), 2.0).save(folder / "plan.yaml")
    return folder


def write_motions(folder: Path) -> None:
    """Write single motions in the formats of the pages, and folders of them."""
    walk = Motion(walking_joints(60))
    for name in ("walk.npz", "walk.bvh", "clip.bvh", "results.npz", "mine/a.bvh", "mine/b.npz"):
        (folder / name).parent.mkdir(exist_ok=True)
        save_motion(walk, folder / name)
    (folder / "mine" / "captions.csv").write_text("file,caption\na,a person walks\nb,a person walks on\n")
    recorded = take(60)
    (folder / "01_05.asf").write_text(recorded.asf)
    (folder / "01_05.amc").write_text(recorded.amc)
    np.savez(folder / "SMPLH_NEUTRAL.npz", allow_pickle=False, **body_arrays())
    np.savez(folder / "amass_file.npz", poses=upright_poses(), trans=np.zeros((60, 3)), mocap_framerate=30.0)


def write_data(folder: Path) -> None:
    """Write two packs, and data/cmu with as many test clips as the metrics need."""
    write_pack(folder / "A", TRIALS, CLIPS, DUPLICATES)
    write_pack(folder / "B", OTHER_TRIALS, OTHER_CLIPS, OTHER_DUPLICATES)
    data = toy_dataset(folder / "data" / "cmu", clips=96)
    for name, same in (("tokenizer", "train"), ("extra", "val")):
        (data / f"{name}.txt").write_text((data / f"{same}.txt").read_text())
    (folder / "numbered").mkdir()
    for sentence in sentences():
        save_motion(Motion(walking_joints(60)), folder / "numbered" / f"{sentence.number}.npz")
    (folder / "FOLDER").mkdir()
    for id in (data / "test.txt").read_text().split():
        save_motion(Motion(walking_joints(60)), folder / "FOLDER" / f"{id}.npz")


@pytest.mark.parametrize("step", dict.fromkeys(steps()), ids=str)
def test_commands(step: str, place: Path) -> None:
    program, *words = shlex.split(step)
    scripts = place / ".venv" / "bin"
    command = ["make", "-o", "setup", *words] if program == "make" else [scripts / program, *words]
    cache = {"KINMO_CACHE": str(place / "cache")}
    if step.endswith("--out made"):
        shutil.rmtree(place / "made", ignore_errors=True)
    ended = subprocess.run(
        command, cwd=place, env=os.environ | cache, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    wanted = next((code for words, code in ENDINGS.items() if step.startswith(words)), 0)
    assert ended.returncode == wanted, ended.stderr[-3000:]
    assert ended.stdout.splitlines()[: len(PRINTED.get(step, ()))] == PRINTED.get(step, [])
