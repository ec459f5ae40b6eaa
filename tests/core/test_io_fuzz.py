"""Damaged and hostile files for every reader: a motion or one clear line, no other exception, nothing large in memory.

The short run takes seconds; `pytest -m slow` goes on for ten minutes with other random numbers.
"""

from __future__ import annotations

import io
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from acclaim_take import take
from c3d_take import pack, recording

from kinmo_core.data.caption_file import read_caption_file
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import encode_raw
from kinmo_core.io import load_motion, save_motion
from kinmo_core.io.smpl import load_body
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions
from kinmo_core.testing import walking_joints

ROUNDS = 80  # of random damage in the default run, 2 s; the same damage in each run
LONG = 600.0  # s
MEMORY = 100 * 2**20  # bytes that reading a small file may take at most

TREES = (".bvh", ".asf", ".amc", ".glb", ".c3d")
TAKE = take(6)
CAPTIONS = b"file,caption,start,end\na,a person walks,0,1\nb,sits down,,\n"
JSON_LINES = b'{"file": "a", "caption": "a person walks"}\n{"file": "b", "captions": ["sits"], "start": 1, "end": 2}\n'


def npz(**arrays: object) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=True, **{name: np.asarray(array) for name, array in arrays.items()})
    return content.getvalue()


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A good file for each reader, by its name."""
    folder, joints = tmp_path_factory.mktemp("good"), walking_joints(12)
    found = {}
    for name in ("own.npz", "smpl.amass.npz", "joints.npy", "tree.bvh", "figure.glb"):
        save_motion(Motion(joints), folder / name)
        found[name] = (folder / name).read_bytes()
    tree = np.stack([[-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19], np.arange(22)])
    rng = np.random.default_rng(0)
    body = {
        "v_template": rng.normal(size=(30, 3)),
        "shapedirs": rng.normal(size=(30, 3, 2)),
        "J_regressor": np.ones((22, 30)),
    }
    return found | {
        "posed.npz": npz(posed_joints=joints, fps=30.0),
        "features.npy": npy(encode_raw(joints).numpy()),
        "flat.npy": npy(joints.numpy().reshape(12, 66).astype(np.float16)),
        "kit.npy": npy(rng.normal(size=(12, 251))),
        "body.npz": npz(kintree_table=tree, **body),
        "captions.csv": CAPTIONS,
        "captions.jsonl": JSON_LINES,
        "take.asf": TAKE.asf.encode(),
        "take.amc": TAKE.amc.encode(),
        "markers.c3d": pack(recording(6)[0]),
    }


NAMES = (
    "own.npz", "smpl.amass.npz", "joints.npy", "tree.bvh", "posed.npz", "features.npy", "flat.npy", "kit.npy", "body.npz",
    "captions.csv", "captions.jsonl", "take.asf", "take.amc", "figure.glb",
    "markers.c3d",
)  # fmt: skip


def read_asf(path: Path) -> object:
    motion = path.with_name("good.amc")
    motion.write_text(TAKE.amc)
    return load_motion(motion, ReadOptions(skeleton=path))


def read_amc(path: Path) -> object:
    skeleton = path.with_name("good.asf")
    skeleton.write_text(TAKE.asf)
    return load_motion(path, ReadOptions(skeleton=skeleton))


def reader(name: str) -> Callable[[Path], object]:
    special = {"body.npz": load_body, "take.asf": read_asf, "take.amc": read_amc}
    return read_caption_file if name.startswith("captions") else special.get(name, load_motion)


def read(path: Path, name: str) -> str:
    """Read a file; the one line of the error, "" if there is none. Any other exception fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DataWarning)
        try:
            reader(name)(path)
        except InputError as error:
            said = str(error)
        else:
            return ""
    assert "\n" not in said
    assert path.name in said or name.endswith(TREES)  # of a joint at infinity the line names the frame alone
    return said


@pytest.mark.parametrize("name", NAMES)
def test_files_cut_at_each_tenth(samples: dict[str, bytes], tmp_path: Path, name: str) -> None:
    content, path = samples[name], tmp_path / name
    path.write_bytes(content)
    assert read(path, name) == ""
    for tenth in range(10):
        path.write_bytes(content[: len(content) * tenth // 10])
        said = read(path, name)
        assert said or name.endswith((".csv", ".jsonl", ".bvh", ".amc"))  # a text may end after any of its lines
        assert said or tenth > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "cp037", "base64", "nul"])
def test_other_encodings(samples: dict[str, bytes], tmp_path: Path, name: str, encoding: str) -> None:
    import base64

    content = samples[name]
    encoders: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64encode, "nul": lambda raw: bytes(len(raw))}
    other = encoders.get(encoding, lambda raw: raw.decode("latin-1").encode(encoding, errors="replace"))(content)
    (tmp_path / name).write_bytes(other)
    assert read(tmp_path / name, name) or name.endswith((".bvh", ".asf", ".amc"))


OBJECT = np.array({"joints": [1, 2, 3]}, dtype=object)
HOSTILE = {
    "object.npy": npy(OBJECT),
    "objects.npz": npz(joints=np.array([1, "x", None], dtype=object), fps=20, version=1),
    "object_fps.npz": npz(joints=np.zeros((3, 22, 3)), fps=OBJECT, version=1),
    "poses.npz": npz(poses=OBJECT, trans=np.zeros((3, 3)), mocap_framerate=30),
    "strings.npy": npy(np.array(["a", "b"])),
    "dates.npy": npy(np.zeros((3, 22, 3), dtype="datetime64[s]")),
    "records.npy": npy(np.zeros(3, dtype=[("x", "f4"), ("y", "f4")])),
    "void.npy": npy(np.zeros((3, 22, 3), dtype="V8")),
    "empty.npz": npz(),
    "nothing.npy": b"",
    "header.npy": b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535,
    "code.npy": b"\x93NUMPY\x01\x00\x46\x00"
    + b"{'descr': __import__('os').abort(), 'fortran_order': 0, 'shape': ()}\n  ",
    "version.npy": b"\x93NUMPY\x09\x00\x46\x00",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_object_arrays_and_foreign_types(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HOSTILE[name])
    assert read(tmp_path / name, name)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Files of at most a megabyte that stand for gigabytes, and ones that lie about their size."""

    def head(shape: tuple[int, ...], kind: str = "<f4") -> bytes:
        content = io.BytesIO()
        np.lib.format.write_array_header_1_0(content, {"descr": kind, "fortran_order": False, "shape": shape})
        return content.getvalue()

    yield "frames.npy", head((10**9, 22, 3))
    yield "overflow.npy", head((2**62, 22, 3))
    yield "negative.npy", head((-5, 22, 3))
    yield "text.npy", head((1,), f"<U{10**9}")
    yield "lie.npy", head((10**6, 22, 3))
    for name, declared, given in (("bomb", 10**8, 10**7), ("lie", 10**6, 100), ("fps", 2, 100)):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            joints = "fps" if name == "fps" else "joints"
            archive.writestr(f"{joints}.npy", head((declared, 22, 3) if name != "fps" else (10**12,)) + bytes(given))
            archive.writestr("version.npy", npy(np.array(1)))
            archive.writestr("joints.npy" if name == "fps" else "fps.npy", npy(np.array(20.0)))
        yield f"{name}.npz", content.getvalue()
    yield "deep.jsonl", b"[" * 10**6
    yield (
        "deep.bvh",
        b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n" + b"JOINT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n" * 20_000,
    )
    yield (
        "frames.bvh",
        b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nMOTION\nFrames: 99999999999\nFrame Time: 0.05\n1\n",
    )


@pytest.mark.parametrize(("name", "content"), list(bombs()), ids=lambda value: value if isinstance(value, str) else "")
def test_bombs_are_refused_before_memory_is_taken(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / ("captions.jsonl" if name.endswith("jsonl") else name)
    path.write_bytes(content)
    tracemalloc.start()
    try:
        assert read(path, path.name)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY


def test_a_million_frames_are_read(tmp_path: Path) -> None:
    """Fourteen hours of a person who stands: 264 MB in memory, a few hundred kB in the file."""
    pose = walking_joints(1).numpy().astype(np.float16)
    still = np.broadcast_to(pose, (10**6, 22, 3))
    (tmp_path / "a.npz").write_bytes(npz(positions=still, fps=20.0))
    motion = load_motion(tmp_path / "a.npz")
    assert len(motion) == 10**6
    assert torch.equal(motion.joints[-1], torch.from_numpy(pose[0]).float())


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Change, drop, repeat or swap some bytes."""
    raw = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        start, size = int(rng.integers(len(raw) + 1)), int(rng.integers(1, 33))
        kind = rng.integers(4)
        if kind == 0:
            raw[start : start + size] = rng.bytes(size)
        elif kind == 1:
            del raw[start : start + size]
        elif kind == 2:
            raw[start:start] = raw[start : start + size] * int(rng.integers(1, 4))
        else:
            raw[start : start + 1] = rng.choice([b"-", b"9", b"e", b'"', b"\x00", b"\xff", b"\n", b"{"])
    return bytes(raw)


def hammer(samples: dict[str, bytes], folder: Path, rng: np.random.Generator) -> None:
    """Damage and read a file for each reader."""
    for name in NAMES:
        (folder / name).write_bytes(damage(samples[name], rng))
        read(folder / name, name)


def test_random_damage(samples: dict[str, bytes], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for _ in range(ROUNDS):
        hammer(samples, tmp_path, rng)


@pytest.mark.slow
def test_random_damage_for_ten_minutes(samples: dict[str, bytes], tmp_path: Path) -> None:
    rng, end = np.random.default_rng(int(time.time())), time.monotonic() + LONG
    while time.monotonic() < end:
        hammer(samples, tmp_path, rng)
