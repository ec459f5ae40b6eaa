"""`read`: text -> clauses with their claims, by finding in each clause its verbs and the parts of the body that act.

A small grammar for plain English about motion. A clause that it does not understand makes no claim, and doubtful readings
are left out, since a claim that was misread would count against the writer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim, Clause
from kinmo_annotate.check.measure import OTHER
from kinmo_annotate.check.phrases import amount
from kinmo_annotate.check.relations import relations, together
from kinmo_annotate.check.rules import RULES
from kinmo_core.text import BODY


@dataclass(frozen=True)
class _Context:
    """What the text is about."""

    default: tuple[Actor, ...]  # parts that act where no clause names one: in the text of one limb, that limb
    sides: Mapping[str, str]  # side of a part that is named without a side
    limbs: bool  # whether the text is about limbs; only then a plural means both


@dataclass(frozen=True)
class _Memory:
    """Parts that the clauses before were about: their subject, and the limbs that "it" may mean."""

    subject: tuple[Actor, ...]
    limbs: tuple[Actor, ...]


HELD_SECONDS: Final = 0.5  # of "held" and "still" in a text with several clauses (chosen on the CMU pack)
_TO_AND_FRO: Final = re.compile(
    r"\b(?:up and down|down and up|back and (?:forth|forwards?)|forwards? and back(?:wards?)?|backwards? and forwards?|"
    r"to and fro|in and out|out and in|again and again|over and over|closer and closer|side (?:to|and) side|"
    r"(?:left|right) (?:and|to) (?:left|right))\b(?! (?:arm|leg|hand|foot|knee))"
)


def read(text: str, who: str = BODY) -> list[list[Clause]]:
    """Return the clauses of every sentence.

    Args:
        text: any English.
        who: "body", or the group ("left_arm") or pair ("left_arm+left_leg") that the text describes.
    """
    context = _context(who)
    sentences = re.split(r"(?<=[.!?])\s+|\n", text.strip().lower())
    split = [_split(_reword(sentence.strip(".!? "))) for sentence in sentences]
    alone = sum(len(parts) for parts in split) == 1
    return [list(_read_sentence(parts, context, alone)) for parts in split if parts]


def _context(who: str) -> _Context:
    parts = {"arm": "wrist", "leg": "foot", "torso": "chest", "neck": "head"}
    limbs = [name.rpartition("_") for name in who.split("+")]
    actors = [Actor(parts.get(limb, "body"), side) for side, _, limb in limbs]
    sides: dict[str, str] = {}
    for actor in actors:
        for part in {"wrist": ("wrist", "elbow", "shoulder"), "foot": ("foot", "knee", "hip")}.get(actor.part, ()):
            sides[part] = "both" if part in sides else actor.side
    sided = [actor for actor in actors if actor.side] or actors
    if len(sided) == 2 and sided[0].part == sided[1].part:
        sided = [Actor(sided[0].part, "both")]
    return _Context(tuple(sided[-1:] if who.startswith(("torso", "neck")) else sided[:1]), sides, who != BODY)


def _reword(sentence: str) -> str:
    for pattern, replacement in words.REWRITES:
        sentence = re.sub(pattern, replacement, sentence)
    return _TO_AND_FRO.sub(lambda match: match[0].replace(" ", "_"), sentence)


def _read_sentence(parts: Sequence[tuple[bool, str]], context: _Context, alone: bool) -> Iterator[Clause]:
    memory = _Memory(context.default, ())
    for then, text in parts:
        reader = _Reader(text, context, memory, alone=alone)
        yield Clause(text, then, tuple(dict.fromkeys(reader.claims())))
        memory = reader.memory


def _split(sentence: str) -> list[tuple[bool, str]]:
    """Split into clauses, each (happens after the one before, text); a part without a verb belongs to the one before it."""
    parts: list[tuple[str, str]] = []
    link, start = "", 0
    for match in [*words.BREAK.finditer(sentence), None]:
        text = sentence[start : match.start() if match else len(sentence)].strip()
        if text and parts and not (words.VERB.search(text) and words.VERB.search(parts[-1][1])):
            parts[-1] = (parts[-1][0], f"{parts[-1][1]} {link or 'and'} {text}")
        elif text:
            parts.append((link, text))
        if match:
            link, start = (match["link"] or ","), match.end()
    clauses = [(bool(re.fullmatch(words.SEQUENCE, link)), text) for link, text in parts]
    if len(clauses) > 1 and parts[0][0] == "after":
        clauses[1] = (True, clauses[1][1])
    return clauses


class _Reader:
    """A clause that is being read; `alone` tells that the text has no other one, `memory` is for the next one in the end."""

    def __init__(self, text: str, context: _Context, before: _Memory, *, alone: bool) -> None:
        self.text = text
        self.context = context
        self.memory = before
        self.alone = alone
        self.mentions = list(words.MENTION.finditer(text))
        self.places = [
            m for m in self.mentions if words.PLACED.search(text[: m.start()])
        ]  # a preposition leads to them
        self.named = [m for m in self.mentions if m not in self.places]
        self.verbs = [verb for verb in words.VERB.finditer(text) if not words.is_noun(text, verb)]

    def claims(self) -> Iterator[Claim]:
        """Read the claims of the verbs, then those of the prepositions and adjectives."""
        main: tuple[Actor, ...] = ()
        for number, verb in enumerate(self.verbs):
            kind, plain = words.KIND_OF[verb[0]]
            following = self.verbs[number + 1].start() if number + 1 < len(self.verbs) else len(self.text)
            tail = self.text[verb.end() : following]
            actors = self._actors(verb, kind)
            main = main or actors
            found = (claim for actor in actors for claim in RULES[kind](actor, plain, tail))
            yield from (self._qualify(claim, verb) for claim in (*found, *together(actors, kind, self.text)))
        main = main or tuple(self._actor(m) for m in self.named[:1]) or self.memory.subject
        for actor in dict.fromkeys((*main, *self._carried())):
            for claim in relations(actor, self.text, self.others(actor)):
                yield self._qualify(claim, self.verbs[0] if self.verbs else None)
        self.memory = self._remember(main)

    def _carried(self) -> tuple[Actor, ...]:
        """Find the parts that are held: stands with [the left hand] on the hip."""
        return tuple(self._actor(m) for m in self.mentions if re.search(r"\bwith\s+$", self.text[: m.start()]))

    def _remember(self, main: tuple[Actor, ...]) -> _Memory:
        """Return the memory for the next clause: "the person raises the left arm, then turns and lowers it"."""
        subject = self._subject_of(self.verbs[0]) if self.verbs else []
        named = tuple(self._actor(match) for match in subject) or self.memory.subject
        limbs = tuple(actor for actor in main if actor.part in words.SIDED)
        return _Memory(named, limbs or self.memory.limbs)

    def _qualify(self, claim: Claim, verb: re.Match[str] | None) -> Claim:
        """Add the denial, duration and state that hold for the whole clause."""
        lasting = bool(words.LASTING.search(self.text)) or (verb is not None and verb[0] in words.STATES)
        before = self.text[: verb.end()] if verb else self.text
        lasting = lasting or claim.lasting
        # In a text with several clauses, a pose that is "held" is held for a part of the motion only.
        seconds = 0.0
        if (lasting or claim.predicate == "still") and claim.way != "little":
            seconds = amount(self.text, "seconds") or (0.0 if self.alone else HELD_SECONDS)
        denied = bool(words.NEGATION.search(before)) != claim.negated
        return replace(claim, negated=denied, lasting=lasting, seconds=seconds, open_ended=not self.alone)

    def _actors(self, verb: re.Match[str], kind: str) -> tuple[Actor, ...]:
        """Find the parts that a verb is about: its object, its instrument or its subject, else the subject before."""
        named = self._object(verb, kind) or self._instrument(verb, kind) or self._subject_of(verb)
        if not named and re.match(r"\s*(?:it|them|both)\b", self.text[verb.end() :]):
            return self.memory.limbs or self.memory.subject
        found = tuple(self._actor(match) for match in named) or self.memory.subject
        legs = any(actor.part in ("foot", "knee", "head", "chest") for actor in found)
        thing = kind in ("up", "down") and _THING.match(self.text[verb.end() :])
        if thing and self.context.default[0].part == "body" and not any(m.start() > verb.start() for m in named):
            return ()  # "lifts a box": the object is not a part of the body
        if kind in _WHOLE_BODY and not (legs and (named or self.context.limbs)):
            return (Actor("body", ""),)
        return found

    def _object(self, verb: re.Match[str], kind: str) -> list[re.Match[str]]:
        """Find the object: raises [the right arm]."""
        if kind in ("touch", "approach", "cross", "kick", "look", "pass") or verb[0].startswith("leav"):
            return []
        for mention in self.mentions:
            if mention.start() <= verb.start() < mention.end():  # his bent arms
                return [mention]
            between = self.text[verb.end() : mention.start()].strip()
            if mention.start() >= verb.end() and between in ("", "up", "down", "out", "back", "forward", "with"):
                if kind == "reach" and any(self._actor(m).part in words.SIDED for m in self._subject_of(verb)):
                    return []  # the right hand reaches the foot
                reached = verb[0].startswith("reach") and mention["noun"] in words.LANDMARK_OF
                return [] if reached or (between == "with" and kind not in _BY_HAND) else [mention]
        return []

    def _subject_of(self, verb: re.Match[str]) -> list[re.Match[str]]:
        """Find the subject: [the left arm] swings, [the left arm and the right leg] swing."""
        before = [mention for mention in self.named if mention.end() <= verb.start()]
        found = before[-1:]
        while found and len(found) < len(before):
            earlier = before[-len(found) - 1]
            if self.text[earlier.end() : found[0].start()].strip() not in ("and", ", and", "or"):
                break
            found.insert(0, earlier)
        return found

    def _instrument(self, verb: re.Match[str], kind: str) -> list[re.Match[str]]:
        """Find the instrument: waves with [the right hand]."""
        if kind not in _BY_HAND:
            return []
        later = (m for m in self.mentions if m.start() > verb.end())
        return [m for m in later if re.search(r"\b(?:with|using)\s+$", self.text[: m.start()])][:1]

    def others(self, actor: Actor) -> list[tuple[re.Match[str], Actor]]:
        """Find the parts other than the actor that a preposition or a verb of touching leads to, with their mentions."""
        found = [(m, self._actor(m)) for m in self.places if not m[0].startswith("one ")]
        found = [(m, replace(other, part="leg") if m["noun"] == "leg" else other) for m, other in found]
        return [(m, other) for m, other in found if (other.part, other.side) != (actor.part, actor.side)]

    def _actor(self, mention: re.Match[str]) -> Actor:
        noun = mention["noun"] + (mention["plural"] or "")
        part = words.PARTS.get(noun) or words.PARTS[mention["noun"]]
        return Actor(part, self.side(mention, part), mention["noun"])

    def side(self, mention: re.Match[str], part: str) -> str:
        """Return the side that a mention means, or "" for a part without sides."""
        if part not in words.SIDED:
            return ""
        said = mention["side"] or ""
        if said in OTHER:
            return said
        if " " in said or "-" in said or mention["before"] in ("both", "each", "neither"):
            return "both"
        known = self.context.sides.get(part, "")
        if "other" in (said, mention["before"]) or "opposite" in (said, mention["before"]):
            return OTHER.get(known or next((a.side for a in self.memory.subject if a.side), ""), "any")
        plural = bool(mention["plural"]) or mention["noun"] == "feet"
        if plural:
            return "both" if self.context.limbs else "any"
        return known or "any"


_BY_HAND: Final = frozenset({"up", "down", "move", "reach", "swing", "touch", "kick", "walk", "jump", "stay", "handle"})
_THING: Final = re.compile(
    r"\s*(?:up |down |back )?(?:it|them|something|some|a|an|the|his|her|their|objects?|things?|light|heavy)\b"
)
_WHOLE_BODY: Final = frozenset({"walk", "jump", "squat", "kneel", "sit", "lie", "stand"})
