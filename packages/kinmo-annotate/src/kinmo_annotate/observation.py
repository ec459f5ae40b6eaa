"""The values that the stages hand on: what was seen in a motion (`Observation`), what was written of it (`Annotation`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kinmo_core.text import Description


@dataclass(frozen=True)
class Keyframe:
    """A frame whose pose reads differently from the one before.

    Args:
        seconds: its time.
        text: the pose in words.
    """

    seconds: float
    text: str


@dataclass(frozen=True)
class Event:
    """Something that a limb, or a pair of limbs, does or holds for a while.

    Args:
        who: a group ("left_arm") or a pair ("left_arm+right_arm"), as in `Description.to_json`.
        start, end: seconds.
        text: it in plain words, without a subject: "rises from the hips to above the head".
        kind: what sort of event; together with `values` it is what a writer words anew.
        values: the numbers and places behind the words, metres, degrees, seconds.
    """

    who: str
    start: float
    end: float
    text: str
    kind: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """A motion as a writer gets it.

    Args:
        id: name of the motion.
        seconds: its duration.
        events: by limb, then by time.
        keyframes: by time; empty where the writer does not ask for them.
        captions: what people said of the whole motion, if anything.
    """

    id: str
    seconds: float
    events: tuple[Event, ...]
    keyframes: tuple[Keyframe, ...] = ()
    captions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Annotation:
    """A motion in words.

    Args:
        id: name of the motion.
        description: the three levels.
        writer: who wrote it, e.g. "template-0" or "gpt-4o-mini".
        timeline: the events behind it.
        problem: why the text is not what the writer should have given; empty where all went well.
    """

    id: str
    description: Description
    writer: str
    timeline: tuple[Event, ...] = ()
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """One line of an annotation file: the description with `id`, `writer`, `problem` and `timeline`."""
        timeline = [
            {"who": event.who, "start": round(event.start, 2), "end": round(event.end, 2), "text": event.text}
            for event in self.timeline
        ]
        about = {"writer": self.writer, "problem": self.problem, "timeline": timeline}
        return {"id": self.id, **self.description.to_json(), **about}
