"""FBX in and out, by Blender's Python module `bpy` and glTF: `read_fbx`, `write_fbx`.

Blender runs in a process of its own. It prints, keeps one global scene, takes over signals, and ends the process when its C
code crashes on a damaged file; none of that may happen to a program that calls KinMo. It also wants its own Python and
NumPy, so this process may be of another environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import util
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.io.glb import write_glb
from kinmo_core.io.gltf import read_document
from kinmo_core.io.gltf_file import open_gltf
from kinmo_core.io.person import Note
from kinmo_core.motion import Motion
from kinmo_core.reading import ReadOptions

PYTHON: Final = "KINMO_BLENDER"  # environment variable: the Python of another environment that has bpy
INSTALL: Final = f"pip install 'kinmo-core[fbx]' (Python 3.11 or 3.13), or name a Python that has it in ${PYTHON}"
_SCRIPT: Final = Path(__file__).with_name("blender_script.py")
_STARTS: Final = (b"Kaydara FBX Binary", b"; FBX")  # of a binary and of a text file
_SECONDS: Final = 1800.0


def read_fbx(path: Path | str, options: ReadOptions | None = None, *, note: Note | None = None) -> Motion:
    """Read the 22 joints of a `.fbx` file, found by the names and the tree of its joints.

    Args:
        path: of the file.
        options: what the user says of the file; by default all is found from it. `fps` is the rate to sample at.
        note: called with one line that says what was found and derived.

    Raises:
        InputError: no bpy, unreadable, without a motion, or see `io.gltf.read_gltf`.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if not start.lstrip(b"\xef\xbb\xbf \r\n").startswith(_STARTS):
        raise InputError(f"{path} is not an FBX file")
    with TemporaryDirectory(prefix="kinmo-") as folder:
        # A name without spaces and foreign letters, which reach Blender on any system.
        source, target = Path(folder, "a.fbx"), Path(folder, "a.glb")
        shutil.copyfile(path, source)
        said = _convert(source, target, failed=f"cannot read {path}")
        document = replace(open_gltf(target), path=path)
    return read_document(document, options, note=note, slowness=float(said.split()[-1]))


def write_fbx(motion: Motion, path: Path | str) -> None:
    """Write a clip as the skeleton and figure of `write_glb`, one key a frame; centimetres, y up, facing +z.

    Args:
        motion: of any body whose bones keep their length.
        path: of the file.

    Raises:
        InputError: no bpy, or the file cannot be written.
    """
    with atomic_path(path) as temporary, TemporaryDirectory(prefix="kinmo-") as folder:
        source, target = Path(folder, "a.glb"), Path(folder, "a.fbx")
        fps = ceil(motion.fps)
        write_glb(replace(motion, fps=float(fps)), source)
        _convert(source, target, str(fps), str(fps / motion.fps), failed=f"cannot write {path}")
        shutil.copyfile(target, temporary)


def find_blender() -> str:
    """Return the Python that has bpy: that of `$KINMO_BLENDER`, or this one.

    Raises:
        InputError: there is none; names the pip line.
    """
    if python := os.environ.get(PYTHON):
        return python
    if util.find_spec("bpy") is None:
        raise InputError(f"FBX needs Blender's Python module bpy; install it with: {INSTALL}")
    return sys.executable


def run_blender(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run the Python that has bpy with some arguments, and return what it printed.

    Raises:
        InputError: there is none, or it does not start or end.
    """
    python = find_blender()
    # -P: modules beside the script, such as io.names, are none of Blender's.
    try:
        return subprocess.run(
            [python, "-P", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except OSError as error:
        raise InputError(f"cannot run {python}, the Python with bpy: {error.strerror or error}") from error
    except subprocess.TimeoutExpired:
        raise InputError(f"Blender must be done within {_SECONDS / 60:g} minutes, and was not") from None


def _convert(source: Path, target: Path, *rate: str, failed: str) -> str:
    """Run the script and return what it printed."""
    run = run_blender([str(_SCRIPT), str(source), str(target), *rate])
    if run.returncode or not target.is_file():
        said = run.stderr.strip().splitlines() or ["it said nothing"]
        raise InputError(f"{failed}: Blender ended with status {run.returncode}: {said[-1]:.200}")
    return run.stdout
