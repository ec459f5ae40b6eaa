"""Residual vector quantisation with codebooks learned by moving averages (MoMask, CVPR 2024, Sec. 3.1).

Everything that training must remember is a buffer, so that a resumed run continues where it stopped. Under DDP the counts
and sums of all processes are added before a codebook moves, so that all processes hold the same codes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kinmo_core.nn import rank, sum_over_processes, world_size

NO_CODE: Final = -1  # among the ids of a finer layer: nothing is added


class Quantized(NamedTuple):
    """Sums of codes (B, T, D), code ids (B, T, Q) and commitment loss (scalar)."""

    values: Tensor
    ids: Tensor
    commitment: Tensor


class Codebook(nn.Module):
    """One table of codes, moved towards the vectors that choose them.

    Args:
        codes: number of codes K.
        dim: size D of a code.
        decay: of the moving averages.
        reset_below: a code whose average count falls below this is replaced by a vector of the current batch.
    """

    embedding: Tensor
    counts: Tensor
    sums: Tensor
    updates: Tensor

    def __init__(self, codes: int, dim: int, *, decay: float = 0.99, reset_below: float = 1.0) -> None:
        super().__init__()
        if not 0 < decay < 1:
            raise ValueError(f"decay must lie between 0 and 1, got {decay}")
        self.decay = decay
        self.reset_below = reset_below
        self.register_buffer("embedding", torch.zeros(codes, dim))
        self.register_buffer("counts", torch.ones(codes))
        self.register_buffer("sums", torch.zeros(codes, dim))
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def nearest(self, vectors: Tensor, *, temperature: float = 0.0) -> Tensor:
        """Return ids (...,) of the codes nearest to (..., D), or drawn by Gumbel-max on -distance^2 / temperature."""
        codes = self.embedding.to(vectors)
        scores = 2 * vectors @ codes.T - codes.square().sum(-1)  # |v|^2 is the same for all codes
        if temperature > 0:
            uniform = torch.rand_like(scores).clamp_(1e-9, 1 - 1e-9)
            scores = scores / temperature - (-uniform.log()).log()
        return scores.argmax(-1)

    def lookup(self, ids: Tensor) -> Tensor:
        """Return the codes (..., D) of ids (...,)."""
        return F.embedding(ids, self.embedding)

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Initialise the codes from the vectors (N, D) of the first batch, with a little noise; later calls do nothing."""
        if int(self.updates) > 0:
            return
        codes, dim = self.embedding.shape
        noise = torch.randn(codes, dim, generator=self._generator()).to(vectors) * (0.01 / dim**0.5)
        self.embedding.copy_(self._draw(vectors) + noise)
        self.sums.copy_(self.embedding)

    @torch.no_grad()
    def update(self, vectors: Tensor, ids: Tensor) -> None:
        """Move the codes towards the vectors (N, D) that chose them by ids (N,), and replace unused codes."""
        vectors = vectors.to(self.sums)
        counts = torch.zeros_like(self.counts).index_add_(0, ids, torch.ones_like(vectors[:, 0]))
        sums = torch.zeros_like(self.sums).index_add_(0, ids, vectors)
        sum_over_processes(counts)
        sum_over_processes(sums)
        self.counts.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        unused = (self.counts < self.reset_below)[:, None]
        fresh = self._draw(vectors)
        self.sums.copy_(torch.where(unused, fresh, self.sums))
        self.counts.copy_(torch.where(unused[:, 0], torch.ones_like(self.counts), self.counts))
        self.embedding.copy_(self.sums / self.counts[:, None])
        self.updates += 1

    def _draw(self, vectors: Tensor) -> Tensor:
        """Draw one vector (K, D) per code from the vectors of all processes, the same on every process."""
        sizes = torch.zeros(world_size(), dtype=torch.long, device=vectors.device)
        sizes[rank()] = len(vectors)
        sum_over_processes(sizes)
        first = int(sizes[: rank()].sum())
        total = int(sizes.sum())
        if total == 0:  # quantizer dropout left no sample of the batch in this layer
            return self.embedding.clone()
        chosen = torch.randint(total, (len(self.embedding),), generator=self._generator())
        rows = chosen.to(vectors.device) - first
        mine = (rows >= 0) & (rows < len(vectors))
        drawn = torch.zeros_like(self.embedding)
        drawn[mine] = vectors[rows[mine]]
        sum_over_processes(drawn)
        return drawn

    def _generator(self) -> torch.Generator:
        """Return random numbers that depend on the update count only: equal on all processes and after a resume."""
        return torch.Generator().manual_seed(int(self.updates))


class ResidualQuantizer(nn.Module):
    """Q codebooks; each quantises the residual of the ones before it.

    Args:
        layers: number of codebooks Q, the base layer included.
        codes: codes per codebook.
        dim: size of a code.
        decay, reset_below: see `Codebook`.
        temperature: of the random choice of codes in training; 0 takes the nearest.
    """

    def __init__(
        self,
        layers: int = 6,
        codes: int = 512,
        dim: int = 512,
        *,
        decay: float = 0.99,
        reset_below: float = 1.0,
        temperature: float = 0.5,
    ) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"layers must be at least 1, got {layers}")
        self.temperature = temperature
        self.codebooks = nn.ModuleList(
            Codebook(codes, dim, decay=decay, reset_below=reset_below) for _ in range(layers)
        )

    def __len__(self) -> int:
        return len(self.codebooks)

    def forward(self, vectors: Tensor, *, active: Tensor | None = None) -> Quantized:
        """Quantise vectors, and in training update the codebooks.

        Args:
            vectors: (B, T, D) encoder output.
            active: (B,) number of layers that each sample uses (quantizer dropout); all where None.

        Returns:
            Straight-through sums of codes, ids, and the commitment loss, averaged over the layers that a sample uses.
        """
        # In half precision the distances of nearly equal vectors would choose wrong codes.
        with torch.autocast(vectors.device.type, enabled=False):
            return self._quantize(vectors.float(), active)

    def _quantize(self, vectors: Tensor, active: Tensor | None) -> Quantized:
        if active is None:
            active = torch.full((len(vectors),), len(self), device=vectors.device)
        residual, total = vectors, torch.zeros_like(vectors)
        ids, losses = [], torch.zeros_like(vectors[:, 0, 0])
        for layer, codebook in enumerate(self.codebooks):
            assert isinstance(codebook, Codebook)
            on = (layer < active)[:, None, None].to(vectors)
            if self.training:
                codebook.start(residual.detach().flatten(0, 1))
            layer_ids = codebook.nearest(residual.detach(), temperature=self.temperature if self.training else 0.0)
            codes = codebook.lookup(layer_ids)
            if self.training:
                used = layer < active
                codebook.update(residual.detach()[used].flatten(0, 1), layer_ids[used].flatten())
            losses = losses + ((residual - codes).square() * on).mean((1, 2))
            residual = residual - codes * on
            total = total + codes * on
            ids.append(layer_ids)
        straight_through = vectors + (total - vectors).detach()
        return Quantized(straight_through, torch.stack(ids, dim=-1), (losses / active.clamp(min=1)).mean())

    @torch.no_grad()
    def encode(self, vectors: Tensor) -> Tensor:
        """Return the ids (..., Q) of the codes nearest to vectors (..., D)."""
        residual, ids = vectors, []
        for codebook in self.codebooks:
            assert isinstance(codebook, Codebook)
            ids.append(codebook.nearest(residual))
            residual = residual - codebook.lookup(ids[-1])
        return torch.stack(ids, dim=-1)

    def decode(self, ids: Tensor) -> Tensor:
        """Return the sums (..., D) of the codes of ids (..., q), q <= Q layers; `NO_CODE` adds nothing."""
        total = torch.zeros((), device=ids.device)
        for of_layer, codebook in zip(ids.unbind(-1), self.codebooks, strict=False):
            assert isinstance(codebook, Codebook)
            total = total + codebook.lookup(of_layer.clamp(min=0)) * (of_layer != NO_CODE)[..., None]
        return total
