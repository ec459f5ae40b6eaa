"""Rules for verbs of the whole body: walking, jumping, postures, leaning, looking."""

from __future__ import annotations

import re
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.phrases import LIMBS, TRUNK, Rule, amount, claim, each, ways

_BODY: Final = Actor("body", "")
_HEAD: Final = Actor("head", "")
_TILTS: Final = ("tilt", "bend", "incline", "tip", "lean")  # of a head, to a side
_COURSES: Final = ("forward", "back", "left", "right", "side")


def travel(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "walks forward 3 m" and "takes four steps"; of a leg, only its steps."""
    steps, metres = amount(tail, "steps"), amount(tail, "metres")
    named = [way for way in ways(tail) if way in _COURSES]
    walks = verb in words.KIND_VERBS["walk"]
    if actor.part in ("foot", "knee"):
        leg = Actor("foot", actor.side)
        if not walks or re.search(r"\bpast each other\b", tail):
            return []
        return [claim("steps", leg, number=steps), *each("steps toward", leg, named, steps)]
    claims = [Claim("steps", "foot", "any", number=steps)] if walks and steps is not None else []
    if re.search(r"in place|on the spot|in-place|on its spot", tail):
        return [*claims, claim("in place", _BODY)]
    claims += each("travels", _BODY, named, metres)
    if not named and (walks or metres is not None):
        claims.append(claim("travels", _BODY, "any", metres))
    return [*claims, claim("runs", _BODY)] if verb == "run" else claims


def takes(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "takes three steps"; without a number, only the direction of the steps."""
    steps = amount(tail, "steps")
    if steps is None and not re.search(r"\b(steps?|strides?)\b", tail):
        return []
    claims = travel(actor, "step", tail)
    return claims if steps is not None else [claim for claim in claims if claim.predicate != "steps"]


def jumps(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "jumps forward"."""
    named = [way for way in ways(tail) if way in ("forward", "back")]
    return [claim("jumps", actor, number=amount(tail, "metres")), *each("travels", _BODY, named)]


def stands(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "stands up", "stands still" and "stands upright"; "stands" alone is not checked."""
    if re.match(r"\s*(?:back )?up\b", tail):
        return [claim("upright", actor), claim("gets up", actor)]
    if re.search(r"\bstill\b|motionless|in place\b", tail):
        return [claim("still", actor)]
    return [claim("upright", actor)] if re.search(r"\bupright|straight|erect|tall\b", tail) else []


def leans(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "leans to the left by 20 degrees" and "bows"."""
    if actor.part == "head":
        return looks(actor, verb, tail)
    if actor.part in LIMBS:
        return []
    found = ["forward"] if verb in ("bow", "hunch") else [way for way in ways(tail) if way in _COURSES]
    return each("leans", actor, found or ["any"], amount(tail, "degrees"))


def looks(_actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "looks up", "nods" and "tilts the head to the left"; 22 joints do not tell whether a head looks to a side."""
    if verb == "nod":
        return [claim("nods", _HEAD, "up", amount(tail, "times"))]
    if verb in _TILTS and re.search(r"side_(?:to|and)_side", tail):
        return [claim("nods", _HEAD, "side", amount(tail, "times"))]
    named = ways(tail)
    vertical = [way for way in named if way in ("up", "down")]
    if not vertical and (verb == "bow" or ("forward" in named and verb in _TILTS)):
        vertical = ["down"]
    if not vertical and "back" in named and verb in _TILTS:
        vertical = ["up"]
    degrees = amount(tail, "degrees")
    sides = [way for way in named if way in words.SIDES and verb in _TILTS]
    return each("head tilts", _HEAD, sides, degrees) + each("looks", _HEAD, vertical, degrees)


def stays(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "stays still" and "hangs at the side"."""
    if verb in ("freeze", "pause"):
        return [claim("still", actor, "once")]
    if verb == "hang" and actor.part == "wrist":
        return [claim("hangs", actor)]
    if actor.part in TRUNK and re.search(r"\bin place\b", tail):
        return [claim("in place", _BODY)]
    if re.search(r"\bstill\b|motionless|\bstationary\b|\bplanted\b|in place|unmoving|\bfixed\b|\bput\b", tail):
        return [claim("still", actor)]
    return []


def acts(predicate: str, *parts: str) -> Rule:
    """Make the rule of a verb with one claim about its actor, of some parts or any: "squats", "wipes with the hand"."""
    return lambda actor, _verb, _tail: [claim(predicate, actor)] if not parts or actor.part in parts else []
