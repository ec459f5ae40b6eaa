"""Metrics of sets of motion embeddings: the distance of two sets and the spread of one."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.metrics._samples import checked, checked_two, draw, seeded


def frechet_distance(x: Tensor, y: Tensor) -> Float[Tensor, ""]:
    """Return the Frechet distance of the Gaussians fitted to two sets, "FID" (Heusel et al., 2017).

    |mean_x - mean_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)). The last trace is the sum of the singular values of A B^T with
    S_x = A^T A and S_y = B^T B. So no matrix root is needed, nor the small number that other code adds to singular
    covariances (fewer samples than dimensions); results agree for regular ones.

    Args:
        x: (N, dim), y: (M, dim), at least 2 samples each.

    Returns:
        Scalar float64, not negative.
    """
    x, y = checked_two(x, y, min_samples=2)
    root_x, root_y = _covariance_root(x), _covariance_root(y)
    shared = torch.linalg.svdvals(root_x @ root_y.mT).sum()
    spread = root_x.square().sum() + root_y.square().sum()
    return ((x.mean(0) - y.mean(0)).square().sum() + spread - 2 * shared).clamp_min(0)


def _covariance_root(x: Tensor) -> Tensor:
    """Return A (min(N, dim), dim) such that A^T A is the unbiased covariance of x (N, dim)."""
    return torch.linalg.qr((x - x.mean(0)) / (len(x) - 1) ** 0.5, mode="r").R


def kid(x: Tensor, y: Tensor) -> Float[Tensor, ""]:
    """Return the kernel distance of two sets: unbiased squared MMD, kernel (a.b / dim + 1)^3 (Binkowski et al., 2018).

    Uses all samples instead of random subsets, so needs no seed. Being unbiased, it may be negative for similar sets.

    Args:
        x: (N, dim), y: (M, dim), at least 2 samples each.

    Returns:
        Scalar float64.
    """
    x, y = checked_two(x, y, min_samples=2)
    return _mean_off_diagonal(_kernel(x, x)) + _mean_off_diagonal(_kernel(y, y)) - 2 * _kernel(x, y).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.mT / x.shape[1] + 1) ** 3


def _mean_off_diagonal(square: Tensor) -> Tensor:
    return (square.sum() - square.trace()) / (len(square) * (len(square) - 1))


def diversity(x: Tensor, *, pairs: int = 300, seed: int = 0) -> Float[Tensor, ""]:
    """Return the mean Euclidean distance of random pairs (Guo et al., CVPR 2022).

    Args:
        x: (N, dim), at least `pairs` samples.
        pairs: number of pairs; both sides are drawn without replacement, independently of each other.
        seed: of the draw.

    Returns:
        Scalar float64.
    """
    x, generator = checked("x", x, min_samples=pairs), seeded(seed)
    first, second = draw(generator, len(x), pairs), draw(generator, len(x), pairs)
    return (x[first] - x[second]).norm(dim=-1).mean()


def multimodality(x: Tensor, *, pairs: int = 10, seed: int = 0) -> Float[Tensor, ""]:
    """Return the mean Euclidean distance of random pairs of motions of the same text (Guo et al., CVPR 2022).

    Args:
        x: (texts, repeats, dim), at least `pairs` motions for every text.
        pairs: number of pairs per text; both sides are drawn without replacement, the same for all texts.
        seed: of the draw.

    Returns:
        Scalar float64.
    """
    if x.ndim != 3:
        raise InputError(f"x must have shape (texts, repeats, dim), got {tuple(x.shape)}")
    if x.shape[1] < pairs:
        raise InputError(f"x must hold at least {pairs} motions for every text, got {x.shape[1]}")
    values = checked("x", x.flatten(0, 1), min_samples=1).view(x.shape)
    generator = seeded(seed)
    first, second = draw(generator, x.shape[1], pairs), draw(generator, x.shape[1], pairs)
    return (values[:, first] - values[:, second]).norm(dim=-1).mean()
