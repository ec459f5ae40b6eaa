"""One colour for each of the six kinematic groups, distinct for colour-blind people too (Okabe and Ito, 2008).

The left side is blue, the right side orange; arms are the lighter of each.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from kinmo_core.grouping import SIX_GROUPS

Colour = tuple[int, int, int]

GROUP_COLOURS: Final[dict[str, Colour]] = {
    "torso": (112, 128, 144),
    "neck": (204, 121, 167),
    "left_arm": (86, 180, 233),
    "right_arm": (240, 170, 20),
    "left_leg": (0, 114, 178),
    "right_leg": (213, 94, 0),
}
JOINT_COLOURS: Final[tuple[Colour, ...]] = tuple(
    GROUP_COLOURS[
        next(name for name, joints in zip(SIX_GROUPS.names, SIX_GROUPS.joints, strict=True) if joint in joints)
    ]
    for joint in range(len(SIX_GROUPS.skeleton))
)

BACKGROUND: Final[Colour] = (248, 249, 250)
GRID: Final[Colour] = (196, 203, 211)
SHADOW: Final[Colour] = (214, 218, 224)
TRAIL: Final[Colour] = (120, 132, 148)
INK: Final[Colour] = (33, 37, 41)


@cache
def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours; `share` from 0 to 1 is that of `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
