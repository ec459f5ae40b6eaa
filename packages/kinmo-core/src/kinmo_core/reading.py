"""What a user may say of a file that does not say it itself, or says it wrong: `ReadOptions`, and options of commands."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kinmo_core.errors import InputError

if TYPE_CHECKING:
    from kinmo_core.motion import Motion

UP_AXES: Final = ("y", "z", "x", "-y", "-z", "-x")
DROP_REST: Final = ("auto", "yes", "no")
BODIES: Final = ("own", "humanml3d")


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file of a foreign program; what is None is found from the data.

    Args:
        up: axis of the file that points up, one of `UP_AXES`.
        scale: metres per unit of the file.
        fps: frames per second of the file, in place of what it says.
        drop_rest: drop the first frame: "yes", "no", or "auto" if it is a rest pose.
        joint_map: YAML file that says which joint of the file is which of the 22 joints.
        skeleton: `.asf` file of a `.amc`; by default the one beside it.
        animation: name of one of several in a `.glb` or `.fbx`; by default the one that moves most nodes.
        body: "own" keeps the person's proportions, "humanml3d" moves the motion onto HumanML3D's body.
        repair_yaw: repair the yaw kinks of HumanML3D's published features (`kinmo_core.data.yaw`).
        body_model: `.npz` of SMPL, SMPL-H or SMPL-X, for files of AMASS (`kinmo_core.io.amass`).

    Raises:
        InputError: a value that cannot be.
    """

    up: str | None = None
    scale: float | None = None
    fps: float | None = None
    drop_rest: str = "auto"
    joint_map: Path | None = None
    skeleton: Path | None = None
    animation: str | None = None
    body: str = "own"
    repair_yaw: bool = False
    body_model: Path | None = None

    def __post_init__(self) -> None:
        if self.up not in (None, *UP_AXES):
            raise InputError(f"up must be one of {', '.join(UP_AXES)}, got {self.up}")
        for name, value in (("scale", self.scale), ("fps", self.fps)):
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name} must be a positive number, got {value}")
        if self.drop_rest not in DROP_REST:
            raise InputError(f"drop_rest must be auto, yes or no, got {self.drop_rest}")
        if self.body not in BODIES:
            raise InputError(f"body must be one of {', '.join(BODIES)}, got {self.body}")


def add_read_options(command: argparse.ArgumentParser) -> None:
    """Add what a user may say of a foreign file; all of it is found from the file by default."""
    reading = command.add_argument_group(
        "how to read a .bvh, .amc, .glb, .fbx or .c3d", "by default all is found from the file, and said"
    )
    reading.add_argument("--up", choices=UP_AXES, help="axis of the file that points up, as in --up=-z")
    reading.add_argument("--scale", type=float, help="metres per unit of the file")
    reading.add_argument("--input-fps", type=float, help="frames per second of the file, in place of what it says")
    reading.add_argument("--drop-rest", choices=DROP_REST, default="auto", help="drop a rest pose in the first frame")
    reading.add_argument("--map", type=Path, metavar="FILE", help="YAML file that says which joint is which")
    reading.add_argument("--skeleton", type=Path, metavar="FILE", help=".asf of a .amc (default: the one beside it)")
    reading.add_argument(
        "--animation", metavar="NAME", help="which of several in a .glb or .fbx (default: the fullest)"
    )
    command.add_argument(
        "--repair-yaw", action="store_true", help="repair the wrong turns of HumanML3D's published features (.npy)"
    )
    command.add_argument("--body-model", type=Path, help=".npz of SMPL, SMPL-H or SMPL-X, for SMPL poses")
    command.add_argument("--body", choices=BODIES, default="own", help="keep the proportions, or take HumanML3D's")


def read_source(options: argparse.Namespace) -> Motion:
    """Read `source` of a command as its options say, and say on stderr what was found."""
    from kinmo_core.io import load_motion

    given = ReadOptions(
        up=options.up,
        scale=options.scale,
        fps=options.input_fps,
        drop_rest=options.drop_rest,
        joint_map=options.map,
        skeleton=options.skeleton,
        animation=options.animation,
        body=options.body,
        repair_yaw=options.repair_yaw,
        body_model=options.body_model,
    )
    return load_motion(options.source, given, note=lambda line: print(f"kinmo: {line}", file=sys.stderr))
