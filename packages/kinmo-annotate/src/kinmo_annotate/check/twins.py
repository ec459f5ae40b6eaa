"""Rules for two limbs that belong together: apart, coming together, crossed, on the hips."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.phrases import amount, pair


def pairs(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "the hands are far apart", "the feet come together" and "the knees stay together"."""
    if actor.side not in ("both", "any") or actor.part not in ("wrist", "foot", "knee", "elbow"):
        return
    metres = amount(text, "metres")
    if re.search(_APART, text):
        moving = re.search(r"\b(?:moves?|comes?|goe?s?|drifts?|pulls?|swings?|draws?)\b[^,]*\bapart\b", text)
        wide = re.search(r"\b(?:far|wide|widely|well)\b", text)
        yield pair("parts" if moving else "apart", actor.part, "wide" if wide and not moving else "", metres)
    elif re.search(COMING, text):
        yield pair("approaches", actor.part, number=metres)
    elif re.search(_TOGETHER, text):
        yield pair("near", actor.part)


_APART: Final = r"\bapart\b|\bbetween them\b|\bfrom each other\b|\bwide(?:ly)? (?:stance|open)\b|\bspread wide\b"
COMING: Final = (
    r"\b(?:comes?|came|coming|bring(?:s|ing)?|draws?|moves?) (?:\w+ ){0,3}?(?:together|closer)\b|toward each other"
)
_TOGETHER: Final = (
    r"\b(?:close(?:ly)?|tightly|pressed|clasped|held|hands|feet|knees|touching|stay|keep|kept|puts?|holds?) together\b"
    r"|\b(?:near|close to|touch(?:es|ing)?|against|beside|next to) (?:each other|one another)\b|\bmeet\b"
)


_THEIR: Final = r"(?:the |his |her |their |its |both |own )*"
_ON_HIP: Final = rf"\bon {_THEIR}(?:left |right )?(?:hips?|waist)\b|\bakimbo\b"
_FOLDED: Final = (
    r"\barms? (?:is |are |stays? |held |kept )*(?:crossed|folded)\b"
    rf"|\b(?:cross|fold)\w* {_THEIR}arms\b"
)


def grips(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "the left hand is on the hip" and "the arms are crossed"."""
    if actor.part != "wrist":
        return
    if re.search(_ON_HIP, text):
        yield Claim("on hip", "wrist", actor.side)
    if actor.side in ("both", "any") and re.search(_FOLDED, text):
        yield pair("folded", "wrist")
