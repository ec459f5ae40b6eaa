"""Make an index: embed every motion file below a folder, and state what its motion does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from kinmo_annotate.observe import observe
from kinmo_core.errors import InputError
from kinmo_core.io import READABLE, load_motion, motion_files
from kinmo_core.text import Timeline
from kinmo_htma.approximate import Approximate
from kinmo_htma.index import Index, Item
from kinmo_htma.model import HTMA
from kinmo_htma.parts import parts_of
from kinmo_reasoner.statements import Statements

CHUNK: Final = 512  # parts of motions embedded together


def build_index(
    model: HTMA,
    folder: Path | str,
    *,
    warn: Callable[[str], None] = print,
    progress: Callable[[int, int], None] | None = None,
    faiss: bool = False,
) -> Index:
    """Embed every motion file below a folder, and state what its motion does.

    Args:
        model: embeds them.
        folder: any folder with .npz, .npy and .bvh files; of a HumanML3D directory the features are read.
        warn: called with one line about each file that is left out as unreadable or too short.
        progress: called with (files done, files in all) after every file.
        faiss: build a FAISS index as well.

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
    for number, path in enumerate(files, start=1):
        try:
            motion = load_motion(path)
            parts = parts_of(motion)
            timeline = observe(motion).timeline
            timelines += [timeline.window(p.start, min(p.end, float(timeline.seconds))) for p in parts]
            waiting += [(Item(str(path.relative_to(root)), p.start, p.end), p.features) for p in parts]
        except InputError as error:
            warn(f"left out {path}: {error}")
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
    """Return the motion files below a folder, sorted by path; of a motion in several formats, one file.

    Raises:
        InputError: no such folder, or no motion in it.
    """
    features = root / "new_joint_vecs"  # a HumanML3D directory may hold every motion as joints too
    found = motion_files(features if features.is_dir() else root)
    found.sort(key=lambda path: READABLE.index(path.suffix.lower()), reverse=True)
    return sorted({path.with_suffix(""): path for path in found}.values())
