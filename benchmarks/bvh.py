"""Print the tables on BVH of kinmo-core's README.

    python benchmarks/bvh.py                      # error by convention, and speed
    python benchmarks/bvh.py --shared ../shared   # also retargeting of recorded files against the CMU pack

The files are written by `kinmo_core.testing.foreign` from a puppet, whose joints it computes from world rotations, without
channels and Euler angles. Times are processor time of one thread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from timing import median_seconds

from kinmo_core.features import canonicalize
from kinmo_core.io import load_motion
from kinmo_core.io.bvh import read_bvh
from kinmo_core.io.bvh_parse import parse_bvh
from kinmo_core.reading import ReadOptions
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing import Action, walking_joints
from kinmo_core.testing.conventions import CONVENTIONS
from kinmo_core.testing.foreign import write_foreign

DANCE = Action(speed=1.0, stride=0.35, lift=0.5, arm_swing=0.3, wave="right", turn=0.4, heading=0.3)
FRAMES = 20_000  # of the file that is timed
RECORDED = (
    ("bvh/07_02.bvh", "bvh/12_01.bvh", "bvh/35_17.bvh"),
    ("asf-amc/49_09.amc", "asf-amc/127_37.amc", "asf-amc/01_05.amc"),
)
FEET = HUMANML3D.index("left_foot", "right_foot")
STANDING, STILL = 0.03, 0.25  # m above the lowest toe and m/s below which a toe of the recording is planted
GROUPS = {
    "trunk": ("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "neck, head": ("neck", "head"),
    "shoulders, elbows": ("left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    "wrists": ("left_wrist", "right_wrist"),
    "knees, ankles": ("left_knee", "right_knee", "left_ankle", "right_ankle"),
    "toes": ("left_foot", "right_foot"),
}


def convention_rows(folder: Path) -> list[str]:
    """Return a row for each convention: the largest error of joints that the file has, mean and largest of derived ones."""
    rows = []
    for convention in CONVENTIONS:
        text, true = write_foreign(convention, DANCE.joints(60))
        (folder / "a.bvh").write_text(text)
        error = 1000 * np.linalg.norm(read_bvh(folder / "a.bvh").joints.numpy() - true, axis=-1)
        derived = [joint for joint, name in enumerate(HUMANML3D.names) if name not in convention.names()]
        own = [joint for joint in range(len(HUMANML3D)) if joint not in derived]
        names = ", ".join(HUMANML3D.names[joint] for joint in derived)
        far = f"{error[:, derived].mean():.0f} / {error[:, derived].max():.0f}" if derived else ""
        rows.append(f"| {convention.title} | {error[:, own].max():.3f} | {names} | {far} |")
    return rows


def speed_rows(folder: Path, repeats: int) -> list[str]:
    """Return frames a second of parsing, and of reading whole."""
    text, _ = write_foreign(CONVENTIONS[0], walking_joints(FRAMES))
    (folder / "a.bvh").write_text(text)
    parse = median_seconds(lambda: parse_bvh(text), repeats, clock=time.process_time)
    whole = median_seconds(lambda: read_bvh(folder / "a.bvh"), repeats, clock=time.process_time)
    return [f"parse: {FRAMES / parse:,.0f} frames/s", f"read: {FRAMES / whole:,.0f} frames/s"]


def retarget_rows(shared: Path, files: Sequence[str]) -> list[str]:
    """Read files of 120 fps; return cm by group of joints and m/s of planted toes, bones scaled and retargeted."""
    pack = shared / "data" / "cmu-humanml3d-v2"
    trials = {trial["trial"]: trial for trial in map(json.loads, (pack / "trials.jsonl").read_text().splitlines())}
    stored = np.load(pack / "joints.npz")["joints"]
    errors: dict[str, list[np.ndarray]] = {"own": [], "humanml3d": []}
    speeds: dict[str, list[torch.Tensor]] = {"as recorded": [], "own": [], "humanml3d": []}
    for file in files:
        path = shared / "data" / "raw-samples" / file
        start, frames = trials[path.stem]["start"], trials[path.stem]["frames"]
        true = canonicalize(torch.from_numpy(stored[start : start + frames].astype(np.float32) / 4096))
        recorded = load_motion(path, ReadOptions(fps=120.0)).resample(20.0).joints
        stands = planted(recorded)
        speeds["as recorded"].append(toe_speed(recorded)[stands])
        for body, collected in errors.items():
            joints = canonicalize(load_motion(path, ReadOptions(fps=120.0, body=body)).resample(20.0).joints)
            speeds[body].append(toe_speed(joints)[stands])
            both = zip(joints.double().numpy(), true.double().numpy(), strict=False)
            collected.append(100 * np.stack([distances(pose, other) for pose, other in both]).mean(0))
    rows = []
    for group, names in GROUPS.items():
        joints = HUMANML3D.index(*names)
        cells = [f"{np.mean([error[joints].mean() for error in errors[body]]):.1f}" for body in errors]
        rows.append(f"| {group} | {' | '.join(cells)} |")
    rows.append(f"| all | {' | '.join(f'{np.mean(errors[body]):.1f}' for body in errors)} |")
    return [*rows, *(f"planted toes, {body}: {torch.cat(speed).mean():.3f} m/s" for body, speed in speeds.items())]


def distances(pose: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the distance (22,) of the joints of two poses after the best rotation and shift."""
    pose, other = pose - pose.mean(0), other - other.mean(0)
    left, _, right = np.linalg.svd(pose.T @ other)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.linalg.norm(pose @ left @ flip @ right - other, axis=-1)


def planted(joints: torch.Tensor) -> torch.Tensor:
    """Return where toes of (T, 22, 3) at 20 fps stand, (T - 1, 2): low and slow."""
    return (toe_speed(joints) < STILL) & (joints[1:, FEET, 1] - joints[:, FEET, 1].quantile(0.01) < STANDING)


def toe_speed(joints: torch.Tensor) -> torch.Tensor:
    """Return the speed of both toes of (T, 22, 3) at 20 fps along the floor, (T - 1, 2), m/s."""
    return joints[:, FEET][..., [0, 2]].diff(dim=0).norm(dim=-1) * 20


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, help="folder that holds data/raw-samples and data/cmu-humanml3d-v2")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        print("| convention | error (mm) | derived joints | mean / largest error (mm) |\n|---|---|---|---|")
        print("\n".join([*convention_rows(Path(name)), "", *speed_rows(Path(name), options.repeats)]))
    if options.shared:
        for files in RECORDED:
            print(f"\n{', '.join(files)}\n| joints | bones scaled (cm) | retargeted (cm) |\n|---|---|---|")
            print("\n".join(retarget_rows(options.shared, files)))


if __name__ == "__main__":
    main()
