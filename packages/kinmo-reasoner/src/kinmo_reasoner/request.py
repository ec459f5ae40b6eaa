"""What a reasoner is asked: sentences with their durations, checked once for all reasoners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, check_sentence
from kinmo_core.text.statement import Real


@dataclass(frozen=True)
class Request:
    """A sentence to plan, and how long the plan must be; `seconds` is None where the reasoner estimates it."""

    sentence: str
    seconds: float | None = None


def requests(sentences: Sequence[str], seconds: Real | Sequence[Real] | None, draws: int) -> list[Request]:
    """Check the arguments of `kinmo_core.text.Reasoner.plan`, and return a request for each sentence.

    Raises:
        InputError: an empty or overlong sentence, seconds or draws that are not positive, or another number of seconds.
    """
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws}")
    if not isinstance(seconds, Sequence):
        durations: list[Real | None] = [seconds] * len(sentences)
    elif len(seconds) == len(sentences):
        durations = list(seconds)
    else:
        raise InputError(f"seconds must be one for each of the {len(sentences)} sentences, got {len(seconds)}")
    wrong = next((s for s in durations if s is not None and not 0 < s < math.inf), None)
    if wrong is not None:
        raise InputError(f"seconds must be positive, got {wrong:g}")
    checked = (check_sentence(sentence) for sentence in sentences)
    return [Request(text, None if s is None else float(s)) for text, s in zip(checked, durations, strict=True)]


def limb_sentence(limb: str, text: str) -> str:
    """Write what a group does as a sentence: "waves" of the right arm is "the right arm waves".

    Raises:
        InputError: no such group, or an empty or overlong text.
    """
    if limb not in GROUPS:
        raise InputError(f"limb must be one of {', '.join(GROUPS)}, got {limb!r}")
    name, said = limb.replace("_", " "), check_sentence(text)
    return said if name.split()[-1] in said.lower().split() else f"the {name} {said}"
