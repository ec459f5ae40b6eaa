"""Meanings of a text as values: a `Claim`, or a `Path` or `Order` of claims, in `Clause`s."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kinmo_annotate.check.measure import OTHER


@dataclass(frozen=True)
class Claim:
    """One thing that a clause says and that joints can confirm or contradict."""

    predicate: str  # key of `scores.PREDICATES`
    part: str  # "wrist", "elbow", "shoulder", "foot", "knee", "hip", "head", "chest" or "body"
    side: str = ""  # "left", "right", "both", "any" (the text does not say which); "" for a part without sides
    way: str = ""  # direction, relation or manner that the predicate knows
    place: str = ""  # a second part of the body, or a height named after one
    place_side: str = ""  # side of the place
    number: float | int | None = None  # metres, degrees, seconds or times
    negated: bool = False  # whether the clause denies it
    lasting: bool = False  # whether it holds all the time or is a state, not a movement
    seconds: float = 0.0  # how long it lasts; 0 for most of the time
    open_ended: bool = False  # whether the text tells of more, so that there may be more movements than `number`
    at_start: bool = False  # whether it holds before the rest of its clause: "from the hip"
    timed: bool = False  # whether the text gives it a time of its own, in which nothing else happens

    def mirror(self) -> Claim:
        """Exchange left and right."""
        side, way, place = (OTHER.get(word, word) for word in (self.side, self.way, self.place_side))
        symmetric = self.part == self.place and {self.side, self.place_side} == set(OTHER)
        return self if symmetric else replace(self, side=side, way=way, place_side=place)

    @property
    def said(self) -> str:
        """The claim in words without its subject: "level above head"."""
        number = "" if self.number is None else f"{self.number:g}"
        place = f"{self.place_side} {self.place}".strip()
        words = ("not" if self.negated else "", self.predicate, self.way, number, place, "throughout" * self.lasting)
        return " ".join(word for word in words if word)

    def __str__(self) -> str:
        return f"{subject(self.part, self.side)} {self.said}"


@dataclass(frozen=True)
class Path:
    """Claims that hold of one movement, or of one moment: "rises from beside the hip to above the head"."""

    starts: tuple[Claim, ...]  # poses at its start
    ends: tuple[Claim, ...]  # poses at its end
    moves: tuple[Claim, ...]  # movements in between; empty for a place without a movement

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Movements, then poses."""
        return (*self.moves, *self.starts, *self.ends)

    def mirror(self) -> Path:
        """Exchange left and right."""
        return Path(*(tuple(claim.mirror() for claim in part) for part in (self.starts, self.ends, self.moves)))

    def __str__(self) -> str:
        words = [*(claim.said for claim in self.moves), *(f"from {claim.said}" for claim in self.starts)]
        words += [claim.said for claim in self.ends]
        return f"{subject(self.claims[0].part, self.claims[0].side)} {', '.join(words)}"


@dataclass(frozen=True)
class Order:
    """Two claims or paths of which one holds before the other."""

    earlier: Claim | Path
    later: Claim | Path

    def mirror(self) -> Order:
        """Exchange left and right."""
        return Order(self.earlier.mirror(), self.later.mirror())

    def __str__(self) -> str:
        return f"{self.earlier} before {self.later}"


Meaning = Claim | Path | Order


@dataclass(frozen=True)
class Clause:
    """A clause with its claims; `then` marks one that happens after the clause before it."""

    text: str
    then: bool
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Actor:
    """Part of the body that a verb is about; `noun` is the word that names it, empty where no word does."""

    part: str
    side: str
    noun: str = ""


def subject(part: str, side: str) -> str:
    """Name a part in a sentence: "left wrist", "the torso"."""
    return f"{side} {part}" if side else {"body": "the body", "chest": "the torso", "head": "the head"}.get(part, part)
