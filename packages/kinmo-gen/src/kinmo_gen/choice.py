"""Hold motions against what is wanted, as kinmo-annotate sees it: choose the best, and pose what it misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_annotate.observe import observe
from kinmo_core.motion import Motion
from kinmo_core.text import GROUPS, Statement, Timeline
from kinmo_gen.posing import PATH, limbs_to_pose, pose, statements_of
from kinmo_reasoner.layout import RESTS
from kinmo_reasoner.statements import Statements

_DONE: Final = 0.5  # quality of a match, from which a wanted statement counts as done
_WELL: Final = 0.9  # score of a motion that no other one needs to be sampled for
_VERY_WELL: Final = 0.97  # score of a motion whose limbs need no pose
_AS_GOOD: Final = 1e-3  # the annotator does not see all that poses do, so they may win at the same score
_STANDING: Final = "a person stands still"


@dataclass(frozen=True)
class Choice:
    """A motion held against what is wanted.

    Args:
        motion: the motion.
        score: from 0 to 1, how much of what is wanted it does; see `Statements.scores`.
        missed: the wanted statements that it does not do.
    """

    motion: Motion
    score: float
    missed: tuple[Statement, ...]

    @property
    def is_good(self) -> bool:
        """Whether it does all that is wanted, and well."""
        return not self.missed and self.score >= _WELL


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


def posed(choice: Choice, told: Timeline, wanted: Timeline) -> Choice:
    """Pose the limbs of a motion that misses something; see `kinmo_gen.posing`.

    Args:
        choice: the motion.
        told: what all limbs were told.
        wanted: what the words say.

    Returns:
        The posed motion, or `choice` where nothing can be posed, or it then does less. Limbs of a motion that does
        very well are left alone, but it goes as far as told.
    """
    is_fine = not choice.missed and choice.score >= _VERY_WELL
    limbs = limbs_to_pose(choice.motion, told, wanted) & ({PATH} if is_fine else {PATH, *GROUPS})
    if not limbs:
        return choice
    made = best_of([pose(choice.motion, told, limbs)], wanted)
    does_more = len(made.missed) < len(choice.missed) or made.score >= choice.score - _AS_GOOD
    return made if does_more else choice


def quiet(text: str, told: Timeline, wanted: Timeline) -> tuple[str, Timeline] | None:
    """Return a sentence and a timeline of a motion to pose limbs on: as told, but the limbs that are posed rest.

    Returns:
        None where nothing can be posed.
    """
    posable = {who for who in GROUPS if statements_of(who, wanted)}
    if not posable:
        return None
    others = set(GROUPS) - posable
    if not any(one.who in others for one in wanted.statements):  # nothing else moves
        rests = [Statement(who, 0.0, told.seconds, RESTS[who]) for who in GROUPS if who in RESTS]
        return _STANDING, Timeline(tuple(rests), told.seconds)
    kept = [one for one in told.statements if one.who in others]
    rests = [Statement(who, 0.0, told.seconds, RESTS[who]) for who in GROUPS if who in posable and who in RESTS]
    return text, Timeline((*kept, *rests), told.seconds)
