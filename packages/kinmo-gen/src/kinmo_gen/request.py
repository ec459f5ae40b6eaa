"""What a user asks the generator for, and what it makes of it: a sentence, its duration, and what every limb does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kinmo_annotate.show import limb_name
from kinmo_core.errors import InputError
from kinmo_core.text import BODY, Timeline, check_sentence
from kinmo_gen.generator import Generator
from kinmo_gen.instructions import Instruction, instruct
from kinmo_gen.length import tokens_of
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.show import plan_text


@dataclass(frozen=True)
class Asked:
    """A motion that a user asks for.

    Args:
        text: the sentence.
        seconds: duration; drawn from the length estimator where None.
        timeline: what the limbs do; planned by the reasoner where None.
        limbs: instructions to single limbs, which go before the plan.

    Raises:
        InputError: an empty or overlong sentence, or a duration outside 0.4 to 9.8 seconds.
    """

    text: str
    seconds: float | None = None
    timeline: Timeline | None = None
    limbs: tuple[Instruction, ...] = ()

    def __post_init__(self) -> None:
        check_sentence(self.text)
        if self.seconds is not None:
            tokens_of(self.seconds)

    @staticmethod
    def of_timeline(path: Path, text: str | None, limbs: tuple[Instruction, ...]) -> Asked:
        """Ask for the timeline of a file; its statements about the body are the sentence where none is given.

        Raises:
            InputError: the file holds no timeline, or there is no sentence in either place.
        """
        timeline = Timeline.load(path)
        said = text or ", then ".join(statement.sentence for statement in timeline.of(BODY))
        if not said:
            raise InputError(f"{path} must have a statement about the body, or be given with a sentence, got neither")
        return Asked(said, float(timeline.seconds), timeline, limbs)


def resolve(generator: Generator, asked: Sequence[Asked], *, seed: int | None) -> list[Asked]:
    """Fill in durations and timelines.

    Raises:
        InputError: a sentence that the reasoner does not understand, or instructions that do not fit the motion; or
            instructions to a model that hears only sentences.
    """
    texts = [one.text for one in asked]
    drawn = generator.durations(texts, seed=seed)
    seconds = [one.seconds or duration for one, duration in zip(asked, drawn, strict=True)]
    plans = generator.plan(texts, seconds)
    resolved = []
    for one, duration, plan in zip(asked, seconds, plans, strict=True):
        timeline = one.timeline or plan
        if one.limbs:
            if not isinstance(generator.reasoner, OfflineReasoner):
                raise InputError("the model must hear statements to be told what limbs do, got one of sentences only")
            timeline = instruct(timeline or Timeline((), duration), one.limbs, generator.reasoner)
        resolved.append(replace(one, seconds=duration, timeline=timeline))
    return resolved


def explanation(one: Asked, generator: Generator, *, whole: bool) -> str:
    """Say what was understood: in one line, or as the whole timeline with a bar for each statement."""
    if one.timeline is None:
        return f"{one.text}: told as one sentence"
    if whole:
        return plan_text(one.timeline)
    reasoner = generator.reasoner
    said = reasoner.said([one.text])[0] if isinstance(reasoner, OfflineReasoner) else one.timeline
    told = [f"{limb_name(s.who)} {s.sentence}" for s in said.statements if "+" not in s.who and s.who != BODY]
    told += [f"{limb_name(i.limb)} {i.text}" for i in one.limbs]
    return f"{one.text}: {'; '.join(told) if told else 'no known action, moves as in similar captions'}"
