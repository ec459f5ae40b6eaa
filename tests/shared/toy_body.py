"""A body model in SMPL-H's form that is not SMPL's, natural poses for it, and its forward kinematics."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from kinmo_core.io.smpl import rig_body
from kinmo_core.rig import PARENTS
from kinmo_core.skeleton import HUMANML3D

NAMES = HUMANML3D.names
HANDS = {"components": (45, 45), "mean": (45,)}


def body_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """A body model of 60 vertices with SMPL-H's 52 joints: the rig with other bones and directions, of 16 shapes."""
    rng = np.random.default_rng(seed)
    template = rng.normal(scale=0.02, size=(60, 3))
    template[:22] += 2 * 1.05 * rig_body().rest.numpy()  # the other vertices, around zero, have half the weight
    template[22:52] += np.repeat(rig_body().rest.numpy()[[20, 21]], 15, axis=0)
    regressor = np.zeros((52, 60))
    regressor[:, :52] = np.eye(52)
    regressor[:, 52:] = rng.dirichlet(np.ones(8), size=52)
    regressor /= regressor.sum(1, keepdims=True)
    hands = [20 + side for side in (0, 1) for _ in range(15)]
    parents = np.array([-1, *PARENTS[1:], *hands])
    return {
        "v_template": template,
        "shapedirs": rng.normal(scale=0.004, size=(60, 3, 16)),
        "J_regressor": regressor,
        "kintree_table": np.stack([np.where(parents < 0, 2**32 - 1, parents), np.arange(52)]),
        "posedirs": np.zeros((60, 3, 51 * 9)),
        "weights": np.full((60, 52), 1 / 52),
        "f": np.zeros((1, 3), dtype=np.int64),
        **{f"hands_{part}{side}": np.zeros(shape) for side in "lr" for part, shape in HANDS.items()},
    }


def smpl_joints(rest: np.ndarray, poses: np.ndarray, trans: np.ndarray) -> np.ndarray:
    """SMPL's forward kinematics by its definition: a product of 4 x 4 matrices down the tree."""
    turns = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(len(poses), -1, 3, 3)
    chain: list[np.ndarray] = []
    for joint, parent in enumerate(PARENTS):
        step = np.tile(np.eye(4), (len(poses), 1, 1))
        step[:, :3, :3] = turns[:, joint]
        step[:, :3, 3] = rest[joint] - (rest[parent] if joint else 0)
        chain.append(chain[parent] @ step if joint else step)
    return np.stack([link[:, :3, 3] for link in chain], axis=1) + trans[:, None]


def rest_of(arrays: dict[str, np.ndarray], betas: np.ndarray) -> np.ndarray:
    return (arrays["J_regressor"] @ (arrays["v_template"] + arrays["shapedirs"] @ betas))[:22]


def natural_poses(frames: int = 200, seed: int = 0) -> np.ndarray:
    """(T, 66) poses whose knees and elbows bend about their axes and whose other joints turn about any."""
    rng = np.random.default_rng(seed)
    clock = np.linspace(0, 6 * np.pi, frames)[:, None]
    poses = np.zeros((frames, 22, 3))
    for name in ("pelvis", "left_hip", "right_hip", "left_shoulder", "right_shoulder"):
        waves = rng.normal(scale=0.4, size=(2, 3))
        poses[:, NAMES.index(name)] = waves[0] * np.sin(clock * rng.uniform(0.5, 1.5)) + waves[1] * np.cos(clock)
    for name, axis in (
        ("left_knee", (1, 0, 0)),
        ("right_knee", (1, 0, 0)),
        ("left_elbow", (0, -1, 0)),
        ("right_elbow", (0, 1, 0)),
    ):
        poses[:, NAMES.index(name)] = (0.2 + 0.6 * (1 - np.cos(clock))) * np.array(axis)
    return poses.reshape(frames, 66)


def y_up(z_up: np.ndarray) -> np.ndarray:
    return np.stack([z_up[..., 0], z_up[..., 2], -z_up[..., 1]], axis=-1)


def upright_poses(frames: int = 60) -> np.ndarray:
    """Poses of a person who stands in a file with z up."""
    poses = natural_poses(frames)
    poses[:, :3] = [np.pi / 2, 0, 0]
    return poses
