"""What an arm does over time: how the hand moves against the body, how the elbow bends, and where the arm is held."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kinmo_annotate.measures import FPS, HANGING, PLACES, Signals
from kinmo_annotate.observation import Observed
from kinmo_annotate.statements import words
from kinmo_annotate.statements.changes import Repeat, Stretch, Swing, goes_along, moves, spans
from kinmo_annotate.statements.hands import on_hip, strokes
from kinmo_annotate.statements.postures import upside_down
from kinmo_annotate.vocabulary import PHRASES, Amount, observed

# Smallest swings that count.
_HAND: Final = 0.2  # m; a hand that hangs beside a walking body sways by 0.1 to 0.15 m
_DRIFT: Final = 1.5 * _HAND  # m; a hand that goes farther without a move that is told is in no one place
_LITTLE: Final = _HAND / 2  # m; repetitions of this size are told of a hand that does nothing else
_ELBOW: Final = 50.0  # degrees
_ELBOW_WITH_HAND: Final = 40.0  # degrees, of an elbow that bends while the hand moves

# Sizes: of two moves at the same time the larger one is told, so that those of hand and elbow are compared.
_HAND_SIZE: Final = 2.0  # a metre
_REPEAT_SIZE: Final = 1.5  # how much larger than a single swing a repetition counts among moves
_ELBOW_NOTABLE: Final = {"repeat": 90.0, "bend": 120.0}  # degrees, swings of size 1
_ELBOW_MOVE: Final = 150.0  # degrees that count as much as a metre of the hand
_BESIDE: Final = 0.5  # how much an elbow counts while the hand moves
_SHARE: Final = 0.5  # moves that share more of the shorter one are one; a second direction is named from this ratio on

# A hand is followed from its shoulder, but who watches sees it move only if it does so against the hips, too: else a trunk
# leans or twists over a hand that stays.
_SEEN: Final = {"hand_front": "hand_hips_front", "hand_out": "hand_hips_out"}
_OWN: Final = (
    0.4  # share of a move, least; 0.1 of the moves of 400 train clips had less, and eight of eight looked wrong
)

_SLOW, _QUICK = 0.7, 1.4  # m/s; a hand moves slowly if it is nowhere faster, quickly if its mean speed is above
_HOLD_SECONDS: Final = 1.2  # shortest rest between two moves that is worth a word
_BENDS: Final = ((105.0, ", sharply bent"), (65.0, ", bent"), (25.0, ""))  # degrees; as the pose code "elbow"

_DIRECTIONS: Final = {  # number: kind of a swing towards more, towards less, and of a repetition
    "hand_up": ("up", "down", "up and down"),
    "hand_front": ("forward", "back", "forward and back"),
    "hand_out": ("outward", "inward", "from side to side"),
}
_IN_CIRCLES: Final = "in circles"
_CIRCLE: Final = 0.4  # m across, least
_TURNED: Final = (
    0.8  # turns of the hand round the middle of its path, each time, least; and the share of them one way round
)


def arm_statements(signals: Signals, side: str) -> list[Observed]:
    """State how the hand moves against the body, how the elbow bends, and where the arm is held."""
    hand = _merge(_hand_moves(signals, side))
    small = [*_on_hip(signals, side), *_strokes(signals, side, hand)]
    found = [*hand, *_elbow_moves(signals, side, hand), *small]
    # Places and directions of a body that is upside down are not seen as such.
    over = upside_down(signals)
    found = [move for move in found if not over[move.start : move.end + 1].any()]
    found = sorted(found, key=lambda move: (move.start, -move.size))
    return _with_holds(signals, side, found) if found else _little(signals, side) or _held(signals, side)


@dataclass(frozen=True)
class _Move(Stretch):
    """A statement with its size among the moves of the arm and the direction of the hand."""

    size: float
    observed: Observed
    direction: str = ""


def _elbow_moves(signals: Signals, side: str, hand: Sequence[_Move]) -> Iterator[_Move]:
    """Find bends of the elbow; of those while the hand moves less is told."""
    elbow = signals[f"{side}_elbow"]
    for swing in moves(elbow, _ELBOW_WITH_HAND):
        beside = any(swing.overlap(move) > _SHARE * swing.frames for move in hand)
        if not beside and abs(swing.size) < _ELBOW:
            continue
        who, size = f"{side}_arm", abs(swing.size)
        if isinstance(swing, Repeat):
            often = words.often(elbow, _ELBOW_WITH_HAND, swing)
            told = size / _ELBOW_NOTABLE["repeat"] * (_BESIDE if beside else 1)
            one = observed(who, "elbow_repeat", *swing.span, size=told, times=often)
        else:
            kind, angle = "elbow_bend" if swing.size > 0 else "elbow_straighten", words.degrees(swing.last)
            told = size / _ELBOW_NOTABLE["bend"] * (_BESIDE if beside else 1)
            one = observed(who, kind, *swing.span, size=told, angle=angle)
        yield _Move(*swing.span, size / _ELBOW_MOVE, one)


def _hand_moves(signals: Signals, side: str) -> Iterator[_Move]:
    """Find swings and repetitions along each of the three axes."""
    for name, (more, less, _) in _DIRECTIONS.items():
        for swing in moves(signals[f"{side}_{name}"], _HAND):
            if name in _SEEN and goes_along(signals[f"{side}_{_SEEN[name]}"], swing) < _OWN * abs(swing.size):
                continue
            if isinstance(swing, Repeat):
                yield _repetition(signals, side, name, swing, _HAND, _pace(signals, side, swing))
            else:
                yield _one_way(signals, side, swing, more if swing.size > 0 else less)


def _repetition(signals: Signals, side: str, name: str, swing: Repeat, min_size: float, pace: str) -> _Move:
    way = _IN_CIRCLES if _goes_round(signals, side, swing) else _DIRECTIONS[name][2]
    place = words.most_of(signals, side, *swing.span)
    often = words.often(signals[f"{side}_{name}"], min_size, swing)
    filled = {"way": way, "times": often, "pace": pace, "place": place}
    one = observed(f"{side}_arm", "arm_repeat", *swing.span, size=_HAND_SIZE * swing.size, **filled)
    return _Move(*swing.span, _REPEAT_SIZE * swing.size, one, way)


def _goes_round(signals: Signals, side: str, swing: Repeat) -> bool:
    """Tell whether the hand goes round rather than to and fro."""
    path = np.stack([signals[f"{side}_{name}"][swing.start : swing.end + 1] for name in _DIRECTIONS])
    size = np.ptp(path, axis=1)
    path = path - (path.min(axis=1) + size / 2)[:, None]
    for x, y in itertools.combinations(range(len(path)), 2):
        steps = np.diff(np.unwrap(np.arctan2(path[y], path[x]))) / (2 * np.pi)
        turns = abs(steps.sum())
        if size[[x, y]].min() >= _CIRCLE and turns >= _TURNED * max(swing.count, np.abs(steps).sum()):
            return True
    return False


def _one_way(signals: Signals, side: str, swing: Swing, way: str) -> _Move:
    size, pace = abs(swing.size), _pace(signals, side, swing)
    first, goal = (words.hand_place(signals, side, frame).removeprefix("at ") for frame in swing.span)
    filled = {"origin": "" if first == goal else f" from {first}", "goal": goal, "pace": pace, "aside": ""}
    one = observed(f"{side}_arm", f"arm_{way}", *swing.span, size=_HAND_SIZE * size, **filled)
    return _Move(*swing.span, size, one, way)


def _pace(signals: Signals, side: str, move: Stretch) -> str:
    """Return " slowly", " quickly" or nothing, by the speed of the hand."""
    steps = [np.diff(signals[f"{side}_{name}"][move.start : move.end + 1]) for name in _DIRECTIONS]
    speed = np.sqrt(np.sum(np.square(steps), axis=0)) * FPS
    return " slowly" if speed.max() < _SLOW else " quickly" if speed.mean() > _QUICK else ""


def _merge(found: Iterable[_Move]) -> list[_Move]:
    """Keep the largest of moves along several axes at the same time; it names the direction of the second largest."""
    kept: list[_Move] = []
    for move in sorted(found, key=lambda move: (-move.size, move.start, move.direction)):
        host = next((other for other in kept if _overlap(move, other) > _SHARE), None)
        if host is None:
            kept.append(move)
        elif move.size > _SHARE * host.size and {one.observed.words.get("aside") for one in (host, move)} == {""}:
            # "rises forward", but "moves forward and up"
            aside = f" {move.direction}" if host.direction in ("up", "down") else f" and {move.direction}"
            phrase = PHRASES[host.observed.kind][0]
            kept[kept.index(host)] = replace(host, observed=host.observed.say(phrase, aside=aside))
    return sorted(kept, key=lambda move: move.start)


def _overlap(move: _Move, other: _Move) -> float:
    """Return the share of the shorter of the two."""
    return move.overlap(other) / max(1, min(move.frames, other.frames))


def _with_holds(signals: Signals, side: str, found: Sequence[_Move]) -> list[Observed]:
    """Add where the arm rests before, between and after its moves, if that is long enough and it does not hang."""
    starts = [0, *np.maximum.accumulate([move.end for move in found]).tolist()]
    ends = [*(move.start for move in found), len(signals["height"]) - 1]
    held = []
    for start, end in zip(starts, ends, strict=True):
        places = signals[f"{side}_hand_place"][start : end + 1]
        number = int(places[len(places) // 2]) if len(places) else 0
        stays = max(spans(places == number), key=lambda span: span[1] - span[0], default=(0, 0))
        start, end, place = start + stays[0], start + stays[1] - 1, PLACES[number]
        if end - start >= _HOLD_SECONDS * FPS and place not in HANGING:
            seconds = Amount((end - start) / FPS, "seconds")
            held.append(observed(f"{side}_arm", "arm_hold", start, end, place=place, seconds=seconds))
    return sorted([*(move.observed for move in found), *held], key=lambda one: one.statement.start)


def _on_hip(signals: Signals, side: str) -> list[_Move]:
    """Find rests of the hand on the hip."""
    found = []
    for start, end in on_hip(signals, side):
        seconds = Amount((end - start) / FPS, "seconds")
        found.append(_Move(start, end, 0.0, observed(f"{side}_arm", "arm_on_hip", start, end, seconds=seconds)))
    return found


def _strokes(signals: Signals, side: str, hand: Sequence[_Move]) -> list[_Move]:
    """Find small movements again and again, of several at the same time the largest, where no larger repetition is told."""
    larger = [move for move in hand if move.observed.kind == "arm_repeat"]
    found: list[_Move] = []
    for name, swing in sorted(strokes(signals, side), key=lambda pair: -pair[1].size):
        if not any(swing.overlap(move) > _SHARE * min(swing.frames, move.frames) for move in (*larger, *found)):
            way, place = _DIRECTIONS[name][2], words.most_of(signals, side, *swing.span)
            often = words.times(swing.count)
            one = observed(f"{side}_arm", "arm_strokes", *swing.span, way=way, times=often, place=place)
            if place.strip() not in HANGING:  # an arm that hangs sways with every shift of the weight
                found.append(_Move(*swing.span, swing.size, one, way))
    return found


def _little(signals: Signals, side: str) -> list[Observed]:
    """State repetitions too small for a swing of their own: hands that rub, stir or sway with the walk."""
    found = [
        _repetition(signals, side, name, swing, _LITTLE, " slightly")
        for name in _DIRECTIONS
        for swing in moves(signals[f"{side}_{name}"], _LITTLE)
        if isinstance(swing, Repeat)
    ]
    return [move.observed for move in _merge(found)]


def _held(signals: Signals, side: str) -> list[Observed]:
    """State where the arm is all the time, unless it drifts too far to be in one place."""
    largest = max(float(np.ptp(signals[f"{side}_{name}"])) for name in _DIRECTIONS)
    if largest > _DRIFT:
        return []
    elbow, last = float(np.median(signals[f"{side}_elbow"])), len(signals["height"]) - 1
    bent = next((text for edge, text in _BENDS if elbow > edge), ", straight")
    kind, place = "arm_still" if largest < _LITTLE else "arm_rest", words.hand_place(signals, side, last // 2)
    return [observed(f"{side}_arm", kind, 0, last, place=place, bent=bent)]
