"""Mirror the features of a whole clip as HumanML3D makes its mirrored copies: on the skeleton of all other clips."""

from __future__ import annotations

import torch
from torch import Tensor

from kinmo_core.features import LAYOUT, decode, encode_raw
from kinmo_core.motion import mirror_joints
from kinmo_core.rotations import rotate_yaw


def mirror_clip(features: Tensor) -> Tensor:
    """Return the features (..., T, 263) of the mirrored clip.

    The uniform skeleton is not symmetric (its right hip bone is 7 % longer than the left one), and HumanML3D mirrors a
    recording before it gives bones these lengths. `kinmo_core.features.mirror` would swap the lengths too. The directions
    of the bones, which are all that is needed of the recording, are in the features.

    Args:
        features: (..., T, 263) of whole clips, as `encode_raw` returns them.

    Returns:
        `encode_raw` of the mirrored recording, if the recording's legs have the ratio of the skeleton's; otherwise the path
        of the root is scaled by the quotient of these ratios.
    """
    values = features.double()  # the path is a sum over all frames
    yaw = -2 * values[..., :-1, 0].sum(-1)  # of the last frame, as in `decode`
    step = values[..., -1, LAYOUT["velocities"]].unflatten(-1, (-1, 3))
    joints = decode(values)
    after = joints[..., -1, :, :] + rotate_yaw(step, yaw[..., None])  # the frame that has no features of its own
    return encode_raw(mirror_joints(torch.cat([joints, after[..., None, :, :]], dim=-3))).to(features)
