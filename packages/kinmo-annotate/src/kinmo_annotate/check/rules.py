"""Table of the rules: kind of verb, a key of `words.KIND_VERBS` -> the rule that reads its claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kinmo_annotate.check import body_rules, floor_rules, limb_rules
from kinmo_annotate.check.phrases import Rule

RULES: Final[Mapping[str, Rule]] = {
    "up": limb_rules.vertical, "down": limb_rules.vertical, "move": limb_rules.moves, "reach": limb_rules.reaches,
    "bend": limb_rules.bends, "straighten": limb_rules.straightens, "swing": limb_rules.swings, "turn": limb_rules.turns,
    "walk": body_rules.travel, "take": body_rules.takes, "jump": body_rules.jumps, "squat": body_rules.acts("squats"),
    "kneel": floor_rules.kneels, "sit": floor_rules.sits, "lie": floor_rules.lies, "crawl": floor_rules.crawls,
    "over": floor_rules.turns_over, "handstand": floor_rules.handstands, "weigh": floor_rules.weighs,
    "stand": body_rules.stands, "lean": body_rules.leans, "look": body_rules.looks, "stay": body_rules.stays,
    "touch": limb_rules.touches, "handle": body_rules.acts("moves", "wrist"), "part": limb_rules.parts,
    "shuttle": limb_rules.shuttles, "pass": limb_rules.passes, "kick": limb_rules.kicks,
    "cross": limb_rules.crosses,
    "approach": lambda *_: [], "be": lambda *_: [],  # read by `relations` only
}  # fmt: skip
