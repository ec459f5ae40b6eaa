"""The numbers of a pose as categories, what the categories are called, and a sentence of these names for each frame.

The thresholds come from the distributions of 958 training clips of CMU motion capture (147,850 frames); the percentiles
beside some are where they lie there. The wording, here and in all of this package, is our own; the idea to describe a pose
by categories of angles and distances is PoseScript's (Delmas et al., ECCV 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from jaxtyping import Int
from torch import Tensor

from kinmo_annotate.measures import HANGING, PLACES, SIDES, other_side
from kinmo_core.text import GROUPS


@dataclass(frozen=True)
class Posecode:
    """One number of a pose and what its ranges are called."""

    name: str  # key of the number in `measure`'s result
    who: str  # the group or pair that it tells about
    edges: tuple[float, ...]  # ascending limits between the categories, m or degrees; a value on one belongs above it
    labels: tuple[str, ...]  # one more than limits; "" where a pose is so ordinary that nobody would mention it


ORDINARY: Final = "The person stands upright with hanging arms."
_FEET, _HANDS = "left_leg+right_leg", "left_arm+right_arm"
_Row = tuple[str, str, tuple[float, ...], str]  # fields of a `Posecode`, labels separated by "|"
_WHOLE: Final[tuple[_Row, ...]] = (
    ("height", "torso", (0.45, 0.78), "the hips are close to the floor|the hips are lowered|"),  # 0.2, 3 %
    (
        "pitch",
        "torso",
        (-15.0, 20.0, 50.0, 80.0),  # 3, 80, 96, 99 %
        "the torso leans back||the torso leans forward|the torso is bent far forward|the torso is level",
    ),
    ("trunk_up", "torso", (-0.1,), "the torso is upside down|"),
    ("lean", "torso", (-15.0, 15.0), "the torso tips to the right||the torso tips to the left"),  # 2, 97 %
    ("twist", "torso", (-20.0, 20.0), "the chest is twisted to the right||the chest is twisted to the left"),
    ("head_tilt", "neck", (-22.0, 22.0), "the head is tilted to the right||the head is tilted to the left"),
    ("nod", "neck", (5.0, 70.0), "the head is tipped back||the head is bowed"),  # 5, 93 %
    ("feet", _FEET, (0.16, 0.6), "the feet are together||the feet are wide apart"),
    ("feet_front", _FEET, (-0.35, 0.35), "the right foot is in front||the left foot is in front"),
    ("hands", _HANDS, (0.2, 0.9), "the hands are together||the hands are wide apart"),
    ("hands_height", _HANDS, (-0.3, 0.3), "the right hand is higher||the left hand is higher"),
)
_OF_A_SIDE: Final[tuple[_Row, ...]] = (  # "@" stands for the side, "&" for the other one
    (
        "@_hand_place",
        "@_arm",
        tuple(number - 0.5 for number in range(1, len(PLACES))),  # each place is a category
        "|".join("" if place in HANGING else f"the @ hand is {place}" for place in PLACES),
    ),
    ("@_elbow", "@_arm", (65.0, 105.0), "|the @ elbow is bent|the @ elbow is sharply bent"),
    ("@_elbow_up", "@_arm", (-0.05, 0.1), "|the @ elbow is at shoulder height|the @ elbow is above the shoulder"),
    ("@_upper_arm", "@_arm", (75.0, 105.0), "|the @ upper arm is level|the @ upper arm points up"),
    ("@_forearm", "@_arm", (75.0, 105.0, 150.0), "|the @ forearm is level||the @ forearm points up"),
    ("@_knee", "@_leg", (55.0, 95.0), "|the @ knee is bent|the @ knee is deeply bent"),  # 92, 98 %
    ("@_foot_lift", "@_leg", (0.12, 0.35), "|the @ foot is off the floor|the @ foot is raised high"),  # 91, 97 %
    ("@_thigh_front", "@_leg", (-18.0, 40.0), "the @ foot trails behind||the @ thigh is raised"),  # 3, 93 %
    ("@_thigh_out", "@_leg", (30.0,), "|the @ leg is out to the side"),  # 98 %
    ("@_thigh", "@_leg", (75.0, 105.0), "|the @ thigh is level|the @ knee is above the hip"),
    ("@_shin", "@_leg", (75.0,), "|the @ shin is level"),
    # The wrist is a hand's length short of what the hand touches.
    ("@_hand_head", "neck+@_arm", (0.24,), "the @ hand is at the head|"),  # 2 %
    ("@_hand_left_knee", "@_arm+left_leg", (0.22,), "the @ hand is at the left knee|"),
    ("@_hand_left_foot", "@_arm+left_leg", (0.35,), "the @ hand is at the left foot|"),
    ("@_hand_right_knee", "@_arm+right_leg", (0.22,), "the @ hand is at the right knee|"),
    ("@_hand_right_foot", "@_arm+right_leg", (0.35,), "the @ hand is at the right foot|"),
    ("@_hand_other_elbow", _HANDS, (0.17,), "the @ hand is at the & elbow|"),
)


def _code(row: _Row, side: str = "") -> Posecode:
    other = other_side(side) if side else ""
    name, who, labels = (text.replace("@", side).replace("&", other) for text in (row[0], row[1], row[3]))
    return Posecode(name, who, row[2], tuple(labels.split("|")))


_CODES: Final = (*map(_code, _WHOLE), *(_code(row, side) for side in SIDES for row in _OF_A_SIDE))
# In the order of a sentence: by group, then those of pairs.
POSECODES: Final = sorted(_CODES, key=lambda code: GROUPS.index(code.who) if code.who in GROUPS else len(GROUPS))


def categorize(numbers: Mapping[str, Tensor]) -> Int[Tensor, "*batch frames codes"]:
    """Return the category of every code of `POSECODES` in every frame, (..., T, K)."""
    columns = [
        torch.bucketize(numbers[code.name].contiguous(), torch.tensor(code.edges), right=True, out_int32=True)
        for code in POSECODES
    ]
    return torch.stack(columns, dim=-1)


def pose_sentences(categories: Int[Tensor, "frames codes"]) -> list[str]:
    """Write a sentence about the pose of every frame, from categories (T, K) as `categorize` returns them.

    Returns:
        T sentences, the labels group by group; equal poses have equal ones. One without any label is `ORDINARY`.
    """
    return [_sentence(tuple(row)) for row in categories.tolist()]


@lru_cache(maxsize=20_000)  # poses come again
def _sentence(row: tuple[int, ...]) -> str:
    labels = [code.labels[category] for code, category in zip(POSECODES, row, strict=True)]
    text = ", ".join(filter(None, labels))
    return f"{text[0].upper()}{text[1:]}." if text else ORDINARY
