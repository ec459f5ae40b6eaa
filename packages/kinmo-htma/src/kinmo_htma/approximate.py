"""Approximate search by FAISS, for a million motions: vectors in cells, of which a query looks at the nearest few.

Measured on vectors between those of the CMU pack's motions by a model, asked for by captions, as `benchmarks/htma.py`
makes them. Of a million vectors of 384 the ten best are found to 99.9 %, in 743 MiB instead of 1465 and in less than a
hundredth of the time. Of 200,000:

| index | recall@10 | recall@1 | bytes a vector |
|---|---|---|---|
| cells, 16 bits a number (here) | 0.999 | 0.992 | 780 |
| cells, 8 bits | 0.908 | 0.770 | 400 |
| HNSW, 16 links, efSearch 256, 16 bits | 0.931 | 0.875 | 910 |

With 8 bits the right cells are found too, but the best vectors lie closer together than 8 bits can tell; HNSW suffers from
queries that are no motions and lie beside all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinmo_core.errors import InputError

VISITED = 32  # cells that a query looks at: 8 reach recall 0.99 between real motions, 32 also where clusters are loose
TRAINED_ON = 64  # vectors a cell that place the cells; with 40, FAISS's least, a loose cluster's recall falls to 0.99


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
        """About 2 sqrt(N) cells, placed by a sample: at a million vectors by 128,000 of them.

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
        index.cp.min_points_per_centroid = 1  # no warning where a few vectors make one cell
        chosen = np.random.default_rng(seed).permutation(count)[: TRAINED_ON * cells]
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
