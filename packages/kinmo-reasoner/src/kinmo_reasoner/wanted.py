"""What words ask for, as statements, and how much of it a motion does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from kinmo_core.text import Timeline
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.request import limb_sentence
from kinmo_reasoner.statements import Statements

_OPEN: Final = 0.5  # truth of a sentence without a statement, which the motion neither confirms nor refutes


def wanted(reasoner: OfflineReasoner, text: str | None, limbs: Mapping[str, str]) -> Timeline:
    """Return the statements that a query asks for: what its words say of body and limbs, and nothing that only goes along.

    What is said of limbs happens at any time of what the sentence says.

    Args:
        reasoner: reads the words.
        text: the whole action.
        limbs: what each group does, as a sentence or without a subject ("waves").
    """
    sentences = ([] if text is None else [text]) + [limb_sentence(limb, said) for limb, said in limbs.items()]
    found = reasoner.said(sentences)
    seconds = max(timeline.seconds for timeline in found)
    return Timeline(tuple(one for timeline in found for one in timeline.stretch(seconds).statements), seconds)


def truth(reasoner: OfflineReasoner, sentences: Sequence[str], timeline: Timeline) -> Tensor:
    """Return (sentences,), from 0 to 1, how much of what each sentence says a motion does.

    A sentence without a statement gets `_OPEN`.

    Args:
        reasoner: reads the words.
        sentences: about any motion.
        timeline: what the motion does.
    """
    motion = Statements.of([timeline])
    said = reasoner.said(sentences)
    return torch.tensor([float(motion.scores(one)[0]) if one.statements else _OPEN for one in said])
