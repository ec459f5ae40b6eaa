"""Make an index: embed every motion file below a folder, and state what its motion does."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from kinmo_annotate.observe import observe
from kinmo_core.errors import DataWarning, InputError
from kinmo_core.features import FPS
from kinmo_core.io import READABLE, load_motion, motion_files
from kinmo_core.motion import Motion
from kinmo_core.text import Timeline
from kinmo_htma.approximate import Approximate
from kinmo_htma.index import Index, Item
from kinmo_htma.model import HTMA
from kinmo_htma.parts import parts_of
from kinmo_reasoner.statements import Statements

CHUNK: Final = 512  # parts of motions embedded together
SAME_FRAMES: Final = 2  # of 20 a second, by which one motion in two formats may differ in length
SAME_PLACE: Final = 0.02  # m, mean over joints; generated motions differ by less than a millimetre between formats


def build_index(
    model: HTMA,
    folder: Path | str,
    *,
    progress: Callable[[int, int], None] | None = None,
    faiss: bool = False,
) -> Index:
    """Embed every motion file below a folder, and state what its motion does.

    Args:
        model: embeds them.
        folder: any folder with .npz, .npy and .bvh files; of a HumanML3D directory the features are read.
        progress: called with (files done, files in all) after every file.
        faiss: build a FAISS index as well.

    A file that is unreadable or too short is left out with a `DataWarning`, and one that holds the same motion as a file of
    another format with the same name, without.

    Raises:
        InputError: no such folder, or no motion in it.
    """
    root = Path(folder)
    items: list[Item] = []
    vectors: list[Tensor] = []
    timelines: list[Timeline] = []
    waiting: list[tuple[Item, Tensor]] = []

    def embed() -> None:
        items.extend(item for item, _ in waiting)
        if waiting:
            vectors.append(model.vectors(model.embed_features([clip for _, clip in waiting])))
        waiting.clear()

    files = indexed_files(root)
    alike: list[tuple[Path, Motion]] = []  # motions of one name
    for number, path in enumerate(files, start=1):
        try:
            motion = load_motion(path)
            alike = [(other, known) for other, known in alike if other.with_suffix("") == path.with_suffix("")]
            if any(same_motion(motion, known) for _, known in alike):
                continue
            alike.append((path, motion))
            parts = parts_of(motion)
            timeline = observe(motion).timeline
            timelines += [timeline.window(p.start, min(p.end, float(timeline.seconds))) for p in parts]
            waiting += [(Item(str(path.relative_to(root)), p.start, p.end), p.features) for p in parts]
        except InputError as error:
            warnings.warn(f"left out {path}: {error}", DataWarning, stacklevel=2)
        finally:
            if len(waiting) >= CHUNK:
                embed()
            if progress is not None:
                progress(number, len(files))
    embed()
    if not items:
        raise InputError(f"{root} has no motion that can be indexed ({', '.join(READABLE)} of more than 0.4 s)")
    made = torch.cat(vectors)
    approximate = Approximate.build(made) if faiss else None
    names = (model.name, model.fingerprint)
    return Index(items, made, Statements.of(timelines), names, folder=root.resolve(), approximate=approximate)


def indexed_files(root: Path) -> list[Path]:
    """Return the motion files below a folder, sorted by path; those of one name together, the most exact format first.

    Raises:
        InputError: no such folder, or no motion in it.
    """
    features = root / "new_joint_vecs"  # a HumanML3D directory may hold every motion as joints too
    found = motion_files(features if features.is_dir() else root)
    return sorted(found, key=lambda path: (path.with_suffix(""), READABLE.index(path.suffix.lower())))


def same_motion(one: Motion, other: Motion) -> bool:
    """Return whether two files show one motion: as long, and with the joints in the same places relative to the start."""
    first, second = (motion.resample(FPS).joints for motion in (one, other))
    frames = min(len(first), len(second))
    if abs(len(first) - len(second)) > SAME_FRAMES:
        return False
    moved = ((joints - joints[:1, :1])[:frames] for joints in (first, second))
    return float((next(moved) - next(moved)).norm(dim=-1).mean()) < SAME_PLACE
