"""How much of what a motion does a plan says: precision, recall and F1 of statements, group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.errors import InputError
from kinmo_core.text import BODY, GROUPS, Reasoner, Statement, Timeline
from kinmo_reasoner.build import without_mirrored
from kinmo_reasoner.kinds import kind_of

ROWS: Final = (*GROUPS, "pairs", "all")


@dataclass(frozen=True)
class Agreement:
    """Counts over all plans: statements made, statements of the motions, and those that are in both."""

    said: int
    true: int
    both: int

    @property
    def precision(self) -> float:
        """Share of the statements made that the motion's own timeline holds."""
        return self.both / self.said if self.said else 0.0

    @property
    def recall(self) -> float:
        """Share of the motion's statements that are made."""
        return self.both / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.both / (self.said + self.true) if self.said + self.true else 0.0


def compare(plans: Sequence[Timeline], motions: Sequence[Timeline]) -> dict[str, Agreement]:
    """Compare plans with the timelines of the motions, by group, all pairs together, and in all.

    A statement agrees with one of the same limb or pair, of the same kind and direction, at the same time at least in part;
    each counts once.
    """
    counts = {row: [0, 0, 0] for row in ROWS}
    for plan, motion in zip(plans, motions, strict=True):
        for who in {s.who for s in (*plan.statements, *motion.statements)} - {BODY}:
            said, true = plan.of(who), motion.of(who)
            for row in ("pairs" if "+" in who else who, "all"):
                for place, number in enumerate((len(said), len(true), _shared(said, true))):
                    counts[row][place] += number
    return {row: Agreement(*numbers) for row, numbers in counts.items()}


def evaluate(
    reasoner: Reasoner, data: HumanML3DFolder, descriptions: Mapping[str, Timeline], splits: Sequence[str]
) -> dict[str, Agreement]:
    """Plan the first caption of each motion, in the motion's duration, and compare with its own timeline.

    Mirrored copies are left out: their captions and timelines are those of the originals.

    Raises:
        InputError: none of the motions has a timeline.
    """
    samples = [s for s in without_mirrored(data.samples(list(splits))) if s.key in descriptions and s.captions]
    if not samples:
        raise InputError(f"the descriptions hold a timeline of none of the motions of {', '.join(splits)}")
    motions = [descriptions[sample.key] for sample in samples]
    plans = reasoner.plan([s.captions[0].text for s in samples], [motion.seconds for motion in motions])
    return compare([plan for (plan,) in plans], motions)


def _shared(said: Sequence[Statement], true: Sequence[Statement]) -> int:
    """Count the statements that agree, one to one, in the order of time."""
    open_: list[Statement] = list(true)
    shared = 0
    for statement in said:
        kind = kind_of(statement)
        twin = next(
            (o for o in open_ if o.start < statement.end and statement.start < o.end and kind_of(o) == kind), None
        )
        if kind is not None and twin is not None:
            open_.remove(twin)
            shared += 1
    return shared
