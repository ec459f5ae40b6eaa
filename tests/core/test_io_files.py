"""Files by suffix: .npz and .npy round trips, foreign and broken files, and writes that fail half-way."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import encode_raw
from kinmo_core.files import atomic_path
from kinmo_core.io import WRITABLE, check_writable, load_motion, save_motion
from kinmo_core.io.npz import save_npy
from kinmo_core.motion import Motion


@pytest.fixture
def clip(walking: Tensor) -> Motion:
    return Motion(walking, fps=25.0, text="a person walks: über die Brücke")


def test_npz_round_trip_is_exact(clip: Motion, tmp_path: Path) -> None:
    save_motion(clip, tmp_path / "a.npz")
    back = load_motion(tmp_path / "a.npz")
    assert torch.equal(back.joints, clip.joints)
    assert (back.fps, back.text) == (clip.fps, clip.text)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["fps", "joints", "text", "version"]
        assert arrays["joints"].dtype == np.float32


def test_npy_joints_round_trip(clip: Motion, tmp_path: Path) -> None:
    at_twenty = clip.resample(20.0)
    save_motion(at_twenty, tmp_path / "a.NPY")
    back = load_motion(tmp_path / "a.NPY")
    assert torch.equal(back.joints, at_twenty.joints)
    assert back.fps == 20


def test_npy_features_give_the_joints(walking: Tensor, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", encode_raw(walking).numpy())
    back = load_motion(tmp_path / "a.npy")
    assert back.joints.shape == (59, 22, 3)
    torch.testing.assert_close(encode_raw(back.joints)[:, :67], encode_raw(walking)[:58, :67], atol=1e-4, rtol=0)


def test_save_npy_as_features_resamples_to_twenty(clip: Motion, tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match="resampled from 25 to 20 fps"):
        save_npy(clip, tmp_path / "a.npy", features=True)
    assert np.load(tmp_path / "a.npy").shape == (len(clip.resample(20.0)) - 1, 263)


@pytest.mark.parametrize("length", [0, 1, 60, 2000])
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_truncated_files(clip: Motion, tmp_path: Path, suffix: str, length: int) -> None:
    path = tmp_path / f"a{suffix}"
    save_motion(clip.resample(20.0), path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=f"a{suffix}: not a readable NumPy file"):
        load_motion(path)


def test_damaged_npz(clip: Motion, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_motion(clip, path)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a readable NumPy file"):
        load_motion(path)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", joints=np.array([{}], dtype=object), fps=20, version=1)
    with pytest.raises(InputError, match="Python objects"):
        load_motion(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"one": np.zeros(3), "two": 3}, r"must hold joints, as one of .*; it holds one \(3,\), two \(\)"),
        ({"joints": np.zeros((4, 21, 3)), "fps": 20, "version": 1}, r"shape \(frames, 22, 3\), got \(4, 21, 3\)"),
        ({"joints": np.zeros((0, 22, 3)), "fps": 20, "version": 1}, "at least one frame"),
        ({"joints": np.full((1, 22, 3), np.nan), "fps": 20, "version": 1}, "finite"),
        ({"joints": np.zeros((1, 22, 3)), "fps": 0, "version": 1}, "fps must be between 0.1 and 1,000, got 0"),
        (
            {"joints": np.zeros((1, 22, 3)), "fps": [1, 2], "version": 1},
            r"fps must be a single number, got int64 \(2,\)",
        ),
        ({"joints": np.zeros((1, 22, 3)), "fps": "x", "version": 1}, "fps must be a single number, got <U1"),
        ({"joints": np.full((1, 22, 3), "x"), "fps": 20, "version": 1}, "joints must be numbers, got <U1"),
        ({"joints": np.zeros((1, 22, 3)), "fps": 20, "version": 2}, "version 2; this KinMo reads up to version 1"),
    ],
)
def test_foreign_npz(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=False, **{name: np.asarray(value) for name, value in arrays.items()})
    with pytest.raises(InputError, match=message) as caught:
        load_motion(tmp_path / "a.npz")
    assert "a.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(10, 3), (22, 3), (10, 20, 3), (263,), (2, 10, 263), ()])
def test_npy_of_another_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(InputError, match=r"wanted joints \(frames, 22, 3\) or features \(frames, 263\)"):
        load_motion(tmp_path / "a.npy")


def test_archive_named_npy(clip: Motion, tmp_path: Path) -> None:
    save_motion(clip, tmp_path / "a.npz")
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(InputError, match=r"name it \.npz"):
        load_motion(tmp_path / "a.npy")


@pytest.mark.parametrize("name", ["a.dae", "a", "a.npz.bak", "a.mp4"])
def test_unknown_suffix_lists_the_readable_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot read .*must be one of \.npz, \.npy, \.bvh, .*, got"):
        load_motion(tmp_path / name)


def test_unknown_suffix_lists_the_writable_ones(clip: Motion, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"cannot write .*\.npz, \.npy, \.csv, \.bvh, \.glb, \.fbx, \.mp4, \.gif, \.png, got \.dae"
    ):
        save_motion(clip, tmp_path / "a.dae")


def test_missing_file_and_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*a\.npz: No such file"):
        load_motion(tmp_path / "a.npz")
    (tmp_path / "b.bvh").mkdir()
    with pytest.raises(InputError, match=r"cannot read .*b\.bvh: Is a directory"):
        load_motion(tmp_path / "b.bvh")


@pytest.fixture
def stand_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a script that copies stand for Blender, which a `.fbx` needs."""
    script = tmp_path_factory.mktemp("stand_in") / "python"
    script.write_text('#!/bin/sh\ncp "$3" "$4"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("KINMO_BLENDER", str(script))


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("suffix", WRITABLE)
def test_every_writer_needs_a_folder(clip: Motion, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match=r"cannot write .*nowhere"):
        save_motion(clip, tmp_path / "nowhere" / f"a{suffix}")
    with pytest.raises(InputError, match=r"cannot write .*nowhere"):
        check_writable(tmp_path / "nowhere" / f"a{suffix}")
    check_writable(tmp_path / f"a{suffix}")


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("suffix", WRITABLE)
def test_full_disk_leaves_the_old_file(
    clip: Motion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        save_motion(Motion(clip.joints[:3]), path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_atomic_path_removes_the_rest_of_a_failure(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            assert temporary.suffix == ".txt"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_atomic_path_gives_ordinary_rights(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    (tmp_path / "b.txt").write_text("whole")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_a_folder_is_no_file(clip: Motion, tmp_path: Path) -> None:
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        save_motion(clip, tmp_path / "a.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
