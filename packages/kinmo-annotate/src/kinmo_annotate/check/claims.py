"""What a text says, as values: `Claim`s in `Clause`s."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kinmo_annotate.check.measure import OTHER


@dataclass(frozen=True)
class Claim:
    """One thing that a clause says and joints can answer.

    Args:
        what: the name of the predicate, a key of `predicates.PREDICATES`.
        part: "wrist", "elbow", "shoulder", "foot", "knee", "hip", "head", "chest" or "body".
        side: "left", "right", "both", "any" (it is not said which), or "" for what has no side.
        way: a direction, relation or place that the predicate knows.
        place: a second part of the body, or a height in it.
        place_side: its side.
        number: metres, degrees, seconds or times.
        negated: the clause denies it.
        lasting: it is said to hold all the time, or to be a state rather than a movement.
        seconds: how long it lasts; 0 for most of the time.
        more: the text tells of further such things, so there may be more of them than `number`.
        first: it comes before the rest of its clause: "from the hip".
    """

    what: str
    part: str
    side: str = ""
    way: str = ""
    place: str = ""
    place_side: str = ""
    number: float | int | None = None
    negated: bool = False
    lasting: bool = False
    seconds: float = 0.0
    more: bool = False
    first: bool = False

    def mirror(self) -> Claim:
        """The claim with left and right exchanged."""
        side, way, place = (OTHER.get(word, word) for word in (self.side, self.way, self.place_side))
        swapped = replace(self, side=side, way=way, place_side=place)
        symmetric = self.part == self.place and {self.side, self.place_side} == set(OTHER)
        return self if symmetric else swapped


@dataclass(frozen=True)
class Path:
    """Claims that hold of one movement, or of one moment: "rises from beside the hip to above the head".

    Args:
        starts: poses of its first moment.
        ends: poses of its last moment.
        moves: movements in between; none where only a place is described.
    """

    starts: tuple[Claim, ...]
    ends: tuple[Claim, ...]
    moves: tuple[Claim, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All of them."""
        return (*self.moves, *self.starts, *self.ends)

    def mirror(self) -> Path:
        """The path with left and right exchanged."""
        return Path(*(tuple(claim.mirror() for claim in part) for part in (self.starts, self.ends, self.moves)))


@dataclass(frozen=True)
class Order:
    """Two claims of which the first holds before the other."""

    earlier: Claim
    later: Claim

    def mirror(self) -> Order:
        """The order with left and right exchanged."""
        return Order(self.earlier.mirror(), self.later.mirror())


Statement = Claim | Path | Order


@dataclass(frozen=True)
class Clause:
    """A clause and what it claims; `then` says that it comes after the clause before it."""

    text: str
    then: bool
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Actor:
    """The part of the body that a verb is about; `noun` is the word it was named with, empty if it was not."""

    part: str
    side: str
    noun: str = ""
