"""Follow rate: the share of motions that do what their sentence says, beside chance and mistaken sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_core.errors import InputError
from kinmo_core.motion import Motion
from kinmo_gen.follow.body import Body
from kinmo_gen.follow.sentences import Sentence

Z: Final = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class Judged:
    """What the motions of one sentence did.

    Args:
        sentence: the sentence.
        motions: how many there are.
        followed: share that does what the sentence says.
        chance: share of the motions of all other sentences that does it.
        wrong_side: share that does what the mirrored sentence says and not this; None if the sentence names no side.
    """

    sentence: Sentence
    motions: int
    followed: float
    chance: float
    wrong_side: float | None


@dataclass(frozen=True)
class Rate:
    """Means over sentences.

    Args:
        sentences: how many there are.
        followed: mean share followed.
        interval: half width of its 95 % interval over the sentences; 0 for a single one.
        chance: mean share that other sentences' motions reach.
        wrong_side: mean over the sentences that name a side; None where none does.
    """

    sentences: int
    followed: float
    interval: float
    chance: float
    wrong_side: float | None


def judge(
    motions: Mapping[Sentence, Sequence[Motion]], progress: Callable[[int, int], None] | None = None
) -> list[Judged]:
    """Hold the motions of each sentence against its rule, and against the rules of all other sentences.

    Args:
        motions: of at least two sentences, at least one motion each; any frame rate and length.
        progress: called with (sentences done, sentences in all).

    Raises:
        InputError: fewer than two sentences, or one without a motion.
    """
    if len(motions) < 2:
        raise InputError(f"motions must be of at least two sentences, got {len(motions)}")
    if empty := [sentence for sentence, made in motions.items() if not made]:
        raise InputError(f"every sentence must have a motion, got none for {empty[0].number} {empty[0].text!r}")
    bodies = {sentence: [Body.of(motion) for motion in made] for sentence, made in motions.items()}
    judged = []
    for sentence, own in bodies.items():
        others = [body for other, made in bodies.items() if other is not sentence for body in made]
        wrong = _share(sentence.mistakes_side, own) if sentence.sided else None
        judged.append(
            Judged(sentence, len(own), _share(sentence.follows, own), _share(sentence.follows, others), wrong)
        )
        if progress is not None:
            progress(len(judged), len(bodies))
    return judged


def _share(test: Callable[[Body], bool], bodies: Sequence[Body]) -> float:
    return sum(map(test, bodies)) / len(bodies)


def follow_rate(judged: Sequence[Judged]) -> Rate:
    """Average over sentences.

    Raises:
        InputError: no sentence.
    """
    if not judged:
        raise InputError("follow rate must be of at least one sentence, got none")
    followed = [each.followed for each in judged]
    mean = sum(followed) / len(followed)
    spread = sum((value - mean) ** 2 for value in followed) / max(1, len(followed) - 1)
    wrong = [each.wrong_side for each in judged if each.wrong_side is not None]
    return Rate(
        sentences=len(judged),
        followed=mean,
        interval=Z * math.sqrt(spread / len(judged)),
        chance=sum(each.chance for each in judged) / len(judged),
        wrong_side=sum(wrong) / len(wrong) if wrong else None,
    )
