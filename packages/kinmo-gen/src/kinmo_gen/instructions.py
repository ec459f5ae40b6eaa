"""What a user tells a single limb, and the timeline in which it takes the place of what the reasoner planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from kinmo_core.errors import InputError
from kinmo_core.text import Statement, Timeline
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.request import limb_sentence


@dataclass(frozen=True)
class Instruction:
    """What one group does from `start` to `end`, seconds; over the whole motion where None.

    Raises:
        InputError: no such group, an empty text, or not 0 <= start < end.
    """

    limb: str
    text: str
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        limb_sentence(self.limb, self.text)
        start, end = self.span(float("inf"))
        if not 0 <= start < end:
            raise InputError(f"{self.option} must have 0 <= --from < --to, got {start:g} and {end:g}")

    @property
    def option(self) -> str:
        """The command-line option of the limb."""
        return f"--{self.limb.replace('_', '-')}"

    @property
    def sentence(self) -> str:
        """The instruction as a sentence."""
        return limb_sentence(self.limb, self.text)

    def span(self, seconds: float) -> tuple[float, float]:
        """Return start and end in a motion of some seconds."""
        return self.start or 0.0, seconds if self.end is None else self.end


def check_instructions(instructions: Sequence[Instruction], seconds: float) -> None:
    """Check that instructions fit a motion of some seconds and do not contradict each other.

    Raises:
        InputError: an instruction ends after the motion, or two tell the same limb something at the same time.
    """
    for one in instructions:
        start, end = one.span(seconds)
        if end > seconds or start >= seconds:
            raise InputError(
                f"{one.option} must lie within the {seconds:g} s of the motion, got {start:g} to {end:g} s"
            )
    for one, other in combinations(instructions, 2):
        (start, end), (other_start, other_end) = one.span(seconds), other.span(seconds)
        if one.limb == other.limb and start < other_end and other_start < end:
            raise InputError(
                f"{one.option} must be told one thing at a time, got {one.text!r:.80} and {other.text!r:.80} "
                f"at {max(start, other_start):g} s"
            )


def instruct(plan: Timeline, instructions: Sequence[Instruction], reasoner: OfflineReasoner) -> Timeline:
    """Let limbs do what they are told, instead of what a plan says of them in that time.

    Words that the reasoner knows become statements of the annotator's vocabulary, which the generator was trained on; others
    are kept as they are. What a pair does with a limb that is told is left out for that time.

    Args:
        plan: what the body does.
        instructions: what limbs do.
        reasoner: reads the words.

    Raises:
        InputError: see `check_instructions`, or words that are not English.
    """
    seconds = float(plan.seconds)
    check_instructions(instructions, seconds)
    statements = list(plan.statements)
    for one, said in zip(instructions, reasoner.said([i.sentence for i in instructions]), strict=True):
        start, end = one.span(seconds)
        known = Timeline(said.of(one.limb), said.seconds)
        if not known.statements:
            known = Timeline((Statement(one.limb, 0.0, 1.0, one.text),), 1.0)
        known = known.stretch(end - start).shift(start)
        statements = [s for s in statements if not (one.limb in s.who.split("+") and s.start < end and s.end > start)]
        statements += known.statements
    return Timeline(tuple(statements), seconds)
