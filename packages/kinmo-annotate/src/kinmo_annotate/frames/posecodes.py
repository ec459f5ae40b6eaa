"""The numbers of a pose as categories, and what the categories are called.

The thresholds come from the distributions of 958 training clips of CMU motion capture (147,850 frames); the percentiles
beside some are where they lie there. The wording, here and in all of this package, is our own; the idea to describe a pose
by categories of angles and distances is PoseScript's (Delmas et al., ECCV 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Int
from torch import Tensor

from kinmo_annotate.measures import HAND_LEVELS, SIDES, other_side


@dataclass(frozen=True)
class Posecode:
    """One number of a pose and what its ranges are called.

    Args:
        name: key of the number in `measure`'s result.
        who: the group or pair that it tells about.
        edges: ascending limits between the categories, metres or degrees; a value on a limit belongs to the upper one.
        labels: one more than limits; "" where a pose is so ordinary that nobody would mention it.
    """

    name: str
    who: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]

    def of(self, side: str) -> Posecode:
        """Fill `{side}` and `{other}` in all texts."""
        sides = {"side": side, "other": other_side(side)}
        labels = tuple(label.format(**sides) for label in self.labels)
        return Posecode(self.name.format(**sides), self.who.format(**sides), self.edges, labels)


_FEET, _HANDS = "left_leg+right_leg", "left_arm+right_arm"
_WHOLE: Final = (
    Posecode(
        "height", "torso", (0.45, 0.78), ("the hips are close to the floor", "the hips are lowered", "")
    ),  # 0.2, 3 %
    Posecode(
        "pitch",
        "torso",
        (-15.0, 20.0, 50.0, 80.0),  # 3, 80, 96, 99 %
        ("the torso leans back", "", "the torso leans forward", "the torso is bent far forward", "the torso is level"),
    ),
    Posecode("trunk_up", "torso", (-0.1,), ("the torso is upside down", "")),
    Posecode(
        "lean", "torso", (-15.0, 15.0), ("the torso tips to the right", "", "the torso tips to the left")
    ),  # 2, 97 %
    Posecode(
        "twist", "torso", (-20.0, 20.0), ("the chest is twisted to the right", "", "the chest is twisted to the left")
    ),
    Posecode(
        "head_turn", "neck", (-25.0, 25.0), ("the face is turned to the right", "", "the face is turned to the left")
    ),
    Posecode("nod", "neck", (5.0, 70.0), ("the head is tipped back", "", "the head is bowed")),  # 5, 93 %
    Posecode("feet", _FEET, (0.16, 0.6), ("the feet are together", "", "the feet are wide apart")),
    Posecode("feet_front", _FEET, (-0.35, 0.35), ("the right foot is in front", "", "the left foot is in front")),
    Posecode("hands", _HANDS, (0.2, 0.9), ("the hands are together", "", "the hands are wide apart")),
    Posecode("hands_height", _HANDS, (-0.3, 0.3), ("the right hand is higher", "", "the left hand is higher")),
)
_ARM: Final = (
    Posecode(
        "{side}_hand_level",
        "{side}_arm",
        HAND_LEVELS,  # 1, 9, 72, 88, 95, 97 %
        (
            "the {side} hand is near the floor",
            "the {side} hand is at knee height",
            "",
            "the {side} hand is at chest height",
            "the {side} hand is at shoulder height",
            "the {side} hand is at head height",
            "the {side} hand is above the head",
        ),
    ),
    Posecode(
        "{side}_elbow",
        "{side}_arm",
        (65.0, 105.0),
        ("", "the {side} elbow is bent", "the {side} elbow is sharply bent"),
    ),
    Posecode(
        "{side}_hand_front",
        "{side}_arm",
        (-0.13, 0.22),  # 6, 77 %
        ("the {side} hand is behind the back", "", "the {side} hand is in front"),
    ),
    Posecode("{side}_hand_out", "{side}_arm", (0.3,), ("", "the {side} hand is out to the side")),  # 94 %
    Posecode("{side}_hand_past_middle", "{side}_arm", (0.03,), ("", "the {side} hand is across the body")),  # 97 %
    Posecode(
        "{side}_elbow_up",
        "{side}_arm",
        (-0.05, 0.1),
        ("", "the {side} elbow is at shoulder height", "the {side} elbow is above the shoulder"),
    ),
    Posecode(
        "{side}_upper_arm",
        "{side}_arm",
        (75.0, 105.0),
        ("", "the {side} upper arm is level", "the {side} upper arm points up"),
    ),
    Posecode(
        "{side}_forearm",
        "{side}_arm",
        (75.0, 105.0, 150.0),
        ("", "the {side} forearm is level", "", "the {side} forearm points up"),
    ),
)
_LEG: Final = (
    Posecode(
        "{side}_knee",
        "{side}_leg",
        (55.0, 95.0),  # 92, 98 %
        ("", "the {side} knee is bent", "the {side} knee is deeply bent"),
    ),
    Posecode(
        "{side}_foot_lift",
        "{side}_leg",
        (0.12, 0.35),  # 91, 97 %
        ("", "the {side} foot is off the floor", "the {side} foot is raised high"),
    ),
    Posecode(
        "{side}_thigh_front",
        "{side}_leg",
        (-18.0, 40.0),  # 3, 93 %
        ("the {side} foot trails behind", "", "the {side} thigh is raised"),
    ),
    Posecode("{side}_thigh_out", "{side}_leg", (30.0,), ("", "the {side} leg is out to the side")),  # 98 %
    Posecode(
        "{side}_thigh",
        "{side}_leg",
        (75.0, 105.0),
        ("", "the {side} thigh is level", "the {side} knee is above the hip"),
    ),
    Posecode("{side}_shin", "{side}_leg", (75.0,), ("", "the {side} shin is level")),
)
_REACH: Final = (  # the wrist is a hand's length short of what the hand touches
    Posecode("{side}_hand_head", "neck+{side}_arm", (0.24,), ("the {side} hand is at the head", "")),  # 2 %
    *(
        Posecode(
            f"{{side}}_hand_{leg}_{part}",
            f"{{side}}_arm+{leg}_leg",
            (near,),
            (f"the {{side}} hand is at the {leg} {part}", ""),
        )
        for leg in SIDES
        for part, near in (("knee", 0.22), ("foot", 0.35))
    ),
    Posecode("{side}_hand_other_elbow", _HANDS, (0.17,), ("the {side} hand is at the {other} elbow", "")),
)
POSECODES: Final = (*_WHOLE, *(code.of(side) for side in SIDES for code in (*_ARM, *_LEG, *_REACH)))


def categorize(numbers: Mapping[str, Tensor]) -> Int[Tensor, "*batch frames codes"]:
    """Return the category of every code of `POSECODES` in every frame, (..., T, K)."""
    return torch.stack(
        [
            torch.bucketize(numbers[code.name].contiguous(), torch.tensor(code.edges), right=True, out_int32=True)
            for code in POSECODES
        ],
        dim=-1,
    )
