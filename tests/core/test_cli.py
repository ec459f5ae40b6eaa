"""The command `kinmo`, as a process where the process matters, else by its entry point."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch
from torch import Tensor

import kinmo_core.data.merge
from kinmo_core.cli import main
from kinmo_core.doctor import ABILITIES, Ability
from kinmo_core.io import load_motion, save_motion
from kinmo_core.motion import Motion


@pytest.fixture
def source(walking: Tensor, tmp_path: Path) -> Path:
    save_motion(Motion(walking[:8], text="a person walks"), tmp_path / "walk.npz")
    return tmp_path / "walk.npz"


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail; its one line on stderr."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("kinmo: error: ")
    return captured.err


def test_convert_to_every_format(source: Path) -> None:
    for suffix in ("npz", "npy", "bvh", "glb", "mp4", "gif", "png"):
        target = source.with_name(f"out.{suffix}")
        main(["convert", str(source), str(target)])
        assert target.stat().st_size > 100


def test_convert_resamples(source: Path) -> None:
    main(["convert", str(source), str(source.with_name("out.npz")), "--fps", "60"])
    motion = load_motion(source.with_name("out.npz"))
    assert (motion.fps, len(motion), motion.text) == (60, 22, "a person walks")


@pytest.mark.parametrize("fps", ["0", "-1", "nan", "inf"])
def test_convert_refuses_a_frame_rate(source: Path, fps: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--fps must be a number between 0.1 and 1,000" in fails(capsys, "convert", source, source, f"--fps={fps}")


def test_errors_are_one_line(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    assert "No such file" in fails(capsys, "convert", tmp_path / "none.npz", tmp_path / "a.bvh")
    assert "bad.npz" in fails(capsys, "convert", tmp_path / "bad.npz", tmp_path / "a.bvh")
    assert ".dae" in fails(capsys, "convert", source, tmp_path / "a.dae")
    assert ".mp4, .gif, .png" in fails(capsys, "render", source, tmp_path / "a.bvh")
    assert "nowhere" in fails(capsys, "render", source, tmp_path / "nowhere" / "a.mp4")
    assert "--poses must be between 1 and 200, got 0" in fails(
        capsys, "render", source, tmp_path / "a.png", "--poses", 0
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.npz", "walk.npz"]


def test_render_takes_poses_and_text(source: Path) -> None:
    sizes = []
    for poses, text in ((2, "short"), (6, "short"), (2, "long " * 40)):
        main(["render", str(source), str(source.with_name("a.png")), "--poses", str(poses), "--text", text])
        from PIL import Image

        with Image.open(source.with_name("a.png")) as image:
            sizes.append(image.size)
    assert sizes[1][0] > 2 * sizes[0][0]
    assert sizes[2][1] > sizes[0][1]


@pytest.mark.parametrize("flag", ["keep-flagged", "keep-extrapolated", "full"])
def test_data_pack_passes_its_options_on_and_says_what_was_done(
    monkeypatch: pytest.MonkeyPatch, flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
    left_out = {
        "flagged_train_clips": ["000001", "000002"],
        "clips_with_nothing_left": ["000005"],
        "trimmed_clips": 3,
        "flagged_recordings": 4,
        "short_recordings": 5,
        "extrapolated_frames": 66,
        "held_out_frames": 1777,
        "short_stretch_frames": 88,
    }
    entry = {
        "licence": "free",
        "recordings": 1234,
        "recording_hours": 5.0171,
        "clips": {"train": 1000, "val": 2, "test": 3},
        "clip_hours": 1.5,
        "captions": 99,
        "stretches": 77,
        "stretch_hours": 0.25,
        "captioned_stretches_of_recordings_without_clip": 11,
        "left_out": left_out,
    }

    def write_dataset(*args: object, **kwargs: object) -> dict[str, object]:
        calls.append((args, kwargs))
        sources = [entry | {"name": "ONE", "credit": "Thanks to one"}, entry | {"name": "mine", "credit": ""}]
        return {"ids_per_list": {"train": 2000, "test": 4}, "sources": sources}

    monkeypatch.setattr(kinmo_core.data.merge, "write_dataset", write_dataset)
    main(["data", "pack", "--source", "a", "--source", "b", "--out", str(tmp_path), f"--{flag}"])
    (arguments, options), *_ = calls
    assert arguments == ([Path("a"), Path("b")], tmp_path)
    wanted = {name: name.replace("_", "-") == flag for name in ("keep_flagged", "keep_extrapolated", "full")}
    assert {name: options[name] for name in wanted} == wanted
    said = capsys.readouterr().out
    rows = {name: cells for name, *cells in (re.split(r"\s{2,}", line.strip()) for line in said.splitlines()[:15])}
    assert rows["without mirrored copies"] == ["ONE", "mine"]
    assert rows["clips of train / val / test"] == ["1,000 / 2 / 3"] * 2
    assert rows["recordings"] == ["1,234 (5.02 h)"] * 2
    assert rows["not in stretches: held-out frames"] == ["1,777"] * 2
    assert "ONE: Thanks to one (free)" in said
    assert "mine:" not in said
    assert "train 2,000, test 4" in said


def test_data_pack_without_a_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = fails(capsys, "data", "pack", "--source", tmp_path / "none", "--out", tmp_path / "out")
    assert "has no joints.npz" in said
    assert list(tmp_path.iterdir()) == []


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    versions, abilities = capsys.readouterr().out.split("\n\n")
    rows = dict(line.split(maxsplit=1) for line in versions.splitlines())
    assert rows["torch"] == torch.__version__
    assert rows["ffmpeg"].startswith("usable")
    assert {"python", "kinmo-core", "GPU"} <= rows.keys()
    assert re.search(r"^convert and draw motions +yes$", abilities, flags=re.MULTILINE)
    assert len(abilities.splitlines()) == len(ABILITIES)


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.what)
def test_doctor_names_a_pip_line_that_brings_what_is_missing(ability: Ability, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    wanted = f"no, without {', '.join(ability.modules)}: pip install '{ability.install}'"
    assert ability.state() == wanted
    package, extra = re.fullmatch(r"([a-z-]+)(?:\[(\w+)\])?", ability.install).groups()  # type: ignore[union-attr]
    assert extra is None or extra in (metadata.metadata(package).get_all("Provides-Extra") or [])


def test_doctor_reports_what_is_broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    main(["doctor"])
    assert "ffmpeg          not usable: FileNotFoundError" in capsys.readouterr().out


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys; from kinmo_core.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'numpy', 'matplotlib', 'scipy'} & set(sys.modules), 'heavy'"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    for command in ("convert", "render", "data", "doctor"):
        assert command in run.stdout
