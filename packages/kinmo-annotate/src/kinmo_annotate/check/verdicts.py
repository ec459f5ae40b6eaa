"""`judge`: a verdict for every statement of a text, held against a motion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from kinmo_annotate.check.claims import Claim, Meaning
from kinmo_annotate.check.measure import OTHER, Measures
from kinmo_annotate.check.scores import score
from kinmo_annotate.check.statements import Reading, Span, statements_of
from kinmo_core.errors import InputError
from kinmo_core.features import FPS
from kinmo_core.motion import Motion
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.text import BODY, Description, Timeline

# Seconds by which a statement of a timeline may miss its span at each end. Of 60 val clips of the CMU pack, the check then
# contradicts 5 per thousand statements of the writer, and 358 if held against another clip (7 and 381 without a margin).
SPAN_MARGIN: Final = 0.2


class Answer(Enum):
    """What the joints say about a statement."""

    SUPPORTED = "supported"  # or at least not clearly wrong
    CONTRADICTED = "contradicted"
    NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True)
class Verdict:
    """The check's answer to one statement.

    Args:
        clause: the words, in lower case and with idioms joined: "up_and_down".
        who: "body", a group or a pair: whose text the statement stands in.
        statement: the meaning in words; empty where the check cannot judge the clause.
        answer: what the joints say.
        evidence: the measured numbers in words: "right wrist rises 0.02 m; left wrist rises 0.61 m".
        sides: whether it names left or right, so that exchanging them makes another statement.
        side_error: whether it is contradicted, and clearly right with left and right exchanged.
        side_visible: whether it would be contradicted with left and right exchanged; False where both sides do the same.
        span: (start, end) in seconds, where the statement has a time; None for the whole motion.
    """

    clause: str
    who: str
    statement: str
    answer: Answer
    evidence: str = ""
    sides: bool = False
    side_error: bool = False
    side_visible: bool = False
    span: Span | None = None


def judge(text: str | Description | Timeline, motion: Motion) -> list[Verdict]:
    """Judge every statement of a text against a motion.

    A statement of a timeline is judged within its own span, `SPAN_MARGIN` longer at both ends; all others within the whole
    motion.

    Args:
        text: sentences about the whole body, a description, or a timeline.
        motion: on HumanML3D's skeleton, at any frame rate; it is resampled to 20 fps.

    Returns:
        A verdict for each statement, as ordered by `statements_of`.

    Raises:
        InputError: the text is empty or too long, the motion is on another skeleton, or a statement starts after its end.
    """
    if motion.skeleton.names != HUMANML3D.names:
        raise InputError(
            f"motion must have the {len(HUMANML3D)} joints of HumanML3D, got {len(motion.skeleton)} others"
        )
    readings = statements_of(text)
    start, who = max(((one.span[0], one.who) for one in readings if one.span), default=(0.0, BODY))
    if start >= motion.seconds:
        raise InputError(
            f"statements must start within the motion's {motion.seconds:g} s, got one of {who} at {start:g} s"
        )
    measures = Measures(motion.resample(FPS).joints.detach().cpu().numpy(), FPS)
    spans = {span: _cut(measures, span) for span in dict.fromkeys(one.span for one in readings)}
    return [_verdict(spans[one.span], one) for one in readings]


def _cut(motion: Measures, span: Span | None) -> Measures:
    if span is None:
        return motion
    start, end = span
    return motion.window(round((start - SPAN_MARGIN) * motion.fps), round((end + SPAN_MARGIN) * motion.fps))


def _verdict(motion: Measures, reading: Reading) -> Verdict:
    meaning = reading.meaning
    if meaning is None:
        return Verdict(reading.clause, reading.who, "", Answer.NOT_CHECKABLE, span=reading.span)
    value, evidence = score(motion, meaning)
    denied = isinstance(meaning, Claim) and meaning.negated
    wrong = value >= 1 if denied else value < 0
    answer = Answer.CONTRADICTED if wrong else Answer.SUPPORTED
    verdict = Verdict(reading.clause, reading.who, str(meaning), answer, evidence, span=reading.span)
    others = [score(motion, other) for other in _exchanged(meaning)]
    if not others:
        return verdict
    mirrored, other_evidence = others[0]
    return replace(
        verdict,
        evidence=f"{evidence}; {other_evidence}" if isinstance(meaning, Claim) else evidence,
        sides=True,
        side_error=wrong and not denied and any(other >= 1 for other, _ in others),
        side_visible=mirrored >= 1 if denied else mirrored < 0,
    )


def _exchanged(meaning: Meaning) -> Iterable[Meaning]:
    """Return the mirrored meaning, and a claim with only its limb or only its direction exchanged."""
    found: list[Meaning] = [meaning.mirror()]
    if isinstance(meaning, Claim) and {meaning.side, meaning.way} <= {*OTHER}:
        found += [replace(meaning, side=OTHER[meaning.side]), replace(meaning, way=OTHER[meaning.way])]
    return [one for one in found if one != meaning]
