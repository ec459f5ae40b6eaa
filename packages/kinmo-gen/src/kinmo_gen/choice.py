"""Among several motions of a request, choose the one that does most of what is asked, as kinmo-annotate sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_annotate.observe import observe
from kinmo_core.motion import Motion
from kinmo_core.text import Statement, Timeline
from kinmo_reasoner.statements import Statements

_DONE: Final = 0.5  # quality of a match, from which a wanted statement counts as done


@dataclass(frozen=True)
class Choice:
    """The best of several motions.

    Args:
        motion: the motion.
        score: from 0 to 1, how much of what is wanted it does; see `Statements.scores`.
        missed: the wanted statements that it does not do.
    """

    motion: Motion
    score: float
    missed: tuple[Statement, ...]


def best_of(motions: Sequence[Motion], wanted: Timeline) -> Choice:
    """Annotate each motion and choose the one that does most of what is wanted; the first one where several do the same.

    Args:
        motions: at least one, at 20 fps.
        wanted: statements in the annotator's vocabulary; others are not judged.
    """
    seen = Statements.of([observe(motion).timeline for motion in motions])
    scores = seen.scores(wanted)
    best = int(scores.argmax())
    answers = seen.answers(wanted, best)
    missed = (one for one, match in answers if match is None or match.quality < _DONE)
    return Choice(motions[best], float(scores[best]), tuple(missed))
