"""Write a directory in HumanML3D's layout: whole or not at all."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.captions import Caption
from kinmo_core.data.mirroring import mirror_clip
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import decode
from kinmo_core.files import atomic_folder
from kinmo_core.stats import Statistics

ABOUT: Final = "about.json"  # facts about a data set that was written here


def check_new_folder(out: Path) -> None:
    """Raise an `InputError` unless `out` is a new or empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out must be a new or empty folder, got {out}")


@contextmanager
def new_dataset(out: Path, *, full: bool) -> Iterator[Path]:
    """Yield a folder with empty `new_joint_vecs` and `texts`; it becomes `out` when the block ends without an error.

    Args:
        out: new or empty folder.
        full: with `new_joints` too.
    """
    with atomic_folder(out, marker=ABOUT) as work:
        for name in ("new_joint_vecs", "texts", *(["new_joints"] if full else [])):
            (work / name).mkdir()
        yield work


def write_clip(folder: Path, id: str, features: Tensor, captions: Sequence[Caption], *, full: bool) -> None:
    """Write features (T, 263) and captions of a clip, with `full` also its `new_joints`."""
    np.save(folder / "new_joint_vecs" / f"{id}.npy", features.numpy())
    if full:
        np.save(folder / "new_joints" / f"{id}.npy", decode(features).numpy())
    text = "".join(f"{caption.line()}\n" for caption in captions)
    (folder / "texts" / f"{id}.txt").write_text(text, encoding="utf-8")


def write_lists(folder: Path, lists: Mapping[str, Sequence[str]]) -> None:
    """Write each list, one id a line."""
    for name, ids in lists.items():
        (folder / f"{name}.txt").write_text("".join(f"{id}\n" for id in ids), encoding="utf-8")


def with_mirrored(ids: Sequence[str]) -> list[str]:
    """Return ids, each followed by that of its mirrored copy, as HumanML3D lists them."""
    return [id for base_id in ids for id in (base_id, f"M{base_id}")]


def statistics_of(folder: Path, ids: Iterable[str]) -> Statistics:
    """Compute over clips and their mirrored copies, as HumanML3D does; a copy without a file is made of its clip."""
    return Statistics.of(part for id in ids for part in _with_mirrored_copy(folder / "new_joint_vecs", id))


def _with_mirrored_copy(folder: Path, id: str) -> Iterator[Tensor]:
    clip, copy = torch.from_numpy(np.load(folder / f"{id}.npy")), folder / f"M{id}.npy"
    yield clip
    yield torch.from_numpy(np.load(copy)) if copy.is_file() else mirror_clip(clip)


def warn_of(source: Path, what: str, messages: Sequence[str]) -> None:
    """Tell in one `DataWarning` how many messages there are, and the first."""
    if messages:
        warnings.warn(f"{source}: {len(messages)} {what}; the first: {messages[0]}", DataWarning, stacklevel=3)
