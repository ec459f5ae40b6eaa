"""Where networks run."""

from __future__ import annotations

import torch

from kinmo_core.errors import InputError


def check_device(name: str) -> str:
    """Return the name of a device that can compute.

    Raises:
        InputError: torch knows no such device, or this machine has none, or it holds no numbers (meta).
    """
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, ValueError, TypeError, AssertionError) as error:  # AssertionError: torch without CUDA
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"cannot use the device {name!r}: {reason}") from None
    return name
