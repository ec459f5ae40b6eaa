"""From a motion to what is seen in it: resample, measure, smooth, and find the events of limbs and pairs."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from kinmo_annotate.frames.keyframes import Keyframer
from kinmo_annotate.measures import SIDES, measure, smooth
from kinmo_annotate.observation import Event, Observation
from kinmo_annotate.statements.arms import arm_events
from kinmo_annotate.statements.legs import leg_events
from kinmo_annotate.statements.neck import neck_events
from kinmo_annotate.statements.pairs import pair_events
from kinmo_annotate.statements.torso import find_jumps, torso_events
from kinmo_annotate.statements.words import FPS, Signals
from kinmo_core.errors import InputError
from kinmo_core.motion import Motion
from kinmo_core.skeleton import HUMANML3D

_SMOOTH = 1.5  # frames; takes the trembling of markers out and leaves a step at its height


def observe(
    motion: Motion, *, id: str = "", captions: Sequence[str] = (), keyframer: Keyframer | None = None
) -> Observation:
    """What is seen in a motion.

    Args:
        motion: at any frame rate, HumanML3D's joints.
        id: its name.
        captions: what people said of it.
        keyframer: finds the keyframes; none are looked for without it.

    Raises:
        InputError: a motion of one frame, or of another skeleton.
    """
    if motion.skeleton.names != HUMANML3D.names:
        raise InputError(f"{id or 'the motion'} must have HumanML3D's 22 joints, got {len(motion.skeleton)} others")
    at_20 = motion.resample(FPS)
    if len(at_20) < 2:
        raise InputError(
            f"{id or 'the motion'} has {len(motion)} frame(s) at {motion.fps:g} a second, which show no movement; "
            f"want at least {2 / FPS:g} seconds"
        )
    numbers = measure(at_20.joints)
    signals = _smoothed(numbers)
    return Observation(
        id=id,
        seconds=motion.seconds,
        events=(*group_events(signals), *pair_events(signals)),
        keyframes=keyframer.find(numbers) if keyframer else (),
        captions=tuple(captions),
    )


def group_events(signals: Signals) -> list[Event]:
    """Events of the six groups, by group, then by time."""
    jumps = find_jumps(signals)
    arms = [told for side in SIDES for told in arm_events(signals, side)]
    legs = [told for side in SIDES for told in leg_events(signals, side, jumps)]
    return [*torso_events(signals, jumps), *neck_events(signals), *arms, *legs]


def _smoothed(numbers: dict[str, torch.Tensor]) -> Signals:
    rows = smooth(torch.stack(list(numbers.values())).double(), sigma=_SMOOTH).numpy()
    return dict(zip(numbers, rows, strict=True))
