"""Write packs as one HumanML3D directory, so that any tool of the field can train on it.

Besides HumanML3D's own lists (train, val, test, train_val, all) it writes

    clean_val, clean_test  val and test ids that share no frame with a train clip, not even through a twin of a recording
    tokenizer              stretches of *all* recordings that touch no val or test frame (nor a twin of one): ids
                           S<trial>_<first frame>; for models that need no captions
    extra                  those of them that HumanML3D does not use and that have a short description as a caption

Every list names each id and, as in HumanML3D, its mirrored copy M<id>. `HumanML3DFolder` makes the copies when it reads
them, so files of them are written for other tools only, and so is `new_joints`. `about.json` records the choices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.pack import SPLITS, Pack
from kinmo_core.data.pieces import Pieces, cut
from kinmo_core.data.summary import summary
from kinmo_core.data.writer import ABOUT, check_new_folder, new_dataset, with_mirrored, write_clip, write_lists
from kinmo_core.errors import InputError
from kinmo_core.features import FPS, encode_raw
from kinmo_core.motion import mirror_joints
from kinmo_core.progress import with_progress
from kinmo_core.stats import Statistics


def write_dataset(
    sources: Sequence[Path],
    out: Path,
    *,
    keep_flagged: bool = False,
    keep_extrapolated: bool = False,
    full: bool = False,
) -> dict[str, Any]:
    """Write the directory; it gets its name when it is complete.

    Args:
        sources: folders of the packs; lists follow their order.
        out: folder to write; must not exist or be empty.
        keep_flagged: train on repaired recordings too.
        keep_extrapolated: do not trim extrapolated frames.
        full: write mirrored copies and `new_joints` as well, which KinMo does not need.

    Returns:
        Content of `about.json`: counts and what was left out, for each source.

    Raises:
        InputError: `out` is in use, a source is not a pack, or two sources have a recording or a clip in common.
    """
    check_new_folder(out)
    packs = read_packs(sources)
    pieces = [cut(pack, keep_flagged=keep_flagged, keep_extrapolated=keep_extrapolated) for pack in packs]
    lists = _lists(packs, pieces)
    about = {
        "fps": FPS,
        "captions_clip_ids_and_splits": "HumanML3D (MIT), Copyright (c) 2022 Chuan Guo",
        "mirrored_copies": "stored"
        if full
        else "listed as M<id>, not stored; KinMo makes them of <id> when it reads them",
        "statistics": "over the train list, mirrored copies included",
        "ids_per_list": {name: len(ids) for name, ids in lists.items()},
        "sources": [summary(pack, found) for pack, found in zip(packs, pieces, strict=True)],
    }

    with new_dataset(out, full=full) as work:
        _write_pieces(packs, pieces, work, full=full)
        write_lists(work, lists)
        Statistics.of(_train_features(packs, pieces, work)).save(work)
        (work / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return about


def read_packs(sources: Sequence[Path]) -> list[Pack]:
    """Read packs that have nothing in common.

    Raises:
        InputError: no source, one that is not a pack, the same one twice, or a recording or clip that is in two of them.
    """
    if not sources:
        raise InputError("sources must name at least one pack, got none")
    for one, other in combinations(sources, 2):
        if one.resolve() == other.resolve():
            raise InputError(f"sources must differ, got {one} and {other}, which are the same folder")
    packs = [Pack(source) for source in sources]
    for one, other in combinations(packs, 2):
        for kind, mine, theirs in (
            ("recording", one.trials, other.trials),
            ("clip", {clip.id for clip in one.clips}, {clip.id for clip in other.clips}),
        ):
            if shared := sorted(set(mine) & set(theirs)):
                raise InputError(
                    f"{kind} {shared[0]} is in two sources, {one.folder} and {other.folder}; want it in one"
                )
    return packs


def _lists(packs: Sequence[Pack], pieces: Sequence[Pieces]) -> dict[str, list[str]]:
    """Return every list with mirrored ids, as in HumanML3D."""
    base = {split: [piece.id for found in pieces for piece in found.clips[split]] for split in SPLITS}
    base["train_val"] = base["train"] + base["val"]
    base["all"] = base["train_val"] + base["test"]
    for split in ("val", "test"):
        clean = frozenset[str]().union(*(pack.clean[split] for pack in packs))
        base[f"clean_{split}"] = [id for id in base[split] if id in clean]
    base["tokenizer"] = [piece.id for found in pieces for piece in found.stretches]
    base["extra"] = [piece.id for found in pieces for piece in found.extra]
    return {name: with_mirrored(ids) for name, ids in base.items()}


def _write_pieces(packs: Sequence[Pack], pieces: Sequence[Pieces], folder: Path, *, full: bool) -> None:
    jobs = [(pack, piece) for pack, found in zip(packs, pieces, strict=True) for piece in found.all()]
    for pack, piece in with_progress(jobs, "writing clips"):
        joints = pack.joints(piece.trial, piece.start, piece.end)
        write_clip(folder, piece.id, encode_raw(joints), piece.captions, full=full)
        if full:
            mirrored = [caption.mirror() for caption in piece.captions]
            write_clip(folder, f"M{piece.id}", encode_raw(mirror_joints(joints)), mirrored, full=full)


def _train_features(packs: Sequence[Pack], pieces: Sequence[Pieces], folder: Path) -> Iterator[Tensor]:
    """Return the features of every train clip, as written to `folder`, and of its mirrored copy."""
    for pack, found in zip(packs, pieces, strict=True):
        for piece in found.clips["train"]:
            yield torch.from_numpy(np.load(folder / "new_joint_vecs" / f"{piece.id}.npy"))
            yield encode_raw(mirror_joints(pack.joints(piece.trial, piece.start, piece.end)))
