"""Folders that change all at once, what killed processes leave, and names that stay in their folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_folder, atomic_path, cache_folder, check_name, read_bytes, remove_stale

WRITER = """
import sys, time
from pathlib import Path
from kinmo_core.files import atomic_folder, atomic_path
if sys.argv[1] == "folder":
    writing = atomic_folder(sys.argv[2], marker="m")
else:
    writing = atomic_path(sys.argv[2])
with writing as new:
    (new / "m" if sys.argv[1] == "folder" else new).write_text("half")
    print("half", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Forget which folders were searched for leftovers, as a new process does."""
    remove_stale.cache_clear()


def write(folder: Path, **content: str) -> None:
    with atomic_folder(folder, marker="m", own=("*.own",)) as new:
        for name, text in content.items():
            (new / name.replace("_", ".")).write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_replaced_as_a_whole_and_keeps_what_others_put_there(tmp_path: Path) -> None:
    write(tmp_path / "new" / "a", m="1", x_own="1", y_own="1")
    (tmp_path / "new" / "a" / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "new" / "a" / "notes" / "deep" / "n.txt").write_text("mine")
    (tmp_path / "new" / "a" / "README.md").write_text("card")
    write(tmp_path / "new" / "a", m="2", x_own="2")
    assert content(tmp_path / "new") == {
        "a/m": "2",
        "a/x.own": "2",
        "a/notes/deep/n.txt": "mine",
        "a/README.md": "card",
    }
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "new" / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "disk")
    write(tmp_path / "a", m="1")
    write(tmp_path / "a", m="2")
    assert (tmp_path / "a").is_symlink()
    assert content(tmp_path / "disk") == {"m": "2"}


@pytest.mark.parametrize("block", ["folder", "file"])
def test_nothing_is_replaced_by_a_failure(block: str, tmp_path: Path) -> None:
    write(tmp_path / "a", m="1")
    writing = atomic_folder(tmp_path / "a", marker="m") if block == "folder" else atomic_path(tmp_path / "a" / "m")

    def interrupted() -> None:
        with writing as new:
            (new / "m" if block == "folder" else new).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert content(tmp_path) == {"a/m": "1"}


def test_other_folders_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(InputError, match=r"cannot write .*: it holds other files and no m; want a new or empty folder"):
        write(tmp_path, m="1")
    with pytest.raises(InputError, match=r"photo.jpg: it is not a folder"):
        write(tmp_path / "photo.jpg", m="1")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_without_exchange_the_folder_is_replaced_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a", m="1", old_txt="kept")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    write(tmp_path / "a", m="2")
    assert content(tmp_path) == {"a/m": "2", "a/old.txt": "kept"}
    (tmp_path / "a.old").mkdir()
    with pytest.raises(InputError, match=r"a.old is in the way"):
        write(tmp_path / "a", m="3")
    assert content(tmp_path / "a") == {"m": "2", "old.txt": "kept"}


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_next_process_removes_what_a_killed_one_left_and_nothing_else(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, kind, str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        (tmp_path / ".kinmo-not-a-folder").touch()
        remove_stale(tmp_path)
        assert len(list(tmp_path.glob(".kinmo-*/a"))) == 1, "the process is alive"
        process.kill()
    remove_stale.cache_clear()
    with atomic_path(tmp_path / "b.txt") as path:
        path.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kinmo-not-a-folder", "b.txt"]


def test_a_folder_is_searched_for_leftovers_once(tmp_path: Path) -> None:
    remove_stale(tmp_path)
    (tmp_path / ".kinmo-x").mkdir()
    start = time.perf_counter()
    for number in range(100):
        with atomic_path(tmp_path / f"{number}.txt") as path:
            path.touch()
    assert time.perf_counter() - start < 5
    assert (tmp_path / ".kinmo-x").is_dir()


def test_a_full_disk_names_the_path_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, torch; from pathlib import Path; from kinmo_core.model_folder import save_tensors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"save_tensors({{'a': torch.zeros(5000)}}, Path({str(tmp_path / 'w.safetensors')!r}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "InputError: cannot write" in run.stderr
    assert "w.safetensors: " in run.stderr
    assert "File too large" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_the_reason_is_the_true_one(tmp_path: Path) -> None:
    (tmp_path / "a").touch(mode=0o000)
    with pytest.raises(InputError, match=r"Permission denied"):
        read_bytes(tmp_path / "a")


def test_caches_are_in_the_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINMO_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/kinmo")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder() == Path("/caches/kinmo")
    monkeypatch.setenv("KINMO_CACHE", "/moved")
    assert cache_folder() == Path("/moved")
    assert cache_folder("/chosen") == Path("/chosen")


@pytest.mark.parametrize("name", ["000021", "M000021", "a b", "S01_01_00000", "Straße", "v1.2", "a..b", "nullable"])
def test_names(name: str) -> None:
    assert check_name(name, what="id") == name
    assert check_name(f"walks/{name}", what="id", folders=True) == f"walks/{name}"


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "...", "../evil", "../../../evil", "/etc/passwd", "a/../../b", "a/", "//a", "C:", "c:evil",
        "C:\\evil", "..\\evil", "a\0b", "a\nb", "\x1b[2J", "CON", "nul", "aux.npy", "COM1", "lpt9.txt", "x" * 201, "ä" * 101,
        None, 5, ["a"],
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere(name: object) -> None:
    with pytest.raises(InputError, match=r"id must be the name of a file, without \.\., .*, got "):
        check_name(name, what="id")
    with pytest.raises(InputError, match="id must be"):
        check_name(name, what="id", folders=True)
    with pytest.raises(InputError, match="id must be"):
        check_name(f"a/{name}" if isinstance(name, str) and name != "a/b" else name, what="id")
