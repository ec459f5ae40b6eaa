"""The whole action in one sentence, from what the limbs do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from kinmo_annotate.measures import SIDES, other_side
from kinmo_annotate.observation import Event, Observation
from kinmo_annotate.vocabulary import choose

_SUBJECTS: Final = ("a person", "someone", "the person")
_MOST: Final = 4  # phrases
_ASIDES: Final = ("twist", "twists", "tip", "rocks")  # what a body does along with almost anything
_GAITS: Final = {
    "at a slow pace": "walks slowly",
    "at walking pace": "walks",
    "at a fast pace": "walks fast",
    "at running pace": "runs",
}
_LIMBS: Final = {  # what a person does with an arm or a leg, by kind of event; other kinds are not told
    "arm_up": "raises {limb}",
    "arm_forward": "reaches forward with {limb}",
    "arm_outward": "opens {limb} outward",
    "arm_repeat": "swings {limb} {way} {times}",
    "kick": "kicks with {limb}",
    "knee_lift": "lifts the knee of {limb} high",
    "foot_lift": "lifts the foot of {limb}",
    "knee_repeat": "bends and straightens {limb} {times}",
}


def whole_action(observation: Observation, seed: int) -> str:
    """One sentence: travel, turns and jumps of the body, then what arms, legs and head add.

    Args:
        observation: with the events of all groups.
        seed: chooses among words that mean the same.
    """
    events = {who: [e for e in observation.events if e.who == who] for who in {e.who for e in observation.events}}
    told = _body(events) + _limbs(events)
    told = [e for e in told if e.kind not in _ASIDES] or told
    chosen = sorted(sorted(told, key=lambda e: (-e.values["size"], e.start))[:_MOST], key=lambda e: (e.start, e.kind))
    whole = Event("whole", 0.0, observation.seconds, ", ".join(event.text for event in chosen), "whole")
    subject = choose(_SUBJECTS, whole, seed)
    if not chosen:
        return f"{subject.capitalize()} {choose(('stays', 'keeps'), whole, seed)} {_posture(events)}in place."
    texts = list(dict.fromkeys(event.text for event in chosen))
    joined = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    return f"{subject.capitalize()} {joined}."


def _posture(events: dict[str, list[Event]]) -> str:
    held = [event.values["place"] for event in events.get("torso", []) if event.kind == "still"]
    return f"{held[0]} " if held else ""


def _body(events: dict[str, list[Event]]) -> list[Event]:
    """What the trunk does, told of the person."""
    steps = all(any(e.kind in ("steps", "knee_lift") for e in events.get(f"{side}_leg", [])) for side in SIDES)
    told = []
    for event in events.get("torso", []):
        text = event.text
        if event.kind == "travel":
            verb = _GAITS[event.values["pace"]] if steps else "moves"
            text = f"{verb} {event.values['way']} {event.values['distance']}"
        elif event.kind == "torso_sink":
            text = f"lowers the body by {event.values['distance']}"
        elif event.kind == "torso_rise":
            text = f"raises the body by {event.values['distance']}"
        elif event.kind == "bounce":
            text = f"bobs down and up {event.values['times']}"
        elif event.kind in ("straighten", "still", "lean_more"):
            continue
        told.append(replace(event, text=text))
    return told


def _limbs(events: dict[str, list[Event]]) -> list[Event]:
    """What arms and legs add; both sides in one phrase where they do the same at the same time."""
    paces = [event.values["pace"] for event in events.get("torso", []) if event.kind == "travel"]
    pace = max(paces, key=list(_GAITS).index) if paces else ""
    told = []
    for limb in ("arm", "leg"):
        sides = {side: _tellable(events.get(f"{side}_{limb}", []), pace) for side in SIDES}
        for event in list(sides["left"]):
            twin = next((e for e in sides["right"] if _alike(e, event)), None)
            if twin is not None:
                sides["left"].remove(event)
                sides["right"].remove(twin)
                told.append(_both(event, twin, f"both {limb}s"))
        for side, own in sides.items():
            busiest = max((e.values["size"] for e in events.get(f"{other_side(side)}_{limb}", [])), default=0.0)
            # "Swings the left arm" would mislead of a body whose right arm does more.
            one_sided = [e for e in own if e.kind != "arm_repeat" or e.values["size"] >= busiest]
            told += [replace(event, text=_phrase(event, f"the {side} {limb}")) for event in one_sided]
    both = {event.kind for event in told if "both" in event.text}
    return [event for event in told if event.kind not in both or "both" in event.text]


def _alike(event: Event, other: Event) -> bool:
    """Whether two limbs do the same at the same time."""
    same = event.kind == other.kind and event.values.get("way") == other.values.get("way")
    return same and abs(event.start - other.start) < 0.6


def _both(event: Event, twin: Event, limbs: str) -> Event:
    """One event for two limbs; how often only where they agree."""
    values = {**event.values, "size": event.values["size"] + twin.values["size"]}
    if event.values.get("times") != twin.values.get("times"):
        values["times"] = ""
    both = replace(event, start=min(event.start, twin.start), values=values)
    return replace(both, text=_phrase(both, limbs))


def _tellable(events: Sequence[Event], pace: str) -> list[Event]:
    """Without what goes with walking or running, and without what is the way back from something told."""
    kept = [event for event in events if event.kind in _LIMBS]
    if pace:
        swing = ("forward and back", "up and down", None)
        kept = [e for e in kept if e.kind not in ("arm_repeat", "knee_lift") or e.values.get("way") not in swing]
    if pace in ("at a fast pace", "at running pace"):
        kept = [e for e in kept if not e.kind.startswith("arm_") or "head" in e.values.get("goal", "")]
    return kept


def _phrase(event: Event, limb: str) -> str:
    return _LIMBS[event.kind].format(limb=limb, **event.values).rstrip()
