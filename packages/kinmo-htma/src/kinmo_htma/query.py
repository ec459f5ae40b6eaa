"""Search queries: a sentence, sentences about single limbs, or both, as `Description`s and as a `Timeline`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.text import UNKNOWN, Description, Timeline, check_sentence
from kinmo_htma.model import HTMA
from kinmo_htma.statements import Statements
from kinmo_reasoner.offline import OfflineReasoner
from kinmo_reasoner.request import limb_sentence

_OPEN: Final = 0.5  # truth of a sentence without a statement, which the motion neither confirms nor refutes


def query(model: HTMA, text: str | None, limbs: Mapping[str, str]) -> list[Description]:
    """Make the descriptions to search by, one for each draw of the model's reasoner.

    A given limb text replaces the reasoner's, and pairs with this limb become "unknown". Without a sentence the limb texts
    replace it; a model of the global level alone reads them after the sentence.

    Args:
        model: its reasoner fills in the rest.
        text: the whole action.
        limbs: what each group does, as a sentence or without a subject ("waves").

    Raises:
        InputError: neither text nor limbs, an empty sentence, or an unknown limb.
    """
    said = {limb: limb_sentence(limb, text) for limb, text in limbs.items()}
    parts = ([] if text is None else [check_sentence(text)]) + list(said.values())
    if not parts:
        raise InputError("a query must have a sentence, or one about a limb such as --right-arm 'waves', got neither")
    reads_limbs = model.levels != ("global",)
    drawn = model.describe([parts[0] if text is not None and reads_limbs else ", ".join(parts)])
    if not said or not reads_limbs:
        return [described for (described,) in drawn]
    if text is None:  # the other limbs are unknown, so all draws are equal
        drawn = drawn[:1]
    return [_with_limbs(described, said, others_known=text is not None) for (described,) in drawn]


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
    stretched = [timeline.stretch(seconds) if timeline.statements else timeline for timeline in found]
    return Timeline(tuple(one for timeline in stretched for one in timeline.statements), seconds)


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


def _with_limbs(described: Description, said: Mapping[str, str], *, others_known: bool) -> Description:
    groups = described.groups if others_known else dict.fromkeys(described.groups, UNKNOWN)
    pairs = {p: t if others_known and not {*p} & set(said) else UNKNOWN for p, t in described.interactions.items()}
    return replace(described, groups={**groups, **said}, interactions=pairs)
