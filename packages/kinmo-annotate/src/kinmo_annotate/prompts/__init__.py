"""What a language model is asked, from the Markdown files beside this one; a folder of one's own can replace any of them.

Two stages, as in KinMo (ICCV 2025, section 3.2); the paper's wording was never published, so this is our own.
What was seen and said of a motion goes in as JSON between <data> marks, so that a caption stays a caption whatever it says.
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

PLACEHOLDERS: Final[Mapping[str, frozenset[str]]] = {
    "system": frozenset(),
    "observation": frozenset({"seconds", "captions", "poses", "timeline"}),
    "groups": frozenset({"observation"}),
    "interactions": frozenset({"observation", "groups"}),
    "again": frozenset({"problem"}),
}
"""The files, and what each must have a place for."""


@dataclass(frozen=True)
class Prompts:
    """The texts of the files, as templates.

    Args:
        system: who the model is, what the data mean, how to write.
        observation: the data of one motion; the start of both stages, so that a provider can cache it.
        groups: the first stage, the whole action and the six groups.
        interactions: the second stage, the 15 pairs.
        again: what follows an answer that cannot be used.
    """

    system: Template
    observation: Template
    groups: Template
    interactions: Template
    again: Template

    def ask_groups(self, observation: Observation) -> Messages:
        """Messages of the first stage."""
        return self._ask(self.groups.substitute(observation=self._observation(observation)))

    def ask_interactions(self, observation: Observation, text: str, groups: Mapping[str, str]) -> Messages:
        """Messages of the second stage, from what the first one gave."""
        written = _data({"text": text, "groups": dict(groups)})
        return self._ask(self.interactions.substitute(observation=self._observation(observation), groups=written))

    def ask_again(self, messages: Messages, answer: str, problem: str) -> Messages:
        """The messages, the answer to them, and why it cannot be used. Some providers refuse an empty message."""
        wrong = {"role": "assistant", "content": answer.strip() or "(no answer)"}
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
            captions=_data(list(seen.captions)),
            poses=_data([f"{frame.seconds:.1f} s: {frame.text}" for frame in seen.keyframes]),
            timeline=_data(timeline),
        ).strip()


def load_prompts(folder: Path | str | None = None) -> Prompts:
    """The prompts of this package, or those of `folder` where it has a file of the same name.

    Raises:
        InputError: the folder has none of the files or a Markdown file of another name; a file cannot be read, lacks a
            placeholder or has one that nothing fills. Names file and placeholder.
    """
    own = resources.files(__name__)
    texts = {name: (f"{name}.md", (own / f"{name}.md").read_text(encoding="utf-8")) for name in PLACEHOLDERS}
    if folder is not None:
        texts |= _overrides(Path(folder))
    return Prompts(**{name: _template(text, source, PLACEHOLDERS[name]) for name, (source, text) in texts.items()})


def _overrides(folder: Path) -> dict[str, tuple[str, str]]:
    """(path, text) of the prompts in a folder."""
    wanted = ", ".join(f"{name}.md" for name in PLACEHOLDERS)
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise InputError(f"prompts: no Markdown file in the folder {folder}; want one or more of {wanted}")
    for path in paths:
        if path.stem not in PLACEHOLDERS:
            raise InputError(f"prompts: {path} is no prompt; want one or more of {wanted}")
    try:
        return {path.stem: (str(path), path.read_text(encoding="utf-8")) for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the prompts in {folder}: {error}") from None


def _template(text: str, source: str, wanted: frozenset[str]) -> Template:
    """The text, once its placeholders are exactly those wanted; "$$" stands for a dollar sign."""
    template = Template(text.strip())
    if not template.is_valid():
        raise InputError(f"prompts: {source} has a $ without a name; write $$ for a dollar sign")
    found = set(template.get_identifiers())
    for name in sorted(wanted - found):
        raise InputError(f"prompts: {source} lacks the placeholder ${name}")
    for name in sorted(found - wanted):
        known = ", ".join(f"${name}" for name in sorted(wanted)) or "none"
        raise InputError(f"prompts: {source} has the placeholder ${name}, which nothing fills; it can have {known}")
    return template


def _data(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON that cannot close the <data> mark around it, and that UTF-8 can carry: half an emoji becomes an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=0).replace("<", "\\u003c")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
