"""Approximate search by FAISS, for a million motions: vectors are stored in cells, and a query visits the nearest few.

Measured by `benchmarks/htma.py` on vectors interpolated between embeddings of the CMU pack's motions, with captions as
queries. With a million vectors of size 384, recall@10 is 0.999, in 743 MiB instead of 1465 and in less than a hundredth of
the time. With 200,000 vectors:

| index | recall@10 | recall@1 | bytes a vector |
|---|---|---|---|
| cells, 16 bits a number (here) | 0.999 | 0.992 | 780 |
| cells, 8 bits | 0.908 | 0.770 | 400 |
| HNSW, 16 links, efSearch 256, 16 bits | 0.931 | 0.875 | 910 |

With 8 bits the right cells are found too, but the best vectors are closer together than 8 bits can resolve. HNSW suffers
from queries that are texts: their vectors lie apart from those of all motions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import InputError

VISITED = 32  # cells that a query visits: 8 reach recall 0.99 on real motions, 32 also on loose clusters
TRAINED_ON = 64  # vectors per cell to train on; with 40, FAISS's minimum, recall on loose clusters falls to 0.99


class Approximate:
    """A FAISS index of inner products: inverted lists with vectors of 16 bits per number.

    Args:
        index: the FAISS object.
    """

    def __init__(self, index: Any) -> None:
        self.index = index
        self.index.nprobe = VISITED

    @classmethod
    def build(cls, vectors: Tensor, *, seed: int = 0) -> Approximate:
        """Build about 2 sqrt(N) cells, trained on a sample of the vectors: of a million vectors 128,000.

        Args:
            vectors: (N, D) float32, of unit length.
            seed: of the sample.
        """
        faiss = import_faiss()
        count, dim = vectors.shape
        cells = max(1, min(round(2 * count**0.5), count // 40))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dim), dim, cells, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.min_points_per_centroid = 1  # few vectors in a single cell are fine and need no warning
        chosen = np.random.default_rng(seed).permutation(count)[: TRAINED_ON * cells]
        index.train(np.ascontiguousarray(vectors[torch.from_numpy(chosen)].numpy()))
        index.add(np.ascontiguousarray(vectors.numpy()))
        return cls(index)

    def search(self, queries: Tensor, count: int) -> list[tuple[int, float]]:
        """Return (index, score) of at most `count` vectors, best first; the score of a vector is its best with any query."""
        scores, places = self.index.search(np.ascontiguousarray(queries.numpy()), count)
        best: dict[int, float] = {}
        for place, score in zip(places.ravel().tolist(), scores.ravel().tolist(), strict=True):
            if place >= 0:  # -1 fills up where the cells hold too few
                best[place] = max(score, best.get(place, -1.0))
        return sorted(best.items(), key=lambda pair: -pair[1])[:count]

    def save(self, path: Path) -> None:
        """Write the index in FAISS's own format."""
        import_faiss().write_index(self.index, str(path))

    @classmethod
    def load(cls, path: Path) -> Approximate:
        """Read a file that `save` wrote, and no other: FAISS's reader trusts any file."""
        return cls(import_faiss().read_index(str(path)))


def import_faiss() -> Any:
    """Import FAISS.

    Raises:
        InputError: FAISS is not installed; names the extra.
    """
    try:
        import faiss
    except ModuleNotFoundError:
        raise InputError("approximate search needs FAISS; install it with: pip install 'kinmo-htma[faiss]'") from None
    return faiss
