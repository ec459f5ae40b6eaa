"""Rules for prepositions and adjectives: heights, nearness, sides, comparisons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.measure import OTHER
from kinmo_annotate.check.phrases import LIMBS, amount, pair
from kinmo_annotate.check.twins import COMING, grips, pairs

Placed = Sequence[tuple[re.Match[str], Actor]]  # (mention, part) of the parts that a clause names as places

_THE: Final = r"(?:the |his |her |their |its |own )*(?:same |left |right |other |opposite )?"
_HEIGHT: Final = r"(?: |-)?(?:height|level|high)\b"
_RELATIONS: Final = (
    ("above", re.compile(rf"\b(?:above|over|higher than|past) {_THE}{words.LANDMARK}\b|\b(?P<over>overhead)\b")),
    ("below", re.compile(rf"\b(?:below|under|beneath|underneath|lower than) {_THE}{words.LANDMARK}\b")),
    ("at", re.compile(rf"\b{words.LANDMARK}{_HEIGHT}")),
    ("at", re.compile(rf"\b(?:height|level|line) (?:of|with) {_THE}{words.LANDMARK}\b")),
)
_AT: Final = re.compile(
    rf"\b(?:to|at|from|reaches|in front of|beside|behind) {_THE}(?!torso|breast){words.LANDMARK}\b(?!{_HEIGHT}| width)"
)
_TWIN: Final = r"(?:the )?(?:other|left|right|opposite)(?: (?:one|hand|arm|foot|leg|knee|wrist|elbow|shoulder))?\b"


def relations(actor: Actor, text: str, others: Placed) -> Iterator[Claim]:
    """Read the claims that the prepositions and adjectives of a clause make about its actor.

    Args:
        actor: the part that the clause is about.
        text: the clause.
        others: further parts of the body that the clause names as places.
    """
    yield from _tempo(actor, text)
    if actor.part in LIMBS:
        yield from _heights(actor, text)
        yield from _places(actor, text)
        yield from _comparisons(actor, text)
        yield from pairs(actor, text)
        yield from grips(actor, text)
        yield from _shape(actor, text)
        yield from _step(actor, text, others)
    elif actor.part == "head":
        if re.search(r"\bupright\b", text):
            yield Claim("head upright", "head")
    elif re.search(r"\bupright\b|\berect\b", text):
        yield Claim("upright", "body")
    yield from _nearness(actor, text, others)


def together(actors: Sequence[Actor], kind: str, text: str) -> Iterator[Claim]:
    """Read "the left arm and the right leg swing together" and "both knees bend in opposite directions"."""
    if kind not in ("swing", "move", "bend", "up", "down") or len({actor.part for actor in actors}) > 2:
        return
    if re.search(COMING, text):
        return
    same = re.search(r"\btogether\b|at the same time|\bin unison\b|\bin time\b|\bin step\b", text)
    opposite = re.search(r"\bin opposite directions\b|\balternat", text)
    if not (same or opposite) or re.search(r"\b(?:hands|feet) together", text):
        return
    axes = {"up_and_down": "up", "out": "side", "side_to_side": "side"}
    axis = next((axis for idiom, axis in axes.items() if re.search(rf"\b{idiom}\b", text)), "forward")
    axis = "bend" if kind == "bend" else "up" if kind in ("up", "down") else axis
    way = f"{'together' if same else 'opposite'} {axis}"
    if len(actors) == 2:
        first, second = actors
        yield Claim("in step", first.part, first.side, way=way, place=second.part, place_side=second.side)
    elif actors and actors[0].side == "both" and actors[0].part in LIMBS:
        part = words.MIDDLE.get(actors[0].part, actors[0].part) if axis == "bend" else actors[0].part
        yield pair("in step", part, way)


def _at_start(text: str, position: int) -> bool:
    """Tell whether a place is where a movement starts: "from beside the hip"."""
    before = re.sub(r"\bout to\b", "out at", text[:position])
    return before.rfind("from ") > before.rfind(" to ")


def _heights(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "above the head" and "at hip height"."""

    def claim(way: str, noun: str, position: int) -> Claim:
        place = words.LANDMARK_OF[noun]
        return Claim("level", actor.part, actor.side, way=way, place=place, at_start=_at_start(text, position))

    if actor.part not in ("wrist", "elbow", "knee", "foot"):
        return
    leg = actor.part in ("knee", "foot")
    for way, pattern in _RELATIONS:
        for match in pattern.finditer(text):
            noun = match["landmark"] or "head"
            if not (leg and way in ("above", "below") and noun in ("body", "torso", "hips")):
                yield claim(way, noun, match.start())
    for match in () if leg else _AT.finditer(text):
        yield claim("at", match["landmark"], match.start("landmark") - 1)


_BODY: Final = (
    r"(?:the |his |her |their |its )?(?:upper )?(?:left |right )?"
    r"(?:body|torso|chest|person|hips?|pelvis|waist|trunk|shoulders?|face|head|stomach|belly|neck|thighs|knees|him|her|them|"
    r"\w+sel(?:f|ves))\b"
)
_OUTWARD: Final = (
    r"\b(?:out|outward|away|up|rais\w+|lift\w+|extend\w+|stretch\w+|spread\w*|rise\w*|reach\w*|opens?|bend\w*)\b"
)
_ON_TRUNK: Final = (
    r"\b(?:to|at|from|on|onto|against) (?:the |his |her |their )(?:hips|belly|stomach|chest|neck)\b(?!-| height| level)"
)
_SIDE: Final = r"(?:the |its |his |her |their |both |each )*(?:own |left |right )?sides?\b"


def _places(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "in front of the chest", "behind the back", "across the body", "at the belly" and "at the side"."""
    patterns = {
        "front": rf"\b(?:in front|ahead) of {_BODY}|\b(?:out )?in front$",
        "far": r"\bfar (?:out )?in front\b|\bat arm'?s'? length\b",
        "behind": rf"\bbehind (?:{_BODY}|(?:the |his |her |their |its )back\b)|\bbehind$",
        "across": rf"\bacross {_BODY}|\bacross the front\b|past the midline",
        "out": rf"\b(?:out|outwards?) (?:to|at|on) {_SIDE}|\bspread (?:apart|out)\b|\bt-pose\b",
    }
    if actor.part == "wrist":
        patterns |= {"beside": rf"\bbeside {_THE}{words.LANDMARK}\b", "on": _ON_TRUNK}
    for way, pattern in patterns.items():
        for match in re.finditer(pattern, text):
            yield Claim("placed", actor.part, actor.side, way=way, at_start=_at_start(text, match.start() + 4))
    hanging = re.search(rf"\b(?:at|by|beside|to|down|against|along) {_SIDE}(?! to| of| and)", text)
    if actor.part in ("wrist", "elbow") and hanging and not re.search(_OUTWARD, text):
        yield Claim("hangs", actor.part, actor.side)


def _comparisons(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "higher than the other hand" and "behind the left foot"."""
    if actor.side not in words.SIDES:
        return
    patterns = {"higher": ("higher than|above", "lower than|below"), "ahead": ("ahead of|in front of", "behind")}
    for predicate, (more, less) in patterns.items():
        for negated, pattern in ((False, more), (True, less)):
            match = re.search(rf"\b(?:{pattern}) {_TWIN}(?! hips?| head| shoulders?| thigh)", text)
            named = match and (actor.noun in match[0] or re.search(r"\b(?:other|one|hand|arm|foot|leg)$", match[0]))
            if match and (named or match[0].endswith(words.SIDES)):
                yield Claim(predicate, actor.part, actor.side, negated=negated)


def _shape(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "the legs are kept straight"."""
    part = words.MIDDLE.get(actor.part, actor.part)
    adjective = (
        r"(?:,|nearly|almost|fully|kept|held|stays?|remains?|is|are|with \w+ \w+|legs?|arms?|knees?|elbows?) straight\b"
    )
    if part in ("elbow", "knee") and re.search(rf"{adjective}(?! (?:up|ahead|out|forward|down|line|in front))", text):
        yield Claim("straight", part, actor.side, lasting=True)


_SLOW: Final = re.compile(r"\b(?:slowly|slow|gently|unhurried|leisurely)\b")
_FAST: Final = re.compile(r"\b(?:quickly|quick|fast|rapidly|briskly|swiftly|rapid|brisk)\b")


def _tempo(actor: Actor, text: str) -> Iterator[Claim]:
    """Read "slowly" and "quickly"."""
    for way, pattern in (("slow", _SLOW), ("fast", _FAST)):
        if pattern.search(text) and actor.part in ("wrist", "foot", "body", "elbow", "chest", "knee"):
            turn = actor.part in ("body", "chest") and re.search(r"\b(?:turns?|rotates?|spins?)\b", text)
            yield Claim("tempo", actor.part, actor.side, way=way, place="turn" if turn else "")


def _step(actor: Actor, text: str, others: Placed) -> Iterator[Claim]:
    """Read "swings opposite to the left leg" and "in step with the other arm"."""
    opposite = re.search(
        r"\bopposite to\b|\bagainst the (?:other|left|right)\b|\bcounter to\b|\balternat\w+ with\b", text
    )
    if not opposite and not re.search(r"\b(?:in step|together|in phase|in time|in unison) with\b", text):
        return
    for _, other in others[:1]:
        if other.part in ("wrist", "foot", "leg", "knee", "elbow"):
            way = f"{'opposite' if opposite else 'together'} forward"
            place = "foot" if other.part == "leg" else other.part
            yield Claim("in step", actor.part, actor.side, way, place, other.side)


_CLOSE: Final = (
    r"\b(?:near|nears|beside|next to|close to|against|onto|touch|touches|touching|alongside|meets|close by)\s+$"
)
_TOWARD: Final = r"\b(?:closer to|towards?|in to|approaches|closer towards?|in towards?|down towards?)\s+$"
_AWAY: Final = r"\b(?:away from|off|leaves|leave|rises? from|back from)\s+$"
_ON_ITS_WAY: Final = (
    r"(?<!away )\bfrom\s+$"  # where a movement starts whose end follows: "back from the hips to the side"
)
_OVER: Final = r"(?<!out )(?<!forward )\bover\s+$"
_FAR: Final = r"\b(?:far|well away|clear)\b.{0,12}\b(?:from|of)\s+$"


def _nearness(actor: Actor, text: str, others: Placed) -> Iterator[Claim]:
    """Read "near the head", "away from the hip", "over the feet", "toward the knee"."""
    for mention, other in others:
        before = text[: mention.start()] + " "
        if re.match(_HEIGHT, text[mention.end() :]) or re.search(r"\b(?:relative|compared|opposite) to\s+$", before):
            continue
        claim = Claim("near", actor.part, actor.side, place=other.part, place_side=other.side)
        metres = amount(text, "metres")
        trunk = actor.part in ("body", "chest", "head")
        if actor.part == "head" and other.part == "body" and re.search(r"\bahead of\s+$", before):
            yield Claim("ahead", "head", number=metres)
        elif trunk and re.search(_OVER, before) and other.part in ("body", "foot", "leg", "chest"):
            yield replace(claim, predicate="over", place="foot" if other.part == "leg" else other.part)
        elif actor.part == "foot" and re.search(r"\bunder\s+$", before) and other.part in ("hip", "body"):
            yield replace(claim, predicate="over", part="body", side="", place="foot", place_side=actor.side)
        elif re.search(_FAR, before) and not trunk:
            yield replace(claim, predicate="apart")
        elif trunk and not (other.part in ("foot", "leg") or (actor.part == "head" and other.part == "knee")):
            continue
        elif re.search(_TOWARD, before):
            yield replace(claim, predicate="approaches", number=metres)
        elif re.search(_ON_ITS_WAY, before) and " to " in text[mention.end() :]:
            continue
        elif re.search(_AWAY, before):
            yield replace(claim, predicate="parts", number=metres)
        elif actor.part == "body":
            continue
        elif re.search(r"\bbeside\s+$", before):
            yield replace(claim, way="beside", at_start=_at_start(text, mention.start()))
        elif re.search(_CLOSE, before) or _on(actor, other, before):
            yield replace(claim, at_start=_at_start(text, mention.start()))


def _on(actor: Actor, other: Actor, before: str) -> bool:
    """Tell whether a weak preposition means nearness, as in "hands on hips" but not in "arms at the shoulders"."""
    weak = re.search(r"\b(?:by|on|on to|to|at|reach|reaches|holding|holds|around)\s+$", before)
    if actor.part != "wrist" or actor.noun not in before or not weak:
        return False
    if other.part == "shoulder":
        return other.side == OTHER.get(actor.side)
    return other.part in ("hip", "knee", "head", "wrist", "foot", "elbow") or bool(re.search(r"\bon\s+$", before))
