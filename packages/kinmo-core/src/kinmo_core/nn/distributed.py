"""What the processes of a training share. In a single process, without torch.distributed, nothing is exchanged."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor


def world_size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process."""
    return dist.get_rank() if world_size() > 1 else 0


def sum_over_processes(tensor: Tensor) -> None:
    """Replace a tensor by its sum over all processes, in place and without gradients."""
    if world_size() > 1:
        dist.all_reduce(tensor)


def gather_rows(rows: Tensor) -> Tensor:
    """Concatenate the rows (B, ...) of all processes to (processes * B, ...), so that a loss contrasts the whole batch.

    Gradients flow into the rows of this process only, multiplied by the number of processes: DDP averages the gradients of
    the processes, and the average is then the gradient of the loss over the whole batch. Nothing is sent in the backward
    pass, since torch.distributed.nn.all_gather returns wrong gradients for non-contiguous rows under gloo.
    """
    processes = world_size()
    if processes == 1:
        return rows
    constant = rows.detach().contiguous()
    parts = [torch.empty_like(constant) for _ in range(processes)]
    dist.all_gather(parts, constant)
    parts[rank()] = constant + processes * (rows - constant) if rows.requires_grad else constant
    return torch.cat(parts)
