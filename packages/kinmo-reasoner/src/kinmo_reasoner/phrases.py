"""A clause as statements in the annotator's vocabulary: an action of the table, filled in with sides, places and amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinmo_core.text import Statement
from kinmo_core.text.statement import SLOT, TURNS_FROM, count, times
from kinmo_reasoner.actions import Action, Part
from kinmo_reasoner.clause import AGAIN_AND_AGAIN, Clause

HANGING: Final = "beside the hip"
SIDES: Final = {"L": "left", "R": "right"}
_OTHER: Final = {"left": "right", "right": "left"}
_SWING: Final = 1.1  # s of an arm that swings once in a walk
_WAYS: Final = (  # words of a clause: the way that they tell
    (r"\bback(ward|wards)?\b(?! (and|to) )", "backward"),
    (r"\bforwards?\b|\bahead\b", "forward"),
)
_HEIGHTS: Final = (
    ("hip", r"hip (height|level)|waist"),
    ("belly", r"belly|stomach"),
    ("chest", r"chest"),
    ("head", r"(head|face|eye) (height|level)"),
)
_GOALS: Final = (  # words of a clause: the place that an arm is raised to
    (r"\bin front of (face|eye|head)\b", "in front of the face"),
    (r"\b(shoulder|shoulders)\b", "in front of the shoulders"),
    (r"\b(chest|heart)\b", "in front of the chest"),
    (r"\b(belly|stomach)\b", "in front of the belly"),
    (r"\b(waist|hip)\b", "in front of the hips"),
)


@dataclass(frozen=True)
class Told:
    """A statement, and whether the words say it or it only goes with what they say."""

    statement: Statement
    explicit: bool


def sides_of(clause: Clause, action: Action) -> list[str]:
    """Return the sides that a limb action is about: left, right or both."""
    named = clause.side or (clause.direction if action.side == "dir" else None) or action.side
    if named == "dir" or named == "B" or (action.side == "dir" and clause.side is None):
        return ["left", "right"]
    return [SIDES[named]]


def tell(
    clause: Clause, action: Action, start: float, seconds: float, places: Mapping[str, str], *, back: bool = False
) -> list[Told]:
    """Fill an action in.

    Args:
        clause: what is said.
        action: what it means.
        start, seconds: when it happens.
        places: where each hand is before.
        back: whether "back" tells of a way home, after a turn, rather than of a direction.
    """
    filler = _Filler(clause, action, seconds, places, back=back)
    often = action.counted and number_of(clause, action) != 1 and action.repeated
    does = action.repeated if often else action.does
    also = [part for part in action.also if not (often and part.who in {one.who for one in does})]
    found = [(part, True) for part in does] + [(part, False) for part in also]
    told = []
    for part, explicit in found:
        for who, side in filler.limbs(part.who):
            span = (start + part.start * seconds, start + part.end * seconds)
            told.append(Told(filler.statement(part, who, side, *span), explicit))
    return told


def number_of(clause: Clause, action: Action) -> int:
    """Return how often, `AGAIN_AND_AGAIN` where the clause says so."""
    if clause.manner.times is not None:
        return clause.manner.times
    if action.counted and action.times is None and re.search(r"\b(several|many|some|UPDOWN|few)\b", clause.text):
        return AGAIN_AND_AGAIN
    return action.times or 1


class _Filler:
    """Fills the slots of the texts of one action."""

    def __init__(
        self, clause: Clause, action: Action, seconds: float, places: Mapping[str, str], *, back: bool
    ) -> None:
        self.clause, self.action, self.seconds, self.places, self.back = clause, action, seconds, places, back
        self.sides = sides_of(clause, action) if action.limb else []
        self.number = number_of(clause, action)

    def limbs(self, who: str) -> Sequence[tuple[str, str]]:
        """Return the groups or pairs that a key of the table stands for, each with its side."""
        if who in ("arms", "legs"):
            return [(f"{side}_{who[:-1]}", side) for side in ("left", "right")]
        if who.startswith("twin "):
            twins = [_OTHER[side] for side in self.sides] if len(self.sides) == 1 else []
            return [(f"{side}_{who[5:]}", side) for side in twins]
        parts = who.split("+")
        if {"arm", "leg"} & set(parts):
            named = (
                "+".join(f"{side}_{part}" if part in ("arm", "leg") else part for part in parts) for side in self.sides
            )
            return list(zip(named, self.sides, strict=True))
        return [(who, "")]

    def statement(self, part: Part, who: str, side: str, start: float, end: float) -> Statement:
        """Write a part as a statement of a group or pair."""
        words = self._words(who, side, end - start)
        amounts = self._amounts(end - start)
        text = part.text
        slot = next((name for name in ("distance", "angle", "height", "seconds") if f"{{{name}}}" in text), None)
        if "{times}" in text and (self.number == AGAIN_AND_AGAIN and slot is None):
            text = text.replace("{times}", "again and again")
        elif "{times}" in text and slot is None:
            slot = "times"
        elif "{times}" in text:
            number = (
                self.number if self.number != AGAIN_AND_AGAIN else max(2, round((end - start) / self.action.seconds))
            )
            text = text.replace("{times}", times(number))
        if "{swings}" in text:
            swings = round((end - start) / _SWING)
            slot, text = ("times", text) if swings > 1 else (None, text.replace("{swings}", "again and again"))
            text, amounts = text.replace("{swings}", "{times}"), {**amounts, "times": (float(swings), "times")}
        amount = amounts[slot] if slot else None
        if amount and slot == "angle" and amount[0] >= TURNS_FROM:
            text = text.replace("about {angle}", "{angle}")
        filled = text.format(**words, **dict.fromkeys(amounts, SLOT))
        return Statement(who, start, end, " ".join(filled.split()), *(amount or (None, "")))

    def _amounts(self, seconds: float) -> dict[str, tuple[float, str]]:
        manner, usual = self.clause.manner, self.action.amounts
        distance = manner.metres or usual.get("distance") or self._speed() * seconds
        if self.action.name == "turn about" and manner.degrees is None:
            angle = 180.0
        else:
            angle = manner.degrees or self._angle() or usual.get("angle", 90.0)
        return {
            "distance": (max(distance, 0.1), "metres"),
            "angle": (angle, "degrees"),
            "height": (usual.get("height", 0.3), "metres"),
            "seconds": (seconds, "seconds"),
            "times": (float(self.number), "times"),
        }

    def _angle(self) -> float | None:
        """Return the angle that the words tell without a number."""
        text = self.clause.text
        if self.action.name == "circle":
            return 90.0 if re.search(r"\b(curve|arc)\b", text) else 360.0
        if self.action.name == "turn" and re.search(r"\bslight", text):
            return 30.0
        if self.action.name == "lean aside" and re.search(r"\b(far|deep|deeply|low)\b", text):
            return 40.0
        if self.action.name == "bow" and re.search(r"\b(deep|deeply|down|over|toe|foot|floor|low)\b", text):
            return 80.0
        return None

    def _speed(self) -> float:
        slow = 0.75 if self.action.name == "run" else 0.5  # who runs at half his speed walks
        pace = {"slow": slow, "fast": 1.6}.get(self.clause.manner.pace, 1.0)
        return self.action.speed * pace * {"short": 0.5, "long": 1.2}.get(self.clause.manner.length, 1.0)

    def _words(self, who: str, side: str, seconds: float) -> dict[str, str]:
        clause, pace = self.clause, self.clause.manner.pace
        toward = SIDES.get(clause.direction or clause.side or "", "left")
        named = self.sides[0] if len(self.sides) == 1 else side or "right"
        running = self.action.name == "circle" and re.search(r"\b(run|jog|sprint)\b", clause.text)
        gait = {"slow": "at a slow pace", "fast": "at a fast pace"}.get(pace, "at walking pace")
        return {
            "pace": {"slow": " slowly", "fast": " quickly"}.get(pace, ""),
            "side": side or named,
            "other": _OTHER[side or named],
            "dir": toward,
            "way": self._way(),
            "gait": "at running pace" if running else gait,
            "goal": self._goal(),
            "origin": self._origin(who),
            "level": self._level(),
            "where": self._where(),
            "lying": self._lying(),
            "part": self._part(),
            "shoulder": self._shoulder(side or named),
            "on": " on the floor" if re.search(r"\b(floor|ground|grass)\b", clause.text) else "",
            "long": f"{clause.manner.length} " if clause.manner.length else "",
            "steps": self._steps(who, seconds),
        }

    def _way(self) -> str:
        text = self.clause.text
        along = next((way for pattern, way in _WAYS if re.search(pattern, text)), "")
        if along == "backward" and self.back and not re.search(r"backward", text):
            along = "forward"
        across = SIDES.get(self.clause.direction or "", "")
        if not across and re.search(r"\b(sideways?|side ?steps?|to side)\b", text):
            across = "left"
        if across:
            return f"{along} and to the {across}" if along else f"to the {across}"
        return along or "forward"

    def _goal(self) -> str:
        text = self.clause.text
        if re.search(r"\b(above|over|overhead)\b", text):
            return "above the head"
        return next((place for pattern, place in _GOALS if re.search(pattern, text)), "above the head")

    def _origin(self, who: str) -> str:
        place = self.places.get(who, HANGING)
        if self.action.name == "lower arm" and place == HANGING:
            return "above the head"
        return place

    def _level(self) -> str:
        found = next((name for name, pattern in _HEIGHTS if re.search(pattern, self.clause.text)), "shoulder")
        return f"{found} height"

    def _where(self) -> str:
        text = self.clause.text
        if re.search(r"\b(above|over|overhead)\b", text):
            return "above the head"
        return "behind the back" if re.search(r"\bbehind\b", text) else "in front of the chest"

    def _part(self) -> str:
        return "head" if re.search(r"\b(head|hair|hat|cap|helmet|scratch|comb)\b", self.clause.text) else "face"

    def _shoulder(self, side: str) -> str:
        found = re.search(r"\b([LR]) shoulder\b", self.clause.text)
        other = (found and SIDES[found[1]] != side) or re.search(r"\b(other|opposite) shoulder\b", self.clause.text)
        return "the other shoulder" if other else "the shoulder"

    def _lying(self) -> str:
        text = self.clause.text
        if re.search(r"\bface down\b|\bprone\b|\bstomach\b|\bbelly\b|\bfront\b", text):
            return "face down"
        aside = re.search(r"\b([LR]) side\b|\bto ([LR])\b", text)
        return f"on the {SIDES[aside[1] or aside[2]]} side" if aside else "on the back"

    def _steps(self, who: str, seconds: float) -> str:
        """Return how many steps of one leg: half of all, the right leg taking the first."""
        if self.clause.manner.steps is not None:
            number = (self.clause.manner.steps + (who == "right_leg")) // 2
        else:
            number = round(seconds / self.action.stride)
        length = f"{self.clause.manner.length} " if self.clause.manner.length else ""
        return f"a {length}step" if number <= 1 else f"{count(number)} {length}steps"
