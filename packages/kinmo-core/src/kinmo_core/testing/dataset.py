"""A data set in HumanML3D's layout, of a puppet with captions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from kinmo_core.data.captions import Caption
from kinmo_core.features import LAYOUT, decode, encode_raw, mirror
from kinmo_core.testing.puppet import Action, vary, walk

# The six kinds of toy clips, with their captions as word/part of speech.
_ACTIONS: Final[tuple[tuple[Action, tuple[str, ...]], ...]] = (
    (walk(1.2), ("a/DET person/NOUN walks/VERB forward/ADV", "someone/PRON walks/VERB straight/ADV ahead/ADV")),
    (
        Action(cadence=1.1, stride=0.15, lift=0.9, arm_swing=0.5),
        ("a/DET person/NOUN walks/VERB in/ADP place/NOUN", "someone/PRON steps/VERB on/ADP the/DET spot/NOUN"),
    ),
    (
        Action(stride=0.1, lift=0.4, arm_swing=0.1, turn=0.9),
        ("a/DET person/NOUN turns/VERB to/ADP the/DET left/NOUN", "someone/PRON spins/VERB left/ADV slowly/ADV"),
    ),
    (
        Action(wave="right"),
        (
            "a/DET person/NOUN waves/VERB the/DET right/ADJ arm/NOUN",
            "someone/PRON greets/VERB with/ADP right/ADJ hand/NOUN",
        ),
    ),
    (
        Action(wave="left"),
        (
            "a/DET person/NOUN waves/VERB the/DET left/ADJ arm/NOUN",
            "someone/PRON greets/VERB with/ADP left/ADJ hand/NOUN",
        ),
    ),
    (
        Action(squat=1.1, cadence=0.5),
        ("a/DET person/NOUN squats/VERB down/ADV", "someone/PRON bends/VERB both/DET knees/NOUN deeply/ADV"),
    ),
)


def toy_dataset(folder: Path | str, *, clips: int = 12, frames: int = 64, seed: int = 0) -> Path:
    """Write a small data set in HumanML3D's layout: six kinds of motion that a model can tell apart in a few steps.

    `new_joints/ID.npy` (frames, 22, 3) and `new_joint_vecs/ID.npy` (frames, 263), float32; `texts/ID.txt` with two
    captions each; `Mean.npy` and `Std.npy` (263,); lists `train`, `val`, `test`, `clean_val`, `clean_test` (two thirds,
    a sixth, a sixth). Clip i shows kind i modulo 6. Every id has its mirrored copy M + id in the same split, as in
    HumanML3D.

    Args:
        folder: created if absent.
        clips: number of clips without mirrored copies; at least 6, so that every list has an entry.
        frames: frames of every clip.
        seed: varies cadence, amplitudes and starting phase of the clips.

    Returns:
        `folder`.

    Raises:
        ValueError: fewer than 6 clips.
    """
    if clips < 6:
        raise ValueError(f"clips must be at least 6, got {clips}")
    folder = Path(folder)
    for name in ("new_joints", "new_joint_vecs", "texts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    features: list[Tensor] = []
    for number, (action, captions) in zip(range(clips), cycle(_ACTIONS), strict=False):
        vectors = encode_raw(vary(action, rng).joints(frames + 1))
        sentences = [Caption(_sentence(tokens), _lemmas(tokens)) for tokens in captions]
        _write_clip(folder, f"{number:06d}", vectors, sentences)
        _write_clip(folder, f"M{number:06d}", mirror(vectors), [sentence.mirror() for sentence in sentences])
        features += [vectors, mirror(vectors)]
    _write_lists(folder, clips)
    _write_statistics(folder, torch.cat(features))
    return folder


def _write_clip(folder: Path, clip: str, features: Tensor, captions: Sequence[Caption]) -> None:
    np.save(folder / "new_joint_vecs" / f"{clip}.npy", features.numpy())
    np.save(folder / "new_joints" / f"{clip}.npy", decode(features).numpy())
    text = "".join(f"{caption.line()}\n" for caption in captions)
    (folder / "texts" / f"{clip}.txt").write_text(text, encoding="utf-8")


def _sentence(tokens: str) -> str:
    return " ".join(token.split("/")[0] for token in tokens.split())


def _lemmas(tokens: str) -> str:
    """Strip the s of the verbs, which HumanML3D stores without their ending."""
    return tokens.replace("s/VERB", "/VERB")


def _write_lists(folder: Path, clips: int) -> None:
    parts = {"test": range(clips // 6), "val": range(clips // 6, clips // 3), "train": range(clips // 3, clips)}
    for name, numbers in parts.items():
        ids = "".join(f"{number:06d}\nM{number:06d}\n" for number in numbers)
        for file in [name] if name == "train" else [name, f"clean_{name}"]:
            (folder / f"{file}.txt").write_text(ids, encoding="utf-8")


def _write_statistics(folder: Path, features: Tensor) -> None:
    """Write mean and deviation, the latter averaged inside each block of the features as HumanML3D does."""
    deviation = features.std(0)
    for block in LAYOUT.values():
        deviation[block] = deviation[block].mean()
    np.save(folder / "Mean.npy", features.mean(0).numpy())
    np.save(folder / "Std.npy", deviation.numpy())
