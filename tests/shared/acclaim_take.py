"""An ASF and an AMC file of a person who walks and waves, and where the joints are: `take`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinmo_core.rig import OFFSETS, fit_rotations
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action

NAMES = HUMANML3D.names
# Bone, its parent, and the way along HumanML3D's rest pose that it covers; it turns with the joint at which the way starts.
BONES = """
lhipjoint root pelvis left_hip 1
lfemur lhipjoint left_hip left_knee 1
ltibia lfemur left_knee left_ankle 1
lfoot ltibia left_ankle left_foot 1
ltoes lfoot left_ankle left_foot 0.5
rhipjoint root pelvis right_hip 1
rfemur rhipjoint right_hip right_knee 1
rtibia rfemur right_knee right_ankle 1
rfoot rtibia right_ankle right_foot 1
rtoes rfoot right_ankle right_foot 0.5
lowerback root pelvis spine1 1
upperback lowerback spine1 spine2 1
thorax upperback spine2 spine3 1
lowerneck thorax spine3 neck 0.5
upperneck lowerneck spine3 neck 0.5
head upperneck neck head 1
lclavicle thorax spine3 left_collar 1
lhumerus lclavicle left_shoulder left_elbow 1
lradius lhumerus left_elbow left_wrist 0.66
lwrist lradius left_elbow left_wrist 0.34
lhand lwrist left_elbow left_wrist 0.2
rclavicle thorax spine3 right_collar 1
rhumerus rclavicle right_shoulder right_elbow 1
rradius rhumerus right_elbow right_wrist 0.66
rwrist rradius right_elbow right_wrist 0.34
rhand rwrist right_elbow right_wrist 0.2
"""
ENDS = {  # the bone whose end is a joint
    "left_hip": "lhipjoint", "left_knee": "lfemur", "left_ankle": "ltibia", "left_foot": "lfoot", "right_hip": "rhipjoint",
    "right_knee": "rfemur", "right_ankle": "rtibia", "right_foot": "rfoot", "spine1": "lowerback", "spine2": "upperback",
    "neck": "upperneck", "left_shoulder": "lclavicle", "right_shoulder": "rclavicle", "left_elbow": "lhumerus",
    "right_elbow": "rhumerus", "left_wrist": "lwrist", "right_wrist": "rwrist",
}  # fmt: skip
AXES = ("XYZ", "ZYX", "YZX")


@dataclass
class Take:
    """Texts of both files, and the true joints by name, (T, 3) metres; `derived` are those that the file lacks."""

    asf: str
    amc: str
    joints: dict[str, np.ndarray]
    derived: dict[str, np.ndarray]

    def write(self, folder: Path, *, asf: str = "01.asf", amc: str = "01_05.amc") -> Path:
        (folder / asf).write_text(self.asf)
        (folder / amc).write_text(self.amc)
        return folder / amc


def take(frames: int = 30, *, length: float = 0.45, radians: bool = False) -> Take:
    """Move a person whose bones have axes of their own, turned and in other orders, and compute where all bones end."""
    rng = np.random.default_rng(0)
    unit, angle = 0.0254 / length, 1.0 if radians else 180 / np.pi
    joints = Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, wave="right", turn=0.4).joints(frames)
    root, local = (part.numpy() for part in fit_rotations(joints))
    world: dict[str, np.ndarray] = {}
    for number, name in enumerate(NAMES):
        parent = HUMANML3D.parents[number]
        world[name] = world[NAMES[parent]] @ local[:, number] if number else local[:, 0]
    turns, ends = {"root": world["pelvis"]}, {"root": root.astype(float)}
    bones, channels, rows = [], ["TX TY TZ RX RY RZ"], {"root": np.empty(0)}
    angles = Rotation.from_matrix(world["pelvis"]).as_euler("xyz") * angle
    rows["root"] = np.concatenate([root / unit, angles], axis=1)
    hierarchy: dict[str, list[str]] = {}
    for number, line in enumerate(BONES.strip().splitlines()):
        name, parent, start, end, share = line.split()
        if end.endswith("collar"):  # CMU's clavicle runs from the chest to the shoulder
            shoulder = end.replace("collar", "shoulder")
            vector = OFFSETS[HUMANML3D.index(end, shoulder)].sum(0).numpy()
        else:
            vector = float(share) * OFFSETS[NAMES.index(end)].numpy()
        turns[name] = world[start]
        ends[name] = ends[parent] + world[start] @ vector
        axis, order = rng.uniform(-90, 90, 3), AXES[number % 3]
        axes = Rotation.from_euler(order.lower(), axis, degrees=True).as_matrix()
        relative = turns[parent].swapaxes(1, 2) @ turns[name]
        entry = ["begin", f"id {number + 1}", f"name {name}", f"direction {words(vector / np.linalg.norm(vector))}"]
        shown = axis if not radians else np.deg2rad(axis)
        entry += [f"length {np.linalg.norm(vector) / unit:.9f}", f"axis {words(shown)} {order}"]
        if np.abs(relative - np.eye(3)).max() > 1e-6:
            dof = AXES[(number + 1) % 3].lower()
            entry.append("dof " + " ".join(f"r{one}" for one in dof))
            rows[name] = Rotation.from_matrix(axes.T @ relative @ axes).as_euler(dof) * angle
        bones.append("\n  ".join([*entry, "limits (-160 20)", "(-70 70)", "end"]))
        hierarchy.setdefault(parent, []).append(name)
    tree = "\n".join(f" {parent} {' '.join(children)}" for parent, children in hierarchy.items())
    kind = "rad" if radians else "deg"
    asf = f"""# made for a test
:version 1.10
:units
  mass 1.0
  length {length}
  angle {kind}
:documentation
  nothing
:root
  order {channels[0]}
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
{chr(10).join(bones)}
:hierarchy
 begin
{tree}
 end
"""
    order = rng.permutation(list(rows))
    amc = [":FULLY-SPECIFIED", ":RADIANS" if radians else ":DEGREES"]
    for frame in range(frames):
        amc += [str(frame + 1), *(f"{name} {words(rows[name][frame])}" for name in order)]
    true = {"pelvis": root} | {joint: ends[bone] for joint, bone in ENDS.items()}
    derived = {"spine3": ends["thorax"]}
    for name, start in (("left_collar", "thorax"), ("right_collar", "thorax"), ("head", "upperneck")):
        derived[name] = ends[start] + world["spine3"] @ OFFSETS[NAMES.index(name)].numpy()
    return Take(asf, "\n".join(["# made for a test", *amc, ""]), true, derived)


def words(values: np.ndarray) -> str:
    return " ".join(f"{value:.9g}" for value in values)
