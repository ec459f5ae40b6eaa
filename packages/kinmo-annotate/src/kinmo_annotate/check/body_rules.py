"""What verbs of the whole body claim: walking, jumping, postures, leaning, looking."""

from __future__ import annotations

import re

from kinmo_annotate.check import words
from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.phrases import LIMBS, TRUNK, Rule, amount, claim, each, ways


def travel(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """walks forward 3 m, takes four steps; of one leg it is steps"""
    steps, metres = amount(tail, "steps"), amount(tail, "metres")
    named = [way for way in ways(tail) if way in ("forward", "back", "left", "right", "side")]
    walks = verb in words.KIND_VERBS["walk"]
    if actor.part in ("foot", "knee"):
        leg = Actor("foot", actor.side)
        if not walks or re.search(r"\bpast each other\b", tail):
            return []
        return [claim("steps", leg, number=steps), *each("steps toward", leg, named, steps)]
    body = Actor("body", "")
    claims = [Claim("steps", "foot", "any", number=steps)] if walks and steps is not None else []
    if re.search(r"in place|on the spot|in-place|on its spot", tail):
        return [*claims, claim("in place", body)]
    claims += each("travels", body, named, metres)
    if not named and (walks or metres is not None):
        claims.append(claim("travels", body, "any", metres))
    if verb == "run":
        claims.append(claim("runs", body))
    return claims


def takes(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """takes three steps, makes two jumps"""
    del verb
    steps = amount(tail, "steps")
    if steps is not None or re.search(r"\b(steps?|strides?)\b", tail):
        stepping = travel(actor, "step", tail)
        return stepping if steps is not None else [claim for claim in stepping if claim.what != "steps"]
    return []


def jumps(actor: Actor, verb: str, tail: str) -> list[Claim]:
    del verb
    named = [way for way in ways(tail) if way in ("forward", "back")]
    return [claim("jumps", actor, number=amount(tail, "metres")), *each("travels", Actor("body", ""), named)]


def squats(actor: Actor, verb: str, tail: str) -> list[Claim]:
    del verb, tail
    return [claim("squats", actor)]


def stands(actor: Actor, verb: str, tail: str) -> list[Claim]:
    del verb
    if re.match(r"\s*(?:back )?up\b", tail):
        return [claim("upright", actor)]
    if re.search(r"\bstill\b|motionless|in place\b", tail):
        return [claim("still", actor)]
    return [claim("upright", actor)] if re.search(r"\bupright|straight|erect|tall\b", tail) else []


def leans(actor: Actor, verb: str, tail: str) -> list[Claim]:
    if actor.part == "head":
        return looks(actor, verb if verb == "bow" else "tilt", tail)
    if actor.part in LIMBS:
        return []
    found = [way for way in ways(tail) if way in ("forward", "back", "left", "right", "side")]
    if verb in ("bow", "hunch"):
        found = ["forward"]
    return each("leans", actor, found, amount(tail, "degrees")) or [
        claim("leans", actor, "any", amount(tail, "degrees"))
    ]


def looks(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """looks left, nods, bows the head"""
    del actor
    head = Actor("head", "")
    if verb == "nod":
        return [claim("nods", head, "up", amount(tail, "times"))]
    claims = each("head turns", head, [way for way in ways(tail) if way in words.SIDES])
    vertical = [way for way in ways(tail) if way in ("up", "down")]
    if not vertical and (verb == "bow" or ("forward" in ways(tail) and verb in ("tilt", "bend"))):
        vertical = ["down"]
    if not vertical and "back" in ways(tail) and verb in ("tilt", "bend"):
        vertical = ["up"]
    return claims + each("looks", head, vertical, amount(tail, "degrees"))


def stays(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """stays still, hangs at the side"""
    if verb in ("freeze", "pause"):
        return [claim("still", actor, "once")]
    if verb == "hang" and actor.part == "wrist":
        return [claim("hangs", actor)]
    if actor.part in TRUNK and re.search(r"\bin place\b", tail):
        return [claim("in place", Actor("body", ""))]
    if re.search(r"\bstill\b|motionless|\bstationary\b|\bplanted\b|in place|unmoving|\bfixed\b|\bput\b", tail):
        return [claim("still", actor)]
    return []


def posture(what: str) -> Rule:
    def rule(actor: Actor, verb: str, tail: str) -> list[Claim]:
        del verb, tail
        return [Claim(what, "body")] if actor.part in (*TRUNK, "foot", "knee") else []

    return rule
