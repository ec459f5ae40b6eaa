"""What verbs of arms, legs and torso claim: raising, bending, swinging, turning, touching."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from kinmo_annotate.check import words
from kinmo_annotate.check.body_rules import looks, travel
from kinmo_annotate.check.claims import Actor, Claim
from kinmo_annotate.check.phrases import LIMBS, TRUNK, amount, claim, each, ways


def vertical(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """raises, drops; the hips that rise from a foot may do so by its moving"""
    del verb
    if actor.part in TRUNK and re.search(r"\b(?:from|towards?) (?:the )?(?:left |right )?f(?:oo|ee)t\b", tail):
        return []
    if actor.part == "head" and amount(tail, "metres") is None:
        return [claim("looks", actor, "up", amount(tail, "degrees"))]
    sideways = [way for way in ways(tail) if way in ("forward", "back", "left", "right", "out", "side")]
    if actor.part in LIMBS and actor.part != "hip":
        hangs = bool(re.search(r"\bto (?:the|its|his|her|their|both) (?:\w+ )?sides?\b", tail))
        further = [] if hangs else each("moves", actor, [way for way in sideways if way not in ("left", "right")])
        return [claim("rises", actor, number=amount(tail, "metres")), *further]
    return [claim("rises", actor, number=amount(tail, "metres"))]


def falls(actor: Actor, verb: str, tail: str) -> list[Claim]:
    if actor.part == "head" and amount(tail, "metres") is None:
        return [claim("looks", actor, "down", amount(tail, "degrees"))]
    return [replace(claim, what="drops") if claim.what == "rises" else claim for claim in vertical(actor, verb, tail)]


def moves(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """moves, brings, goes; the whole body travels, a limb moves relative to it"""
    if "_and_" in tail or "_to_" in tail:
        return swings(actor, "swing", tail)
    if re.search(r"\bonly a little\b|\bvery little\b|\bonly slightly\b", tail):
        return [claim("still", actor, "little")]
    named = [way for way in ways(tail) if "clockwise" not in way]
    if actor.part == "head" and re.search(r"\bto the front\b", tail):
        return []  # a relation of the clause
    metres = amount(tail, "metres")
    toward = re.search(r"\bcloser\b|\baway from\b", tail)
    if actor.part in TRUNK:
        vertical = _each_vertical(actor, named, metres) if metres is not None else []
        idle = [claim("moves", actor)] if verb == "move" and tail.strip() in ("", "at all") else []
        return [] if toward else vertical or travel(actor, verb, tail) or idle
    claims = [] if toward else [claim(_VERTICALLY.get(way, "moves"), actor, "" if way in _VERTICALLY else way, metres)
                                for way in named]  # fmt: skip
    return claims or ([] if toward or verb in ("come", "go") else [claim("moves", actor)])


def _each_vertical(actor: Actor, named: Iterable[str], metres: float | None) -> list[Claim]:
    return [claim(_VERTICALLY[way], actor, number=metres) for way in named if way in _VERTICALLY]


_VERTICALLY: Final = {"up": "rises", "down": "drops"}


def reaches(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """extends forward"""
    if actor.part in TRUNK:
        actor = Actor("wrist", "any")
    if actor.part not in ("wrist", "elbow", "foot", "knee") or re.search(r"\bacross\b", tail):
        return []
    if re.search(r"\bat the (?:knee|elbow)\b", tail):
        return straightens(actor, verb, tail)
    named = [way for way in ways(tail) if "clockwise" not in way]
    return each("reaches", actor, named) or [claim("reaches", actor)]


def bends(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """the elbow bends, the person bends forward"""
    if "_and_" in tail or "_to_" in tail:
        return swings(actor, "swing", tail)
    degrees = amount(tail, "degrees")
    knees = re.match(r"\s*(?:\w+\s+){0,2}(?:at|in) (?:the|his|her|their|both) (?:\w+ )?knees?\b", tail)
    if knees:
        return [Claim("bends", "knee", "any" if actor.part in TRUNK else actor.side, number=degrees)]
    if actor.part in TRUNK:
        found = [way for way in ways(tail) if way in ("forward", "back", "left", "right", "side", "down")]
        forward = ["forward" if way == "down" else way for way in found]
        return each("leans", actor, forward, degrees) or [claim("leans", actor, "any", degrees)]
    if actor.part == "head":
        return looks(actor, verb, tail)
    if actor.part == "hip":
        return [claim("bends", actor, number=degrees)] if actor.side else []
    part = words.MIDDLE.get(actor.part, actor.part)
    return [claim("bends", actor, number=degrees, part=part)] if part in ("elbow", "knee") else []


def straightens(actor: Actor, verb: str, tail: str) -> list[Claim]:
    del verb
    if actor.part in TRUNK:
        return [claim("upright", actor)]
    degrees = None if amount(tail, "times") else amount(tail, "degrees")
    part = words.MIDDLE.get(actor.part, actor.part)
    return [claim("straightens", actor, number=degrees, part=part)] if part in ("elbow", "knee") else []


def swings(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """swings back and forth, waves four times; to one side only it is a movement that way"""
    if verb == "circle" and actor.part in TRUNK:
        return []
    times = amount(tail, "times")
    repeats = times is not None or re.search(r"_and_|_to_|repeated|several|multiple|opposite|loosely|a little", tail)
    named = [way for way in ways(tail) if "clockwise" not in way]
    if named and not repeats and actor.part in LIMBS:
        return moves(actor, "move", tail)
    if actor.part == "foot" and re.search(r"\bunder the (?:torso|body|hips)\b|\bin turn\b", tail):
        return []
    way = next((way for way, pattern in _TO_AND_FRO.items() if re.search(pattern, tail)), "")
    if actor.part == "head":
        return [Claim("nods", "head", way="side" if way == "side" or verb in ("shake", "sway") else "up", number=times)]
    return [claim("swings", actor, "" if way == "turn" and actor.part in LIMBS else way, times)]


_TO_AND_FRO: Final = {
    "forward": r"\bback_and_forth|\bforth\b|forwards?_and_back|back_and_forward|to_and_fro",
    "side": r"side_(?:to|and)_side|left_(?:and|to)_right|right_(?:and|to)_left",
    "up": r"up_and_down|down_and_up",
    "turn": r"one_way_and_back",
}


def turns(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """turns left by 90 degrees; of shoulders and torso it may be a twist"""
    if "_and_" in tail or "_to_" in tail:
        to_and_fro = swings(actor, "swing", tail)
        turning = [replace(claim, way="turn") if claim.what == "swings" else claim for claim in to_and_fro]
        return turning if actor.part in (*TRUNK, "head", "hip") else []
    degrees = amount(tail, "degrees")
    sides = {"counterclockwise": "left", "clockwise": "right", "left": "left", "right": "right"}
    found = list(dict.fromkeys(sides[way] for way in ways(tail) if way in sides))
    if actor.part == "head":
        return each("head turns", actor, found) or [claim("head turns", actor)]
    if actor.part in LIMBS:
        return []  # the roll of a limb leaves no trace in joints
    if verb == "twist":
        return each("twists", actor, found) or [claim("twists", actor)]
    if degrees is None:
        full = re.search(r"\bfull (?:turn|circle)\b|\bcomplete(?:ly)? (?:turn|circle|around)\b", tail)
        half = re.search(r"\bhalf (?:a )?turn\b", tail) or (
            verb == "turn" and re.match(r"\s*(?:\w+ly )?around\b", tail)
        )
        degrees = 360 if full else 180 if half else None
    return each("turns", actor, found, degrees) or [claim("turns", actor, "", degrees)]


def touches(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """claps; what is touched is a relation of the clause"""
    del tail
    hands = actor.part in ("wrist", "body")
    if verb in ("clap", "clasp") and hands:
        return [Claim("near", "wrist", "left", place="wrist", place_side="right")]
    if verb in ("meet", "join") and actor.side in ("both", "any"):
        return [Claim("near", actor.part, "left", place=actor.part, place_side="right")]
    return []


def handles(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """picks up, wipes: whatever it is for, the hand that is named moves"""
    del verb, tail
    return [claim("moves", actor)] if actor.part == "wrist" else []


def parts(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """separates, leaves the floor; what is left behind is a relation of the clause"""
    if actor.part == "foot" and re.search(r"\b(?:floor|ground)\b", tail):
        return [claim("lifts off", actor)]
    if verb == "leave" or actor.side not in ("both", "any") or actor.part not in LIMBS:
        return []
    if re.search(r"\bwide\b", tail):
        return [Claim("apart", actor.part, "left", way="wide", place=actor.part, place_side="right")]
    return [Claim("parts", actor.part, "left", place=actor.part, place_side="right")]


def shuttles(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """leaves the torso and returns"""
    del verb
    place = "body" if re.search(r"\bhips\b", tail) else "chest" if re.search(r"\btorso|chest|body\b", tail) else ""
    return [Claim("comes and goes", actor.part, actor.side, place=place, number=amount(tail, "times"))] if place else []


def passes(actor: Actor, verb: str, tail: str) -> list[Claim]:
    """the legs pass each other, a leg passes under the torso"""
    del verb
    if actor.part != "foot":
        return []
    place = "body" if re.search(r"\bunder\b", tail) else "foot"
    return [Claim("passes", "foot", actor.side, place=place, number=amount(tail, "times"))]


def kicks(actor: Actor, verb: str, tail: str) -> list[Claim]:
    del verb
    leg = Actor("foot", actor.side if actor.part == "foot" else "any")
    high = amount(tail, "metres") if re.search(r"\bhigh\b|\bheight\b", tail) else None
    ways_ = [way for way in ways(tail) if way in ("forward", "back")] if leg.side in words.SIDES else []
    return [claim("kicks", leg, number=high), *each("moves", leg, ways_)]


def crosses(actor: Actor, verb: str, tail: str) -> list[Claim]:
    del verb, tail
    return [claim("crosses", actor)] if actor.part in ("wrist", "foot") else []
