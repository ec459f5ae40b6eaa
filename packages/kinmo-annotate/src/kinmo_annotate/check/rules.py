"""Table of the rules: kind of verb, a key of `words.KIND_VERBS` -> the rule that reads its claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kinmo_annotate.check import body_rules, limb_rules
from kinmo_annotate.check.phrases import Rule

RULES: Final[Mapping[str, Rule]] = {
    "up": limb_rules.vertical, "down": limb_rules.vertical, "move": limb_rules.moves, "reach": limb_rules.reaches,
    "bend": limb_rules.bends, "straighten": limb_rules.straightens, "swing": limb_rules.swings, "turn": limb_rules.turns,
    "walk": body_rules.travel, "take": body_rules.takes, "jump": body_rules.jumps, "squat": body_rules.acts("squats"),
    "kneel": body_rules.posture("kneels"), "sit": body_rules.posture("sits"), "lie": body_rules.posture("lies"),
    "stand": body_rules.stands, "lean": body_rules.leans, "look": body_rules.looks, "stay": body_rules.stays,
    "touch": limb_rules.touches, "handle": body_rules.acts("moves", "wrist"), "part": limb_rules.parts,
    "shuttle": limb_rules.shuttles, "pass": limb_rules.passes, "kick": limb_rules.kicks,
    "cross": limb_rules.crosses,
    "approach": lambda *_: [], "be": lambda *_: [],  # read by `relations` only
}  # fmt: skip
