"""A walking, waving, squatting skeleton without motion capture: directions of bones as sines of time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from kinmo_core.features import FPS
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D, Skeleton

_LEG: Final = 0.83  # m, hip to ankle: radius on which the foot moves when the thigh swings


@dataclass(frozen=True)
class Action:
    """Motion of a puppet, as angles that vary as sines of time; the default stands still.

    Args:
        speed: of the pelvis, m/s.
        cadence: steps of one leg a second; the same clock moves arms and squats.
        stride: swing of the thighs, rad.
        lift: largest bend of the knee of the leg that swings forward, rad.
        arm_swing: swing of the upper arms, opposite to the legs, rad.
        wave: "left" or "right" for the arm that is held up and waved, "" for none.
        squat: deepest bend of the hips, rad.
        turn: rad/s about +y; positive turns to the person's left.
        heading: of the first frame, rad about +y from +z.
        phase: of the clock in the first frame, rad.
    """

    speed: float = 0.0
    cadence: float = 0.9
    stride: float = 0.0
    lift: float = 0.0
    arm_swing: float = 0.0
    wave: str = ""
    squat: float = 0.0
    turn: float = 0.0
    heading: float = 0.0
    phase: float = 0.0

    def joints(
        self, frames: int, *, fps: float = FPS, skeleton: Skeleton = HUMANML3D
    ) -> Float[Tensor, "frames joints 3"]:
        """Return joint positions in metres, y up; bones have the lengths of `skeleton`, the lower foot stands at y = 0."""
        seconds = torch.arange(frames, dtype=torch.float32) / fps
        yaw = self.heading + self.turn * seconds
        bones = self._bone_directions(seconds, skeleton) * skeleton.bone_length_tensor()[:, None]
        body = rotate_yaw(skeleton.place(bones), yaw[:, None])
        step = torch.stack([yaw.sin(), torch.zeros_like(yaw), yaw.cos()], dim=-1) * (self.speed / fps)
        root = step.cumsum(0) - step[:1]
        root[:, 1] = -body[..., 1].amin(-1)
        return body + root[:, None]

    def _bone_directions(self, seconds: Tensor, skeleton: Skeleton) -> Tensor:
        """Return unit directions (T, J, 3) of the bones in the body's heading; zero for the root."""
        clock = 2 * math.pi * self.cadence * seconds + self.phase
        squat = self.squat * (1 - clock.cos()) / 2
        directions = {
            **dict.fromkeys(("spine1", "spine2", "spine3", "neck", "head"), -_hanging(-0.5 * squat)),
            **self._arm("left", clock, 1.0),
            **self._arm("right", clock, -1.0),
        }
        for side, sign in (("left", 1.0), ("right", -1.0)):
            thigh = sign * self.stride * clock.sin() + squat
            knee = self.lift * (1 + sign * clock.cos()) / 2 + 2 * squat
            directions[f"{side}_knee"] = _hanging(thigh)
            directions[f"{side}_ankle"] = _hanging(thigh - knee)
            directions[f"{side}_foot"] = _hanging(1.2 - 0.5 * (knee - 2 * squat))
        out = skeleton.rest_direction_tensor().repeat(len(seconds), 1, 1)
        for name, direction in directions.items():
            out[:, skeleton.index(name)[0]] = direction
        return F.normalize(out, dim=-1)

    def _arm(self, side: str, clock: Tensor, sign: float) -> dict[str, Tensor]:
        """Return directions of one arm's bones; `sign` is +1 on the left."""
        if side == self.wave:
            upper = torch.tensor([0.8 * sign, 0.5, 0.1]).expand(len(clock), 3)
            sway = 0.7 * (2 * clock).sin()
            lower = torch.stack([sign * sway.sin(), sway.cos(), torch.full_like(sway, 0.1)], dim=-1)
        else:
            swing = -sign * self.arm_swing * clock.sin()
            upper, lower = _hanging(swing), _hanging(swing + 0.3)
        shoulder = torch.tensor([sign, -0.2, 0.0]).expand(len(clock), 3)
        return {f"{side}_shoulder": shoulder, f"{side}_elbow": upper, f"{side}_wrist": lower}


def _hanging(angle: Tensor) -> Tensor:
    """Return the direction (T, 3) of a limb that hangs down, swung forward by `angle` (T,) rad."""
    return torch.stack([torch.zeros_like(angle), -angle.cos(), angle.sin()], dim=-1)


def walking_joints(
    frames: int = 60,
    *,
    speed: float = 1.2,
    heading: float = 0.0,
    fps: float = FPS,
    skeleton: Skeleton = HUMANML3D,
    seed: int | None = None,
) -> Float[Tensor, "frames joints 3"]:
    """Return the joints of a person who walks straight ahead.

    Args:
        frames: number of frames.
        speed: m/s.
        heading: rad about +y; 0 walks towards +z, pi / 2 towards +x.
        fps: frames a second.
        skeleton: with the joint names of `HUMANML3D`; bones get its lengths exactly.
        seed: varies cadence, arms and starting foot; `None` gives one fixed walk.

    Returns:
        (frames, J, 3) metres, y up, the lower foot at y = 0, the first pelvis at x = z = 0.
    """
    action = replace(walk(speed), heading=heading)
    action = action if seed is None else vary(action, np.random.default_rng(seed))
    return action.joints(frames, fps=fps, skeleton=skeleton)


def walk(speed: float) -> Action:
    """Return a walk whose standing foot is at rest in the middle of its step."""
    return Action(speed=speed, stride=speed / (_LEG * 2 * math.pi * Action.cadence), lift=0.5, arm_swing=0.35)


def vary(action: Action, rng: np.random.Generator) -> Action:
    """Vary pace, size and starting phase of an action."""
    pace, size = rng.uniform(0.85, 1.15, 2)
    return replace(
        action,
        speed=action.speed * pace,
        cadence=action.cadence * pace,
        lift=action.lift * size,
        arm_swing=action.arm_swing * size,
        squat=action.squat * size,
        turn=action.turn * pace,
        phase=action.phase + rng.uniform(0, 2 * math.pi),
    )
