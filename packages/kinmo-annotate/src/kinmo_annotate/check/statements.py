"""`statements_of`: the statements of a text, each with the meaning that joints can confirm or contradict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from kinmo_annotate.check.claims import Claim, Clause, Meaning, Order, Path
from kinmo_annotate.check.measure import OTHER
from kinmo_annotate.check.reader import read
from kinmo_core.text import BODY, UNKNOWN, Description, Timeline, check_sentence

Span = tuple[float, float]

# Predicates of events, which can happen before or after each other.
_EVENTS: Final = frozenset(
    {"rises", "drops", "moves", "reaches", "bends", "straightens", "travels", "turns", "twists", "jumps", "squats"}
    | {"kneels", "sits", "lies", "crawls", "gets up", "turns over", "leans", "kicks", "level", "placed", "near"}
    | {"approaches", "parts", "swings", "looks", "head tilts", "steps toward", "lifts off", "claps", "on hip", "folded"}
)
_POSES: Final = frozenset({"level", "placed", "near", "hangs"})
_MOVES: Final = frozenset({"rises", "drops", "moves"})
_ACTS: Final = frozenset({"moves", "swings", "kicks"})  # acts of one side, if a text about the body names one side


@dataclass(frozen=True)
class Reading:
    """A statement of a text, as the check reads it.

    Args:
        clause: the words, in lower case and with idioms joined: "up_and_down".
        who: "body", a group or a pair, as in `kinmo_core.text.WHO`.
        meaning: what joints must show; None for a clause that the check cannot judge.
        span: (start, end) in seconds, within which it must hold; None for the whole motion.
    """

    clause: str
    who: str
    meaning: Meaning | None
    span: Span | None = None


def statements_of(text: str | Description | Timeline) -> list[Reading]:
    """Read the statements of a text.

    Args:
        text: sentences about the whole body, a description, or a timeline.

    Returns:
        Every statement in the order of the text, the body before groups before pairs; for each clause that the check cannot
        judge, one without a meaning. Only statements of a timeline have a span.

    Raises:
        InputError: the text is empty or too long for a sentence.
    """
    if isinstance(text, Timeline):
        spans = [(s.who, s.sentence, (float(s.start), float(s.end))) for s in text.statements]
        return [_timed(one, span) for who, sentence, span in spans for one in _read(sentence, who)]
    if isinstance(text, str):
        return list(_read(check_sentence(text), BODY))
    pairs = {"+".join(pair): words for pair, words in text.interactions.items()}
    texts = {BODY: text.text, **text.groups, **pairs}
    return [one for who, words in texts.items() if words.lower() != UNKNOWN for one in _read(words, who)]


def _timed(reading: Reading, span: Span) -> Reading:
    meaning = reading.meaning
    if isinstance(meaning, Claim) and meaning.predicate == "tempo":
        meaning = replace(meaning, timed=True)
    return replace(reading, span=span, meaning=meaning)


@lru_cache(maxsize=20_000)
def _read(text: str, who: str) -> tuple[Reading, ...]:
    """Read the statements of every clause, and of every two clauses that have an order."""
    sentences = read(text, who)
    found: list[Reading] = []
    for clauses in _with_active_side(sentences) if who == BODY else sentences:
        for clause in clauses:
            found += [Reading(clause.text, who, meaning) for meaning in _joined(clause.claims) or [None]]
        for one, two in pairwise(clauses):
            found += [Reading(f"{one.text}, then {two.text}", who, order) for order in _order(one, two)]
    return tuple(found)


def _joined(claims: Sequence[Claim]) -> list[Meaning]:
    """Join the poses and movements of one limb that must hold at once to paths; keep the other claims."""
    # A claim about both parts of a pair belongs to neither of the two.
    single = [c for c in claims if c.side and c.part != c.place and not (c.negated or c.lasting) and c.number is None]
    paths: list[Meaning] = []
    rest = list(claims)
    for limb in dict.fromkeys((claim.part, claim.side) for claim in single):
        own = [claim for claim in single if (claim.part, claim.side) == limb]
        starts = tuple(claim for claim in own if claim.predicate in _POSES and claim.at_start)
        ends = tuple(claim for claim in own if claim.predicate in _POSES and not claim.at_start)
        moves = tuple(claim for claim in own if claim.predicate in _MOVES and (claim.way or claim.predicate != "moves"))
        if len(starts) + len(ends) + len(moves) > 1 and (moves or not starts):
            rest = [claim for claim in rest if claim not in (*starts, *ends, *moves)]
            paths.append(Path(starts, ends, moves))
    return [*paths, *rest]


def _order(clause: Clause, following: Clause) -> Iterator[Order]:
    """Order the first events of two clauses of which one happens after the other."""
    events = [_first_event(one) for one in (clause, following)]
    if following.then and events[0] and events[1] and events[0] != events[1]:
        yield Order(events[0], events[1])


def _first_event(clause: Clause) -> Claim | Path | None:
    """Return the first event of a clause, with the places where it starts and ends."""
    events = [c for c in clause.claims if c.predicate in _EVENTS and not (c.lasting or c.negated or c.at_start)]
    if not events:
        return None
    paths = (one for one in _joined(clause.claims) if isinstance(one, Path) and events[0] in one.claims)
    return next(paths, events[0])


def _with_active_side(sentences: Sequence[Sequence[Clause]]) -> list[list[Clause]]:
    """Add the claim that the named side is the active one, if the whole text names one side only."""
    found = [list(clauses) for clauses in sentences]
    claims = [claim for clauses in found for clause in clauses for claim in clause.claims]
    named = {(c.part, c.side) for c in claims if c.predicate in _ACTS and c.side in OTHER and not c.negated}
    if len(named) != 1 or {claim.side for claim in claims} & {*OTHER, "both"} != {side for _, side in named}:
        return found
    ((part, side),) = named
    for clauses in found:
        for number, clause in enumerate(clauses):
            if any(claim.predicate in _ACTS and claim.side == side for claim in clause.claims):
                extra = Claim("active", "foot" if part == "knee" else part, side)
                clauses[number] = replace(clause, claims=(*clause.claims, extra))
                return found
    return found
