"""How a set of motion embeddings is spread, and how far it lies from another set."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from kinmo_core.errors import InputError
from kinmo_core.metrics._samples import checked, checked_two, draw, seeded


def frechet_distance(x: Tensor, y: Tensor) -> Float[Tensor, ""]:
    """Frechet distance of the Gaussians fitted to two sets, "FID" (Heusel et al., 2017).

    |mean_x - mean_y|^2 + tr(S_x + S_y - 2 (S_x S_y)^(1/2)). The last trace is the sum of the singular values of A B^T with
    S_x = A^T A and S_y = B^T B. So no matrix root is taken, and singular covariances (fewer samples than dimensions) need
    no small number added, unlike in the usual code; results agree where that one works.

    Args:
        x: (N, dim), y: (M, dim), at least 2 samples each.

    Returns:
        Scalar float64, not negative.
    """
    x, y = checked_two(x, y, least=2)
    root_x, root_y = _covariance_root(x), _covariance_root(y)
    shared = torch.linalg.svdvals(root_x @ root_y.mT).sum()
    spread = root_x.square().sum() + root_y.square().sum()
    return ((x.mean(0) - y.mean(0)).square().sum() + spread - 2 * shared).clamp_min(0)


def _covariance_root(x: Tensor) -> Tensor:
    """A (min(N, dim), dim) with A^T A the unbiased covariance of x (N, dim)."""
    return torch.linalg.qr((x - x.mean(0)) / (len(x) - 1) ** 0.5, mode="r").R


def kid(x: Tensor, y: Tensor) -> Float[Tensor, ""]:
    """Kernel distance of two sets: unbiased squared MMD with the kernel (a.b / dim + 1)^3 (Binkowski et al., 2018).

    Over all samples instead of random subsets, so without a seed. Unbiased: it may be negative where the sets are alike.

    Args:
        x: (N, dim), y: (M, dim), at least 2 samples each.

    Returns:
        Scalar float64.
    """
    x, y = checked_two(x, y, least=2)
    return _mean_off_diagonal(_kernel(x, x)) + _mean_off_diagonal(_kernel(y, y)) - 2 * _kernel(x, y).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.mT / x.shape[1] + 1) ** 3


def _mean_off_diagonal(square: Tensor) -> Tensor:
    return (square.sum() - square.trace()) / (len(square) * (len(square) - 1))


def diversity(x: Tensor, *, pairs: int = 300, seed: int = 0) -> Float[Tensor, ""]:
    """Mean Euclidean distance of random pairs (Guo et al., CVPR 2022).

    Args:
        x: (N, dim), at least `pairs` samples.
        pairs: number of pairs; both sides are drawn without replacement, independently of each other.
        seed: of the draw.

    Returns:
        Scalar float64.
    """
    x, generator = checked("x", x, least=pairs), seeded(seed)
    first, second = draw(generator, len(x), pairs), draw(generator, len(x), pairs)
    return (x[first] - x[second]).norm(dim=-1).mean()


def multimodality(x: Tensor, *, pairs: int = 10, seed: int = 0) -> Float[Tensor, ""]:
    """Mean Euclidean distance of random pairs among the motions of one text (Guo et al., CVPR 2022).

    Args:
        x: (texts, repeats, dim), at least `pairs` motions for every text.
        pairs: number of pairs a text; both sides are drawn without replacement, the same for all texts.
        seed: of the draw.

    Returns:
        Scalar float64.
    """
    if x.ndim != 3:
        raise InputError(f"x must have shape (texts, repeats, dim), got {tuple(x.shape)}")
    if x.shape[1] < pairs:
        raise InputError(f"x must hold at least {pairs} motions for every text, got {x.shape[1]}")
    values = checked("x", x.flatten(0, 1), least=1).view(x.shape)
    generator = seeded(seed)
    first, second = draw(generator, x.shape[1], pairs), draw(generator, x.shape[1], pairs)
    return (values[:, first] - values[:, second]).norm(dim=-1).mean()
