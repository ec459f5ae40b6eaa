"""Motions to judge: sampled from a generator, or read from files that are named by the number of their sentence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinmo_core.errors import DataWarning, InputError
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
    candidates: int = 1,
    poses: bool = True,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Sentence, list[Motion]]:
    """Sample `draws` motions of each sentence, in the length that the generator gives them.

    Args:
        generator: made by `Generator.load`.
        chosen: sentences.
        draws: motions of each sentence.
        candidates: motions of which each is the best; see `kinmo_gen.choice`.
        poses: whether limbs that miss something are posed; see `kinmo_gen.posing`.
        seed: of the random numbers.
        progress: called with (candidates done, candidates in all).
    """
    from kinmo_gen.request import Asked, make, resolve

    asked = [Asked(sentence.text) for sentence in chosen for _ in range(draws)]
    resolved = resolve(generator, asked, seed=seed)
    made = make(generator, resolved, candidates=candidates, poses=poses, seed=seed, progress=progress)
    motions = iter(choice.motion for choice in made)
    return {sentence: [next(motions) for _ in range(draws)] for sentence in chosen}


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

    A file whose name has no known number or that cannot be read is left out with a `DataWarning`, and so is a sentence of
    which no file can be read.

    Raises:
        InputError: no such folder, a sentence without a file, or no file that can be read.
    """
    known = {sentence.number: sentence for sentence in sentences()}
    files: dict[Sentence, list[Path]] = {sentence: [] for sentence in chosen}
    for path in motion_files(folder):
        digits = re.match(r"\d+", path.name)
        sentence = known.get(int(digits[0])) if digits else None
        if sentence is None:
            _warn(f"left out {path}: it must have a name that begins with a number from 1 to {len(known)}")
        elif sentence in files:
            files[sentence].append(path)
    for sentence, found in files.items():
        if not found:
            raise InputError(f"{folder} must have a motion of sentence {sentence.number} ({sentence.text}), got none")
    made = {sentence: [*_readable(found)] for sentence, found in files.items()}
    for sentence in [sentence for sentence, motions in made.items() if not motions]:
        _warn(f"left out sentence {sentence.number} ({sentence.text}): none of its files can be read")
        del made[sentence]
    if not made:
        raise InputError(f"{folder} must have a file that can be read, got none")
    return made


def _readable(paths: Sequence[Path]) -> Iterator[Motion]:
    for path in paths:
        try:
            yield load_motion(path)
        except InputError as error:
            _warn(f"left out {path}: {error}")


def _warn(line: str) -> None:
    warnings.warn(line, DataWarning, stacklevel=3)
