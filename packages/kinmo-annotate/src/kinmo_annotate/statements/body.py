"""The whole action in one clause, from what the limbs do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from kinmo_annotate.measures import SIDES, other_side
from kinmo_annotate.observation import Observation, Observed
from kinmo_annotate.statements.postures import HELD
from kinmo_annotate.vocabulary import choose

_SUBJECTS: Final = ("a person", "someone", "the person")
_MAX_PHRASES: Final = 4
_AT_ONCE: Final = 0.6  # s between the starts of two limbs that do the same together
_ASIDES: Final = ("twist", "twists", "tip", "rocks", "weight", "sways")  # what a body does along with almost anything
_UNTOLD: Final = ("straighten", "still", "lean_more")  # of the torso, not of a person
_GAITS: Final = {
    "at a slow pace": "walks slowly",
    "at walking pace": "walks",
    "at a fast pace": "walks fast",
    "at running pace": "runs",
}
_TRUNK: Final = {  # what a person does with the trunk, by kind of statement; others are told in their own words
    "travel": "{verb} {way} {distance}",
    "torso_sink": "lowers the body by {distance}",
    "torso_rise": "raises the body by {distance}",
    "bounce": "bobs down and up {times}",
}
_LIMBS: Final = {  # what a person does with an arm or a leg, by kind of statement; other kinds are not told
    "arm_up": "raises {limb}",
    "arm_forward": "reaches forward with {limb}",
    "arm_outward": "opens {limb} outward",
    "arm_repeat": "swings {limb} {way} {times}",
    "kick": "kicks {way} with {limb}",
    "knee_lift": "lifts the knee of {limb} high",
    "heel_up": "kicks the heel of {limb} up behind",
    "foot_lift": "lifts the foot of {limb}",
    "knee_repeat": "bends and straightens {limb} {times}",
}
_OF_A_GAIT: Final = ("forward and back", "up and down", None)  # ways of arms that swing with the steps

Found = Mapping[str, Sequence[Observed]]  # by group or pair


def whole_action(observation: Observation, seed: int) -> str:
    """Say in one clause what the body does: travel, turns and jumps, then what arms, legs and head add.

    Args:
        observation: with what is observed of all groups.
        seed: chooses among words that mean the same.
    """
    found: dict[str, list[Observed]] = defaultdict(list)
    for one in observation.observed:
        found[one.statement.who].append(one)
    told = _trunk(found) + _limbs(found)
    told = [one for one in told if one.kind not in _ASIDES] or told
    largest = sorted(told, key=lambda one: (-one.size, one.statement.start))[:_MAX_PHRASES]
    texts = [one.statement.sentence for one in sorted(largest, key=lambda one: (one.statement.start, one.kind))]
    whole = (seed, "whole", "whole", ", ".join(texts))
    subject = choose(_SUBJECTS, *whole)
    if not texts:
        posture = "".join(f"{one.words['place']} " for one in found["torso"] if one.kind == "still")
        return f"{subject} {choose(('stays', 'keeps'), *whole)} {posture}in place"
    *first, last = dict.fromkeys(texts)
    return f"{subject} {', '.join(first)} and {last}" if first else f"{subject} {last}"


def _trunk(found: Found) -> list[Observed]:
    """Tell of the person what the trunk does."""
    steps = all(any(one.kind in ("steps", "knee_lift") for one in found[f"{side}_leg"]) for side in SIDES)
    told = []
    for one in found["torso"]:
        verb = _GAITS[one.words["pace"]] if one.kind == "travel" and steps else "moves"
        # A posture that lasts is told only where the body is not seen to get there.
        seen = one.kind in HELD and any(other.kind == f"{one.kind}_down" for other in found["torso"])
        if one.kind not in _UNTOLD and not seen:
            told.append(one.say(_TRUNK[one.kind], verb=verb) if one.kind in _TRUNK else one)
    return told


def _limbs(found: Found) -> list[Observed]:
    """Tell what arms and legs add; both sides in one phrase where they do the same at the same time."""
    paces = [one.words["pace"] for one in found["torso"] if one.kind == "travel"]
    pace = max(paces, key=list(_GAITS).index) if paces else ""
    together, alone = [], []
    for limb in ("arm", "leg"):
        sides = {side: _tellable(found[f"{side}_{limb}"], pace) for side in SIDES}
        for one in list(sides["left"]):
            twin = next((other for other in sides["right"] if _alike(one, other)), None)
            if twin is not None:
                sides["left"].remove(one)
                sides["right"].remove(twin)
                together.append(_both(one, twin, f"both {limb}s"))
        for side, own in sides.items():
            busiest = max((one.size for one in found[f"{other_side(side)}_{limb}"]), default=0.0)
            # "Swings the left arm" would mislead of a body whose right arm does more.
            one_sided = [one for one in own if one.kind != "arm_repeat" or one.size >= busiest]
            alone += [one.say(_LIMBS[one.kind], limb=f"the {side} {limb}") for one in one_sided]
    both = {one.kind for one in together}
    return together + [one for one in alone if one.kind not in both]


def _alike(one: Observed, other: Observed) -> bool:
    """Tell whether two limbs do the same at the same time."""
    same = one.kind == other.kind and one.words.get("way") == other.words.get("way")
    return same and abs(one.statement.start - other.statement.start) < _AT_ONCE


def _both(one: Observed, twin: Observed, limbs: str) -> Observed:
    """Make one statement for two limbs; how often only where they agree."""
    first, second = (each.say(_LIMBS[one.kind], limb=limbs) for each in (one, twin))
    if first.statement.sentence != second.statement.sentence:
        first = first.say(_LIMBS[one.kind], times="")
    start = min(one.statement.start, twin.statement.start)
    return replace(first, statement=replace(first.statement, start=start), size=one.size + twin.size)


def _tellable(found: Sequence[Observed], pace: str) -> list[Observed]:
    """Leave out what goes with walking or running."""
    kept = [one for one in found if one.kind in _LIMBS]
    if pace:
        kept = [o for o in kept if o.kind not in ("arm_repeat", "knee_lift") or o.words.get("way") not in _OF_A_GAIT]
    if pace in ("at a fast pace", "at running pace"):
        kept = [one for one in kept if not one.kind.startswith("arm_") or "head" in one.words.get("goal", "")]
    return kept
