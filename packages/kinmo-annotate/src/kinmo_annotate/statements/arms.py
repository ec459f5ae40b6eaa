"""What an arm does over time: how the hand moves against the body, how the elbow bends, and where the arm is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kinmo_annotate.observation import Event
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, Swing, repeats, swings
from kinmo_annotate.statements.words import FPS, Signals
from kinmo_annotate.vocabulary import event

_HAND: Final = 0.2  # m, smallest swing that counts; a hand that hangs beside a walking body sways by 0.1 to 0.15 m
_ELBOW: Final = 50.0  # degrees


def arm_events(signals: Signals, side: str) -> list[Event]:
    """How the hand moves against the body, how the elbow bends, and where the arm is held."""
    hand = _merge(_hand_moves(signals, side))
    found = sorted([*hand, *_elbow_moves(signals, side, hand)], key=lambda move: (move.start, -move.size))
    return _arm_holds(signals, side, [move.event for move in found])


@dataclass(frozen=True)
class _Move(Stretch):
    """An event with what decides which of two at the same time is told."""

    size: float
    event: Event
    direction: str = ""


_DIRECTIONS: Final = {  # number: kind of a swing towards more, towards less, and of a repetition
    "hand_up": ("up", "down", "up and down"),
    "hand_front": ("forward", "back", "forward and back"),
    "hand_out": ("outward", "inward", "from side to side"),
}


def _elbow_moves(signals: Signals, side: str, hand: Sequence[_Move]) -> Iterator[_Move]:
    """Bends of the elbow, but for those in which it takes part in a move of the hand."""
    for swing in repeats(swings(signals[f"{side}_elbow"], _ELBOW)):
        if any(swing.overlap(move) > 0.5 * swing.frames for move in hand):
            continue
        who, size = f"{side}_arm", abs(swing.size)
        if isinstance(swing, Repeat):
            told = event(who, "elbow_repeat", *swing.span, size=size / 90, times=words.times(swing.count))
        else:
            kind = "elbow_bend" if swing.size > 0 else "elbow_straighten"
            told = event(who, kind, *swing.span, size=size / 120, angle=words.degrees(swing.last))
        yield _Move(*swing.span, size / 150, told)


def _hand_moves(signals: Signals, side: str) -> Iterator[_Move]:
    """Swings and repetitions along each of the three axes."""
    for name, (more, less, _) in _DIRECTIONS.items():
        for swing in repeats(swings(signals[f"{side}_{name}"], _HAND)):
            if isinstance(swing, Repeat):
                yield _repetition(signals, side, name, swing)
            else:
                yield _one_way(signals, side, swing, more if swing.size > 0 else less)


def _repetition(signals: Signals, side: str, name: str, swing: Repeat, small: str = "") -> _Move:
    who, way, pace = f"{side}_arm", _DIRECTIONS[name][2], small or _pace(signals, side, swing)
    often = words.often(signals[f"{side}_{name}"], _HAND / 2 if small else _HAND, swing.count)
    place = words.hand_place(signals, side, (swing.start + swing.end) // 2)
    told = event(who, "arm_repeat", *swing.span, size=2 * swing.size, way=way, times=often, pace=pace, place=place)
    return _Move(*swing.span, 1.5 * swing.size, told, way)


def _one_way(signals: Signals, side: str, swing: Swing, way: str) -> _Move:
    who, size, pace = f"{side}_arm", abs(swing.size), _pace(signals, side, swing)
    first, goal = (words.bare(words.hand_place(signals, side, frame)) for frame in swing.span)
    origin = "" if first == goal else f" from {first}"
    told = event(who, f"arm_{way}", *swing.span, size=2 * size, origin=origin, goal=goal, pace=pace, aside="")
    return _Move(*swing.span, size, told, way)


def _pace(signals: Signals, side: str, move: Stretch) -> str:
    """ " slowly" for a hand that is nowhere faster than 0.7 m/s, " quickly" for one that goes at 1.4 m/s on average."""
    steps = [np.diff(signals[f"{side}_{name}"][move.start : move.end + 1]) for name in _DIRECTIONS]
    speed = np.sqrt(np.sum(np.square(steps), axis=0)) * FPS
    return " slowly" if speed.max() < 0.7 else " quickly" if speed.mean() > 1.4 else ""


def _merge(moves: Iterable[_Move]) -> list[_Move]:
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
    return move.overlap(other) / max(1, min(move.frames, other.frames))


def _with_aside(host: _Move, move: _Move) -> _Move:
    # "rises forward", but "moves forward and up"
    aside = f" {move.direction}" if host.direction in ("up", "down") else f" and {move.direction}"
    told = event(host.event.who, host.event.kind, *host.span, **{**host.event.values, "aside": aside})
    return replace(host, event=told)


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
