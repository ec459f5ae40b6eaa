"""Scores of statements against a motion: claims by their predicate, movements as a whole, and orders of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kinmo_annotate.check import body, legs, limbs, manner, places
from kinmo_annotate.check.claims import Claim, Order, Path, Statement
from kinmo_annotate.check.measure import OTHER, Measures
from kinmo_annotate.check.series import Series

PREDICATES: Final = {**limbs.PREDICATES, **legs.PREDICATES, **manner.PREDICATES, **places.PREDICATES, **body.PREDICATES}
_NAMES: Final = {"body": "the body", "chest": "the torso", "head": "the head"}
_MOVEMENT: Final = 8.0  # seconds that one movement takes at most
_EVERY: Final = 0.1  # seconds between the moments at which a movement may start and end
_SPLITS: Final = 12  # moments at which an order of events is tried
_OVERLAP: Final = 0.3  # seconds that the two may share

Score = tuple[float, str]  # 0 where a statement begins to be clearly wrong, 1 where clearly right; the numbers in words


def score(motion: Measures, statement: Statement) -> Score:
    """How far a statement is from being clearly wrong, and the evidence in words."""
    if isinstance(statement, Path):
        return _score_path(motion, statement)
    if isinstance(statement, Order):
        return _score_order(motion, statement)
    return _score_claim(motion, statement)


def describe(statement: Statement) -> str:
    """How a statement was understood: "right wrist level above head"."""
    if isinstance(statement, Order):
        return f"{describe(statement.earlier)} before {describe(statement.later)}"
    if isinstance(statement, Path):
        subject = _subject(statement.claims[0].part, statement.claims[0].side)
        starts = [f"from {_predicate(claim)}" for claim in statement.starts]
        ends = [_predicate(claim) for claim in statement.ends]
        return " ".join([subject, ", ".join([*(_predicate(claim) for claim in statement.moves), *starts, *ends])])
    return f"{_subject(statement.part, statement.side)} {_predicate(statement)}"


def _predicate(claim: Claim) -> str:
    number = "" if claim.number is None else f"{claim.number:g}"
    place = f"{claim.place_side} {claim.place}".strip()
    words = [
        "not" if claim.negated else "",
        claim.what,
        claim.way,
        number,
        place,
        "throughout" if claim.lasting else "",
    ]
    return " ".join(word for word in words if word)


def _subject(part: str, side: str) -> str:
    return f"{side} {part}" if side else _NAMES.get(part, part)


def _score_claim(motion: Measures, claim: Claim) -> Score:
    found = {side: PREDICATES[claim.what](motion, claim, side) for side in _sides(claim)}
    words = "; ".join(f"{_subject(claim.part, side)} {evidence.words}" for side, evidence in found.items())
    return _choose(claim, [evidence.score for evidence in found.values()]), words


def _sides(claim: Claim) -> tuple[str, ...]:
    return tuple(OTHER) if claim.side in ("both", "any") else (claim.side,)


def _choose(claim: Claim, scores: Sequence[float]) -> float:
    """Both sides have to do it, any one will do; "neither hand rises" is wrong as soon as one does."""
    return min(scores) if claim.side == "both" and not claim.negated else max(scores)


def _score_path(motion: Measures, path: Path) -> Score:
    """By its worst claim; where all hold, by the best movement that makes all of them true at once."""
    parts = [_score_claim(motion, claim) for claim in path.claims]
    worst, words = min(parts, key=lambda part: part[0])
    if worst < 0:
        return worst, words
    whole = _choose(path.claims[0], [_score_movement(motion, path, side) for side in _sides(path.claims[0])])
    if whole < 0:
        return whole, f"each for itself, but not at once: {'; '.join(words for _, words in parts)}"
    return min(worst, whole), words


def _score_movement(motion: Measures, path: Path, side: str) -> float:
    stride = max(1, round(_EVERY * motion.fps))
    start, end = (_poses(motion, claims, side)[::stride] for claims in (path.starts, path.ends))
    if not path.moves:
        return float(end.max())
    found = np.minimum(start[:, None], end[None])  # start (rows), end (columns)
    for claim in path.moves:
        low, high = limbs.limits(claim)
        grown = [one[None, ::stride] - one[::stride, None] for one in limbs.course(motion, claim, side)]
        found = np.minimum(found, (np.max(grown, axis=0) - low) / (high - low))
    later = np.arange(len(end))[None] - np.arange(len(start))[:, None]
    return float(found[(later >= 0) & (later <= _MOVEMENT / _EVERY)].max())


def _poses(motion: Measures, claims: Sequence[Claim], side: str) -> Series:
    """Score of every frame, by the worst of some poses; endless where there are none."""
    found: list[Series] = [np.full(len(motion), np.inf)]
    for claim in claims:
        frames = PREDICATES[claim.what](motion, claim, side).frames
        found += [] if frames is None else [frames]
    return np.min(found, axis=0)


def _score_order(motion: Measures, order: Order) -> Score:
    """By whether some moment has the one before it and the other after it."""
    # Amounts are claims of their own, and so is what does not happen at all.
    earlier, later = (replace(claim, number=None) for claim in (order.earlier, order.later))
    if min(_score_claim(motion, claim)[0] for claim in (earlier, later)) < 0:
        return 0.5, "not both happen"
    pad = round(_OVERLAP * motion.fps)
    found: list[float] = []
    for number in range(1, _SPLITS):
        middle = len(motion) * number // _SPLITS
        before, after = motion.window(0, middle + pad), motion.window(middle - pad, len(motion))
        found.append(min(_score_claim(before, earlier)[0], _score_claim(after, later)[0]))
        if found[-1] >= 1:
            break
    return max(found), "happen in this order" if max(found) >= 0 else "happen in the other order only"
