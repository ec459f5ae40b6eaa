"""Cut a pack into the pieces that become files: HumanML3D's clips, and stretches of all recordings for training.

Extrapolated frames at the ends of a recording are trimmed. Recordings that the pack flags as repaired are left out of the
training lists; their val and test clips are kept, so that figures stay comparable. No stretch shows a val or test frame,
not even through a twin of its recording.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from kinmo_core.data.captions import Caption
from kinmo_core.data.pack import SPLITS, Clip, Pack, Trial
from kinmo_core.features import FPS

SEGMENT_FRAMES: Final = 200  # HumanML3D's longest clip
MIN_CLIP_FRAMES: Final = 2  # one feature frame
MIN_SEGMENT_FRAMES: Final = 41  # 40 feature frames: HumanML3D's shortest training clip


@dataclass(frozen=True)
class Piece:
    """Frames [start, end) of a trial that become one file; it holds one feature frame less."""

    id: str
    trial: str
    start: int
    end: int
    captions: tuple[Caption, ...]

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class ClipsLeftOut:
    """What the lists lack of the clips.

    Args:
        flagged_train_clips: ids of train clips of flagged recordings.
        clips_with_nothing_left: ids of clips of which nothing is left after trimming.
        trimmed_clips: number of clips that lost extrapolated frames.
    """

    flagged_train_clips: tuple[str, ...]
    clips_with_nothing_left: tuple[str, ...]
    trimmed_clips: int


@dataclass(frozen=True)
class FramesLeftOut:
    """What the stretches lack of the recordings; frames are those of recordings that are not flagged.

    Args:
        flagged_recordings: number of recordings that give no stretch since they are flagged.
        short_recordings: number of other recordings that are shorter than a stretch after trimming.
        extrapolated_frames: number of trimmed frames.
        held_out_frames: number of other frames that a val or test clip shows, perhaps in a twin.
        short_stretch_frames: number of frames between or beside these, of runs that are shorter than a stretch.
    """

    flagged_recordings: int
    short_recordings: int
    extrapolated_frames: int
    held_out_frames: int
    short_stretch_frames: int


@dataclass(frozen=True)
class Pieces:
    """All pieces of a pack.

    Args:
        clips: those of each split.
        stretches: of at most SEGMENT_FRAMES frames, without a val or test frame.
        extra: the stretches that have a caption and are of recordings that HumanML3D does not use.
        clips_left_out, frames_left_out: what is in none of them.
    """

    clips: dict[str, list[Piece]]
    stretches: list[Piece]
    extra: list[Piece]
    clips_left_out: ClipsLeftOut
    frames_left_out: FramesLeftOut

    def all(self) -> list[Piece]:
        """Return every piece once."""
        return [*(piece for split in SPLITS for piece in self.clips[split]), *self.stretches]


def cut(pack: Pack, *, keep_flagged: bool = False, keep_extrapolated: bool = False) -> Pieces:
    """Cut a pack.

    Args:
        pack: the pack.
        keep_flagged: train on flagged recordings too.
        keep_extrapolated: do not trim extrapolated frames.
    """
    trials = {
        name: replace(
            trial,
            flagged=trial.flagged and not keep_flagged,
            usable=(0, trial.frames) if keep_extrapolated else trial.usable,
        )
        for name, trial in pack.trials.items()
    }
    clips, clips_left_out = _cut_clips(pack, trials)
    stretches, frames_left_out = _cut_stretches(pack, trials)
    extra = [piece for piece in stretches if piece.captions and not trials[piece.trial].in_humanml3d]
    return Pieces(clips, stretches, extra, clips_left_out, frames_left_out)


def _cut_clips(pack: Pack, trials: Mapping[str, Trial]) -> tuple[dict[str, list[Piece]], ClipsLeftOut]:
    clips: dict[str, list[Piece]] = {split: [] for split in SPLITS}
    flagged, empty, trimmed = [], [], 0
    for clip in pack.clips:
        piece = _clip_piece(clip, trials[clip.trial])
        if len(piece) < MIN_CLIP_FRAMES:
            empty.append(clip.id)
        elif clip.split == "train" and trials[clip.trial].flagged:
            flagged.append(clip.id)
        else:
            clips[clip.split].append(piece)
            trimmed += len(piece) < clip.end - clip.start
    return clips, ClipsLeftOut(tuple(flagged), tuple(empty), trimmed)


def _cut_stretches(pack: Pack, trials: Mapping[str, Trial]) -> tuple[list[Piece], FramesLeftOut]:
    held_out, stretches = pack.held_out(), []
    short, extrapolated, hidden, scraps = 0, 0, 0, 0
    sound = [trial for trial in trials.values() if not trial.flagged]
    for trial in sound:
        usable, free = _masks(trial, held_out.get(trial.name, ()))
        found = _stretches(trial, free, _captions(trial) if pack.source.texts_describe else ())
        stretches += found
        short += int(usable.sum()) < MIN_SEGMENT_FRAMES
        extrapolated += int((~usable).sum())
        hidden += int((usable & ~free).sum())
        scraps += int(free.sum()) - sum(map(len, found))
    return stretches, FramesLeftOut(len(trials) - len(sound), short, extrapolated, hidden, scraps)


def _clip_piece(clip: Clip, trial: Trial) -> Piece:
    """Trim the frames of a clip that are not usable and move the spans of its captions along."""
    start, end = max(clip.start, trial.usable[0]), min(clip.end, trial.usable[1])
    shift = (start - clip.start) / FPS
    moved = (c if c.whole else replace(c, start=max(c.start - shift, 0.0), end=c.end - shift) for c in clip.captions)
    return Piece(clip.id, clip.trial, start, end, tuple(moved))


def _masks(trial: Trial, held_out: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return which frames of a trial are usable, and which of these no held-out span shows; both (frames,)."""
    usable = np.zeros(trial.frames, dtype=bool)
    usable[slice(*trial.usable)] = True
    free = usable.copy()
    for start, end in held_out:
        free[start:end] = False
    return usable, free


def _captions(trial: Trial) -> tuple[Caption, ...]:
    text = trial.text
    return (Caption(text, " ".join(f"{word}/OTHER" for word in text.split())),) if text else ()


def _stretches(trial: Trial, free: np.ndarray, captions: tuple[Caption, ...]) -> list[Piece]:
    """Cut every run of free frames into equal parts of at most SEGMENT_FRAMES; leave out those that are too short."""
    found = []
    for start, end in _runs(free):
        parts = math.ceil((end - start) / SEGMENT_FRAMES)
        edges = np.linspace(start, end, parts + 1).astype(int).tolist()
        spans = [(a, b) for a, b in pairwise(edges) if b - a >= MIN_SEGMENT_FRAMES]
        found += [Piece(f"S{trial.name}_{a:05d}", trial.name, a, b, captions) for a, b in spans]
    return found


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
