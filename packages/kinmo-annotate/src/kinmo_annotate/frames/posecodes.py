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

from kinmo_annotate.measures import SIDES, other_side


@dataclass(frozen=True)
class Posecode:
    """One number of a pose and what its ranges are called.

    Args:
        name: key of the number in `measure`'s result.
        who: the group or pair that it tells about.
        edges: ascending limits between the categories; a value on a limit belongs to the upper one.
        labels: one more than limits; "" where a pose is so ordinary that nobody would mention it.
    """

    name: str
    who: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]


def categorize(numbers: Mapping[str, Tensor]) -> Int[Tensor, "*batch frames codes"]:
    """Category of every code of `POSECODES` in every frame, (..., T, K)."""
    return torch.stack(
        [
            torch.bucketize(numbers[code.name].contiguous(), torch.tensor(code.edges), right=True, out_int32=True)
            for code in POSECODES
        ],
        dim=-1,
    )


def _table() -> tuple[Posecode, ...]:
    codes = [
        Posecode(
            "height", "torso", (0.45, 0.78), ("the hips are close to the floor", "the hips are lowered", "")
        ),  # 0.2, 3 %
        Posecode(
            "pitch",
            "torso",
            (-15.0, 20.0, 50.0, 80.0),  # 3, 80, 96, 99 %
            (
                "the torso leans back",
                "",
                "the torso leans forward",
                "the torso is bent far forward",
                "the torso is level",
            ),
        ),
        Posecode("trunk_up", "torso", (-0.1,), ("the torso is upside down", "")),
        Posecode(
            "lean", "torso", (-15.0, 15.0), ("the torso tips to the right", "", "the torso tips to the left")
        ),  # 2, 97 %
        Posecode(
            "twist",
            "torso",
            (-20.0, 20.0),
            ("the chest is twisted to the right", "", "the chest is twisted to the left"),
        ),
        Posecode(
            "head_turn",
            "neck",
            (-25.0, 25.0),
            ("the face is turned to the right", "", "the face is turned to the left"),
        ),
        Posecode("nod", "neck", (5.0, 70.0), ("the head is tipped back", "", "the head is bowed")),  # 5, 93 %
        Posecode("feet", "left_leg+right_leg", (0.16, 0.6), ("the feet are together", "", "the feet are wide apart")),
        Posecode(
            "feet_front",
            "left_leg+right_leg",
            (-0.35, 0.35),
            ("the right foot is in front", "", "the left foot is in front"),
        ),
        Posecode("hands", "left_arm+right_arm", (0.2, 0.9), ("the hands are together", "", "the hands are wide apart")),
        Posecode(
            "hands_height",
            "left_arm+right_arm",
            (-0.3, 0.3),
            ("the right hand is higher", "", "the left hand is higher"),
        ),
    ]
    for side in SIDES:
        codes += _limb_codes(side)
    return tuple(codes)


def _limb_codes(side: str) -> list[Posecode]:
    arm, leg, hand, foot = f"{side}_arm", f"{side}_leg", f"the {side} hand", f"the {side} foot"
    elbow, knee = f"the {side} elbow", f"the {side} knee"
    return [
        Posecode(
            f"{side}_hand_level",
            arm,
            (0.4, 1.4, 2.25, 2.75, 3.4, 4.4),  # 1, 9, 72, 88, 95, 97 %
            (
                f"{hand} is near the floor",
                f"{hand} is at knee height",
                "",
                f"{hand} is at chest height",
                f"{hand} is at shoulder height",
                f"{hand} is at head height",
                f"{hand} is above the head",
            ),
        ),
        Posecode(
            f"{side}_elbow",
            arm,
            (65.0, 105.0),
            ("", f"{elbow} is bent", f"{elbow} is sharply bent"),
        ),
        Posecode(
            f"{side}_hand_front", arm, (-0.13, 0.22), (f"{hand} is behind the back", "", f"{hand} is in front")
        ),  # 6, 77 %
        Posecode(f"{side}_hand_out", arm, (0.3,), ("", f"{hand} is out to the side")),  # 94 %
        Posecode(f"{side}_hand_past_middle", arm, (0.03,), ("", f"{hand} is across the body")),  # 97 %
        Posecode(
            f"{side}_elbow_up",
            arm,
            (-0.05, 0.1),
            ("", f"{elbow} is at shoulder height", f"{elbow} is above the shoulder"),
        ),
        Posecode(
            f"{side}_upper_arm",
            arm,
            (75.0, 105.0),
            ("", f"the {side} upper arm is level", f"the {side} upper arm points up"),
        ),
        Posecode(
            f"{side}_forearm",
            arm,
            (75.0, 105.0, 150.0),
            ("", f"the {side} forearm is level", "", f"the {side} forearm points up"),
        ),
        Posecode(f"{side}_knee", leg, (55.0, 95.0), ("", f"{knee} is bent", f"{knee} is deeply bent")),  # 92, 98 %
        Posecode(
            f"{side}_foot_lift", leg, (0.12, 0.35), ("", f"{foot} is off the floor", f"{foot} is raised high")
        ),  # 91, 97 %
        Posecode(
            f"{side}_thigh_front", leg, (-18.0, 40.0), (f"{foot} trails behind", "", f"the {side} thigh is raised")
        ),  # 3, 93 %
        Posecode(f"{side}_thigh_out", leg, (30.0,), ("", f"the {side} leg is out to the side")),  # 98 %
        Posecode(f"{side}_thigh", leg, (75.0, 105.0), ("", f"the {side} thigh is level", f"{knee} is above the hip")),
        Posecode(f"{side}_shin", leg, (75.0,), ("", f"the {side} shin is level")),
        Posecode(f"{side}_hand_head", f"neck+{arm}", (0.24,), (f"{hand} is at the head", "")),  # 2 %
        *(  # the wrist is a hand's length short of what the hand touches
            Posecode(
                f"{side}_hand_{other}_{part}",
                f"{side}_arm+{other}_leg",
                (near,),
                (f"{hand} is at the {other} {part}", ""),
            )
            for other in SIDES
            for part, near in (("knee", 0.22), ("foot", 0.35))
        ),
        Posecode(
            f"{side}_hand_other_elbow",
            "left_arm+right_arm",
            (0.17,),
            (f"{hand} is at the {other_side(side)} elbow", ""),
        ),
    ]


POSECODES: Final = _table()
