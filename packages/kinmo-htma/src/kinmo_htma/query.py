"""What a person asks for: a sentence, sentences about single limbs, or both, as a `Description`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kinmo_core.errors import InputError
from kinmo_core.text import GROUPS, UNKNOWN, Description, check_sentence
from kinmo_htma.model import HTMA


def query(model: HTMA, text: str | None, limbs: Mapping[str, str]) -> Description:
    """The description to search by.

    What is said of a limb replaces what the reasoner wrote of it, and pairs with this limb become unknown. Without a
    sentence the limbs' ones stand for it; a model of the global level alone reads them after the sentence.

    Args:
        model: whose reasoner fills in the rest.
        text: the whole action.
        limbs: group to what it does, as a sentence, or without subject ("waves").

    Raises:
        InputError: neither text nor limbs, an empty sentence, or an unknown limb.
    """
    said = {limb: _sentence(limb, text) for limb, text in limbs.items()}
    parts = ([] if text is None else [check_sentence(text)]) + list(said.values())
    if not parts:
        raise InputError("nothing to search for; want a sentence, or one about a limb such as --right-arm 'waves'")
    reads_limbs = model.levels != ("global",)
    (described,) = model.describe([parts[0] if text is not None and reads_limbs else ", ".join(parts)])
    if not said or not reads_limbs:
        return described
    if text is None:  # nothing is known of the other limbs
        described = replace(
            described,
            groups=dict.fromkeys(described.groups, UNKNOWN),
            interactions=dict.fromkeys(described.interactions, UNKNOWN),
        )
    return replace(
        described,
        groups={**described.groups, **said},
        interactions={p: UNKNOWN if {*p} & set(said) else t for p, t in described.interactions.items()},
    )


def _sentence(limb: str, text: str) -> str:
    if limb not in GROUPS:
        raise InputError(f"no limb {limb!r}; the limbs are {', '.join(GROUPS)}")
    name, said = limb.replace("_", " "), check_sentence(text)
    return said if name.split()[-1] in said.lower().split() else f"the {name} {said}"
