"""Search queries: a sentence, sentences about single limbs, or both, as `Description`s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kinmo_core.errors import InputError
from kinmo_core.text import UNKNOWN, Description, check_sentence
from kinmo_htma.model import HTMA
from kinmo_reasoner.request import limb_sentence


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


def _with_limbs(described: Description, said: Mapping[str, str], *, others_known: bool) -> Description:
    groups = described.groups if others_known else dict.fromkeys(described.groups, UNKNOWN)
    pairs = {p: t if others_known and not {*p} & set(said) else UNKNOWN for p, t in described.interactions.items()}
    return replace(described, groups={**groups, **said}, interactions=pairs)
