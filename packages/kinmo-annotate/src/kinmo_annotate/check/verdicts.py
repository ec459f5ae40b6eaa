"""`check`: every statement of a text against the motion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Float

from kinmo_annotate.check.claims import Claim, Clause, Order, Path, Statement
from kinmo_annotate.check.measure import OTHER, Measures
from kinmo_annotate.check.reader import read
from kinmo_annotate.check.scores import describe, score
from kinmo_core.text import UNKNOWN, Description

# What happens at some time, so that one such claim can be said to come before another.
_EVENTS: Final = frozenset(
    {"rises", "drops", "moves", "reaches", "bends", "straightens", "travels", "turns", "twists", "jumps", "squats"}
    | {"kneels", "sits", "leans", "kicks", "level", "placed", "near", "approaches", "parts", "swings", "looks"}
    | {"head turns", "steps toward", "lifts off"}
)
_POSES: Final = frozenset({"level", "placed", "near", "hangs"})
_MOVES: Final = frozenset({"rises", "drops", "moves"})
# What only one side does where a text about the whole action names one side.
_ACTS: Final = frozenset({"moves", "swings", "kicks"})


class Answer(Enum):
    """What the joints say to a statement."""

    SUPPORTED = "supported"  # at least, they do not clearly show otherwise
    CONTRADICTED = "contradicted"
    NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True)
class Verdict:
    """One statement held against the motion.

    Args:
        clause: the words that it was read from, in lower case and with idioms joined: "up_and_down".
        key: the group or pair whose text it stands in, as in `Description.to_json`; empty for the global text.
        statement: how it was understood; empty where it was not.
        answer: what the joints say.
        evidence: the measured numbers in words: "right wrist rises 0.02 m; left wrist rises 0.61 m".
        sides: it names a left or right, so exchanging them makes another statement.
        side_error: contradicted, and clearly right with left and right exchanged.
        telling: with left and right exchanged it would be contradicted; how far the check can see sides here at all.
    """

    clause: str
    key: str
    statement: str
    answer: Answer
    evidence: str = ""
    sides: bool = False
    side_error: bool = False
    telling: bool = False


def check(text: Description | str, joints: Float[np.ndarray, "frames 22 3"], fps: float) -> list[Verdict]:
    """Hold a text against measured motion, statement by statement.

    Args:
        text: a description in three levels, or sentences about the whole action.
        joints: (T, 22, 3) metres, y up.
        fps: frames a second.

    Returns:
        A verdict for each statement in the order of the text; one "not checkable" for each clause that makes none.

    Raises:
        InputError: joints that are no motion.
    """
    motion = Measures(joints, fps)
    texts = [("", text)] if isinstance(text, str) else _levels(text)
    return [verdict for key, words in texts for verdict in _check_text(motion, key, words)]


def _levels(description: Description) -> list[tuple[str, str]]:
    pairs = {"+".join(pair): text for pair, text in description.interactions.items()}
    texts = {"": description.text, **description.groups, **pairs}
    return [(key, text) for key, text in texts.items() if text.lower() != UNKNOWN]


def _check_text(motion: Measures, key: str, text: str) -> Iterator[Verdict]:
    for words, statements in _statements(text, key):
        if not statements:
            yield Verdict(words, key, "", Answer.NOT_CHECKABLE)
        for statement in statements:
            yield _judge(motion, words, key, statement)


@lru_cache(maxsize=20_000)
def _statements(text: str, key: str) -> tuple[tuple[str, tuple[Statement, ...]], ...]:
    """(words, what they say) of every clause, and of every two clauses that have an order."""
    sentences = read(text, key)
    if not key:
        sentences = _with_actors(sentences)
    found: list[tuple[str, tuple[Statement, ...]]] = []
    for clauses in sentences:
        found += [(clause.text, tuple(_joined(clause.claims))) for clause in clauses]
        found += [
            (f"{one.text}, then {two.text}", (order,)) for one, two in pairwise(clauses) for order in _order(one, two)
        ]
    return tuple(found)


def _joined(claims: Sequence[Claim]) -> Iterator[Statement]:
    """The claims, with the poses and movements of one limb put together where they have to be true at once."""
    left = list(claims)
    # What is said of a pair belongs to neither of the two.
    single = [c for c in claims if c.side and c.part != c.place and not (c.negated or c.lasting) and c.number is None]
    for limb in dict.fromkeys((claim.part, claim.side) for claim in single):
        own = [claim for claim in single if (claim.part, claim.side) == limb]
        starts = tuple(claim for claim in own if claim.what in _POSES and claim.first)
        ends = tuple(claim for claim in own if claim.what in _POSES and not claim.first)
        moves = tuple(claim for claim in own if claim.what in _MOVES and (claim.way or claim.what != "moves"))
        if len(starts) + len(ends) + len(moves) > 1 and (moves or not starts):
            left = [claim for claim in left if claim not in (*starts, *ends, *moves)]
            yield Path(starts, ends, moves)
    yield from left


def _order(clause: Clause, following: Clause) -> Iterator[Order]:
    earlier, later = (next((claim for claim in one.claims if _is_event(claim)), None) for one in (clause, following))
    if following.then and earlier and later and earlier != later:
        yield Order(earlier, later)


def _is_event(claim: Claim) -> bool:
    return claim.what in _EVENTS and not (claim.lasting or claim.negated or claim.first)


def _with_actors(sentences: Sequence[Sequence[Clause]]) -> list[list[Clause]]:
    """With the claim that the named side is the one that acts, where the whole text names one side only."""
    out = [list(clauses) for clauses in sentences]
    claims = [claim for clauses in out for clause in clauses for claim in clause.claims]
    named = {(c.part, c.side) for c in claims if c.what in _ACTS and c.side in OTHER and not c.negated}
    if len(named) != 1 or {claim.side for claim in claims} & {*OTHER, "both"} != {side for _, side in named}:
        return out
    ((part, side),) = named
    for clauses in out:
        for number, clause in enumerate(clauses):
            if any(claim.what in _ACTS and claim.side == side for claim in clause.claims):
                extra = Claim("active", "foot" if part == "knee" else part, side)
                clauses[number] = replace(clause, claims=(*clause.claims, extra))
                return out
    return out


def _judge(motion: Measures, words: str, key: str, statement: Statement) -> Verdict:
    value, evidence = score(motion, statement)
    denied = isinstance(statement, Claim) and statement.negated
    wrong = value >= 1 if denied else value < 0
    answer = Answer.CONTRADICTED if wrong else Answer.SUPPORTED
    others = [score(motion, other) for other in _exchanged(statement)]
    if not others:
        return Verdict(words, key, describe(statement), answer, evidence)
    mirrored, other_words = others[0]
    return Verdict(
        words,
        key,
        describe(statement),
        answer,
        f"{evidence}; {other_words}" if isinstance(statement, Claim) else evidence,
        sides=True,
        side_error=wrong and not denied and any(other >= 1 for other, _ in others),
        telling=mirrored >= 1 if denied else mirrored < 0,
    )


def _exchanged(statement: Statement) -> list[Statement]:
    """The statement mirrored, and a claim with only its limb or only its direction exchanged."""
    ways: list[Statement] = [statement.mirror()]
    if isinstance(statement, Claim) and {statement.side, statement.way} <= {*OTHER}:
        ways += [replace(statement, side=OTHER[statement.side]), replace(statement, way=OTHER[statement.way])]
    return [way for way in ways if way != statement]
