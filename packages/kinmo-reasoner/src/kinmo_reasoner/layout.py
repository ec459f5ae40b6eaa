"""Clauses laid out in time: stages one after the other, each with the actions that go on together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from kinmo_core.text import Statement
from kinmo_core.text.statement import SLOT
from kinmo_reasoner.actions import Action, Actions
from kinmo_reasoner.clause import AGAIN_AND_AGAIN, Clause
from kinmo_reasoner.phrases import HANGING, Told, number_of, sides_of, tell
from kinmo_reasoner.usual import no_longer_than_usual

_ARMS, _LEGS = ("left_arm", "right_arm"), ("left_leg", "right_leg")
_REST: Final = {"arm": "stays still beside the hip", "leg": "stays planted on the floor, straight"}
RESTS: Final = {  # what is said of the parts that take no part, where only limbs move
    "torso": "stays upright in place",
    **dict.fromkeys(_ARMS, "stays beside the hip, swaying a little"),
    **dict.fromkeys(_LEGS, "stays planted on the floor, straight"),
}
_ON_THE_WAY: Final = ("run", "jump")  # actions that somebody who turns goes on with, rather than stop to turn
_TURNS: Final = ("turn", "turn about", "spin")
_IN_THE_AIR: Final = re.compile(r"\bin (mid)?air\b")
_GOAL: Final = re.compile(r"\bto (?P<place>[\w ]+?)(?: again and again)?$")
_MOVES: Final = re.compile(r"^(?!stays|is held|rests)")
_LIMB_MOVES: Final = re.compile(
    r"\b(move|use|swing|raise|lift|wave|bend|shift|step|touch|involve|lower|stretch|keep|hold|stay|still)\b"
)


_HOLD: Final = 1.0  # s: an arm that is raised before the others are done is held up for at least this long
_HELD: Final = 1.5  # s that an arm stays where it is held or put
_HOLDS: Final = re.compile(r"^(hold|keep|have|put|place|rest|cross|fold)\b")
_SLOWER, _FASTER = 1.6, 0.65  # times the usual duration
_SLOWER_AT_MOST: Final = 1.4  # times the usual duration, where there is time to spare
_START: Final = 0.5  # s of rest before the first of actions that leave time to spare
_SHORTEST: Final = 1.0  # s of a plan
_UNTOLD: Final = 4.0  # s of a plan without any action


@dataclass(frozen=True)
class Act:
    """A clause and the action that it names."""

    clause: Clause
    action: Action


@dataclass
class Stage:
    """Acts that go on together."""

    acts: list[Act] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Usual duration: that of the longest act; one that does nothing but hold lasts as long as the others."""
        lasting = [act for act in self.acts if not act.action.only_holds] or self.acts
        return max(seconds_of(act.clause, act.action) for act in lasting)

    @property
    def goes_on(self) -> bool:
        """Whether an act can go on for any time, as walking and standing can, and a kick or three waves cannot."""
        return any(act.action.speed or act.action.holds or act.action.alone for act in self.acts)

    @property
    def is_one_thing(self) -> bool:
        """Whether it is a single act, or a jump with a turn."""
        return len(self.acts) == 1 or all(act.action.name in (*_TURNS, *_ON_THE_WAY) for act in self.acts)


@dataclass(frozen=True)
class Blocked:
    """What a negation rules out: statements of a limb that match."""

    who: str
    pattern: re.Pattern[str]

    def holds(self, statement: Statement) -> bool:
        """Tell whether a statement is ruled out."""
        return statement.who == self.who and bool(self.pattern.search(statement.text))


def seconds_of(clause: Clause, action: Action) -> float:
    """Estimate how long an action takes as the clause tells it, s."""
    manner, usual = clause.manner, action.seconds
    if manner.metres is not None and action.speed:
        return max(manner.metres / action.speed, 1.0)
    if manner.steps is not None:
        return max(manner.steps * action.stride / 2, 1.0)
    number = number_of(clause, action)
    if action.counted:
        usual *= max(1, number if number != AGAIN_AND_AGAIN else 4)
    if manner.degrees is not None and "angle" in action.amounts:
        usual *= max(1.0, manner.degrees / 180)
    usual *= {"slow": _SLOWER, "fast": _FASTER}.get(manner.pace, 1.0)
    return usual + _HELD if _is_held(clause, action) else usual


def _is_held(clause: Clause, action: Action) -> bool:
    """Tell whether an arm stays where the action brings it, as in "holds the arms out"."""
    lasts = action.counted or action.holds or action.limb != "arm"
    return not lasts and bool(_HOLDS.search(clause.text))


def stages(acts: Sequence[Act], actions: Actions) -> list[Stage]:
    """Put acts into stages: a new one after "then", or where an act needs a limb that is taken."""
    found: list[Stage] = []
    posture = ""
    for act in acts:
        act = Act(act.clause, _in_posture(act, posture, actions))
        if found and act.clause.link != "then" and act.action.posture and act.action is found[-1].acts[-1].action:
            continue  # "bends down and touches the toes"
        if found and act.clause.link != "then" and act.action.posture and _is_same_bow(found[-1].acts[-1], act):
            found[-1].acts.pop()  # "bends down and picks something up" is one thing
        taken = {who for other in found[-1].acts for who in uses(other)} if found else set()
        conflict = act.clause.link != "while" and bool(uses(act) & taken) and not _turns_meanwhile(found[-1], act)
        if not found or act.clause.link == "then" or conflict:
            found.append(Stage())
        found[-1].acts.append(act)
        posture = act.action.posture or ("" if act.action.after or act.action.speed else posture)
    return found


def _is_same_bow(before: Act, act: Act) -> bool:
    return before.action.name == "bow" and before.action.posture == act.action.posture


def _turns_meanwhile(stage: Stage, act: Act) -> bool:
    """Tell whether a turn belongs to what goes on: "runs and turns to the left", "jumps and turns in the air"."""
    return act.action.name in _TURNS and (
        bool(_IN_THE_AIR.search(act.clause.text)) or any(other.action.name in _ON_THE_WAY for other in stage.acts)
    )


def _in_posture(act: Act, posture: str, actions: Actions) -> Action:
    """Return what "stands up" and the like mean after a posture."""
    meant = act.action.after.get(posture)
    return actions[meant] if meant else act.action


def uses(act: Act) -> set[str]:
    """Return the groups that an act's words are about; a pair of arms stands for both."""
    used: set[str] = set()
    sides = sides_of(act.clause, act.action) if act.action.limb else []
    for part in act.action.does:
        for who in part.who.split("+"):
            if who in ("arms", "legs"):
                used |= set(_ARMS if who == "arms" else _LEGS)
            elif who in ("arm", "leg"):
                used |= {f"{side}_{who}" for side in sides}
            elif not who.startswith("twin"):
                used.add(who)
    return used - {"neck"} if act.action.limb else used


def fixed_limbs(acts: Sequence[Act]) -> set[str]:
    """Return the limbs of which nothing must be looked up.

    Where the words are about one arm or leg, they say of the other that it does not do it; who stands still moves no limb,
    and who sits down or gets up needs the legs for it.
    """
    fixed = set()
    for act in acts:
        if act.action.limb and act.clause.side in ("L", "R"):
            fixed |= set(_ARMS if act.action.limb == "arm" else _LEGS)
        if act.action.alone:
            fixed |= {*_ARMS, *_LEGS}
        if act.action.posture or act.action.after:
            fixed |= set(_LEGS)
    return fixed


def lay_out(found: Sequence[Stage], seconds: float | None) -> tuple[list[Told], float]:
    """Tell all stages, in their usual time or in the given one. Returns the statements and the duration."""
    usual = sum(stage.seconds for stage in found) or _UNTOLD
    total = seconds or max(usual, _SHORTEST)
    durations, start = _durations(found, total)
    places = dict.fromkeys(_ARMS, HANGING)
    told: list[Told] = []
    turned = False
    for number, stage in enumerate(found):
        end = start + durations[number]
        told += _of_stage(stage, start, end - start, places, back=turned)
        turned = turned or any(act.action.name in ("turn about", "turn") for act in stage.acts)
        start = end
    return told, total


def _durations(found: Sequence[Stage], total: float) -> tuple[list[float], float]:
    """Return how long each stage takes, and when the first one starts, s.

    Where there is more time than usual, what can go on does. Where nothing can, all is a little slower, then the body rests:
    nobody raises an arm for eight seconds.
    """
    usual = [stage.seconds for stage in found]
    spare = total - sum(usual)
    going_on = sum(stage.seconds for stage in found if stage.goes_on)
    if spare <= 0 or not found:
        return [seconds * total / sum(usual) for seconds in usual], 0.0
    if going_on:
        return [s + spare * s / going_on if stage.goes_on else s for s, stage in zip(usual, found, strict=True)], 0.0
    comes_from_posture = bool(found[0].acts[0].action.after)
    start = 0.0 if comes_from_posture else min(_START, spare / 2)
    slower = min(_SLOWER_AT_MOST, (total - start) / sum(usual))
    return [seconds * slower for seconds in usual], start


def _of_stage(stage: Stage, start: float, seconds: float, places: dict[str, str], *, back: bool) -> list[Told]:
    told: list[Told] = []
    for act in stage.acts:
        own = _own_seconds(act, stage, seconds)
        mine = tell(act.clause, act.action, start, own, places, back=back)
        if seconds - own >= _HOLD:
            mine += [hold for one in mine if (hold := _held(one, start + seconds))]
        others = {who for other in stage.acts if other is not act for who in uses(other)}
        told += [one for one in mine if one.explicit or not set(one.statement.who.split("+")) & others]
    told = list(dict.fromkeys(told))  # "stands without moving" says one thing twice
    if stage.is_one_thing and not stage.goes_on:  # several acts overlap, as "while" wants
        told = [replace(one, statement=no_longer_than_usual(one.statement)) for one in told]
        if len(stage.acts) > 1:  # who turns in the air has turned when he lands
            end = min(one.statement.end for one in told)
            told = [replace(one, statement=replace(one.statement, end=end)) for one in told]
    for one in told:
        goal = _GOAL.search(one.statement.text)
        if one.statement.who in places and goal:
            places[one.statement.who] = goal["place"]
    return told


def _own_seconds(act: Act, stage: Stage, seconds: float) -> float:
    """Return how long an act takes in its stage: an arm is not raised for as long as somebody walks."""
    if _is_held(act.clause, act.action):
        return max(seconds / 2, seconds - _HELD) if len(stage.acts) == 1 else min(seconds, act.action.seconds)
    lasts = act.action.counted or act.action.holds or act.action.limb != "arm" or len(stage.acts) == 1
    return seconds if lasts else min(seconds, _SLOWER_AT_MOST * seconds_of(act.clause, act.action))


def _held(one: Told, end: float) -> Told | None:
    """Say that an arm stays where it was raised to, until the end of what goes on beside it."""
    goal = _GOAL.search(one.statement.text)
    if one.statement.who not in _ARMS or goal is None or goal["place"] == HANGING:
        return None
    place = f"at {goal['place']}" if goal["place"].startswith("the ") else goal["place"]
    start = one.statement.end
    hold = Statement(one.statement.who, start, end, f"stays {place} for {SLOT}", end - start, "seconds")
    return Told(hold, one.explicit)


def at_rest(acts: Sequence[Act], told: Sequence[Told], seconds: float) -> list[Told]:
    """Say of the limbs that take no part that they rest: the other arm where the words name one, and the rest of the body
    where only arms or the head move.

    A limb of which nothing is said is free, and a model lets it move along.
    """
    limbs = {_limb(act) for act in acts}
    named = {act.action.limb for act in acts if act.clause.side in ("L", "R")}
    idle: set[str] = set(_ARMS) if "arm" in named or limbs == {"neck"} else set()
    if limbs and limbs <= {"arm", "neck"}:
        idle |= {"torso", *_LEGS}
    said = {one.statement.who for one in told}
    return [Told(Statement(who, 0.0, seconds, RESTS[who]), explicit=False) for who in RESTS if who in idle - said]


def only_limbs(acts: Sequence[Act]) -> bool:
    """Tell whether the words are about arms, legs or the head only, so that nothing else of note happens."""
    return all(_limb(act) for act in acts)


def _limb(act: Act) -> str:
    """Return arm, leg or neck where an act is about one alone, and nothing elsewhere."""
    about = {part.who for part in act.action.does}
    if about == {"neck"}:
        return "neck"
    return act.action.limb if not about & {"torso", "body"} else ""


def blocked(clause: Clause, actions: Actions) -> list[Blocked]:
    """Return what a negated clause rules out: a limb that moves, or the statements of an action."""
    action = actions.find(clause.text)
    if clause.limb and (action is None or action.limb != "leg" or _LIMB_MOVES.search(clause.text)):
        sides = {"L": ("left",), "R": ("right",)}.get(clause.side or "", ("left", "right"))
        return [Blocked(f"{side}_{clause.limb}", _MOVES) for side in sides]
    if action is None:
        return []
    sides = sides_of(clause, action) if action.limb else []
    found = []
    for part in action.does:
        verb = re.compile(rf"^{part.text.split()[0].split('{')[0]}\b")
        limbs = {"arms": _ARMS, "legs": _LEGS}.get(part.who, (part.who,))
        if part.who in ("arm", "leg"):
            limbs = tuple(f"{side}_{part.who}" for side in sides)
        found += [Blocked(who, verb) for who in limbs if "twin" not in who]
    return found


def without(told: Sequence[Told], ruled_out: Sequence[Blocked], seconds: float) -> list[Told]:
    """Take out what is ruled out and not said in so many words; a limb that must not move rests."""
    kept = [one for one in told if one.explicit or not any(block.holds(one.statement) for block in ruled_out)]
    for block in ruled_out:
        limb = block.who.split("_")[-1]
        if block.pattern is _MOVES and limb in _REST and not any(one.statement.who == block.who for one in kept):
            kept.append(Told(Statement(block.who, 0.0, seconds, _REST[limb]), explicit=True))
    return kept
