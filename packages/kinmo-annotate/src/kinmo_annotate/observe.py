"""From a motion to an observation with its timeline: resample, measure, smooth, and state what limbs and pairs do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kinmo_annotate.measures import FPS, measure, smoothed
from kinmo_annotate.observation import Observation
from kinmo_annotate.statements import statements
from kinmo_core.errors import InputError
from kinmo_core.motion import Motion
from kinmo_core.skeleton import HUMANML3D

if TYPE_CHECKING:
    from kinmo_annotate.frames.keyframes import Keyframer

_MIN_FRAMES: Final = 2  # one frame shows no movement


def observe(
    motion: Motion, *, id: str = "", captions: Sequence[str] = (), keyframer: Keyframer | None = None
) -> Observation:
    """Observe a motion.

    Args:
        motion: at any frame rate, HumanML3D's joints.
        id: its name.
        captions: sentences of people about it.
        keyframer: finds the keyframes; none are looked for without it.

    Raises:
        InputError: a motion of one frame, or of another skeleton.
    """
    name = id or "the motion"
    if motion.skeleton.names != HUMANML3D.names:
        raise InputError(f"{name} must have HumanML3D's 22 joints, got {len(motion.skeleton)} others")
    at_20 = motion.resample(FPS)
    if len(at_20) < _MIN_FRAMES:
        raise InputError(
            f"{name} must last at least {_MIN_FRAMES / FPS:g} seconds to show movement, "
            f"got {len(motion)} frame(s) at {motion.fps:g} a second"
        )
    numbers = measure(at_20.joints)
    return Observation(
        id=id,
        seconds=motion.seconds,
        observed=tuple(statements(smoothed(numbers))),
        keyframes=keyframer.find(numbers) if keyframer else (),
        captions=tuple(captions),
    )
