"""Scores of meanings against a motion: claims by their predicate, paths as one movement, orders by splitting the motion.

A score is 0 where a meaning begins to be clearly wrong and 1 where it is clearly right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from kinmo_annotate.check import body, floor, hands, limbs, manner, places
from kinmo_annotate.check.claims import Claim, Meaning, Order, Path, subject
from kinmo_annotate.check.evidence import Predicate
from kinmo_annotate.check.measure import OTHER, Measures
from kinmo_annotate.check.series import Series

# A claim names its predicate by a key of a table, or as the function is named, with spaces.
PREDICATES: Final[Mapping[str, Predicate]] = {
    function.__name__.replace("_", " "): function
    for function in (
        limbs.rises, limbs.drops, limbs.moves, limbs.reaches, limbs.bends, limbs.straightens, limbs.straight,
        limbs.steps, limbs.steps_toward, limbs.kicks, limbs.lifts_off,
        manner.swings, manner.nods, manner.head_tilts, manner.head_upright, manner.looks, manner.tempo, manner.still,
        manner.in_step, manner.active,
        hands.on_hip, hands.folded, hands.claps, hands.small,
        places.level, places.placed, places.near, places.apart, places.higher, places.ahead,
        body.travels, body.runs, body.turns, body.twists, body.leans, body.squats, body.jumps,
        floor.sits, floor.kneels, floor.lies, floor.faces, floor.low, floor.crawls, floor.gets_up, floor.turns_over,
        floor.upside_down, floor.weight_over,
    )
} | places.DISTANCES | body.POSTURES  # fmt: skip

# Chosen on the train and val clips of the CMU pack.
MOVEMENT_SECONDS: Final = 8.0  # longest duration of one movement
GRID_SECONDS: Final = 0.1  # between the moments at which a movement may start and end
ORDER_SPLITS: Final = 12  # parts of the motion, between which an order of events is tried
ORDER_OVERLAP: Final = 0.3  # seconds that the two events may share
UNDECIDED: Final = 0.5  # score of an order of which one event does not happen: that is contradicted by its own claim

Score = tuple[float, str]  # and the measured numbers in words


def score(motion: Measures, meaning: Meaning) -> Score:
    """Return the score of a meaning, with its evidence in words."""
    if isinstance(meaning, Path):
        return _score_path(motion, meaning)
    if isinstance(meaning, Order):
        return _score_order(motion, meaning)
    return _score_claim(motion, meaning)


def _score_claim(motion: Measures, claim: Claim) -> Score:
    found = {side: PREDICATES[claim.predicate](motion, claim, side) for side in _sides(claim)}
    words = "; ".join(f"{subject(claim.part, side)} {evidence.words}" for side, evidence in found.items())
    return _choose(claim, [evidence.score for evidence in found.values()]), words


def _sides(claim: Claim) -> tuple[str, ...]:
    return tuple(OTHER) if claim.side in ("both", "any") else (claim.side,)


def _choose(claim: Claim, scores: Sequence[float]) -> float:
    """Combine two sides: "both" need to do it, "any" is one of them; "neither hand rises" is wrong as soon as one rises."""
    return min(scores) if claim.side == "both" and not claim.negated else max(scores)


def _score_path(motion: Measures, path: Path) -> Score:
    """Score a path by its worst claim; where all hold, by the best movement in which all hold at once."""
    parts = [_score_claim(motion, claim) for claim in path.claims]
    worst, words = min(parts, key=lambda part: part[0])
    if worst < 0:
        return worst, words
    whole = _choose(path.claims[0], [_score_movement(motion, path, side) for side in _sides(path.claims[0])])
    if whole < 0:
        return whole, f"each for itself, but not at once: {'; '.join(words for _, words in parts)}"
    return min(worst, whole), words


def _score_movement(motion: Measures, path: Path, side: str) -> float:
    """Score every movement from a frame to a later one, (frames, frames) on the grid, and return the best."""
    stride = max(1, round(GRID_SECONDS * motion.fps))
    start, end = (_pose_scores(motion, claims, side)[::stride] for claims in (path.starts, path.ends))
    if not path.moves:
        return float(end.max())
    scores = np.minimum(start[:, None], end[None])
    for claim in path.moves:
        wrong, right = limbs.limits(claim)
        grown = [one[None, ::stride] - one[::stride, None] for one in limbs.course(motion, claim, side)]
        scores = np.minimum(scores, (np.max(grown, axis=0) - wrong) / (right - wrong))
    duration = np.arange(len(end))[None] - np.arange(len(start))[:, None]
    return float(scores[(duration >= 0) & (duration <= MOVEMENT_SECONDS / GRID_SECONDS)].max())


def _pose_scores(motion: Measures, claims: Sequence[Claim], side: str) -> Series:
    """Return the lowest score of some poses in every frame, infinite without poses."""
    scores: list[Series] = [np.full(len(motion), np.inf)]
    for claim in claims:
        frames = PREDICATES[claim.predicate](motion, claim, side).frames
        scores += [] if frames is None else [frames]
    return np.min(scores, axis=0)


def _score_order(motion: Measures, order: Order) -> Score:
    """Score an order by the best split of the motion into a part with the one event and a part with the other."""
    # Amounts are claims of their own.
    events = (order.earlier, order.later)
    earlier, later = (replace(one, number=None) if isinstance(one, Claim) else one for one in events)
    if min(score(motion, one)[0] for one in (earlier, later)) < 0:
        return UNDECIDED, "not both happen"
    overlap = round(ORDER_OVERLAP * motion.fps)
    scores: list[float] = []
    for number in range(1, ORDER_SPLITS):
        middle = len(motion) * number // ORDER_SPLITS
        before, after = motion.window(0, middle + overlap), motion.window(middle - overlap, len(motion))
        scores.append(min(score(before, earlier)[0], score(after, later)[0]))
        if scores[-1] >= 1:
            break
    return max(scores), "happen in this order" if max(scores) >= 0 else "happen in the other order only"
