"""Print the table of formats of kinmo-core's README: what is written, read by another reader, against the motion.

    python benchmarks/formats.py --data data/cmu       # recorded clips
    python benchmarks/formats.py --motions FOLDER      # motions that kinmo-gen has written as .npz

Each clip is written in every format and read without KinMo: tables by the csv module, arrays by NumPy, BVH by pybvh, GLB
from its bytes, SMPL poses by SciPy's rotations. BVH, GLB and SMPL hold rotations of a body with constant bones; the distance
to the joints of the clip shows what such a body cannot follow.
"""

from __future__ import annotations

import argparse
import csv
import json
import struct
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from kinmo_core.errors import DataWarning
from kinmo_core.features import decode
from kinmo_core.io import load_motion, save_motion
from kinmo_core.motion import Motion
from kinmo_core.rig import JOINT_NAMES, OFFSETS, PARENTS, rest_joints
from kinmo_core.skeleton import HUMANML3D

Read = Callable[[Path], np.ndarray]
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


def read_npz(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["joints"]


def read_csv(path: Path) -> np.ndarray:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([[[float(row[f"{name}_{axis}"]) for axis in "xyz"] for name in HUMANML3D.names] for row in rows])


def read_bvh(path: Path) -> np.ndarray:
    import pybvh

    theirs = pybvh.read_bvh_file(path, world_up="+y")
    names = list(theirs.joint_names)
    return np.asarray(theirs.joint_positions())[:, [names.index(name) for name in JOINT_NAMES]] / 100


def chain(root: np.ndarray, turns: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Forward kinematics by 4 x 4 matrices: root (T, 3), turns (T, 22, 3, 3), offsets (22, 3)."""
    links: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS):
        step = np.tile(np.eye(4), (len(root), 1, 1))
        step[:, :3, :3] = turns[:, joint]
        step[:, :3, 3] = offsets[joint] if joint else root
        links.append(links[parent] @ step if joint else step)
    return np.stack([link[:, :3, 3] for link in links], axis=1)


def read_glb(path: Path) -> np.ndarray:
    content = path.read_bytes()
    size = struct.unpack_from("<I", content, 12)[0]
    document, binary = json.loads(content[20 : 20 + size]), content[28 + size :]

    def values(index: int) -> np.ndarray:
        accessor = document["accessors"][index]
        view, width = document["bufferViews"][accessor["bufferView"]], WIDTHS[accessor["type"]]
        return np.frombuffer(binary, "<f4", accessor["count"] * width, view["byteOffset"]).reshape(-1, width)

    animation = document["animations"][0]
    found = {
        (channel["target"]["node"], channel["target"]["path"]): values(
            animation["samplers"][channel["sampler"]]["output"]
        )
        for channel in animation["channels"]
    }
    root = found[0, "translation"]
    still = np.tile([0.0, 0.0, 0.0, 1.0], (len(root), 1))
    quaternions = np.stack([found.get((joint, "rotation"), still) for joint in range(22)], axis=1)
    turns = Rotation.from_quat(quaternions.reshape(-1, 4)).as_matrix().reshape(len(root), 22, 3, 3)
    return chain(root, turns, np.array([node.get("translation", [0, 0, 0]) for node in document["nodes"][:22]]))


def read_amass(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        poses, trans = arrays["poses"][:, :66], arrays["trans"]
    turns = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(len(poses), 22, 3, 3)
    z_up = chain(trans + rest_joints()[0].numpy(), turns, OFFSETS.numpy())
    return np.stack([z_up[..., 0], z_up[..., 2], -z_up[..., 1]], axis=-1)


FORMATS: dict[str, tuple[Read, str]] = {
    ".npz": (read_npz, "NumPy"),
    ".npy": (np.load, "NumPy"),
    ".csv": (read_csv, "csv module"),
    ".bvh": (read_bvh, "pybvh"),
    ".glb": (read_glb, "its bytes, SciPy"),
    ".amass.npz": (read_amass, "SciPy"),
}


def measure(suffix: str, read: Read, clips: list[Motion], folder: Path) -> tuple[np.ndarray, float]:
    """Return the distance of every joint, mm, and frames written in a second of processor time."""
    off, seconds = [], 0.0
    for clip in clips:
        start = time.process_time()
        save_motion(clip, folder / f"clip{suffix}")
        seconds += time.process_time() - start
        off.append(1000 * np.linalg.norm(read(folder / f"clip{suffix}") - clip.joints.numpy(), axis=-1))
    return np.concatenate(off), sum(map(len, clips)) / seconds


def recorded(data: Path, number: int) -> list[Motion]:
    """Return some clips of the test list."""
    ids = [id for id in (data / "test.txt").read_text().split() if not id.startswith("M")]
    chosen = ids[:: max(1, len(ids) // number)][:number]
    return [Motion(decode(torch.from_numpy(np.load(data / "new_joint_vecs" / f"{id}.npy")))) for id in chosen]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/cmu"), help="data set in HumanML3D's layout")
    parser.add_argument("--clips", type=int, default=50, help="number of clips of its test list")
    parser.add_argument(
        "--motions", type=Path, help="folder of .npz files to write in the other formats, not a data set"
    )
    options = parser.parse_args()
    if options.motions is None:
        clips = recorded(options.data, options.clips)
    else:
        clips = [load_motion(path) for path in sorted(options.motions.glob("*.npz"))]
    print(f"{len(clips)} clips, {sum(map(len, clips)):,} frames")
    print("| file | read by | mean | 99 % | largest | frames/s |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        for suffix, (read, reader) in FORMATS.items():
            off, speed = measure(suffix, read, clips, Path(folder))
            cells = (f"{value:.4f} mm" for value in (off.mean(), np.percentile(off, 99), off.max()))
            print(f"| `{suffix}` | {reader} | {' | '.join(cells)} | {speed:,.0f} |")


if __name__ == "__main__":
    main()
