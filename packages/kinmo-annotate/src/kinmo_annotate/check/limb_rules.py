"""Rules for verbs of arms, legs and torso: raising, bending, swinging, turning, touching."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.body_rules import looks, travel
from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.phrases import LIMBS, TRUNK, amount, claim, each, pair, ways

_VERTICAL: Final = {"up": "rises", "down": "drops"}
_TO_AND_FRO: Final = {  # axis -> joined idioms of `reader`
    "forward": r"\bback_and_forth|\bforth\b|forwards?_and_back|back_and_forward|to_and_fro",
    "side": r"side_(?:to|and)_side|left_(?:and|to)_right|right_(?:and|to)_left",
    "up": r"up_and_down|down_and_up",
    "turn": r"one_way_and_back",
}
_TURN_SIDES: Final = {"counterclockwise": "left", "clockwise": "right", "left": "left", "right": "right"}


def vertical(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "rises by 0.5 m" and "drops to the side".

    "The hips rise from the left foot" claims nothing, since the foot may have moved.
    """
    way, metres = "down" if verb in words.KIND_VERBS["down"] else "up", amount(tail, "metres")
    if actor.part in TRUNK and re.search(r"\b(?:from|towards?) (?:the )?(?:left |right )?f(?:oo|ee)t\b", tail):
        return []
    if actor.part == "head" and metres is None:
        return [claim("looks", actor, way, amount(tail, "degrees"))]
    sideways: list[str] = []
    hangs = re.search(r"\bto (?:the|its|his|her|their|both) (?:\w+ )?sides?\b", tail)
    if actor.part in LIMBS and actor.part != "hip" and not hangs:
        sideways = [way for way in ways(tail) if way in ("forward", "back", "out", "side")]
    return [claim(_VERTICAL[way], actor, number=metres), *each("moves", actor, sideways)]


def moves(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "moves forward" and "goes up by 0.3 m": the body over the floor, a limb relative to the body."""
    if "_and_" in tail or "_to_" in tail:
        return swings(actor, "swing", tail)
    if re.search(r"\bonly a little\b|\bvery little\b|\bonly slightly\b", tail):
        return [claim("still", actor, "little")]
    in_relations = actor.part == "head" and re.search(r"\bto the front\b|\bupright\b", tail)
    if in_relations or re.search(r"\bcloser\b|\baway from\b", tail):
        return []
    named, metres = _named(tail), amount(tail, "metres")
    if actor.part in TRUNK:
        up_or_down = [way for way in named if way in _VERTICAL and metres is not None]
        idle = [claim("moves", actor)] if verb == "move" and tail.strip() in ("", "at all") else []
        found = [claim(_VERTICAL[way], actor, number=metres) for way in up_or_down]
        return found or travel(actor, verb, tail) or idle
    found = [claim(_VERTICAL.get(way, "moves"), actor, "" if way in _VERTICAL else way, metres) for way in named]
    return found or ([] if verb in ("come", "go") else [claim("moves", actor)])


def reaches(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "extends forward"; of a body, either arm."""
    if actor.part in TRUNK:
        actor = Actor("wrist", "any")
    if actor.part not in ("wrist", "elbow", "foot", "knee") or re.search(r"\bacross\b", tail):
        return []
    if re.search(r"\bat the (?:knee|elbow)\b", tail):
        return straightens(actor, verb, tail)
    return each("reaches", actor, _named(tail) or [""])


def bends(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "the elbow bends to 90 degrees", "bends at the knees" and "the person bends forward"."""
    if "_and_" in tail or "_to_" in tail:
        return swings(actor, "swing", tail)
    degrees = amount(tail, "degrees")
    if re.match(r"\s*(?:\w+\s+){0,2}(?:at|in) (?:the|his|her|their|both) (?:\w+ )?knees?\b", tail):
        return [Claim("bends", "knee", "any" if actor.part in TRUNK else actor.side, number=degrees)]
    if actor.part in TRUNK:
        found = [way for way in ways(tail) if way in ("forward", "back", "left", "right", "side", "down")]
        return each("leans", actor, ["forward" if way == "down" else way for way in found] or ["any"], degrees)
    if actor.part == "head":
        return looks(actor, verb, tail)
    if actor.part == "hip":
        return [claim("bends", actor, number=degrees)] if actor.side else []
    part = words.MIDDLE.get(actor.part, actor.part)
    return [claim("bends", actor, number=degrees, part=part)] if part in ("elbow", "knee") else []


def straightens(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "straightens to 20 degrees"; of torso and head it means upright."""
    if actor.part in TRUNK or actor.part == "head":
        return [claim("head upright" if actor.part == "head" else "upright", actor)]
    degrees = None if amount(tail, "times") else amount(tail, "degrees")
    part = words.MIDDLE.get(actor.part, actor.part)
    return [claim("straightens", actor, number=degrees, part=part)] if part in ("elbow", "knee") else []


def swings(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "swings back and forth" and "waves four times"; to one side only it is a movement that way."""
    if verb == "circle" and actor.part in TRUNK:
        return []
    times = amount(tail, "times")
    repeats = times is not None or re.search(r"_and_|_to_|repeated|several|multiple|opposite|loosely|a little", tail)
    if _named(tail) and not repeats and actor.part in LIMBS:
        return moves(actor, "move", tail)
    if actor.part == "foot" and re.search(r"\bunder the (?:torso|body|hips)\b|\bin turn\b", tail):
        return []
    way = next((way for way, pattern in _TO_AND_FRO.items() if re.search(pattern, tail)), "")
    if actor.part == "head":
        if verb == "shake":
            return []  # a turn to and fro
        return [Claim("nods", "head", way="side" if way == "side" or verb == "sway" else "up", number=times)]
    way = "" if way == "turn" and actor.part in LIMBS else way
    if actor.part == "wrist" and re.search(r"\bslightly\b", tail):
        return [claim("small", actor, way, times)]
    return [claim("swings", actor, way, times)]


def turns(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "turns left by 90 degrees" and "twists"; the roll of a limb is not visible in joints, as is
    the turn of a head, so they claim nothing."""
    if "_and_" in tail or "_to_" in tail:
        found = swings(actor, "swing", tail)
        found = [replace(claim, way="turn") if claim.predicate == "swings" else claim for claim in found]
        return found if actor.part in (*TRUNK, "hip") else []
    sides = list(dict.fromkeys(_TURN_SIDES[way] for way in ways(tail) if way in _TURN_SIDES)) or [""]
    if actor.part in (*LIMBS, "head"):
        return []
    return each("twists", actor, sides) if verb == "twist" else each("turns", actor, sides, _degrees(verb, tail))


def touches(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "claps" and "the hands meet"; `relations` reads the part that is touched."""
    if verb == "clap" and actor.part in ("wrist", "body"):
        return [pair("claps", "wrist", number=amount(tail, "times"))]
    if verb == "clasp" and actor.part in ("wrist", "body"):
        return [pair("near", "wrist")]
    return [pair("near", actor.part)] if verb in ("meet", "join") and actor.side in ("both", "any") else []


def crosses(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "the right hand crosses the body" and "crosses the arms"."""
    if re.match(r"\s*(?:the |his |her |their |both |its )*arms\b", tail):
        return [pair("folded", "wrist")]
    return [claim("crosses", actor)] if actor.part in ("wrist", "foot") else []


def parts(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """Read "the hands separate" and "leaves the floor"; `relations` reads other parts that are left."""
    if actor.part == "foot" and re.search(r"\b(?:floor|ground)\b", tail):
        return [claim("lifts off", actor)]
    if verb == "leave" or actor.side not in ("both", "any") or actor.part not in LIMBS:
        return []
    return [pair("apart", actor.part, "wide") if re.search(r"\bwide\b", tail) else pair("parts", actor.part)]


def shuttles(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "leaves the torso and returns three times", reworded by `words.REWRITES`."""
    place = "body" if re.search(r"\bhips\b", tail) else "chest" if re.search(r"\btorso|chest|body\b", tail) else ""
    times = amount(tail, "times")
    return [Claim("comes and goes", actor.part, actor.side, place=place, number=times)] if place else []


def passes(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "the legs pass each other twice" and "the left leg passes under the torso"."""
    if actor.part != "foot":
        return []
    place = "body" if re.search(r"\bunder\b", tail) else "foot"
    return [Claim("passes", "foot", actor.side, place=place, number=amount(tail, "times"))]


def kicks(actor: Actor, _verb: str, tail: str) -> list[Claim]:
    """Read "kicks forward with the left foot, 0.8 m high"."""
    leg = Actor("foot", actor.side if actor.part == "foot" else "any")
    high = amount(tail, "metres") if re.search(r"\bhigh\b|\bheight\b", tail) else None
    named = [way for way in ways(tail) if way in ("forward", "back") and leg.side in words.SIDES]
    return [claim("kicks", leg, number=high), *each("moves", leg, named)]


def _named(tail: str) -> list[str]:
    """Return the directions in a text, without those of turns."""
    return [way for way in ways(tail) if "clockwise" not in way]


def _degrees(verb: str, tail: str) -> float | None:
    """Return the angle of a turn: a number, "half a turn" or "a full circle"."""
    degrees = amount(tail, "degrees")
    if degrees is not None:
        return degrees
    if re.search(r"\bfull (?:turn|circle)\b|\bcomplete(?:ly)? (?:turn|circle|around)\b", tail):
        return 360.0
    around = verb == "turn" and re.match(r"\s*(?:\w+ly )?around\b", tail)
    return 180.0 if around or re.search(r"\bhalf (?:a )?turn\b", tail) else None
