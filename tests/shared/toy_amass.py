"""What HumanML3D is rebuilt from, in small: sub-sets of AMASS, two body models, and a repository with index.csv."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from toy_body import body_arrays, natural_poses

BODIES = {"male": body_arrays(0), "female": body_arrays(1)}
BETAS = np.linspace(-2, 2, 16)
# recording: folder in AMASS as it is called today, frame rate, frames, gender
RECORDINGS: dict[str, tuple[str, float, int, object]] = {
    "CMU/01/01_01_poses": ("CMU", 120.0, 900, "male"),
    "KIT/3/kick high_poses": ("KIT", 100.0, 500, b"male"),
    "Eyes_Japan_Dataset/hamada/pose-06_poses": ("Eyes_Japan_Dataset", 60.0, 420, "female"),
    "BioMotionLab_NTroje/rub001/0001_poses": ("BMLrub", 250.0, 800, "neutral"),
    "Transitions_mocap/mazen/jump_poses": ("Transitions_mocap", 120.0, 500, "female"),
}
HUMANACT12 = "humanact12/humanact12/P01G01R01"
# id: recording, start, end
CLIPS = {
    "000000": ("CMU/01/01_01_poses", 0, 100),
    "000001": (HUMANACT12, 0, -1),
    "000002": ("KIT/3/kick high_poses", 3, 83),
    "000003": ("CMU/01/01_01_poses", 90, 150),
    "000004": ("Eyes_Japan_Dataset/hamada/pose-06_poses", 0, 70),
    "000005": ("BioMotionLab_NTroje/rub001/0001_poses", 5, 60),
    "000006": ("Transitions_mocap/mazen/jump_poses", 0, 200),
    "000007": ("KIT/3/kick high_poses", 90, 90),  # in no list, as the two empty clips of HumanML3D
}
LISTS = {"train": ("000000", "000002", "000004", "000005"), "val": ("000003", "000006"), "test": ("000001",)}


def poses_of(recording: str) -> tuple[np.ndarray, np.ndarray]:
    """Poses (T, 66) and path (T, 3) of somebody who turns and bends, z up."""
    frames, number = RECORDINGS[recording][2], list(RECORDINGS).index(recording)
    poses = natural_poses(frames, seed=number)
    poses[:, :3] = [np.pi / 2, 0.2, 0.1 * number]
    steps = np.random.default_rng(number).normal(scale=0.01, size=(frames, 3))
    return poses, np.cumsum(steps, axis=0)


def humanact12() -> np.ndarray:
    """Joints (T, 24, 3) as HumanAct12 has them."""
    return np.random.default_rng(0).normal(size=(24, 3)) + 0.1 * np.sin(np.arange(60) / 5)[:, None, None]


def write_sources(folder: Path) -> None:
    """Write `amass`, `smplh` and `repository` into a folder."""
    for recording, (subset, fps, frames, gender) in RECORDINGS.items():
        path = folder / "amass" / subset / f"{recording.split('/', 1)[1]}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        poses, trans = poses_of(recording)
        hands = np.full((frames, 90), 0.3)
        arrays = {"poses": np.concatenate([poses, hands], axis=1), "trans": trans, "betas": BETAS}
        np.savez(path, allow_pickle=False, **arrays, gender=np.array(gender), mocap_framerate=fps)
    for gender, body in BODIES.items():
        (folder / "smplh" / gender).mkdir(parents=True)
        np.savez(folder / "smplh" / gender / "model.npz", allow_pickle=False, **body)
    repository = folder / "repository"
    (repository / "HumanML3D" / "texts").mkdir(parents=True)
    rows = [f"./pose_data/{recording}.npy,{start},{end},{id}.npy" for id, (recording, start, end) in CLIPS.items()]
    (repository / "index.csv").write_text("\n".join(["source_path,start_frame,end_frame,new_name", *rows]) + "\n")
    for id in CLIPS:
        for name, side in ((id, "left"), (f"M{id}", "right")):
            text = f"a person moves to the {side}#person/NOUN#0.0#0.0\n"
            (repository / "HumanML3D" / "texts" / f"{name}.txt").write_text(text)
    for name, ids in LISTS.items():
        lines = [id for base in ids for id in (base, f"M{base}")]
        (repository / "HumanML3D" / f"{name}.txt").write_text("\n".join(lines))
    joints = repository / "pose_data" / f"{HUMANACT12}.npy"
    joints.parent.mkdir(parents=True)
    np.save(joints, humanact12())
