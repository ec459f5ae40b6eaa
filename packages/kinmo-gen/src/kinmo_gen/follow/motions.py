"""Motions to judge: sampled from a generator, or read from files that are named by the number of their sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinmo_core.errors import InputError
from kinmo_core.io import load_motion, motion_files, save_motion
from kinmo_core.motion import Motion
from kinmo_gen.follow.sentences import Sentence, sentences

if TYPE_CHECKING:
    from kinmo_gen.generator import Generator


def sample_motions(
    generator: Generator,
    chosen: Sequence[Sentence],
    *,
    draws: int = 4,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Sentence, list[Motion]]:
    """Sample `draws` motions of each sentence, in the length that the generator gives them.

    Args:
        generator: made by `Generator.load`.
        chosen: sentences.
        draws: motions of each sentence; draw k has the seed `seed + k`.
        seed: of the first draw.
        progress: called with (motions done, motions in all).
    """
    texts = [sentence.text for sentence in chosen]
    made: dict[Sentence, list[Motion]] = {sentence: [] for sentence in chosen}
    for draw in range(draws):
        before = draw * len(texts)
        report = None if progress is None else lambda n, _, b=before: progress(b + n, draws * len(texts))
        drawn = generator.sample(texts, seed=seed + draw, progress=report)
        for sentence, motion in zip(chosen, drawn, strict=True):
            made[sentence].append(motion)
    return made


def save_motions(motions: dict[Sentence, list[Motion]], folder: Path) -> None:
    """Write NUMBER_DRAW.npz of every motion, as `read_motions` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for sentence, made in motions.items():
        for draw, motion in enumerate(made):
            save_motion(motion, folder / f"{sentence.number:03d}_{draw}.npz")


def read_motions(folder: Path, chosen: Sequence[Sentence]) -> dict[Sentence, list[Motion]]:
    """Read the motions of some sentences.

    Args:
        folder: files that `kinmo_core.io.load_motion` reads, whose names begin with the number of a sentence, such as
            17.bvh or 017_2.npz. Motions of sentences that are not chosen are left out.
        chosen: sentences.

    Raises:
        InputError: no such folder, a name without a known number, a file that cannot be read, or a sentence without a file.
    """
    known = {sentence.number: sentence for sentence in sentences()}
    made: dict[Sentence, list[Motion]] = {sentence: [] for sentence in chosen}
    for path in motion_files(folder):
        digits = re.match(r"\d+", path.name)
        sentence = known.get(int(digits[0])) if digits else None
        if sentence is None:
            raise InputError(f"{path} must have a name that begins with a number from 1 to {len(known)}")
        if sentence in made:
            made[sentence].append(load_motion(path))
    for sentence, found in made.items():
        if not found:
            raise InputError(f"{folder} must have a motion of sentence {sentence.number} ({sentence.text}), got none")
    return made
