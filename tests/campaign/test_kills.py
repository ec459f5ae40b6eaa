"""Commands killed at their renames: the result is the earlier one or the new one, and the next run tidies up."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from judge import MAINS
from toy_amass import write_sources

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.features import FPS
from kinmo_core.files import atomic_path, remove_stale
from kinmo_core.io import save_motion
from kinmo_core.motion import Motion
from kinmo_core.testing import toy_dataset, walking_joints
from kinmo_core.text import Statement, Timeline

# Counts what gives a file or folder its name, and kills the process before or after one of them.
KILLER: Final = """
import ctypes, os, pathlib, signal, sys
when, at, program, *words = sys.argv[1:]
count = 0
def counted(call):
    def wrapped(*arguments, **options):
        global count
        count += 1
        if when == "before" and count == int(at): os.kill(os.getpid(), signal.SIGKILL)
        done = call(*arguments, **options)
        if when == "after" and count == int(at): os.kill(os.getpid(), signal.SIGKILL)
        return done
    return wrapped
for name in ("replace", "rename"):
    setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))
import kinmo_core.files
kinmo_core.files._exchange = counted(kinmo_core.files._exchange)
from importlib import import_module
try:
    import_module(program).main(words)
finally:
    print("renames", count, file=sys.stderr)
"""


def run(when: str, at: int, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    program, *words = command
    code = [sys.executable, "-c", KILLER, when, str(at), MAINS[program], *words]
    return subprocess.run(code, cwd=folder, capture_output=True, text=True, timeout=300)


def state(folder: Path) -> dict[str, str]:
    """Return the hash of every file that a reader of the result would open."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def killed_everywhere(first: list[str], second: list[str], result: str, folder: Path) -> None:
    """Kill the second command at every rename; the result of the first or of the second must be there, and nothing else."""
    assert run("never", 0, second, folder).returncode == 0
    wanted = state(folder / result)
    shutil.rmtree(folder / result)
    ended = run("never", 0, first, folder)
    assert ended.returncode == 0, ended.stderr
    old = state(folder / result)
    renames = int(run("never", 0, second, folder).stderr.rsplit(maxsplit=1)[-1])
    assert renames > 0
    for at in range(1, renames + 1):
        for when in ("before", "after"):
            shutil.rmtree(folder / result)
            assert run("never", 0, first, folder).returncode == 0
            assert run(when, at, second, folder).returncode == -signal.SIGKILL
            assert state(folder / result) in (old, wanted), f"{when} rename {at}"
            ended = run("never", 0, second, folder)
            assert ended.returncode == 0, ended.stderr
            assert state(folder / result) == wanted
            assert not list(folder.rglob(".kinmo-*")), f"{when} rename {at}"


@pytest.fixture
def motions(tmp_path: Path) -> Path:
    """Two folders of different motions."""
    for name, speed in (("one", 0.4), ("two", 1.2)):
        (tmp_path / name).mkdir()
        for number in range(2):
            motion = Motion(walking_joints(50, speed=speed, seed=number))
            save_motion(motion, tmp_path / name / f"{number}.npz")
    return tmp_path


def test_a_file(motions: Path) -> None:
    (motions / "out").mkdir()
    command = ["kinmo", "convert", "one/0.npz", "out/a.bvh"]
    assert run("never", 0, command, motions).returncode == 0
    old = state(motions / "out")
    assert run("before", 1, ["kinmo", "convert", "two/0.npz", "out/a.bvh"], motions).returncode == -signal.SIGKILL
    assert {name: value for name, value in state(motions / "out").items() if ".kinmo-" not in name} == old
    assert run("never", 0, command, motions).returncode == 0
    assert state(motions / "out") == old


@pytest.mark.slow
def test_an_index(motions: Path) -> None:
    first, second = (["kinmo-htma", "index", name, "--out", "out/index"] for name in ("one", "two"))
    killed_everywhere(first, second, "out/index", motions)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_data_set(when: str, motions: Path) -> None:
    """It goes to a new folder only; what `kinmo data pack` writes goes the same way."""
    (motions / "one" / "captions.csv").write_text("file,caption\n0.npz,a person walks\n1.npz,a person walks on\n")
    command = ["kinmo", "data", "folder", "one", "--out", "out/data"]
    ended = run("never", 0, command, motions)
    assert ended.returncode == 0, ended.stderr
    wanted, renames = state(motions / "out"), int(ended.stderr.rsplit(maxsplit=1)[-1])
    for at in range(1, renames + 1):
        shutil.rmtree(motions / "out")
        assert run(when, at, command, motions).returncode == -signal.SIGKILL
        if not (motions / "out" / "data").exists():
            assert run("never", 0, command, motions).returncode == 0
        assert {name: value for name, value in state(motions / "out").items() if ".kinmo-" not in name} == wanted
        remove_stale.cache_clear()  # as in a new process
        with atomic_path(motions / "out" / "next.txt") as path:
            path.touch()
        assert sorted(path.name for path in (motions / "out").iterdir()) == ["data", "next.txt"]


REBUILD: Final = shlex.split(
    "kinmo data humanml3d --amass amass --smplh smplh --repository repository --out set --jobs 1"
)


# The settings, the first clip, one in the middle, and the folder.
@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("after", 2),
        *(
            pytest.param(*kill, marks=pytest.mark.slow)
            for kill in (("before", 1), ("after", 1), ("before", 5), ("before", 9), ("after", 9))
        ),
    ],
)
def test_a_rebuilt_data_set(when: str, at: int, tmp_path: Path) -> None:
    write_sources(tmp_path)
    ended = run("never", 0, REBUILD, tmp_path)
    assert ended.stderr.endswith("renames 9\n"), ended.stderr
    wanted = state(tmp_path / "set")
    shutil.rmtree(tmp_path / "set")
    assert run(when, at, REBUILD, tmp_path).returncode == -signal.SIGKILL
    assert (tmp_path / "set").exists() == ((when, at) == ("after", 9))
    if not (tmp_path / "set").exists():
        assert run("never", 0, REBUILD, tmp_path).returncode == 0
    assert state(tmp_path / "set") == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["amass", "repository", "set", "smplh"]


@pytest.fixture
def composable(tmp_path: Path) -> Path:
    """A data set with timelines."""
    folder = toy_dataset(tmp_path / "data")
    described = []
    for id in (folder / "train.txt").read_text().split():
        frames = len(np.load(folder / "new_joint_vecs" / f"{id}.npy"))
        plan = Timeline((Statement("left_arm", 0.0, 1.0, "rises"),), frames / FPS)
        described.append(json.dumps({"id": id, "timeline": plan.to_json()}) + "\n")
    (folder / "descriptions.jsonl").write_text("".join(described), encoding="utf-8")
    return folder


# The first motion, the last one, and the list.
@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("after", 1),
        *(
            pytest.param(*kill, marks=pytest.mark.slow)
            for kill in (("before", 1), ("after", 2), ("before", 3), ("after", 3))
        ),
    ],
)
def test_composed_motions(when: str, at: int, composable: Path) -> None:
    def composed(number: int, seed: int) -> list[str]:
        return ["kinmo-gen", "compose", "--data", "data", "--number", str(number), "--seed", str(seed)]

    first, second = composed(3, 0), composed(2, 1)
    assert run("never", 0, second, composable.parent).returncode == 0
    wanted = state(composable)
    assert run("never", 0, first, composable.parent).returncode == 0
    assert run(when, at, second, composable.parent).returncode == -signal.SIGKILL
    folder = HumanML3DFolder(composable)
    for split in composable.glob("*.txt"):
        assert all(folder.samples_of(id, captions="optional") for id in folder.ids(split.stem)), split
    assert run("never", 0, second, composable.parent).returncode == 0
    assert state(composable) == wanted
    assert not list(composable.rglob(".kinmo-*"))


@pytest.mark.slow
def test_a_model(tmp_path: Path) -> None:
    spec = find_spec("kinmo_gen")
    assert spec is not None
    assert spec.origin is not None
    shipped = str(Path(spec.origin).parent / "weights" / "cmu")
    first = ["kinmo-gen", "export", "--tokenizer", shipped, "--out", "out/model"]
    killed_everywhere(first, [*first, "--length", shipped, "--guidance", "2"], "out/model", tmp_path)


SAMPLE: Final = ["kinmo-gen", "sample", "a person waves", "--seconds", "1", "--num", "2", "--seed", "0", "--out", "out"]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two motions in four formats, sampled without a kill."""
    folder = tmp_path_factory.mktemp("sampled")
    ended = run("never", 0, SAMPLE, folder)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith("renames 8\n")
    return state(folder / "out")


def goes_on(folder: Path, sampled: dict[str, str], *, files: int | None = None) -> None:
    """Check that what a killed sampling left is whole, and that the next one writes the rest and tidies up."""
    left = {name: value for name, value in state(folder).items() if ".kinmo-" not in name}
    assert left.items() <= {f"out/{name}": value for name, value in sampled.items()}.items()
    assert files is None or len(left) == files
    assert run("never", 0, SAMPLE, folder).returncode == 0
    assert state(folder) == {f"out/{name}": value for name, value in sampled.items()}


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("before", 3),  # while the film of the first motion gets its name
        *(
            pytest.param(when, at, marks=pytest.mark.slow)
            for at in range(1, 9)
            for when in ("before", "after")
            if (when, at) != ("before", 3)
        ),
    ],
)
def test_samples(when: str, at: int, sampled: dict[str, str], tmp_path: Path) -> None:
    assert run(when, at, SAMPLE, tmp_path).returncode == -signal.SIGKILL
    goes_on(tmp_path, sampled, files=at - (when == "before"))


@pytest.mark.slow
@pytest.mark.parametrize("share", np.random.default_rng(1).uniform(0.3, 1, 6).round(2).tolist())
def test_samples_at_a_random_moment(share: float, sampled: dict[str, str], tmp_path: Path) -> None:
    start = time.monotonic()
    assert run("never", 0, SAMPLE, tmp_path).returncode == 0
    seconds = share * (time.monotonic() - start)
    shutil.rmtree(tmp_path / "out")
    code = [sys.executable, "-c", KILLER, "never", "0", MAINS[SAMPLE[0]], *SAMPLE[1:]]
    process = subprocess.Popen(code, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(seconds)
    process.kill()  # ffmpeg lives on for a moment, as with a kill of the out-of-memory killer
    process.communicate()
    goes_on(tmp_path, sampled)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", np.random.default_rng(0).uniform(1, 14, 6).round(2).tolist())
def test_a_training_at_a_random_moment(seconds: float, tmp_path: Path) -> None:
    data, root = toy_dataset(tmp_path / "data"), Path(__file__).resolve().parents[2]
    sizes = {"width": 16, "code_dim": 8, "codes": 16}
    command = [sys.executable, "-c", "from kinmo_gen.cli import main; main()", "fit"]
    command += ["--config", f"{root}/configs/gen/tokenizer_cmu.yaml", "--config", f"{root}/configs/overlay/toy.yaml"]
    command += ["--data.init_args.root", str(data), "--trainer.default_root_dir", str(tmp_path / "run")]
    command += [f"--model.init_args.network.{name}={size}" for name, size in sizes.items()]
    process = subprocess.Popen([*command, "--trainer.max_steps=1000"], stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = int(_step(tmp_path / "run" / "last.ckpt"))
    ended = subprocess.run([*command, f"--trainer.max_steps={done + 4}"], capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr
    assert _step(tmp_path / "run" / "last.ckpt") == done + 4
    assert not list(tmp_path.rglob(".kinmo-*"))
    assert (tmp_path / "run" / "curves.csv").read_text().count("\n") > 1


def _step(path: Path) -> int:
    from kinmo_core.model_folder import load_training_checkpoint

    return load_training_checkpoint(path)["global_step"] if path.is_file() else 0
