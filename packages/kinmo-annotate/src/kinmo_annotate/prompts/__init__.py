"""Prompts for a language model, from the Markdown files in this folder; files of another folder can replace them.

Two stages, as in KinMo (ICCV 2025, section 3.2). The paper's prompts were never published; these are our own.
Observations and captions are inserted as JSON between <data> marks, so that no caption is read as an instruction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Final

from kinmo_annotate.observation import Observation
from kinmo_core.errors import InputError

Messages = list[dict[str, str]]  # as OpenAI has them: {"role": ..., "content": ...}
_EMPTY_ANSWER: Final = "(no answer)"  # some providers refuse a conversation with an empty message

PLACEHOLDERS: Final[Mapping[str, frozenset[str]]] = {
    "system": frozenset(),
    "observation": frozenset({"seconds", "captions", "poses", "timeline"}),
    "groups": frozenset({"observation"}),
    "interactions": frozenset({"observation", "groups"}),
    "again": frozenset({"problem"}),
}
"""File names without suffix, and the placeholders of each."""


@dataclass(frozen=True)
class Prompts:
    """The files as templates."""

    system: Template  # task, meaning of the data, style
    observation: Template  # data of one motion; both stages start with it, so that a provider can cache it
    groups: Template  # first stage: the whole action and the six groups
    interactions: Template  # second stage: the 15 pairs
    again: Template  # reply to an unusable answer

    def ask_groups(self, observation: Observation) -> Messages:
        """Return the messages of the first stage."""
        return self._ask(self.groups.substitute(observation=self._observation(observation)))

    def ask_interactions(self, observation: Observation, text: str, groups: Mapping[str, str]) -> Messages:
        """Return the messages of the second stage, which contain the answer to the first one."""
        written = as_data({"text": text, "groups": dict(groups)})
        return self._ask(self.interactions.substitute(observation=self._observation(observation), groups=written))

    def ask_again(self, messages: Messages, answer: str, problem: str) -> Messages:
        """Return the messages, followed by the answer to them and the reason why it is unusable."""
        wrong = {"role": "assistant", "content": answer.strip() or _EMPTY_ANSWER}
        return [*messages, wrong, {"role": "user", "content": self.again.substitute(problem=problem)}]

    def _ask(self, question: str) -> Messages:
        return [{"role": "system", "content": self.system.substitute()}, {"role": "user", "content": question}]

    def _observation(self, seen: Observation) -> str:
        timeline: dict[str, list[str]] = {}
        for statement in (one.statement for one in seen.observed):
            span = f"{statement.start:.1f}-{statement.end:.1f} s"
            timeline.setdefault(statement.who, []).append(f"{span}: {statement.sentence}")
        return self.observation.substitute(
            seconds=f"{seen.seconds:.1f}",
            captions=as_data(list(seen.captions)),
            poses=as_data([f"{frame.seconds:.1f} s: {frame.text}" for frame in seen.keyframes]),
            timeline=as_data(timeline),
        ).strip()


def load_prompts(folder: Path | str | None = None) -> Prompts:
    """Load the prompts of this package; files of the same name in `folder` replace them.

    Raises:
        InputError: the folder has no Markdown file or one of another name, or a file cannot be read, lacks a placeholder
            or has an unknown one; names file and placeholder.
    """
    own = resources.files(__name__)
    texts = {name: (f"{name}.md", (own / f"{name}.md").read_text(encoding="utf-8")) for name in PLACEHOLDERS}
    if folder is not None:
        texts |= _overrides(Path(folder))
    return Prompts(**{name: _template(text, source, PLACEHOLDERS[name]) for name, (source, text) in texts.items()})


def _overrides(folder: Path) -> dict[str, tuple[str, str]]:
    """Return (path, text) of each prompt in a folder, by name."""
    wanted = ", ".join(f"{name}.md" for name in PLACEHOLDERS)
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise InputError(f"prompts: no Markdown file in the folder {folder}; want one or more of {wanted}")
    for path in paths:
        if path.stem not in PLACEHOLDERS:
            raise InputError(f"prompts: {path} is not a prompt; want one or more of {wanted}")
    try:
        return {path.stem: (str(path), path.read_text(encoding="utf-8")) for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the prompts in {folder}: {error}") from None


def _template(text: str, source: str, wanted: frozenset[str]) -> Template:
    """Return the text as a template; check that its placeholders are exactly the wanted ones."""
    template = Template(text.strip())
    if not template.is_valid():
        raise InputError(f"prompts: {source} has a $ without a name; write $$ for a dollar sign")
    found = set(template.get_identifiers())
    for name in sorted(wanted - found):
        raise InputError(f"prompts: {source} lacks the placeholder ${name}")
    for name in sorted(found - wanted):
        known = ", ".join(f"${name}" for name in sorted(wanted)) or "none"
        raise InputError(f"prompts: {source} has the placeholder ${name}, which is unknown; it can have {known}")
    return template


def as_data(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return JSON without "<", which could close the <data> mark, and in UTF-8: half an emoji becomes an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=0).replace("<", "\\u003c")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
