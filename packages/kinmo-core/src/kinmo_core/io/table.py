"""Joints as a table: CSV, one frame a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion


def write_csv(motion: Motion, path: Path | str) -> None:
    """Write `time` (s) and x, y, z (m, y up) of every joint, named `left_wrist_x` and so on, to a micrometre.

    Raises:
        InputError: the file cannot be written.
    """
    names = [f"{joint}_{axis}" for joint in motion.skeleton.names for axis in "xyz"]
    times = np.arange(len(motion))[:, None] / motion.fps
    table = np.concatenate([times, motion.joints.detach().cpu().double().flatten(1).numpy()], axis=1)
    with atomic_path(path) as temporary:
        np.savetxt(temporary, table, fmt="%.6f", delimiter=",", header=",".join(["time", *names]), comments="")
