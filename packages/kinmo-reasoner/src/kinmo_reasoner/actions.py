"""The table of plain actions (`actions.yaml`): the words that name an action, and what each limb does in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from kinmo_core.parsing import read_table

_AMOUNTS: Final = ("distance", "angle", "height")


@dataclass(frozen=True)
class Part:
    """A statement of an action before it is filled in.

    Args:
        who: torso, neck, a pair, or `arm`, `twin arm`, `arms` and the same of legs.
        text: with slots such as {pace}.
        start, end: shares of the action's time.
    """

    who: str
    text: str
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class Action:
    """One entry of the table; the head of `actions.yaml` explains the fields."""

    name: str
    when: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    does: tuple[Part, ...]
    also: tuple[Part, ...]
    repeated: tuple[Part, ...]
    seconds: float
    amounts: Mapping[str, float] = field(default_factory=dict)
    limb: str = ""
    side: str = "R"
    speed: float = 0.0
    stride: float = 1.1
    counted: bool = False
    holds: bool = False
    alone: bool = False
    posture: str = ""
    times: int | None = None
    after: Mapping[str, str] = field(default_factory=dict)
    like: str = ""

    @property
    def only_holds(self) -> bool:
        """Whether the action holds a posture that it does not first take, as sitting down takes one."""
        return self.holds and all(part.start == 0 and part.end == 1 for part in self.does)

    def names(self, clause: str) -> bool:
        """Tell whether a clause in short form names this action."""
        return bool(self.when and self.when.search(clause) and not (self.unless and self.unless.search(clause)))


class Actions:
    """The actions in the order in which they are tried."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._words: dict[str, str] = {}
        for name, pattern in values["words"].items():
            self._words[name] = self._expand(pattern)
        self.all: Sequence[Action] = [self._action(entry) for entry in values["actions"]]
        self._by_name = {action.name: action for action in self.all}
        text = " ".join([*values["words"].values(), *(f"{e['when']} {e.get('unless', '')}" for e in values["actions"])])
        self.bases: Final = frozenset(re.findall(r"[a-z]{2,}", re.sub(r"<\w+>|\\[a-z]", " ", text)))

    @classmethod
    def load(cls) -> Actions:
        """Read the table of this package."""
        return cls(read_table(Path(__file__).with_name("actions.yaml")))

    def __getitem__(self, name: str) -> Action:
        return self._by_name[name]

    def find(self, clause: str) -> Action | None:
        """Return the first action that a clause in short form names."""
        return next((action for action in self.all if action.names(clause)), None)

    @cached_property
    def like(self) -> Mapping[str, Action]:
        """Sentences for the search by meaning, with their actions."""
        return {action.like: action for action in self.all if action.like}

    def _expand(self, pattern: str) -> str:
        return re.sub(r"<(\w+)>", lambda name: f"(?<![A-Za-z])(?:{self._words[name[1]]})(?![a-z])", pattern)

    def _action(self, entry: Mapping[str, Any]) -> Action:
        plain = {
            name: entry[name]
            for name in ("limb", "side", "speed", "stride", "counted", "holds", "alone", "posture", "after", "like")
            if name in entry
        }
        return Action(
            name=entry["name"],
            when=self._pattern(entry["when"]),
            unless=self._pattern(entry.get("unless", "")),
            does=_parts(entry.get("does", {})),
            also=_parts(entry.get("also", {})),
            repeated=_parts(entry.get("repeated", {})),
            seconds=float(entry["seconds"]),
            amounts={name: float(entry[name]) for name in _AMOUNTS if name in entry},
            times=entry.get("default times"),
            **plain,
        )

    def _pattern(self, text: str) -> re.Pattern[str] | None:
        return re.compile(rf"(?<![A-Za-z])(?:{self._expand(text)})") if text else None


def _parts(values: Mapping[str, Any]) -> tuple[Part, ...]:
    parts = []
    for who, texts in values.items():
        for text in [texts] if isinstance(texts, str) else texts:
            parts.append(Part(who, text) if isinstance(text, str) else Part(who, text[2], *map(float, text[:2])))
    return tuple(parts)
