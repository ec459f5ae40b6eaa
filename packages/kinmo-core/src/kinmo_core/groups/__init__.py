"""Motion as kinematic groups and their interactions (KinMo, ICCV 2025, section 3.1), its exact inverse, and edits of limbs.

Each **group** of joints has a position (mean of its joints), limb angles (rotations of its joints) and a velocity (mean
of its joints). Each unordered pair of groups has an **interaction**: the differences of position and velocity, and the
rotation and velocity at the connection of the two.

The paper leaves three things open:

* **Exactness.** Means alone do not determine the joints. The rotations carry the shape of a group. The length of every
  bone in every frame is kept beside them, so that bones of varying length (rounding, markers) are restored exactly.
* **Rotations.** Each joint has the twist-free rotation of the bone that ends there, relative to its parent bone and seen
  from the body's heading; the root's rotation is the heading. Turning the whole motion changes the root's rotation only.
* **Connection.** Groups g and h attach at joints a of g and b of h, the pair closest in the tree. The connecting angle is
  the rotation from a to b, which composes the joint rotations along the tree path; for neighbours it is the rotation of
  the one joint that connects them. The connecting velocity is the mean of the velocities of a and b.
"""

from kinmo_core.grouping import SIX_GROUPS, TWO_PARTS, Grouping
from kinmo_core.groups.combination import combine
from kinmo_core.groups.conversion import from_groups, interactions, to_groups
from kinmo_core.groups.values import GroupMotion, Interaction, InteractionMotion, KinematicGroup

__all__ = [
    "SIX_GROUPS",
    "TWO_PARTS",
    "GroupMotion",
    "Grouping",
    "Interaction",
    "InteractionMotion",
    "KinematicGroup",
    "combine",
    "from_groups",
    "interactions",
    "to_groups",
]
