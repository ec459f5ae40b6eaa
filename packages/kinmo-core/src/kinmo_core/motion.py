"""`Motion`, the value that the packages exchange."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import torch
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.skeleton import HUMANML3D, Skeleton

MIN_FPS: Final = 0.1  # a frame in ten seconds; a lower one is a mistake, and its motion hours long
MAX_FPS: Final = 1000  # the fastest cameras of motion capture
MAX_METRES: Final = 100_000  # from the origin; a mistaken unit, or no motion


@dataclass(frozen=True)
class Motion:
    """Joint positions over time.

    Args:
        joints: (T, J, 3) float32, metres, y up.
        fps: frames per second.
        skeleton: names the J joints.
        text: a sentence that describes the motion; "" if unknown.
    """

    joints: Tensor
    fps: float = 20.0
    skeleton: Skeleton = field(default=HUMANML3D, repr=False)
    text: str = ""

    def __post_init__(self) -> None:
        joints = torch.as_tensor(self.joints, dtype=torch.float32)
        wanted = f"(frames, {len(self.skeleton)}, 3)"
        if joints.ndim != 3 or joints.shape[1:] != (len(self.skeleton), 3):
            raise InputError(f"joints must have shape {wanted}, got {tuple(joints.shape)}")
        if len(joints) == 0:
            raise InputError(f"joints must have shape {wanted} with at least one frame, got none")
        if not bool(torch.isfinite(joints).all()):
            frame = int((~torch.isfinite(joints)).flatten(1).any(1).nonzero()[0])
            raise InputError(f"joints must be finite numbers, got NaN or infinity first in frame {frame}")
        if bool((joints.abs() > MAX_METRES).any()):
            raise InputError(
                f"joints must be metres, at most {MAX_METRES:,} from the origin, got {float(joints.abs().max()):g}"
            )
        if not MIN_FPS <= self.fps <= MAX_FPS:
            raise InputError(f"fps must be between {MIN_FPS:g} and {MAX_FPS:,}, got {self.fps:g}")
        object.__setattr__(self, "joints", joints)

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def seconds(self) -> float:
        """Duration, s."""
        return len(self) / self.fps

    def resample(self, fps: float) -> Motion:
        """Resample to another frame rate, linear in time; frame k of the result lies at k / fps seconds.

        Raises:
            InputError: no such frame rate.
        """
        if fps == self.fps:
            return self
        if not MIN_FPS <= fps <= MAX_FPS:
            raise InputError(f"fps must be between {MIN_FPS:g} and {MAX_FPS:,}, got {fps:g}")
        frames = max(1, int((len(self) - 1) / self.fps * fps + 1e-6) + 1)
        times = torch.arange(frames, dtype=torch.float64) * (self.fps / fps)
        lower = times.floor().long().clamp(max=len(self) - 1)
        upper = (lower + 1).clamp(max=len(self) - 1)
        weight = (times - lower).float()[:, None, None]
        return replace(self, joints=torch.lerp(self.joints[lower], self.joints[upper], weight), fps=fps)

    def mirror(self) -> Motion:
        """Mirror: negate x and swap left and right joints."""
        return replace(self, joints=mirror_joints(self.joints, self.skeleton))


def mirror_joints(joints: Tensor, skeleton: Skeleton = HUMANML3D) -> Tensor:
    """Mirror (..., J, 3) positions in the plane x = 0 and swap left and right joints."""
    flipped = joints[..., list(skeleton.mirror_permutation), :]
    return flipped * flipped.new_tensor([-1.0, 1.0, 1.0])
