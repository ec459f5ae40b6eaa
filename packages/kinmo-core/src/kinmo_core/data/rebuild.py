"""Rebuild HumanML3D from AMASS, as its authors did (Guo et al., CVPR 2022, `raw_pose_processing.ipynb`).

Their rules, which the clips depend on: the male body model for who is called male and the female one for all others, with
ten numbers of the shape; every n-th pose with n = int(rate / 20), so that 100 fps become 20 and 250 fps become 20.8; some
sub-sets lose their first frames before `index.csv` counts. HumanAct12 comes as joints and is taken as it is.

Two things differ from the published files: feature 0 has the right sign (the fourth oddity of `kinmo_core.features`), and
clips that no list names are not made.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.humanml3d_sources import HUMANACT12, Cut, Sources, find_sources, original
from kinmo_core.data.writer import ABOUT, check_new_folder, statistics_of, warn_of, write_lists
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import FPS, decode, encode_raw
from kinmo_core.files import atomic_path, remove_stale, sha256
from kinmo_core.io.amass import gender_of, read_take
from kinmo_core.io.archive import open_arrays
from kinmo_core.io.smpl import JOINTS, Body, load_body
from kinmo_core.motion import Motion, mirror_joints
from kinmo_core.progress import with_progress

SHAPES: Final = 10  # numbers of the shape that HumanML3D uses, of 16 in AMASS
MIN_CLIP_FRAMES: Final = 2  # one feature frame
# Frames at 20 fps that are cut from the start of every recording of a sub-set, before index.csv counts.
SKIPPED: Final = {
    "Eyes_Japan_Dataset": 60, "MPI_HDM05": 60, "TotalCapture": 20, "MPI_Limits": 20, "Transitions_mocap": 10,
}  # fmt: skip


@dataclass(frozen=True)
class Rebuilt:
    """What was made.

    Args:
        clips: number of ids in each list, mirrored copies included.
        seconds: of all clips without mirrored copies.
        left_out: what is wrong with each clip that could not be made.
    """

    clips: Mapping[str, int]
    seconds: float
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Settings:
    """What all processes must know.

    Args:
        work: folder of the data set that is being made.
        models: body model file of each gender.
        full: whether to write mirrored copies and `new_joints`.
    """

    work: Path
    models: Mapping[str, Path]
    full: bool


def rebuild(
    amass: Path,
    smplh: Path,
    repository: Path,
    out: Path,
    *,
    full: bool = False,
    skip_missing: bool = False,
    jobs: int | None = None,
) -> Rebuilt:
    """Write the data set. A run that was stopped goes on when it is started again; `out` gets its name when it is complete.

    Args:
        amass, smplh, repository: see `kinmo_core.data.humanml3d_sources`.
        out: folder to write; must not exist or be empty. Until it is complete, it is called `out`.partial.
        full: write mirrored copies and `new_joints` as well, for other tools.
        skip_missing: leave out clips of recordings that are not there.
        jobs: processes; by default as many as there are cores.

    Raises:
        InputError: something is not there or wrong, `out` is in use, or a stopped run had other inputs.
    """
    check_new_folder(out)
    if jobs is not None and jobs < 1:
        raise InputError(f"jobs must be at least 1, got {jobs}")
    sources = find_sources(amass, smplh, repository)
    if sources.missing and not (skip_missing and sources.recordings):
        raise InputError(f"{sources.missing}; want all sub-sets of SMPL+H G, or --skip-missing")
    work = out.with_name(f"{out.name}.partial")
    _begin(work, sources, full=full)
    convert = partial(_convert, settings=_Settings(work, sources.models, full))
    left_out = [line for lines in _each(convert, sources.recordings, jobs) for line in lines]
    made = _finish(work, sources, left_out)
    if out.exists():
        out.rmdir()
    work.rename(out)
    if sources.missing:
        warnings.warn(f"left out {sources.missing}", DataWarning, stacklevel=2)
    warn_of(out, "clips left out", left_out)
    return made


def _begin(work: Path, sources: Sources, *, full: bool) -> None:
    """Make the folder, or check that it was begun with the same sources and tidy it up."""
    hashes = {name: sha256(path) for name, path in {"index": sources.index, **sources.models}.items()}
    wanted = json.dumps({"full": full, "sha256": hashes}, indent=1) + "\n"
    about = work / ABOUT
    if not about.is_file():
        remove_stale(work.resolve())
        check_new_folder(work)
        work.mkdir(parents=True, exist_ok=True)
        with atomic_path(about) as path:
            path.write_text(wanted, encoding="utf-8")
    elif about.read_text(encoding="utf-8") != wanted:
        raise InputError(f"{work} was begun with other options, body models or index.csv; remove it to start anew")
    for name in ("new_joint_vecs", "texts", *(["new_joints"] if full else [])):
        (work / name).mkdir(exist_ok=True)
        remove_stale((work / name).resolve())


def _each(
    convert: partial[list[str]], recordings: Mapping[Path, Sequence[Cut]], jobs: int | None
) -> Iterator[list[str]]:
    """Convert every recording, in several processes if there are several."""
    processes = min(jobs or os.cpu_count() or 1, len(recordings))
    shown = partial(with_progress, what="converting recordings", total=len(recordings))
    if processes == 1:
        yield from shown(map(convert, recordings, recordings.values()))
        return
    spawn = multiprocessing.get_context("spawn")  # a fork of a process whose torch has threads may hang
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_start_worker) as pool:
        yield from shown(pool.map(convert, recordings, recordings.values(), chunksize=8))


def _start_worker() -> None:
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one ends the others


def _convert(path: Path, cuts: Sequence[Cut], settings: _Settings) -> list[str]:
    """Write the clips of a recording that are not there yet; returns what is wrong with those that cannot be made."""
    wanted = [cut for cut in cuts if not _features(settings.work, cut.id).is_file()]
    if not wanted:
        return []
    try:
        joints = read_humanact12(path) if wanted[0].subset == HUMANACT12 else read_recording(path, settings.models)
    except InputError as error:
        return [str(error)] * len(wanted)
    wrong = []
    for cut in wanted:
        clip = cut_clip(joints, cut)
        if len(clip) < MIN_CLIP_FRAMES:
            wrong.append(f"{path}: clip {cut.id} must have at least {MIN_CLIP_FRAMES} frames, got {len(clip)}")
        else:
            _write(clip, cut.id, settings)
    return wrong


def read_recording(path: Path, models: Mapping[str, Path]) -> Tensor:
    """Return the joints (T, 22, 3) of a file of AMASS at some 20 fps, metres, y up.

    Args:
        path: of the file.
        models: body model file of "male" and "female".

    Raises:
        InputError: the file cannot be read or has less than 20 fps.
    """
    arrays = open_arrays(path)
    take = read_take(arrays)
    if take.fps < FPS:
        raise InputError(f"{path}: the frame rate must be at least {FPS:g}, got {take.fps:g}")
    body = _body(models["male" if gender_of(arrays) == "male" else "female"])
    joints = take.every(int(take.fps / FPS)).joints(body.shaped(take.betas[:SHAPES])).float()
    return _checked(joints[..., [0, 2, 1]] * joints.new_tensor([-1.0, 1.0, 1.0]), path)


def read_humanact12(path: Path) -> Tensor:
    """Return the joints (T, 22, 3) of a `.npy` of HumanAct12, which has 24, as they are.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    array = open_arrays(path).load("")
    if array.dtype.kind != "f" or array.ndim != 3 or array.shape[1] < JOINTS or array.shape[2] != 3:
        raise InputError(f"{path}: must hold joints (frames, 24, 3), got {array.dtype} {array.shape}")
    return _checked(torch.from_numpy(array[:, :JOINTS].astype(np.float32)), path)


def cut_clip(joints: Tensor, cut: Cut) -> Tensor:
    """Return the frames of a clip; of HumanAct12, a recording is a clip."""
    return joints if cut.subset == HUMANACT12 else joints[SKIPPED.get(cut.subset, 0) :][cut.start : cut.end]


@cache
def _body(path: Path) -> Body:
    return load_body(path)


def _checked(joints: Tensor, path: Path) -> Tensor:
    try:
        return Motion(joints).joints
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _write(joints: Tensor, id: str, settings: _Settings) -> None:
    """Write a clip; the features of the clip itself come last, so that they tell that all is there."""
    for name, clip in ((f"M{id}", mirror_joints(joints)), (id, joints)):
        if settings.full or name == id:
            features = encode_raw(clip)
            if settings.full:
                _save(settings.work / "new_joints" / f"{name}.npy", decode(features))
            _save(_features(settings.work, name), features)


def _save(path: Path, values: Tensor) -> None:
    with atomic_path(path) as temporary:
        np.save(temporary, values.numpy())


def _finish(work: Path, sources: Sources, left_out: Sequence[str]) -> Rebuilt:
    """Add texts, lists and statistics of the clips that were made."""
    made = {
        split: [id for id in ids if _features(work, original(id)).is_file()] for split, ids in sources.lists.items()
    }
    made["train_val"] = made["train"] + made["val"]
    made["all"] = made["train_val"] + made["test"]
    bases = dict.fromkeys(map(original, made["all"]))
    if not bases:
        raise InputError(f"no clip could be made: {left_out[0]}")
    for id in {*made["all"], *bases}:
        text = sources.texts / f"{id}.txt"
        if text.is_file():  # KinMo makes a mirrored text that is not there
            shutil.copyfile(text, work / "texts" / text.name)
    write_lists(work, made)
    statistics_of(work, bases).save(work)
    frames = sum(len(np.load(_features(work, id), mmap_mode="r")) for id in bases)
    return Rebuilt({name: len(ids) for name, ids in made.items()}, frames / FPS, tuple(left_out))


def _features(work: Path, id: str) -> Path:
    return work / "new_joint_vecs" / f"{id}.npy"
