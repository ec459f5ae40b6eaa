"""The body that every format shows: HumanML3D's 22 joints as a rig in a true T-pose, and its fit to a clip.

HumanML3D's joints are points; rest directions of its feature code (both arms down, hips and collars level) fit no body.
This rig has one fixed rest pose for all clips of HumanML3D's body: arms along +-x, legs along -y, feet forward, all
rotations zero. `fit_offsets` gives the same pose to another body.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.hinges import HINGES, twist_to_hinge
from kinmo_core.rotations import shortest_rotation
from kinmo_core.skeleton import HUMANML3D

JOINT_NAMES: Final = (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot",
    "RightFoot", "Spine2", "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head",
    "LeftArm", "RightArm", "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
)  # fmt: skip
PARENTS: Final = HUMANML3D.parents
CHILDREN: Final = tuple(tuple(child for parent, child in HUMANML3D.bones if parent == joint) for joint in range(22))

# Directions parent -> joint at rest; the right side is the mirror image. Where a joint has several children (pelvis,
# spine3) only the rest pose decides how well a rotation fits them all: those are the averages over 175 training clips of
# the CMU pack, each frame turned to the common one by Kabsch's method, then made symmetric (residual 1-4 mm). Spine, head
# and feet are the averages of upright frames, so that an upright person needs next to no rotation there.
_REST: Final[dict[str, tuple[float, float, float]]] = {
    "left_hip": (0.5953, -0.8034, -0.0128),
    "spine1": (0.0, 0.9153, -0.4027),
    "spine2": (0.0, 0.98, 0.20),
    "spine3": (0.0, 0.98, 0.20),
    "neck": (0.0, 0.9974, -0.0719),
    "head": (0.0, 0.85, 0.52),
    "left_collar": (0.5398, 0.8388, -0.0712),
    "left_shoulder": (0.97, 0.24, 0.0),
    "left_elbow": (1.0, 0.0, 0.0),
    "left_wrist": (1.0, 0.0, 0.0),
    "left_knee": (0.0, -1.0, 0.0),
    "left_ankle": (0.0, -1.0, 0.0),
    "left_foot": (0.0, -0.26, 0.966),
}

# Vectors (m) from the last joint of a limb to its tip; they carry no motion and only give the last bone a length.
_TIPS: Final[dict[str, tuple[float, float, float]]] = {
    "head": (0.0, 0.15, 0.0),
    "left_wrist": (0.17, 0.0, 0.0),
    "right_wrist": (-0.17, 0.0, 0.0),
    "left_foot": (0.0, 0.0, 0.07),
    "right_foot": (0.0, 0.0, 0.07),
}
TIPS: Final = {HUMANML3D.names.index(name): tip for name, tip in _TIPS.items()}


def _rest_offsets() -> Tensor:
    mirrored = {f"right_{name[5:]}": (-x, y, z) for name, (x, y, z) in _REST.items() if name.startswith("left_")}
    rest = {"pelvis": (0.0, 0.0, 0.0), **_REST, **mirrored}
    directions = torch.tensor([rest[name] for name in HUMANML3D.names], dtype=torch.float64)
    lengths = torch.tensor(HUMANML3D.bone_lengths, dtype=torch.float64)
    return F.normalize(directions, dim=-1) * lengths[:, None]


_ANKLES: Final = {  # knee -> ankle of the same leg
    HUMANML3D.names.index(f"{side}_knee"): HUMANML3D.names.index(f"{side}_ankle") for side in ("left", "right")
}

OFFSETS: Final = _rest_offsets()
"""(22, 3) float64, vector parent -> joint in the T-pose, metres; zero for the root."""


_SAME: Final = 0.008  # m by which hips, chest and bones may differ from HumanML3D's and still count as its body
_ROUNDS: Final = 3  # of averaging a shape, whose change is below a micrometre then


def rest_joints(offsets: Float[Tensor, "22 3"] = OFFSETS) -> Float[Tensor, "22 3"]:
    """Return the T-pose, pelvis at the origin, metres."""
    return HUMANML3D.place(offsets)


def fit_offsets(joints: Float[Tensor, "frames 22 3"]) -> Float[Tensor, "22 3"]:
    """Return the T-pose of the body of a clip, (22, 3) float64, vector parent -> joint, metres.

    Bones have their mean length, hips and chest their mean shape. A body that is HumanML3D's within 8 mm gets its offsets
    exactly, so that all clips of it share one hierarchy.
    """
    vectors = HUMANML3D.bone_vectors(joints.detach().cpu().double())
    offsets = F.normalize(OFFSETS, dim=-1) * vectors.norm(dim=-1).mean(0)[:, None]
    offsets[0] = 0
    for children in CHILDREN:
        if len(children) > 1:
            offsets[list(children)] = _mean_shape(OFFSETS[list(children)], vectors[:, list(children)])
    return OFFSETS.clone() if (offsets - OFFSETS).norm(dim=-1).max() < _SAME else offsets


def _mean_shape(start: Tensor, vectors: Tensor) -> Tensor:
    """Return the mean (n, 3) of vectors (T, n, 3) after each frame is turned onto it, beginning with `start`."""
    shape = start
    for _ in range(_ROUNDS):
        shape = (vectors @ _kabsch(shape, vectors)).mean(0)
    return shape


def constant_body(joints: Float[Tensor, "*batch frames 22 3"]) -> Float[Tensor, "*batch frames 22 3"]:
    """Put joints on the rig, so that bones keep their length: the motion that every file format can hold.

    Args:
        joints: (..., T, 22, 3) metres, y up; bones of about the lengths of `HUMANML3D`.

    Returns:
        (..., T, 22, 3), in the type of `joints`; root and feet stay, unless a foot is out of reach.
    """
    root, rotations = fit_rotations(joints.flatten(0, -3))
    return place_joints(root, rotations).to(joints).reshape(joints.shape)


def fit_rotations(
    joints: Tensor, *, offsets: Tensor = OFFSETS, hinges: bool = False
) -> tuple[Float[Tensor, "frames 3"], Tensor]:
    """Fit root path and joint rotations of the rig to a clip; `place_joints` is the inverse.

    Pelvis and spine3 take the rotation that fits all their children best. Knees bend so that the feet are where they should
    be, since a foot that leaves its place on the floor is what people see first. Every other joint turns the shortest way
    from its parent's frame, without twist, so that its bone points from where the rig's joint *is* to where the child
    should be: an error at the hips is not carried to the hands.

    Args:
        joints: (T, 22, 3) metres, y up, bones of about the lengths of `offsets` (`features.canonicalize` gives them those of
            HumanML3D).
        offsets: (22, 3) float64, vector parent -> joint in the T-pose of the body, metres, such as those of `fit_offsets`.
        hinges: twist thighs and upper arms so that knees and elbows bend about their own axes (`kinmo_core.hinges`).

    Returns:
        Root positions (T, 3), metres, and rotations (T, 22, 3, 3) relative to the parent; both float64.

    Raises:
        InputError: another shape.
    """
    if joints.ndim != 3 or joints.shape[1:] != (22, 3):
        raise InputError(f"joints must have shape (frames, 22, 3), got {tuple(joints.shape)}")
    target = _keep_feet(joints.detach().cpu().double(), offsets)
    identity = torch.eye(3, dtype=torch.float64).expand(len(target), 3, 3)
    places, world, local = {0: target[:, 0]}, {-1: identity}, []
    for joint, children in enumerate(CHILDREN):
        base = world[PARENTS[joint]]
        goals = target[:, list(children)]
        if len(children) == 1 and (knee := children[0]) in _ANKLES:
            reach = float(offsets[knee].norm()), float(offsets[_ANKLES[knee]].norm())
            goals = bend_limb(places[joint], goals[:, 0], target[:, _ANKLES[knee]], *reach)[:, None]
        aims = goals - places[joint][:, None]
        world[joint] = _turn_to(base, offsets[list(children)], aims)
        if hinges and joint in HINGES:
            world[joint] = twist_to_hinge(world[joint], offsets[children[0]], HINGES[joint], _lower_bone(target, joint))
        local.append(base.mT @ world[joint])
        for child in children:
            places[child] = places[joint] + world[joint] @ offsets[child]
    return target[:, 0], torch.stack(local, dim=1)


def fit_turns(joints: Float[Tensor, "frames 22 3"]) -> dict[str, Float[Tensor, "frames 3 3"]]:
    """Return the world rotation of each joint of the rig that has a child, by name, fitted as `fit_rotations` does."""
    _, local = fit_rotations(joints)
    world = [local[:, 0]]
    for joint in range(1, 22):
        world.append(world[PARENTS[joint]] @ local[:, joint])
    return {HUMANML3D.names[joint]: world[joint] for joint, children in enumerate(CHILDREN) if children}


def place_joints(
    root: Float[Tensor, "frames 3"], rotations: Tensor, *, offsets: Tensor = OFFSETS
) -> Float[Tensor, "frames 22 3"]:
    """Compute positions (T, 22, 3) from root (T, 3), metres, and local rotations (T, 22, 3, 3): forward kinematics."""
    places, world = [root], [rotations[:, 0]]
    for joint in range(1, 22):
        parent = PARENTS[joint]
        places.append(places[parent] + world[parent] @ offsets[joint].to(root))
        world.append(world[parent] @ rotations[:, joint])
    return torch.stack(places, dim=1)


def _turn_to(base: Tensor, rest: Tensor, aims: Tensor) -> Tensor:
    """Return the world rotation (T, 3, 3) of a joint under `base` (T, 3, 3) that takes `rest` (n, 3) to `aims` (T, n, 3)."""
    if len(rest) == 0 or not rest.any():  # the tip of a limb, or a bone without length in this body
        return base
    if len(rest) > 1:
        return _kabsch(rest, aims)
    start = F.normalize(base @ rest[0], dim=-1)
    length = aims[:, 0].norm(dim=-1, keepdim=True)
    goal = torch.where(length > 1e-9, aims[:, 0] / length.clamp_min(1e-9), start)
    return shortest_rotation(start, goal) @ base


def _lower_bone(joints: Tensor, joint: int) -> Tensor:
    """Return the vector (T, 3) of the shin or forearm below a hip or shoulder."""
    middle = CHILDREN[joint][0]
    return joints[:, CHILDREN[middle][0]] - joints[:, middle]


def _keep_feet(target: Tensor, offsets: Tensor) -> Tensor:
    """Move the ankles (T, 22, 3) along the feet to where the rig's feet end in the same place."""
    target = target.clone()
    for side in ("left", "right"):
        ankle, foot = HUMANML3D.index(f"{side}_ankle", f"{side}_foot")
        bone = F.normalize(target[:, foot] - target[:, ankle], dim=-1)
        target[:, ankle] = target[:, foot] - bone * offsets[foot].norm()
    return target


def bend_limb(start: Tensor, middle: Tensor, end: Tensor, upper: float, lower: float) -> Tensor:
    """Return where (T, 3) the knee or elbow lies so that both bones, of given length in metres, reach from start to end.

    The limb stays in the plane of `middle`; an end out of reach is pointed at with a straight limb.
    """
    across = end - start
    distance = across.norm(dim=-1, keepdim=True).clamp(abs(upper - lower) + 1e-6, upper + lower - 1e-6)
    axis = F.normalize(across, dim=-1)
    along = (distance.square() + upper**2 - lower**2) / (2 * distance)  # law of cosines
    aside = middle - start - ((middle - start) * axis).sum(-1, keepdim=True) * axis
    height = (upper**2 - along.square()).clamp_min(0).sqrt()
    return start + axis * along + F.normalize(aside, dim=-1) * height


def _kabsch(rest: Tensor, aims: Tensor) -> Tensor:
    """Return the rotation (T, 3, 3) that takes `rest` (n, 3) closest to `aims` (T, n, 3) in least squares."""
    left, _, right = torch.linalg.svd(aims.mT @ rest)
    sign = torch.ones_like(left[:, 0])
    sign[:, 2] = torch.linalg.det(left @ right)  # +-1: keeps it from being a reflection
    return (left * sign[:, None]) @ right
