"""Approximate search by FAISS, for a million motions: vectors in cells, of which a query looks at the nearest few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import InputError

VISITED = 32  # cells that a query looks at
TRAINED_ON = 64  # vectors a cell that place the cells


class Approximate:
    """A FAISS index of inner products: inverted lists, vectors in 16 bits.

    Args:
        index: the FAISS object.
    """

    def __init__(self, index: Any) -> None:
        self.index = index
        self.index.nprobe = VISITED

    @classmethod
    def build(cls, vectors: Tensor, *, seed: int = 0) -> Approximate:
        """About 2 sqrt(N) cells."""
        faiss = import_faiss()
        count, dim = vectors.shape
        cells = max(1, min(round(2 * count**0.5), count // 40))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dim), dim, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        chosen = np.random.default_rng(seed).permutation(count)[: max(TRAINED_ON * cells, 40)]
        index.train(np.ascontiguousarray(vectors[torch.from_numpy(chosen)].numpy()))
        index.add(np.ascontiguousarray(vectors.numpy()))
        return cls(index)

    def search(self, queries: Tensor, count: int) -> list[tuple[int, float]]:
        """(place, score) of `count` vectors or fewer, best first; a vector's score is its best with any query."""
        scores, places = self.index.search(np.ascontiguousarray(queries.numpy()), count)
        best: dict[int, float] = {}
        for place, score in zip(places.ravel().tolist(), scores.ravel().tolist(), strict=True):
            if place >= 0:  # -1 fills up where the cells held too few
                best[place] = max(score, best.get(place, -1.0))
        return sorted(best.items(), key=lambda pair: -pair[1])[:count]

    def save(self, path: Path) -> None:
        """Write FAISS's own format."""
        import_faiss().write_index(self.index, str(path))

    @classmethod
    def load(cls, path: Path) -> Approximate:
        """Read FAISS's own format; the caller has made sure that the file is one that `save` wrote."""
        return cls(import_faiss().read_index(str(path)))


def import_faiss() -> Any:
    """FAISS, or an error that names the extra."""
    try:
        import faiss
    except ModuleNotFoundError:
        raise InputError("approximate search needs FAISS; install it with: pip install 'kinmo-htma[faiss]'") from None
    return faiss
