"""How other programs name and pose the joints of a person: `CONVENTIONS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

_MIDDLE: Final = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_LIMBS: Final = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
Inserted: TypeAlias = tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Convention:
    """How a program names the joints of a person and poses them at rest.

    Args:
        title: of the program.
        middle: names of pelvis, spine1, spine2, spine3, neck and head; "-" for a joint that it lacks.
        limbs: names of hip, knee, ankle, foot, collar, shoulder, elbow and wrist.
        sides: what is made of a limb's name on the left and on the right.
        prefix: before every name.
        root: name of a joint above the pelvis.
        inserted: (name, joint, share): a joint on the bone that ends at `joint`, at a share of its length.
        added: (name, joint): a leaf at a joint that should not be taken for it.
        rest: "t" (arms out), "a" (arms 45 degrees down) or "x" (every bone along +x, as in LaFAN1).
        up: axis that points up, "y" or "z".
        unit: metres.
        order: of the rotation channels.
    """

    title: str
    middle: str
    limbs: str
    sides: tuple[str, str] = ("Left{}", "Right{}")
    prefix: str = ""
    root: str = ""
    inserted: Inserted = ()
    added: tuple[tuple[str, str], ...] = ()
    rest: str = "t"
    up: str = "y"
    unit: float = 0.01
    order: str = "ZXY"

    def names(self) -> dict[str, str]:
        """Return the convention's name of each of the 22 joints that it has."""
        named: dict[str, str] = dict(zip(_MIDDLE, self.middle.split(), strict=True))
        for side, pattern in zip(("left", "right"), self.sides, strict=True):
            for part, name in zip(_LIMBS, self.limbs.split(), strict=True):
                named[f"{side}_{part}"] = name if name == "-" else pattern.format(name)
        return {joint: self.prefix + name for joint, name in named.items() if name != "-"}


_PLAIN_MIDDLE, _PLAIN_LIMBS = "Hips Spine Spine1 Spine2 Neck Head", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand"
_HIP_KNEE: Final = "Hip Knee Ankle Toe Collar Shoulder Elbow Wrist"
_DOT: Final = ("{}.L", "{}.R")
_L_R: Final = ("L_{}", "R_{}")
_FINGERS: Final = (("LeftHandIndex1", "left_wrist"), ("RightHandIndex1", "right_wrist"))
CONVENTIONS: Final = (
    Convention("MotionBuilder", _PLAIN_MIDDLE, _PLAIN_LIMBS, prefix="Character1_", root="Character1_Reference"),
    Convention("Mixamo", _PLAIN_MIDDLE, _PLAIN_LIMBS, prefix="mixamorig:", added=_FINGERS, order="XYZ"),
    Convention("Mixamo, renamed", _PLAIN_MIDDLE, _PLAIN_LIMBS, prefix="mixamorig9", unit=1.0),
    Convention("LaFAN1", _PLAIN_MIDDLE, "UpLeg Leg Foot Toe Shoulder Arm ForeArm Hand", rest="x", order="ZYX"),
    Convention(
        "100STYLE", "Hips Chest Chest2 Chest4 Neck Head", _HIP_KNEE,
        inserted=(("Chest3", "spine3", 0.4),), order="YXZ",
    ),
    Convention(
        "Xsens", "Pelvis L5 L3 T8 Neck Head", "UpperLeg LowerLeg Foot Toe Shoulder UpperArm ForeArm Hand",
        inserted=(("T12", "spine3", 0.5),), rest="a",
    ),
    Convention(
        "Bandai-Namco", "Hips Spine Chest - Neck Head",
        "UpperLeg LowerLeg Foot Toes Shoulder UpperArm LowerArm Hand", ("{}_L", "{}_R"), root="joint_Root",
    ),
    Convention("Rokoko", "Hips Spine1 Spine2 Spine3 Neck Head", "Thigh Shin Foot Toe Shoulder Arm ForeArm Hand"),
    Convention(
        "Perception Neuron", _PLAIN_MIDDLE, "UpLeg Leg Foot - Shoulder Arm ForeArm Hand",
        inserted=(("Neck1", "head", 0.5),), added=(("LeftInHandIndex", "left_wrist"), ("RightHandThumb1", "right_wrist")),
        order="YXZ",
    ),
    Convention(
        "OptiTrack Motive", "Hip Ab Chest - Neck Head", "Thigh Shin Foot Toe Shoulder UArm FArm Hand", ("L{}", "R{}"),
        prefix="Skeleton 001:", unit=0.001,
    ),
    Convention(
        "3ds Max Biped", "Pelvis Spine Spine1 Spine2 Neck Head",
        "Thigh Calf Foot Toe0 Clavicle UpperArm Forearm Hand", ("L {}", "R {}"), prefix="Bip01 ", root="Bip01",
        up="z", unit=0.0254,
    ),
    Convention(
        "Daz Genesis", "hip abdomenLower abdomenUpper chestLower neckLower head",
        "ThighBend Shin Foot Toe Collar ShldrBend ForearmBend Hand", ("l{}", "r{}"),
        inserted=(
            ("lThighTwist", "left_knee", 0.5), ("rThighTwist", "right_knee", 0.5), ("chestUpper", "neck", 0.3),
            ("neckUpper", "head", 0.4), ("lShldrTwist", "left_elbow", 0.5), ("rShldrTwist", "right_elbow", 0.5),
            ("lMetatarsals", "left_foot", 0.4), ("rMetatarsals", "right_foot", 0.4),
        ),
        order="XYZ",
    ),
    Convention(
        "Poser", "hip abdomen chest - neck head", "Thigh Shin Foot - Collar Shldr ForeArm Hand", ("l{}", "r{}"),
        inserted=(("lButtock", "left_hip", 0.5), ("rButtock", "right_hip", 0.5)), unit=0.0254,
    ),
    Convention(
        "Unreal", "pelvis spine_01 spine_02 spine_03 neck_01 head",
        "thigh calf foot ball clavicle upperarm lowerarm hand", ("{}_l", "{}_r"), root="root", rest="a",
        inserted=(("neck_02", "head", 0.5),), added=(("upperarm_twist_01_l", "left_shoulder"), ("ik_hand_l", "left_wrist")),
        up="z",
    ),
    Convention(
        "VRM", "C_Hips C_Spine C_Chest C_UpperChest C_Neck C_Head",
        "UpperLeg LowerLeg Foot ToeBase Shoulder UpperArm LowerArm Hand", _L_R, prefix="J_Bip_", root="Root", unit=1.0,
    ),
    Convention(
        "Unity", "Hips Spine Chest UpperChest Neck Head",
        "UpperLeg LowerLeg Foot Toes Shoulder UpperArm LowerArm Hand", ("left{}", "right{}"), unit=1.0,
    ),
    Convention(
        "Rigify", "spine spine.001 spine.002 spine.003 spine.004 spine.006",
        "thigh shin foot toe shoulder upper_arm forearm hand", _DOT, up="z", unit=1.0,
    ),
    Convention("SMPL", "Pelvis Spine1 Spine2 Spine3 Neck Head", _HIP_KNEE.replace("Toe", "Foot"), _L_R, prefix="m_avg_",
               added=(("m_avg_L_Hand", "left_wrist"), ("m_avg_R_Hand", "right_wrist")), unit=1.0),
    Convention(
        "SMPL-X", "pelvis spine1 spine2 spine3 neck head", "hip knee ankle foot collar shoulder elbow wrist",
        ("left_{}", "right_{}"), added=(("jaw", "head"), ("left_eye_smplhf", "head"), ("left_index1", "left_wrist")),
        unit=1.0,
    ),
    Convention(
        "SOMA", "Hips Spine1 Spine2 Chest Neck1 Head", "Leg Shin Foot ToeBase Shoulder Arm ForeArm Hand",
        inserted=(("Neck2", "head", 0.5),), added=(("Jaw", "head"),),
    ),
    Convention(
        "Character Creator", "Hip Waist Spine01 Spine02 NeckTwist01 Head",
        "Thigh Calf Foot ToeBase Clavicle Upperarm Forearm Hand", _L_R, prefix="CC_Base_", root="CC_Base_BoneRoot",
    ),
    Convention("Blender", "hips spine chest - neck -", "thigh shin foot - - upper_arm forearm hand", _DOT, unit=1.0),
)  # fmt: skip
