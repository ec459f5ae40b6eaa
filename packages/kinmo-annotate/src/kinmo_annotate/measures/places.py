"""Places of a hand around the body: a partition of space, so that every hand is in one place and the name is true of it.

A place is a height on the body's own ladder and a direction from the trunk: the line from the pelvis to the neck at the
height of the hand, which follows a trunk that leans. Hands close to the head or to a shoulder are at it, wherever they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from kinmo_annotate.measures.body import OUTWARD, SIDES, Body, other_side

# Edges between the heights on the ladder of `hand_level`: 1 = knees, 2 = pelvis, 3 = shoulders, 4 = head, 5 = above it.
_LEVELS: Final = (0.4, 1.2, 1.5, 2.2, 2.5, 2.8, 3.4, 4.4)
_HEIGHTS: Final = ("floor", "knee", "thigh", "hip", "belly", "chest", "shoulder", "head", "above")
# Edges in metres from the trunk's line, on a body of HumanML3D's size: its surface is 0.12 m in front of the line, its side
# 0.17 m outward, and a wrist is 0.1 m short of the fingers. A wrist of a hanging arm is 0.2 to 0.35 m outward.
_AHEAD: Final = (-0.15, 0.18, 0.45)
_ASIDE: Final = (-0.08, 0.17, 0.45)
_DIRECTION: Final = (  # rows: past the middle, before the trunk, beside it, far out; columns: behind, level, in front, far
    ("behind", "across", "across", "across"),
    ("behind", "at", "front", "far"),
    ("behind", "beside", "front", "far"),
    ("out", "out", "out", "out"),
)
_BESIDE, _OUT = 2, 3  # rows
_LEVEL, _FRONT, _FAR = 1, 2, 3  # columns
_AXES: Final = (("level", _LEVELS), ("aside", _ASIDE), ("ahead", _AHEAD))
# Beside the trunk a hand from the belly up is in front only if it is as far ahead as aside: the chest is 0.34 m wide, the
# face 0.2 m. A hanging arm swings ahead of its hip, so that hips and thighs have the edge of `_AHEAD` alone.
_DIAGONAL_FROM: Final = _HEIGHTS.index("belly")
_AT_HEAD: Final = 0.24  # m between the joints of wrist and head: the palm touches
_FACE: Final = 0.12  # m ahead of the neck, from which a hand at the head is at the face
_AT_SHOULDER: Final = 0.17  # m between the joints of wrist and shoulder

_PARTS: Final[
    Mapping[str, tuple[str, str, str, str]]
] = {  # height: what the hand is in front of, beside, at and behind
    "knee": ("knees", "knee", "between the knees", "knees"),
    "thigh": ("thighs", "thigh", "between the thighs", "thighs"),
    "hip": ("hips", "hip", "at the hips", "hips"),
    "belly": ("belly", "waist", "at the belly", "back"),
    "chest": ("chest", "chest", "at the chest", "back"),
    "shoulder": ("shoulders", "shoulder", "at the neck", "shoulders"),
    "head": ("face", "head", "at the crown", "head"),
}
_TOUCHED: Final = ("at the face", "at the head", "at the shoulder", "at the other shoulder")


def _name(height: str, direction: str) -> str:
    if height in ("floor", "above"):
        return "near the floor" if height == "floor" else "above the head"
    front, beside, at, behind = _PARTS[height]
    return {
        "front": f"in front of the {front}",
        "far": f"far in front at {height} height",
        "beside": f"beside the {beside}",
        "at": at,
        "behind": f"behind the {behind}",
        "across": f"across the body at {height} height",
        "out": f"out to the side at {height} height",
    }[direction]


_CELLS: Final = [
    _name(height, direction) for height, row in product(_HEIGHTS, _DIRECTION) for direction in row
]  # name of the place of every cell: heights, then outward, then forward
PLACES: Final = (*dict.fromkeys(_CELLS), *_TOUCHED)
# Height and direction of each place: a number of the ladder from the floor up, and a word of `_DIRECTION` or "" for any.
CELLS: Final[Mapping[str, tuple[int, str]]] = {
    **{
        _name(height, direction): (number, "" if height in ("floor", "above") else direction)
        for (number, height), row in product(enumerate(_HEIGHTS), _DIRECTION)
        for direction in row
    },
    "at the face": (_HEIGHTS.index("head"), "at"),
    "at the head": (_HEIGHTS.index("head"), "at"),
    "at the shoulder": (_HEIGHTS.index("shoulder"), "at"),
    "at the other shoulder": (_HEIGHTS.index("shoulder"), "across"),
}
HANGING: Final = ("beside the hip", "beside the thigh")  # places of a hand that does nothing
ACROSS: Final = [index for index, place in enumerate(PLACES) if place.startswith("across")]
_INDEX: Final = torch.tensor([PLACES.index(name) for name in _CELLS])


def place_numbers(body: Body, side: str) -> dict[str, Tensor]:
    """Measure what tells the place of a hand: metres ahead of and out from the trunk, and from the shoulders."""
    hand, pelvis, neck = (body[joint] for joint in (f"{side}_wrist", "pelvis", "neck"))
    rise = (neck - pelvis)[..., 1].clamp_min(_MIN_RISE)
    along = ((hand - pelvis)[..., 1] / rise).clamp(0, 1)
    away = hand - pelvis - along[..., None] * (neck - pelvis)
    return {
        "hand_ahead": away[..., 2],
        "hand_aside": OUTWARD[side] * away[..., 0],
        "hand_shoulder": body.distance(f"{side}_wrist", f"{side}_shoulder"),
        "hand_other_shoulder": body.distance(f"{side}_wrist", f"{other_side(side)}_shoulder"),
    }


_MIN_RISE: Final = 0.2  # m of the neck over the pelvis; a trunk that is level has no line to follow


def places(numbers: Mapping[str, Float[Tensor, "*batch"]]) -> dict[str, Int[Tensor, "*batch"]]:
    """Return `left_hand_place` and `right_hand_place`, an index of `PLACES` each.

    Args:
        numbers: those of `place_numbers`, `hand_level` and `hand_head` of each side, as in `measure`.
    """
    return {f"{side}_hand_place": _place({name: numbers[f"{side}_{name}"] for name in _NEEDED}) for side in SIDES}


_NEEDED: Final = ("hand_level", "hand_ahead", "hand_aside", "hand_head", "hand_shoulder", "hand_other_shoulder")


def _place(hand: Mapping[str, Tensor]) -> Tensor:
    def cell(name: str, edges: tuple[float, ...]) -> Tensor:
        return torch.bucketize(hand[name].contiguous(), hand[name].new_tensor(edges), right=True)

    level, aside, ahead = (cell(f"hand_{name}", edges) for name, edges in _AXES)
    more_aside = (hand["hand_aside"] > hand["hand_ahead"]) & (level >= _DIAGONAL_FROM)
    ahead = torch.where(more_aside & (aside == _BESIDE) & (ahead == _FRONT), _LEVEL, ahead)
    aside = torch.where(~more_aside & (aside == _OUT) & (ahead == _FAR), _BESIDE, aside)
    index = _INDEX[(level * len(_DIRECTION) + aside) * (len(_AHEAD) + 1) + ahead]
    low = level < len(_HEIGHTS) - 1  # a hand above the head is not at it
    face = hand["hand_ahead"] > _FACE
    touching = (hand["hand_head"] < _AT_HEAD) & low
    touched = (
        (hand["hand_other_shoulder"] < _AT_SHOULDER, "at the other shoulder"),
        (hand["hand_shoulder"] < _AT_SHOULDER, "at the shoulder"),
        (touching & ~face, "at the head"),
        (touching & face, "at the face"),
    )
    for where, name in touched:
        index = torch.where(where, PLACES.index(name), index)
    return index


def lies_in(numbers: Mapping[str, Float[Tensor, "*batch"]], side: str, place: str) -> Bool[Tensor, "*batch"]:
    """Tell whether the hand of a side is in a place, one of `PLACES`."""
    return places(numbers)[f"{side}_hand_place"] == PLACES.index(place)
