"""What an arm does over time: how the hand moves against the body, how the elbow bends, and where the arm is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kinmo_annotate import words
from kinmo_annotate.changes import Repeat, Swing, repeats, swings
from kinmo_annotate.observation import Event
from kinmo_annotate.wording import event
from kinmo_annotate.words import FPS, Signals

_HAND: Final = 0.2  # m, smallest swing that counts; a hand that hangs beside a walking body sways by 0.1 to 0.15 m
_ELBOW: Final = 50.0  # degrees


def arm_events(signals: Signals, side: str) -> list[Event]:
    """How the hand moves against the body, how the elbow bends, and where the arm is held."""
    who = f"{side}_arm"
    found = _merge(_hand_moves(signals, side))
    taken = [(move.start, move.end) for move in found]
    for swing in repeats(swings(signals[f"{side}_elbow"], _ELBOW)):
        if any(min(swing.end, e) - max(swing.start, s) > 0.5 * (swing.end - swing.start) for s, e in taken):
            continue  # the elbow takes part in a move of the hand that is told already
        if isinstance(swing, Repeat):
            told = event(
                who, "elbow_repeat", swing.start, swing.end, size=swing.size / 90, times=words.times(swing.count)
            )
        else:
            kind = "elbow_bend" if swing.size > 0 else "elbow_straighten"
            told = event(who, kind, swing.start, swing.end, size=abs(swing.size) / 120, angle=words.degrees(swing.last))
        found.append(_Move(swing.start, swing.end, abs(swing.size) / 150, told))
    events = [move.event for move in sorted(found, key=lambda move: (move.start, -move.size))]
    return _arm_holds(signals, side, events)


@dataclass(frozen=True)
class _Move:
    """An event with what decides which of two at the same time is told."""

    start: int
    end: int
    size: float
    event: Event
    direction: str = ""


_DIRECTIONS: Final = {  # number: kind of a swing towards more, towards less, and of a repetition
    "hand_up": ("up", "down", "up and down"),
    "hand_front": ("forward", "back", "forward and back"),
    "hand_out": ("outward", "inward", "from side to side"),
}


def _hand_moves(signals: Signals, side: str) -> list[_Move]:
    """Swings and repetitions along each of the three axes."""
    found = []
    for name, (more, less, _) in _DIRECTIONS.items():
        for swing in repeats(swings(signals[f"{side}_{name}"], _HAND)):
            if isinstance(swing, Repeat):
                found.append(_repetition(signals, side, name, swing))
            else:
                found.append(_one_way(signals, side, swing, more if swing.size > 0 else less))
    return found


def _repetition(signals: Signals, side: str, name: str, swing: Repeat, small: str = "") -> _Move:
    way = _DIRECTIONS[name][2]
    quick = _pace(signals, side, swing.start, swing.end)
    told = event(
        f"{side}_arm",
        "arm_repeat",
        swing.start,
        swing.end,
        size=2 * swing.size,
        way=way,
        times=words.often(signals[f"{side}_{name}"], _HAND / 2 if small else _HAND, swing.count),
        pace=small or quick,
        place=words.hand_place(signals, side, (swing.start + swing.end) // 2),
    )
    return _Move(swing.start, swing.end, 1.5 * swing.size, told, way)


def _one_way(signals: Signals, side: str, swing: Swing, way: str) -> _Move:
    origin, goal = (words.hand_place(signals, side, frame) for frame in (swing.start, swing.end))
    told = event(
        f"{side}_arm",
        f"arm_{way}",
        swing.start,
        swing.end,
        size=2 * abs(swing.size),
        origin="" if origin == goal else f" from {words.bare(origin)}",
        goal=words.bare(goal),
        pace=_pace(signals, side, swing.start, swing.end),
        aside="",
    )
    return _Move(swing.start, swing.end, abs(swing.size), told, way)


def _pace(signals: Signals, side: str, start: int, end: int) -> str:
    """ " slowly" for a hand that is nowhere faster than 0.7 m/s, " quickly" for one that goes at 1.4 m/s on average."""
    steps = [np.diff(signals[f"{side}_{name}"][start : end + 1]) for name in _DIRECTIONS]
    speed = np.sqrt(np.sum(np.square(steps), axis=0)) * FPS
    return " slowly" if speed.max() < 0.7 else " quickly" if speed.mean() > 1.4 else ""


def _merge(moves: Sequence[_Move]) -> list[_Move]:
    """Moves along several axes at the same time become the largest of them, which names the second largest aside."""
    kept: list[_Move] = []
    for move in sorted(moves, key=lambda move: (-move.size, move.start, move.direction)):
        host = next((other for other in kept if _overlap(move, other) > 0.5), None)
        if host is None:
            kept.append(move)
        elif host.event.values.get("aside") == move.event.values.get("aside") == "" and move.size > 0.5 * host.size:
            kept[kept.index(host)] = _with_aside(host, move)
    return sorted(kept, key=lambda move: move.start)


def _overlap(move: _Move, other: _Move) -> float:
    """Share of the shorter of the two."""
    common = min(move.end, other.end) - max(move.start, other.start)
    return common / max(1, min(move.end - move.start, other.end - other.start))


def _with_aside(host: _Move, move: _Move) -> _Move:
    # "rises forward", but "moves forward and up"
    aside = f" {move.direction}" if host.direction in ("up", "down") else f" and {move.direction}"
    values = dict(host.event.values) | {"aside": aside}
    told = event(host.event.who, host.event.kind, host.start, host.end, size=float(values.pop("size")), **values)
    return _Move(host.start, host.end, host.size, told, host.direction)


def _arm_holds(signals: Signals, side: str, events: list[Event]) -> list[Event]:
    """Where the arm is while it does nothing: all the time, or for more than a second at a place worth a word."""
    last = len(signals[f"{side}_elbow"]) - 1
    if not events:
        return _little(signals, side) or [_held(signals, side)]
    held = []
    for before, after in zip([None, *events], [*events, None], strict=True):
        start = 0 if before is None else round(before.end * FPS)
        end = last if after is None else round(after.start * FPS)
        place = words.hand_place(signals, side, (start + end) // 2)
        if end - start >= 1.2 * FPS and place != "beside the hip":
            seconds = words.seconds(end - start)
            held.append(event(f"{side}_arm", "arm_hold", start, end, size=0.2, place=place, seconds=seconds))
    return sorted([*events, *held], key=lambda e: e.start)


def _little(signals: Signals, side: str) -> list[Event]:
    """Repetitions too small for a swing of their own: hands that rub, stir or sway with the walk."""
    found = [
        _repetition(signals, side, name, swing, " slightly")
        for name in _DIRECTIONS
        for swing in repeats(swings(signals[f"{side}_{name}"], _HAND / 2))
        if isinstance(swing, Repeat)
    ]
    return [move.event for move in _merge(found)]


def _held(signals: Signals, side: str) -> Event:
    elbow = float(np.median(signals[f"{side}_elbow"]))
    bent = ", sharply bent" if elbow > 105 else ", bent" if elbow > 65 else ", straight" if elbow < 25 else ""
    still = max(float(np.ptp(signals[f"{side}_{name}"])) for name in _DIRECTIONS) < _HAND / 2
    last = len(signals[f"{side}_elbow"]) - 1
    place = words.hand_place(signals, side, last // 2)
    return event(f"{side}_arm", "arm_still" if still else "arm_rest", 0, last, size=0.2, place=place, bent=bent)
