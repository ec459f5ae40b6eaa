"""Values that the stages hand on: what is observed in a motion (`Observation`), and what is written of it (`Annotation`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kinmo_core.text import BODY, Description, Statement, Timeline
from kinmo_core.text.statement import SLOT


@dataclass(frozen=True)
class Keyframe:
    """A frame whose pose reads differently from the one before."""

    seconds: float
    text: str  # the pose in words


@dataclass(frozen=True)
class Observed:
    """A statement with what a writer needs to choose it and to word it differently."""

    statement: Statement  # in its plainest words
    kind: str = ""  # key of `vocabulary.PHRASES`
    size: float | int = 0.5  # how much it is worth telling; about 1 for what anybody would mention
    words: Mapping[str, str] = field(default_factory=dict)  # fill the phrase; `{}` marks the amount

    def say(self, phrase: str, **words: str) -> Observed:
        """Word the statement by another phrase, with some words replaced; a phrase without `{}` drops the amount."""
        words = {**self.words, **words}
        text = phrase.format(**words)
        fields = {"text": text} if SLOT in text else {"text": text, "amount": None, "unit": ""}
        return replace(self, statement=replace(self.statement, **fields), words=words)


@dataclass(frozen=True)
class Observation:
    """A motion as a writer gets it.

    Args:
        id: name of the motion.
        seconds: its duration.
        observed: by limb, then by time.
        keyframes: by time; empty where the writer does not ask for them.
        captions: sentences of people about the whole motion, if there are any.
    """

    id: str
    seconds: float
    observed: tuple[Observed, ...]
    keyframes: tuple[Keyframe, ...] = ()
    captions: tuple[str, ...] = ()

    @cached_property
    def timeline(self) -> Timeline:
        """What groups and pairs do."""
        return Timeline(tuple(one.statement for one in self.observed), self.seconds)

    def timeline_with(self, action: str) -> Timeline:
        """Return the timeline with a statement about the body: the whole action, over the whole duration."""
        # A language model may write "{}", which marks the place of an amount in a statement.
        body = Statement(BODY, 0.0, self.seconds, action.replace(SLOT, "( )"))
        return Timeline((body, *self.timeline.statements), self.seconds)


@dataclass(frozen=True)
class Annotation:
    """A motion in words.

    Args:
        id: name of the motion.
        description: the three levels.
        writer: who wrote it, e.g. "template-0" or "gpt-4o-mini".
        timeline: the statements behind it, and one about the body.
        problem: why the text is not what the writer should have given; empty where all went well.
    """

    id: str
    description: Description
    writer: str
    timeline: Timeline
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return one line of an annotation file: the description with `id`, `writer`, `problem` and `timeline`."""
        about = {"writer": self.writer, "problem": self.problem, "timeline": self.timeline.to_json()}
        return {"id": self.id, **self.description.to_json(), **about}
